import Foundation
import TamisModel
import TamisONNX
import Testing

/// Real models, where they lie beside the package; numbers are those of the networks' definitions.
@Suite("Roles in real models")
struct SharedModelRoleTests {
    private func load(_ file: String) throws -> [(tensor: TensorDescription, role: LayerRole)] {
        let model = try scan([UInt8](try Data(contentsOf: SharedModelTests.folder.appendingPathComponent(file))))
        return zip(model.tensors, model.roles).map { ($0, $1 ?? .other) }
    }

    private func isBias(_ role: LayerRole) -> Bool { if case .bias(of: .some) = role.consumer { true } else { false } }

    @Test(.enabled(if: SharedModelTests.isThere, "skipped: no shared models"))
    func squeezenet() throws {
        let all = try load("squeezenet1.1.onnx")
        let layers = all.filter { $0.role.consumer == .convolution }
        #expect(layers.count == 26)
        #expect(all.count { isBias($0.role) } == 26)
        #expect(layers.count { $0.role.inputSign == .nonNegative } == 25)
        let first = try #require(layers.first { $0.role.inputSign == .modelInput })
        #expect(first.tensor.shape.dimensions == [64, 3, 3, 3])
        for layer in layers {
            #expect(layer.role.outputAxis == 0 && layer.role.outputAxisCount == 1)
            #expect(layer.role.inputAxes == [1] && layer.role.kernelAxes == [2, 3] && layer.role.groups == 1)
            let bias = try #require(layer.role.bias)
            #expect(all[bias].tensor.shape.elementCount == layer.tensor.shape.dimensions[0])
        }
    }

    @Test(.enabled(if: SharedModelTests.isThere, "skipped: no shared models"))
    func efficientnet() throws {
        let all = try load("efficientnet-lite0.onnx")
        let layers = all.filter { !isBias($0.role) }
        #expect(all.count - layers.count == 50)
        let (depthwise, others) = (layers.filter { $0.role.groups > 1 }, layers.filter { $0.role.groups == 1 && $0.role.consumer == .convolution })
        #expect(depthwise.count == 16)
        for layer in depthwise {
            let shape = layer.tensor.shape
            #expect(layer.role.groups == shape.dimensions[0] && shape.dimensions[1] == 1)
            #expect(layer.role.inputSign == .nonNegative)
            #expect(Set(layer.role.kernel(of: shape)).isSubset(of: [3, 5]) && layer.role.kernelAxes.count == 2)
        }
        // The stem; 15 expansions and the head, which follow projections without a rectifier; 16 projections, which follow one.
        #expect(others.count == 33)
        #expect(others.count { $0.role.inputSign == .modelInput } == 1)
        let (expansions, projections) = (others.filter { $0.role.inputSign == .signed }, others.filter { $0.role.inputSign == .nonNegative })
        #expect(expansions.count == 16 && projections.count == 16)
        #expect(expansions.allSatisfy { $0.tensor.shape.dimensions[0] > $0.tensor.shape.dimensions[1] })
        #expect(projections.allSatisfy { $0.tensor.shape.dimensions[0] < $0.tensor.shape.dimensions[1] })
        let classifier = try #require(layers.first { $0.role.consumer == .gemm })
        #expect(classifier.role.inputSign == .nonNegative)
        #expect(classifier.tensor.shape.dimensions[classifier.role.outputAxis] == 1000)
    }

    @Test(
        .enabled(if: SharedModelTests.isThere, "skipped: no shared models"),
        arguments: [
            ("candy.onnx", 16, 15, 30), ("mnist.onnx", 3, 3, 0), ("ppocr-cls.onnx", 54, 17, 140), ("ppocr4-det.onnx", 64, 53, 18),
            ("ppocr4-rec.onnx", 47, 41, 34), ("shufflenet-v2-int8.onnx", 0, 0, 56), ("silero-vad.onnx", 12, 8, 8), ("super-resolution.onnx", 4, 4, 0),
        ])
    func counts(_ file: String, _ weights: Int, _ biases: Int, _ others: Int) throws {
        let all = try load(file)
        let floats = all.filter { $0.tensor.elementType == .float32 }
        #expect(floats.count { isBias($0.role) } == biases)
        #expect(floats.count { $0.role == .other } == others)
        #expect(floats.count == weights + biases + others)
        for item in all where item.role != .other && !isBias(item.role) {
            let role = item.role
            #expect(role.outputAxisCount > 0 && role.outputAxis + role.outputAxisCount <= item.tensor.shape.rank)
            // Every axis has one meaning.
            let axes = Array(role.outputAxis..<(role.outputAxis + role.outputAxisCount)) + role.inputAxes + role.kernelAxes
            #expect(Set(axes).count == axes.count)
            let rest = item.tensor.shape.dimensions.indices.filter { !axes.contains($0) }
            #expect(rest.allSatisfy { item.tensor.shape.dimensions[$0] == 1 })
            if let bias = role.bias, case .bias(let weight) = all[bias].role.consumer { #expect(all[weight ?? 0].tensor == item.tensor) }
        }
    }
}
