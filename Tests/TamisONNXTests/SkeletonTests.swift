import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("What is not a coded tensor stays in the skeleton byte for byte")
struct SkeletonTests {
    @Test func unknownFieldsEverywhere() throws {
        let unknown = protobuf {
            $0.integer(1000, -1)
            $0.fixed32(1001, 7)
            $0.fixed64(1002, 7)
            $0.text(536_870_911, "the highest number")
        }
        let tensor = unknown + ONNX.weight("w") + unknown
        let constant = unknown + ONNX.node("Constant", outputs: ["c"], [unknown + ONNX.tensorAttribute("value", tensor) + unknown])
        let graph = unknown + ONNX.graph(nodes: [constant], initializers: [tensor], sparse: [unknown + ONNX.sparse(tensor)]) + unknown
        let file = unknown + ONNX.model(graph) + unknown
        let model = try scanChecked(file)
        #expect(model.tensors.map(\.name) == ["c", "w", "w#2", "w/indices"])
        let parts = cut(file, model)
        #expect(parts.skeleton.count == file.count - 3 * 32 - 64)
        #expect(fill(parts, model) == file)
    }

    @Test func noTensors() throws {
        let file = ONNX.model(ONNX.graph(nodes: [ONNX.node("Relu", outputs: ["y"])]))
        let model = try scanChecked(file)
        #expect(model.tensors.isEmpty)
        #expect(cut(file, model).skeleton == file)
    }

    /// 2-byte unknown fields in each message on the way to a tensor.
    @Test func tenMegabytesOfUnknownFields() throws {
        var unknown: [UInt8] = []
        for _ in 0..<1_000_000 { unknown += [0x78, 0x01] }
        let tensor = ONNX.weight("w") + unknown
        let node = ONNX.node("Constant", outputs: ["c"], [ONNX.tensorAttribute("value", ONNX.weight()) + unknown]) + unknown
        let file = ONNX.model(ONNX.graph(nodes: [node], initializers: [tensor]) + unknown) + unknown
        #expect(file.count > 10_000_000)
        #expect(try scan(file).tensors.map(\.name) == ["c", "w"])
    }

    @Test func manyEmptyTensorsAndOperatorSets() throws {
        let file = ONNX.model(protobuf { for _ in 0..<200_000 { $0.message(5, []) } }) {
            for _ in 0..<200_000 { $0.message(8, []) }
        }
        let summary = try summarize(file)
        #expect(summary.tensors.count + summary.omittedTensorCount == 200_000)
        #expect(summary.omittedTensorCount > 0)
        #expect(summary.tensors.count + summary.operatorSets.count < 40_000)
        #expect(try scan(file).tensors.isEmpty)
    }

    @Test func millionsOfDimensions() throws {
        let tensor = ONNX.tensor("w", dims: [], .raw(floats(8))) { $0.message(1, [UInt8](repeating: 1, count: 1_000_000)) }
        let summary = try summarize(ONNX.model(ONNX.graph(initializers: [tensor])))
        #expect(summary.tensors.map(\.rank) == [1_000_000])
        #expect(summary.tensors.map(\.dimensions.count) == [16])
        #expect(summary.tensors.map(\.isCoded) == [false])
    }

    /// Random models out of all places and storages come back as they were.
    @Test func randomModels() throws {
        var random = SplitMix64(seed: 41)
        for _ in 0..<500 {
            let file = ONNX.model(randomGraph(depth: 0, &random)) {
                if Bool.random(using: &random) { $0.message(25, ONNX.function("d", "f", nodes: [randomNode(depth: 0, &random)])) }
                if Bool.random(using: &random) { $0.message(20, nested(randomGraph(depth: 0, &random), in: [1])) }
            }
            let model = try scanChecked(file)
            #expect(try summarize(file).tensors.filter(\.isCoded).map(\.name) == model.tensors.map(\.name))
        }
    }

    private func randomGraph(depth: Int, _ random: inout SplitMix64) -> [UInt8] {
        let nodes = (0..<Int.random(in: 0...3, using: &random)).map { _ in randomNode(depth: depth, &random) }
        let initializers = (0..<Int.random(in: 0...3, using: &random)).map { _ in randomTensor(&random) }
        let sparse = (0..<Int.random(in: 0...1, using: &random)).map { _ in ONNX.sparse(randomTensor(&random)) }
        return ONNX.graph(nodes: nodes, initializers: initializers, sparse: sparse)
    }

    private func randomNode(depth: Int, _ random: inout SplitMix64) -> [UInt8] {
        let names = ["", "a", "b", "a#2", "x/y"]
        var attributes = [ONNX.tensorAttribute("value", randomTensor(&random))]
        attributes.append(ONNX.attribute("list", 10, type: 9, [randomTensor(&random), randomTensor(&random)]))
        if depth < 3 { attributes.append(ONNX.graphAttribute("body", randomGraph(depth: depth + 1, &random))) }
        return ONNX.node(
            Bool.random(using: &random) ? "Constant" : "Loop", name: names.randomElement(using: &random) ?? "",
            outputs: [names.randomElement(using: &random) ?? ""], attributes.shuffled(using: &random))
    }

    private func randomTensor(_ random: inout SplitMix64) -> [UInt8] {
        let name = ["", "w", "w#2", "c"].randomElement(using: &random) ?? ""
        let dims = (0..<Int.random(in: 0...4, using: &random)).map { _ in Int64.random(in: 0...4, using: &random) }
        let count = Int(dims.reduce(1, *))
        let type: Int64 = Int.random(in: 0..<4, using: &random) == 0 ? Int64.random(in: 0...30, using: &random) : 1
        let data: ONNX.Data = Bool.random(using: &random) ? .raw(floats(count)) : .packedFloats(floats(count))
        return ONNX.tensor(name, dims: dims, type: type, data)
    }
}
