import Tamis
import TamisTestSupport

/// A stream of less than 4000 bytes with every kind of unit, and every way to code a tensor.
enum SmallStream {
    static let stream: [UInt8] = {
        var exact = SyntheticTensor("exact", [300], sigma: 0.2, seed: 3)
        // Numbers that were bfloat16 once, some of them pruned.
        for place in exact.values.indices { exact.values[place] = place % 5 == 0 ? 0 : Float(bitPattern: exact.values[place].bitPattern & 0xFFFF_0000) }
        var random = SplitMix64(seed: 4)
        let integers = (0..<1200).map { _ in UInt8(bitPattern: Int8(random.laplacian(scale: 3))) }
        let tensors = [
            SyntheticTensor("w", [64, 40], sigma: 0.2, seed: 1), SyntheticTensor("b", [70], sigma: 0.1, seed: 2),
            SyntheticTensor("constant", [2048], [Float](repeating: 1, count: 2048)), SyntheticTensor("shape", [4], [1, 2, 3, 4]), exact,
        ]
        let options = EncodingOptions(
            target: .quality(decibels: 4), settings: .rounding(0.55), exclusions: ["exact"], sliceElementsLog2: 11, provenance: "small")
        do {
            var source = PlainSource()
            for tensor in tensors { try source.add(tensor) }
            try source.add("integers", .int8, [1200], integers)
            try source.add("again", .int8, [1200], integers)
            return try source.encoded(options)
        } catch {
            return []
        }
    }()
    static let file = (try? Tamis.decode(stream, threads: ThreadCount(1))) ?? []
}
