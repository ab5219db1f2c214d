import TamisBits
import TamisONNX
import TamisTestSupport
import Testing

@Suite("Messages may lie 64 deep inside each other")
struct DepthTests {
    /// A model whose innermost subgraph, `levels` below the main graph, is `graph`. That graph is at depth 2 + 3 · levels: a level is a
    /// node, an attribute and a graph, the model is at depth 1.
    private func model(_ graph: [UInt8], levels: Int) -> [UInt8] {
        var fields: [UInt64] = []
        for _ in 0..<levels { fields += [6, 5, 1] }
        return protobuf { $0.integer(1, 8) } + nested(graph, in: fields + [7])
    }

    @Test func atTheLimit() throws {
        // Graph at 62, sparse tensor at 63, values at 64.
        let sparse = model(ONNX.graph(sparse: [ONNX.sparse(ONNX.weight("w"))]), levels: 20)
        #expect(try scanChecked(sparse).tensors.count == 2)
        // Node at 63, attribute at 64.
        let attribute = model(ONNX.graph(nodes: [ONNX.node("N", [ONNX.attribute("a", 8, type: 7, [])])]), levels: 20)
        #expect(refusal(of: attribute) == nil)
        #expect(try scanChecked(model(ONNX.graph(initializers: [ONNX.weight("w")]), levels: 10)).tensors.count == 1)
    }

    @Test(arguments: [
        ONNX.graph(nodes: [ONNX.node("N", [ONNX.tensorAttribute("a", ONNX.weight())])]),
        ONNX.graph(nodes: [ONNX.node("N", [ONNX.graphAttribute("a", [])])]),
    ])
    func oneDeeper(_ graph: [UInt8]) throws {
        let file = model(graph, levels: 20)
        let error = try #require(refusal(of: file))
        #expect(error.code == .invalidModel)
        #expect(error.message.contains("more than 64 deep"))
        #expect(error.byteOffset != nil)
        #expect(refusal(of: model(graph, levels: 19)) == nil)
    }

    @Test(arguments: [21, 22, 100, 10_000])
    func muchDeeper(_ levels: Int) {
        #expect(refusal(of: model(ONNX.graph(), levels: levels))?.message.contains("more than 64 deep") == true)
    }

    @Test func otherWaysDown() {
        var fields: [UInt64] = []
        for _ in 0..<5000 { fields += [11, 5, 1] }
        for start in [[7], [1, 20], [2, 20], [6, 5, 7, 25], [6, 11, 25]] as [[UInt64]] {
            let file = ONNX.model(ONNX.graph()) { $0.append(nested([], in: fields + start)) }
            #expect(refusal(of: file)?.message.contains("more than 64 deep") == true)
        }
    }

    /// Types nest as well, but hold no tensors: they are not entered.
    @Test func nestingOutsideTheWalk() throws {
        let file = ONNX.model(ONNX.graph(initializers: [ONNX.weight("w")])) {
            $0.append(nested([], in: [UInt64](repeating: 4, count: 10_000) + [11, 7]))
        }
        #expect(refusal(of: file) == nil)
    }
}
