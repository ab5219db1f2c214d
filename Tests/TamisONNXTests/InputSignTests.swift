import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@Suite("The sign of a layer's input is found by going back through the graph")
struct InputSignTests {
    /// `op` from `inputs` to `v`.
    private func node(_ op: String, _ inputs: [String], _ attributes: [[UInt8]] = [], domain: String = "") -> [UInt8] {
        ONNX.node(op, domain: domain, inputs: inputs, outputs: ["v"], attributes)
    }

    @Test(arguments: [
        "Relu", "Sigmoid", "HardSigmoid", "Softmax", "Exp", "Abs", "Sqrt", "Softplus", "ReduceL1", "ReduceL2", "ReduceSumSquare", "LpPool",
        "GlobalLpPool",
    ])
    func neverNegative(_ op: String) throws {
        #expect(try inputSign([node(op, ["x"])]) == .nonNegative)
        #expect(try inputSign([node(op, ["s"])]) == .nonNegative)
        #expect(try inputSign([node(op, ["s"], domain: "com.example")]) == .unknown)
    }

    @Test(arguments: [
        "Tanh", "HardSwish", "BatchNormalization", "LayerNormalization", "LeakyRelu", "Conv", "Gemm", "MatMul", "LSTM", "Neg", "NoSuchOperator", "",
    ])
    func ofBothSigns(_ op: String) throws {
        #expect(try inputSign([node(op, ["x"])]) == .signed)
        #expect(try inputSign([node(op, ["r"])]) == .signed)
    }

    @Test(arguments: [
        "Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool",
        "MaxRoiPool", "RoiAlign", "LRN", "Dropout", "Slice", "Split", "Gather", "GatherND", "GatherElements", "Compress", "TopK", "Expand",
        "Tile", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "CumSum", "DepthToSpace", "SpaceToDepth", "ReverseSequence", "Cast",
        "Floor", "Ceil", "Round", "QuantizeLinear", "DequantizeLinear", "Clip", "Pad", "Resize", "Upsample",
    ])
    func asTheFirstInput(_ op: String) throws {
        #expect(try inputSign([node(op, ["r"])]) == .nonNegative)
        #expect(try inputSign([node(op, ["x"])]) == .modelInput)
        #expect(try inputSign([node(op, ["s"])]) == .signed)
        #expect(try inputSign([node(op, ["nowhere"])]) == .unknown)
        #expect(try inputSign([node(op, [])]) == .unknown)
    }

    @Test func directly() throws {
        let layer = ONNX.node("Conv", inputs: ["x", "w"], outputs: ["y"])
        #expect(try roles([layer], [ones("w", [4, 2, 3, 3])])["w"]?.inputSign == .modelInput)
        // An input of the model that has a default is no input of old models.
        let constant = [ones("w", [4, 2, 3, 3]), ones("x", [1, 2, 9, 9])]
        #expect(try roles([layer], constant)["w"] == .other)
        #expect(try roles([layer], [ones("w", [4, 2, 3, 3])], inputs: ["x", "w"])["w"]?.inputSign == .modelInput)
        #expect(try roles([layer], [ones("w", [4, 2, 3, 3])], inputs: [])["w"]?.inputSign == .unknown)
    }

    @Test(arguments: [(Float(0), true), (-0.0, true), (1, true), (-1, false), (.nan, false), (-.infinity, false)])
    func clipping(_ minimum: Float, _ isNonNegative: Bool) throws {
        let expected = isNonNegative ? LayerRole.InputSign.nonNegative : .signed
        #expect(try inputSign([node("Clip", ["s"], [ONNX.float("max", 6), ONNX.float("min", minimum)])]) == expected)
        #expect(try inputSign([node("Clip", ["s", "low", "high"])], [scalar("low", minimum)]) == expected)
        for attribute in [ONNX.tensorAttribute("value", scalar("", minimum)), ONNX.float("value_float", minimum)] {
            let low = ONNX.node("Constant", inputs: [], outputs: ["low"], [attribute])
            #expect(try inputSign([low, node("Clip", ["s", "low"])]) == expected)
        }
        // A file that starts with its clipping stays the model's input if the bound says nothing.
        #expect(try inputSign([node("Clip", ["x", "low"])], [scalar("low", minimum)]) == (isNonNegative ? .nonNegative : .modelInput))
    }

