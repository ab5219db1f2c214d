import TamisBits
import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("A tensor has a role if it has one consumer, wherever that is")
struct RoleScopeTests {
    private let weight = ones("w", [4, 2, 3, 3])

    private func conv(_ input: String, _ weight: String, _ output: String) -> [UInt8] { ONNX.node("Conv", inputs: [input, weight], outputs: [output]) }
    private func branch(_ graph: [UInt8], inputs: [String] = ["x"]) -> [UInt8] {
        ONNX.node("If", inputs: inputs, outputs: ["i"], [ONNX.graphAttribute("then_branch", graph)])
    }

    @Test func shared() throws {
        #expect(try roles([conv("x", "w", "y")], [weight])["w"] != .other)
        #expect(try roles([conv("x", "w", "y"), conv("x", "w", "z")], [weight])["w"] == .other)
        #expect(try roles([conv("w", "w", "y")], [weight])["w"] == .other)
        #expect(try roles([conv("x", "w", "y")], [weight], outputs: ["y", "w"])["w"] == .other)
        #expect(try roles([], [weight])["w"] == .other)
        #expect(try roles([], [weight], outputs: ["w"])["w"] == .other)
        let transposition = ONNX.node("Transpose", inputs: ["w"], outputs: ["t"])
        #expect(try roles([transposition, conv("x", "t", "y"), conv("x", "t", "z")], [weight])["w"] == .other)
        #expect(try roles([transposition, conv("x", "t", "y"), conv("x", "w", "z")], [weight])["w"] == .other)
        #expect(try roles([transposition, conv("x", "t", "y")], [weight], outputs: ["y", "t"])["w"] == .other)
        #expect(try roles([conv("x", "w", "y"), branch(ONNX.graph(outputs: ["w"]))], [weight])["w"] == .other)
    }

    @Test func sharedBias() throws {
        let nodes = ["y", "z"].map { ONNX.node("Conv", inputs: ["x", "w\($0)", "b"], outputs: [$0]) }
        let found = try roles(nodes, [ones("wy", [4, 2, 3, 3]), ones("wz", [4, 2, 3, 3]), ones("b", [4])])
        #expect(found["b"] == .other)
        #expect(found["wy"]?.bias == nil && found["wz"]?.bias == nil)
        #expect(found["wy"]?.consumer == .convolution)
    }

    @Test func productOfConstants() throws {
        let found = try roles([ONNX.node("MatMul", inputs: ["w", "v"], outputs: ["y"])], [ones("w", [4, 4]), ones("v", [4, 4])])
        #expect(found["w"] == .other && found["v"] == .other)
    }

    @Test func constantNodes() throws {
        let constant = ONNX.node("Constant", inputs: [], outputs: ["w"], [ONNX.tensorAttribute("value", ones("", [4, 2, 3, 3]))])
        #expect(try roles([constant, conv("x", "w", "y")], [])["w"]?.consumer == .convolution)
        // A node may come before what it reads.
        #expect(try roles([conv("x", "w", "y"), constant], [])["w"]?.consumer == .convolution)
        #expect(try roles([constant, constant, conv("x", "w", "y")], [])["w"] == .other)
        let other = ONNX.node("Random", inputs: [], outputs: ["w"], [ONNX.tensorAttribute("value", ones("", [4, 2, 3, 3]))])
        #expect(try roles([other, conv("x", "w", "y")], [])["w/value"] == .other)
    }

    @Test func nodesWithAttributesFirst() throws {
        let node = protobuf {
            $0.message(5, ONNX.integer("group", 4))
            $0.text(4, "Conv")
            $0.text(2, "y")
            $0.text(1, "x")
            $0.message(5, ONNX.integers("strides", [1, 1]))
            $0.text(1, "w")
        }
        #expect(try roles([node], [ones("w", [4, 1, 3, 3])])["w"]?.groups == 4)
    }

    // MARK: Subgraphs

    @Test func namesResolveOutward() throws {
        let inner = ONNX.graph(nodes: [conv("r", "w", "z")], outputs: ["z"])
        let deep = ONNX.graph(nodes: [ONNX.node("If", outputs: ["z"], [ONNX.graphAttribute("else_branch", inner)])], outputs: ["z"])
        let found = try roles([branch(deep), ONNX.node("Relu", outputs: ["r"])], [weight])
        #expect(found["w"]?.consumer == .convolution)
        #expect(found["w"]?.inputSign == .nonNegative)
    }

    @Test func localNamesShadow() throws {
        let inner = ONNX.graph(nodes: [conv("x", "w", "z")], initializers: [ones("w", [8, 2, 3, 3])], outputs: ["z"])
        let file = ONNX.model(
            ONNX.graph(nodes: [branch(inner), ONNX.node("MatMul", inputs: ["x", "w"], outputs: ["y"])], initializers: [ones("w", [4, 4])], inputs: ["x"]))
        let found = try roles(ofModel: file)
        #expect(found["i/then_branch/w"]?.consumer == .convolution)
        #expect(found["w"]?.consumer == .matMul)
    }

