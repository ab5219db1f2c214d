/// Random numbers that are the same on every run (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension SplitMix64 {
    /// The difference of two exponential variables, by von Neumann's comparisons: no mathematics library.
    package mutating func laplacian(scale: Float) -> Float {
        var whole: Float = 0
        while true {
            let first = Float.random(in: 0..<1, using: &self)
            var last = first
            var count = 1
            while true {
                let next = Float.random(in: 0..<1, using: &self)
                if next >= last { break }
                last = next
                count += 1
            }
            if count % 2 == 1 { return (whole + first) * (Bool.random(using: &self) ? scale : -scale) }
            whole += 1
        }
    }
}