    @Test func clippingByOtherTypes() throws {
        func low(_ type: Int64, _ bytes: [UInt8]) -> [[UInt8]] { [ONNX.tensor("low", dims: [1], type: type, .raw(bytes))] }
        let clip = [node("Clip", ["s", "low"])]
        for (type, count) in [(10, 2), (16, 2), (11, 8), (1, 4)] as [(Int64, Int)] {
            let zero = [UInt8](repeating: 0, count: count)
            #expect(try inputSign(clip, low(type, zero)) == .nonNegative)
            #expect(try inputSign(clip, low(type, zero.dropLast() + [0x3F])) == .nonNegative)
            #expect(try inputSign(clip, low(type, zero.dropLast() + [0x80])) == .nonNegative)
            #expect(try inputSign(clip, low(type, zero.dropLast() + [0xBF])) == .signed)
            #expect(try inputSign(clip, low(type, [UInt8](repeating: 0xFF, count: count - 1) + [0x7F])) == .signed)
            #expect(try inputSign(clip, low(type, zero + [0])) == .signed)
            #expect(try inputSign(clip, low(type, zero + zero)) == .signed)
        }
        #expect(try inputSign(clip, low(7, [UInt8](repeating: 0, count: 8))) == .signed)
        #expect(try inputSign(clip, [ONNX.tensor("low", dims: [], .packedFloats([0, 0, 0, 0]))]) == .nonNegative)
        #expect(try inputSign(clip, [ONNX.tensor("low", dims: [], .none)]) == .signed)
        #expect(try inputSign([node("Clip", ["s", "r"])]) == .signed)
    }

    @Test func imageScaler() throws {
        #expect(try inputSign([node("ImageScaler", ["x"])]) == .modelInput)
        #expect(try inputSign([node("ImageScaler", ["r"])]) == .signed)
    }

    @Test func padding() throws {
        let minus = ONNX.float("value", -1)
        #expect(try inputSign([node("Pad", ["r"], [minus])]) == .signed)
        #expect(try inputSign([node("Pad", ["r"], [minus, ONNX.text("mode", "constant")])]) == .signed)
        #expect(try inputSign([node("Pad", ["r"], [minus, ONNX.text("mode", "reflect")])]) == .nonNegative)
        #expect(try inputSign([node("Pad", ["r"], [ONNX.float("value", 1)])]) == .nonNegative)
        #expect(try inputSign([node("Pad", ["r", "pads", ""])]) == .nonNegative)
        #expect(try inputSign([node("Pad", ["r", "pads", "c"])], [scalar("c", 1)]) == .nonNegative)
        #expect(try inputSign([node("Pad", ["r", "pads", "c"])], [scalar("c", -1)]) == .signed)
        #expect(try inputSign([node("Pad", ["r", "pads", "s"])]) == .signed)
        #expect(try inputSign([node("Pad", ["x"], [minus])]) == .modelInput)
    }

