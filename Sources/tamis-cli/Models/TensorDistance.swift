import TamisBits
import TamisModel

/// How far the values of a tensor are from those of another of the same type and shape.
struct TensorDistance: Sendable {
    let description: TensorDescription
    let isIdentical: Bool
    /// Sum of squares of the first tensor's values.
    private(set) var signal = 0.0
    /// Sum of squares of the differences; not finite if a value that is not finite differs.
    private(set) var noise = 0.0
    /// Not finite if a value that is not finite differs; nil for types whose values are not looked at.
    private(set) var largestError: Double?

    /// Whether it counts for the distance between models: a floating-point tensor of two or more dimensions.
    var isWeight: Bool { Self.isMeasured(description.elementType) && description.shape.rank >= 2 }

    /// Types whose values are looked at.
    static func isMeasured(_ type: ElementType) -> Bool { [.float16, .bfloat16, .float32, .float64].contains(type) }

    /// Signal-to-noise ratio; nil if there is no noise, or no number for it.
    var decibels: Double? { SignalToNoise.decibels(signal: signal, noise: noise) }

    /// - Parameters:
    ///   - first, second: elements of a tensor described by `description`, little-endian.
    init(_ description: TensorDescription, _ first: ByteView, _ second: ByteView) {
        self.description = description
        isIdentical = first.isEqual(to: second)
        switch description.elementType {
        case .float32: measure(first, second, as: UInt32.self) { Double(Float(bitPattern: $0)) }
        case .float64: measure(first, second, as: UInt64.self) { Double(bitPattern: $0) }
        case .bfloat16: measure(first, second, as: UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
        case .float16: measure(first, second, as: UInt16.self) { Double(Float16(bitPattern: $0)) }
        default: break
        }
    }

    private mutating func measure<T: FixedWidthInteger & BitwiseCopyable>(
        _ first: ByteView, _ second: ByteView, as type: T.Type, _ value: (T) -> Double
    ) {
        let size = MemoryLayout<T>.size
        var signal = 0.0
        var noise = 0.0
        var largest = 0.0
        for place in stride(from: 0, to: first.count, by: size) {
            let a = first.load(place, as: T.self)
            let b = second.load(place, as: T.self)
            let original = value(a)
            if original.isFinite { signal += original * original }
            // Equal bits are no difference, also where subtraction would give NaN.
            if a == b { continue }
            let error = (original - value(b)).magnitude
            noise += error * error
            largest = error.isNaN || largest.isNaN ? .nan : max(largest, error)
        }
        self.signal = signal
        self.noise = noise
        largestError = largest
    }
}
