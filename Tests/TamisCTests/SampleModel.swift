import Tamis
import TamisTestSupport

/// A model with tensors of many slices, coded in several ways.
enum SampleModel {
    static let bytes: [UInt8] = {
        var random = SplitMix64(seed: 5)
        func tensor(_ name: String, _ dims: [Int64]) -> [UInt8] {
            let count = dims.reduce(1, *)
            let values = (0..<count).map { _ in Float(Int(random.next() % 2001) - 1000) / 1000 }
            return ONNX.tensor(name, dims: dims, .raw(values.withUnsafeBytes { Array($0) }))
        }
        return ONNX.model(ONNX.graph(initializers: [
            tensor("matrix", [300, 41]), tensor("kernel", [24, 16, 3, 3]), tensor("kept", [60, 50]), tensor("bias", [24]), tensor("scalar", []),
        ]))
    }()

    static func stream(_ change: (inout EncodingOptions) -> Void = { _ in }) throws -> [UInt8] {
        var options = EncodingOptions()
        options.effort = 1
        options.exclusions = ["kept"]
        options.sliceElementsLog2 = 6
        change(&options)
        return try Tamis.encode(bytes, options: options)
    }
}