    @Test(arguments: ["Resize", "Upsample"])
    func resizing(_ op: String) throws {
        for mode in ["nearest", "linear"] { #expect(try inputSign([node(op, ["r"], [ONNX.text("mode", mode)])]) == .nonNegative) }
        #expect(try inputSign([node(op, ["r"], [ONNX.text("mode", "cubic")])]) == .signed)
        #expect(try inputSign([node(op, ["x"], [ONNX.text("mode", "cubic")])]) == .modelInput)
    }

    @Test(arguments: ["Concat", "Add", "Mul", "Div", "Sum", "Mean", "Min"])
    func ifAllAre(_ op: String) throws {
        let positive = [ones("c", [2, 1, 1])]
        let negative = [ONNX.tensor("c", dims: [4], .raw(littleEndian([0, 0, 0, 0xBF80_0000])))]
        #expect(try inputSign([node(op, ["r", "r"])]) == .nonNegative)
        #expect(try inputSign([node(op, ["r", "s"])]) == .signed)
        #expect(try inputSign([node(op, ["s", "r"])]) == .signed)
        #expect(try inputSign([node(op, ["r", "x"])]) == .signed)
        #expect(try inputSign([node(op, ["x", "x"])]) == .modelInput)
        #expect(try inputSign([node(op, ["r", "nowhere"])]) == .unknown)
        #expect(try inputSign([node(op, ["r", "c"])], positive) == .nonNegative)
        #expect(try inputSign([node(op, ["r", "c"])], negative) == .signed)
        #expect(try inputSign([node(op, ["x", "c"])], positive) == .modelInput)
        #expect(try inputSign([node(op, ["x", "c"])], negative) == .modelInput)
        // Too many to look at.
        #expect(try inputSign([node(op, ["r", "c"])], [ones("c", [5000])]) == .signed)
        let list = ONNX.node("Constant", inputs: [], outputs: ["c"], [ONNX.integers("value_ints", [0, 1])])
        #expect(try inputSign([list, node(op, ["r", "c"])]) == .nonNegative)
    }

    @Test func otherCombinations() throws {
        #expect(try inputSign([node("Max", ["s", "r"])]) == .nonNegative)
        #expect(try inputSign([node("Max", ["s", "c"])], [scalar("c", 0)]) == .nonNegative)
        #expect(try inputSign([node("Max", ["nowhere", "r"])]) == .nonNegative)
        #expect(try inputSign([node("Max", ["s", "x"])]) == .signed)
        #expect(try inputSign([node("Sub", ["r", "r"])]) == .signed)
        #expect(try inputSign([node("Sub", ["x", "c"])], [scalar("c", 0.5)]) == .modelInput)
        #expect(try inputSign([node("Where", ["s", "r", "r"])]) == .nonNegative)
        #expect(try inputSign([node("Where", ["r", "r", "s"])]) == .signed)
    }

    @Test func furtherOutputs() throws {
        let split = ONNX.node("Split", inputs: ["r"], outputs: ["a", "v"])
        #expect(try inputSign([split]) == .nonNegative)
        #expect(try inputSign([ONNX.node("MaxPool", inputs: ["r"], outputs: ["a", "v"])]) == .unknown)
        #expect(try inputSign([ONNX.node("Relu", inputs: ["r"], outputs: ["", "v"])]) == .unknown)
    }

    @Test func farBack() throws {
        let nodes = [
            ONNX.node("MaxPool", inputs: ["r"], outputs: ["a"]), ONNX.node("Concat", inputs: ["a", "r", "b"], outputs: ["c"]),
            ONNX.node("Dropout", inputs: ["c"], outputs: ["v"]), ONNX.node("Sigmoid", inputs: ["s"], outputs: ["b"]),
        ]
        #expect(try inputSign(nodes) == .nonNegative)
    }

    @Test func ofProducts() throws {
        let rectifier = ONNX.node("Relu", inputs: ["x"], outputs: ["r"])
        let tensors = [ones("w", [4, 8])]
        #expect(try roles([rectifier, ONNX.node("Gemm", inputs: ["r", "w"], outputs: ["y"])], tensors)["w"]?.inputSign == .nonNegative)
        #expect(try roles([rectifier, ONNX.node("MatMul", inputs: ["r", "w"], outputs: ["y"])], tensors)["w"]?.inputSign == .nonNegative)
        #expect(try roles([rectifier, ONNX.node("MatMul", inputs: ["w", "r"], outputs: ["y"])], tensors)["w"]?.inputSign == .nonNegative)
        let recurrent = ONNX.node("GRU", inputs: ["r", "w", "u"], outputs: ["y"])
        let found = try roles([rectifier, recurrent], [ones("w", [1, 12, 8]), ones("u", [1, 12, 4])])
        #expect(found["w"]?.inputSign == .nonNegative)
        #expect(found["u"]?.inputSign == .signed)
    }

    // MARK: Hostile graphs

    @Test func cyclesEnd() throws {
        #expect(try inputSign([node("Identity", ["v"])]) == .unknown)
        #expect(try inputSign([ONNX.node("Concat", inputs: ["v", "r"], outputs: ["a"]), node("MaxPool", ["a"])]) == .unknown)
        let loop = (0..<1000).map { ONNX.node("Add", inputs: ["a\(($0 + 1) % 1000)", "r"], outputs: ["a\($0)"]) }
        #expect(try inputSign(loop + [node("Identity", ["a500"])]) == .unknown)
        // A rectifier in the cycle settles it.
        #expect(try inputSign([ONNX.node("Add", inputs: ["v", "s"], outputs: ["a"]), node("Relu", ["a"])]) == .nonNegative)
    }

    @Test func longChainTakesLinearTime() throws {
        let count = 100_000
        var nodes: [[UInt8]] = [ONNX.node("Relu", inputs: ["x"], outputs: ["a0"])]
        for index in 1...count { nodes.append(ONNX.node("Identity", inputs: ["a\(index - 1)"], outputs: ["a\(index)"])) }
        // Against the order of the file, too.
        let layers = (0..<200).map { ONNX.node("Conv", inputs: ["a\(count - 100 * $0)", "w\($0)"], outputs: ["y\($0)"]) }
        let weights = (0..<200).map { ones("w\($0)", [1, 1, 2, 2]) }
        for order in [nodes, nodes.reversed()] {
            let clock = ContinuousClock()
            let start = clock.now
            let found = try roles(layers + order, weights)
            #expect(found.values.count { $0.inputSign == .nonNegative } == 200)
            #expect(clock.now - start < .seconds(20))
        }
    }

    @Test func manyPathsTakeLinearTime() throws {
        // 2^2000 ways from the end to the start.
        var nodes: [[UInt8]] = [ONNX.node("Relu", inputs: ["x"], outputs: ["a0"])]
        for index in 1...2000 { nodes.append(ONNX.node("Add", inputs: ["a\(index - 1)", "a\(index - 1)"], outputs: ["a\(index)"])) }
        #expect(try inputSign(nodes + [node("Identity", ["a2000"])]) == .nonNegative)
        let wide = [String](repeating: "r", count: 50_000)
        let concatenations = (0..<20).map { ONNX.node("Concat", inputs: wide, outputs: ["c\($0)"]) }
        let layers = (0..<500).map { ONNX.node("Conv", inputs: ["c\($0 % 20)", "w\($0)"], outputs: ["y\($0)"]) }
        let found = try roles(
            [ONNX.node("Relu", inputs: ["x"], outputs: ["r"])] + concatenations + layers, (0..<500).map { ones("w\($0)", [1, 1, 2, 2]) })
        #expect(found.values.allSatisfy { $0.inputSign == .nonNegative })
    }
}