    @Test func localNamesEndWithTheirGraph() throws {
        let inner = ONNX.graph(nodes: [ONNX.node("Relu", inputs: ["x"], outputs: ["r"])], outputs: ["r"])
        let nodes = [ONNX.node("Tanh", inputs: ["x"], outputs: ["r"]), branch(inner), conv("r", "w", "y")]
        #expect(try roles(nodes, [weight])["w"]?.inputSign == .signed)
        #expect(try roles([branch(inner), conv("r", "w", "y")], [weight])["w"]?.inputSign == .unknown)
        let sibling = ONNX.node(
            "If", outputs: ["i"],
            [ONNX.graphAttribute("then_branch", inner), ONNX.graphAttribute("else_branch", ONNX.graph(nodes: [conv("r", "w", "z")]))])
        #expect(try roles([sibling], [weight])["w"]?.inputSign == .unknown)
    }

    @Test func inputsOfSubgraphsShadowAndAreUnknown() throws {
        let body = ONNX.graph(nodes: [conv("r", "w", "z")], inputs: ["r"], outputs: ["z"])
        let nodes = [ONNX.node("Relu", inputs: ["x"], outputs: ["r"]), ONNX.node("Loop", outputs: ["y"], [ONNX.graphAttribute("body", body)])]
        #expect(try roles(nodes, [weight])["w"]?.inputSign == .unknown)
        let taken = ONNX.graph(nodes: [conv("x", "w", "z")], inputs: ["w"], outputs: ["z"])
        #expect(try roles([branch(taken)], [weight])["w"] == .other)
    }

    @Test func outputsOfSubgraphsAreUnknown() throws {
        let inner = ONNX.graph(nodes: [ONNX.node("Relu", inputs: ["x"], outputs: ["z"])], outputs: ["z"])
        #expect(try roles([branch(inner), conv("i", "w", "y")], [weight])["w"]?.inputSign == .unknown)
    }

    @Test func functionsAndTraining() throws {
        let file = ONNX.model(ONNX.graph(nodes: [conv("x", "w", "y")], initializers: [weight], inputs: ["x"])) {
            let constant = ONNX.node("Constant", inputs: [], outputs: ["c"], [ONNX.tensorAttribute("value", ones("", [4, 2, 3, 3]))])
            $0.message(25, ONNX.function("d", "f", nodes: [constant, conv("x", "c", "y")]))
            $0.message(20, protobuf { $0.message(2, ONNX.graph(nodes: [conv("x", "t", "y")], initializers: [ones("t", [4, 2, 3, 3])])) })
        }
        let found = try roles(ofModel: file)
        #expect(found.count == 3)
        #expect(found["w"]?.consumer == .convolution)
        #expect(found.values.count { $0 == .other } == 2)
    }

    // MARK: Unclear and hostile files

    @Test func namesGivenTwice() throws {
        #expect(try roles([conv("x", "w", "y")], [weight, weight]).values.allSatisfy { $0 == .other })
        let twice = [ONNX.node("Relu", outputs: ["v"]), ONNX.node("Relu", outputs: ["v"]), conv("v", "w", "y")]
        #expect(try roles(twice, [weight])["w"]?.inputSign == .unknown)
        let sparse = ONNX.graph(nodes: [conv("x", "w", "y")], initializers: [weight], sparse: [ONNX.sparse(ONNX.weight("w"))], inputs: ["x"])
        #expect(try roles(ofModel: ONNX.model(sparse)).values.allSatisfy { $0 == .other })
    }

    @Test func severalGraphs() throws {
        let graph = ONNX.graph(nodes: [conv("x", "w", "y")], initializers: [weight])
        let file = ONNX.model(graph) { $0.message(7, ONNX.graph(initializers: [ONNX.weight("v")])) }
        #expect(try roles(ofModel: file).values.allSatisfy { $0 == .other })
    }

    /// Inputs and outputs of the graph are not looked into by the walk, so what is wrong there costs the roles only.
    @Test func brokenInputs() throws {
        var graph = ONNX.graph(nodes: [conv("x", "w", "y")], initializers: [weight])
        graph += protobuf { $0.message(11, [0x0F]) }
        #expect(try roles(ofModel: ONNX.model(graph))["w"] == .other)
    }

    @Test func weightsInCycles() throws {
        let nodes = [
            ONNX.node("Transpose", inputs: ["a"], outputs: ["b"]), ONNX.node("Transpose", inputs: ["b"], outputs: ["a"]), conv("x", "w", "w"),
        ]
        #expect(try roles(nodes, [ones("a", [4, 2, 3, 3]), weight]).values.allSatisfy { $0 == .other })
    }

    @Test func manyNodesWithoutPayload() throws {
        // More than the reader may spend: no roles, and no harm.
        let nodes = protobuf { writer in for _ in 0..<1_000_000 { writer.message(1, []) } }
        let file = ONNX.model(ONNX.graph(nodes: [conv("x", "w", "y")], initializers: [weight], inputs: ["x"]) + nodes)
        #expect(try roles(ofModel: file)["w"] == .other)
    }

    @Test func rolesAreOneForEachTensor() throws {
        let model = try scanChecked(ONNX.everything())
        #expect(model.roles.count == model.tensors.count)
        #expect(model.role(of: 0) != nil)
        #expect(model.role(of: model.tensors.count) == nil && model.role(of: -1) == nil)
        #expect(SourceModel(format: "f", files: [], tensors: [], holes: [], floatElementCount: 0).role(of: 0) == nil)
    }
}
