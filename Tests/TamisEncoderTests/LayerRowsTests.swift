import TamisModel
import Testing

@Suite("Rows of layers")
struct LayerRowsTests {
    private static let cases: [(role: LayerRole, dimensions: [UInt64], outputs: [Int], weights: [Int])] = [
        (ErrorCouplingTests.convolution(), [2, 2, 1, 3], [0, 6], [0, 1, 2, 3, 4, 5]),
        (ErrorCouplingTests.outputsFirst, [3, 2], [0, 2, 4], [0, 1]),
        (ErrorCouplingTests.inputsFirst(), [2, 3], [0, 1, 2], [0, 3]),
        (ErrorCouplingTests.transposed, [2, 3, 2, 1], [0, 2, 4], [0, 1, 6, 7]),
        (LayerRole(consumer: .matMul, outputAxis: 0, outputAxisCount: 0, inputAxes: [0]), [4], [0], [0, 1, 2, 3]),
        (LayerRole(consumer: .recurrentInput, outputAxis: 0, outputAxisCount: 2, inputAxes: [2]), [2, 2, 2], [0, 2, 4, 6], [0, 1]),
    ]

    /// Every element belongs to one output, once.
    @Test(arguments: cases.indices)
    func placesOfOutputsAndWeights(_ number: Int) throws {
        let (role, dimensions, outputs, weights) = Self.cases[number]
        let shape = try #require(Shape(dimensions))
        let rows = LayerRows(role, shape)
        #expect(rows.outputs == outputs && rows.weights == weights)
        #expect(role.outputCount(of: shape) == UInt64(outputs.count) && role.weightCount(of: shape) == UInt64(weights.count))
        #expect(rows.outputs.flatMap { output in rows.weights.map { output + $0 } }.sorted() == Array(0..<Int(shape.elementCount)))
    }
}
