import Tamis
import TamisTestSupport

extension TensorSettings {
    /// Each value is rounded by itself.
    static func rounding(_ deadzone: Double = 0.5) -> TensorSettings { TensorSettings(quantizer: .uniform(deadzone: deadzone)) }
}

/// A float32 tensor for a model.
struct SyntheticTensor: Sendable {
    var name: String
    var dimensions: [Int]
    var values: [Float]

    init(_ name: String, _ dimensions: [Int], _ values: [Float]) {
        self.name = name
        self.dimensions = dimensions
        self.values = values
    }

    /// Values about normally distributed, the same on every machine.
    init(_ name: String, _ dimensions: [Int], sigma: Float = 1, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        self.init(name, dimensions, (0..<dimensions.reduce(1, *)).map { _ in Self.gaussian(&random) * sigma })
    }

    /// The sum of twelve uniform numbers less six: integers and one division, no mathematics library.
    static func gaussian(_ random: inout SplitMix64) -> Float {
        var sum = 0
        for _ in 0..<3 {
            let word = random.next()
            for part in 0..<4 { sum += Int(word >> UInt64(16 * part) & 0xFFFF) }
        }
        return Float(sum - 12 * 32768) / 65536
    }

    var bytes: [UInt8] { littleEndian(values.map(\.bitPattern)) }

    /// An ONNX model with the tensors as initializers.
    static func model(_ tensors: [SyntheticTensor]) -> [UInt8] {
        ONNX.model(ONNX.graph("g", initializers: tensors.map { ONNX.tensor($0.name, dims: $0.dimensions.map(Int64.init), .raw($0.bytes)) }))
    }
}
