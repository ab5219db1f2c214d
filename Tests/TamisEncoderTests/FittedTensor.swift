import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax
import TamisTestSupport

@testable import TamisEncoder

/// A tensor after its quantizer: indices, and the values that the decoder makes of them.
struct FittedTensor {
    let quantizer: FittedQuantizer
    let indices: [Int32]
    let values: [Float]
    let coding: IndexCoding

    init(
        _ choice: QuantizerChoice, _ source: [Float], step: Double? = nil, prunedBelow: Double? = nil, isPruned: Bool = false
    ) throws(Refusal) {
        let bytes = littleEndian(source.map(\.bitPattern))
        let result = bytes.withView {
            FittedQuantizer.fit(choice, to: $0, statistics: TensorStatistics(of: $0), step: step, prunedBelow: prunedBelow, isPruned: isPruned)
        }
        let quantizer = try result.get()
        var indices = [Int32](repeating: .min, count: source.count)
        bytes.withView { view in indices.withUnsafeMutableBufferPointer { quantizer.quantize(view, into: $0) } }
        var coding = IndexCoding()
        quantizer.fill(&coding)
        self.quantizer = quantizer
        self.indices = indices
        self.coding = coding
        values = Self.reconstructed(indices, quantizer)
    }

    /// Empty if an index is outside the table.
    private static func reconstructed(_ indices: [Int32], _ quantizer: FittedQuantizer) -> [Float] {
        var bytes = [UInt8](repeating: 0xAA, count: indices.count * 4)
        guard let shape = Shape([UInt64(indices.count)]), let view = MatrixView(shape, rowAxis: 0, rowAxisCount: 1, order: .cOrder) else { return [] }
        let isSound = bytes.withUnsafeMutableBytes { buffer in
            let output = ByteRegion(unsafe: buffer)
            return indices.withUnsafeBufferPointer { indices in
                if case .uniform(let step, _, _) = quantizer.form {
                    Reconstruction(step: step, offset: 0).write(indices, to: output)
                    return true
                }
                return quantizer.table?.write(indices, range: 0..<indices.count, of: view, to: output) ?? false
            }
        }
        if !isSound { return [] }
        return bytes.withView { view in (0..<indices.count).map { Float(bitPattern: view.load($0 * 4, as: UInt32.self)) } }
    }

    /// Every value that an index may stand for, by index.
    var levels: [(index: Int32, value: Float)] {
        if case .uniform(let step, let lowest, let highest) = quantizer.form {
            return (lowest...highest).map { ($0, Reconstruction.value($0, offset: 0, scaled: Double(step) * 0x1p-8)) }
        }
        guard let table = quantizer.table else { return [] }
        return table.values.enumerated().map { (Int32(table.first + $0.offset), $0.element) }
    }

    func meanSquaredError(_ source: [Float]) -> Double { Self.meanSquaredError(source, values) }

    static func meanSquaredError(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) } / Double(a.count)
    }
}

/// Why there is no quantizer, or nil.
func refusal(_ choice: QuantizerChoice, _ source: [Float], step: Double? = nil, prunedBelow: Double? = nil) -> String? {
    do throws(Refusal) { _ = try FittedTensor(choice, source, step: step, prunedBelow: prunedBelow) } catch { return error.description }
    return nil
}
