import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("Tensors are found wherever ONNX allows one")
struct LocationTests {
    @Test func everyPlace() throws {
        let found = try names(ONNX.everything())
        #expect(
            found == [
                "c", "If_12/then_branch/c", "If_12/then_branch/weight", "l/ts[0]", "l/ts[1]", "l/ss[0]", "l/ss[0]/indices", "w", "f",
                "s", "s/indices",
                "training_info[0]/initialization/start", "training_info[0]/algorithm/rate", "function:d.f/c", "function:d.f/default",
            ])
        let summary = try summarize(ONNX.everything())
        #expect(summary.tensors.map(\.name) == found)
        #expect(!summary.tensors.contains { !$0.isCoded })
        #expect(
            summary.tensors.map(\.location) == [
                .attribute, .subgraph, .subgraph, .attribute, .attribute, .sparse, .sparse, .initializer, .initializer, .sparse, .sparse,
                .training, .training, .function, .function,
            ])
    }

    @Test func graphListsAndSparseAttributes() throws {
        let inner = ONNX.graph(initializers: [ONNX.weight("a")], sparse: [ONNX.sparse(ONNX.weight("b"))])
        let node = ONNX.node(
            "Custom", name: "n",
            [ONNX.attribute("gs", 11, type: 10, [inner, inner]), ONNX.attribute("s", 22, type: 11, [ONNX.sparse(ONNX.weight())])])
        #expect(
            try names(ONNX.model(ONNX.graph(nodes: [node]))) == [
                "n/gs[0]/a", "n/gs[0]/b", "n/gs[0]/b/indices", "n/gs[1]/a", "n/gs[1]/b", "n/gs[1]/b/indices", "n/s", "n/s/indices",
            ])
    }

    @Test func subgraphsOfSubgraphsOfFunctions() throws {
        let deepest = ONNX.graph(initializers: [ONNX.weight("w")])
        let inner = ONNX.graph(nodes: [ONNX.node("If", outputs: ["o"], [ONNX.graphAttribute("else_branch", deepest)])])
        let loop = ONNX.node("Loop", name: "loop", [ONNX.graphAttribute("body", inner)])
        let file = ONNX.model(ONNX.graph()) {
            $0.message(25, ONNX.function("ai.test", "F", nodes: [loop], attributes: [ONNX.graphAttribute("g", deepest)]))
        }
        #expect(try names(file) == ["function:ai.test.F/loop/body/o/else_branch/w", "function:ai.test.F/g/w"])
        #expect(try summarize(file).tensors.map(\.location) == [.function, .function])
        #expect(try summarize(file).nodeCount == 2)
    }

    @Test func fieldsInAnyOrder() throws {
        // Attribute before the node's name and operator, type and name of the attribute after its value, data before dimensions.
        let tensor = protobuf {
            $0.message(9, floats(6))
            $0.integer(2, 1)
            $0.message(1, [2, 3])
        }
        let attribute = protobuf {
            $0.integer(20, 4)
            $0.message(5, tensor)
            $0.text(1, "value")
        }
        let node = protobuf {
            $0.message(5, attribute)
            $0.text(4, "Constant")
            $0.text(2, "out")
        }
        let file = protobuf {
            $0.message(7, ONNX.graph(nodes: [node]))
            $0.integer(1, 8)
        }
        let model = try scanChecked(file)
        #expect(model.tensors.map(\.name) == ["out"])
        #expect(model.tensors.first?.shape.dimensions == [2, 3])
    }

    @Test func offsetsAreThoseOfThePayload() throws {
        let file = ONNX.model(ONNX.graph(initializers: [ONNX.weight("a", 8), ONNX.weight("b", 5)]))
        let model = try scanChecked(file)
        #expect(cut(file, model).payloads == [floats(8), floats(5)])
    }

    @Test func attributeWithoutType() throws {
        let attribute = ONNX.attribute("value", 5, type: nil, [ONNX.weight()])
        #expect(try names(ONNX.model(ONNX.graph(nodes: [ONNX.node("Constant", outputs: ["c"], [attribute])]))) == ["c"])
    }
}
