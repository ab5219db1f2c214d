import TamisBits
import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("Roles say which layer consumes a tensor, and what its axes are")
struct LayerRoleTests {
    /// The role of `w`, which `op` reads at input `position` beside `x`.
    private func role(
        _ op: String, _ dimensions: [Int64], at position: Int = 1, domain: String = "", _ attributes: [[UInt8]] = []
    ) throws -> LayerRole? {
        var inputs = [String](repeating: "x", count: max(position, 1) + 1)
        inputs[position] = "w"
        return try roles([ONNX.node(op, domain: domain, inputs: inputs, outputs: ["y"], attributes)], [ones("w", dimensions)])["w"]
    }

    private func layer(
        _ consumer: LayerRole.Consumer, output: Int, count: Int = 1, input: [Int], kernel: [Int] = [], groups: UInt64 = 1,
        _ sign: LayerRole.InputSign = .modelInput
    ) -> LayerRole {
        LayerRole(
            consumer: consumer, outputAxis: output, outputAxisCount: count, inputAxes: input, kernelAxes: kernel, groups: groups, inputSign: sign)
    }

    @Test func convolutions() throws {
        let plain = layer(.convolution, output: 0, input: [1], kernel: [2, 3])
        #expect(try role("Conv", [8, 4, 3, 5]) == plain)
        #expect(try role("Conv", [8, 4, 3, 5], domain: "ai.onnx") == plain)
        #expect(plain.kernel(of: try #require(Shape([8, 4, 3, 5]))) == [3, 5])
        #expect(plain.kernel(of: try #require(Shape([8, 4, 3]))) == [3])
        #expect(try role("Conv", [8, 4, 3]) == layer(.convolution, output: 0, input: [1], kernel: [2]))
        #expect(try role("Conv", [8, 4, 3, 3, 3]) == layer(.convolution, output: 0, input: [1], kernel: [2, 3, 4]))
        let depthwise = layer(.convolution, output: 0, input: [1], kernel: [2, 3], groups: 8)
        #expect(try role("Conv", [8, 1, 3, 3], [ONNX.integers("strides", [2, 2]), ONNX.integer("group", 8)]) == depthwise)
        #expect(try role("Conv", [8, 2, 3, 3], [ONNX.integer("group", 4)])?.groups == 4)
    }

    @Test(arguments: [0, -1, 3, 9, .min, .max])
    func impossibleGroups(_ groups: Int64) throws {
        #expect(try role("Conv", [8, 1, 3, 3], [ONNX.integer("group", groups)]) == .other)
        #expect(try role("ConvTranspose", [8, 2, 3, 3], [ONNX.integer("group", groups)]) == .other)
    }

    @Test func transposedConvolutions() throws {
        #expect(try role("ConvTranspose", [4, 8, 3, 3]) == layer(.transposedConvolution, output: 1, input: [0], kernel: [2, 3]))
        #expect(
            try role("ConvTranspose", [4, 2, 3, 3], [ONNX.integer("group", 4)])
                == layer(.transposedConvolution, output: 0, count: 2, input: [], kernel: [2, 3], groups: 4))
        #expect(try role("ConvTranspose", [4, 2, 3, 3], [ONNX.integer("group", 2)]) == .other)
    }

    @Test func products() throws {
        #expect(try role("Gemm", [4, 8]) == layer(.gemm, output: 1, input: [0]))
        #expect(try role("Gemm", [4, 8], [ONNX.integer("transA", 1), ONNX.integer("transB", 0)]) == layer(.gemm, output: 1, input: [0]))
        #expect(try role("Gemm", [4, 8], [ONNX.integer("transB", 1)]) == layer(.gemm, output: 0, input: [1]))
        #expect(try role("Gemm", [4, 8], at: 0) == .other)
        #expect(try role("MatMul", [4, 8]) == layer(.matMul, output: 1, input: [0]))
        #expect(try role("MatMul", [4, 8], at: 0) == layer(.matMul, output: 0, input: [1]))
        #expect(try role("MatMul", [1, 4, 8]) == layer(.matMul, output: 2, input: [1]))
        #expect(try role("MatMul", [2, 4, 8]) == .other)
        #expect(try role("MatMul", [8]) == .other)
    }

    @Test(arguments: ["LSTM", "GRU", "RNN"])
    func recurrent(_ op: String) throws {
        #expect(try role(op, [2, 12, 5]) == layer(.recurrentInput, output: 0, count: 2, input: [2]))
        #expect(try role(op, [2, 12, 4], at: 2) == layer(.recurrentState, output: 0, count: 2, input: [2], .signed))
        #expect(try role(op, [12, 5]) == .other)
        #expect(try role(op, [2, 12], at: 7) == .other)
        let found = try roles(
            [ONNX.node(op, inputs: ["x", "w", "r", "b", "", "h"], outputs: ["y"])],
            [ones("r", [2, 12, 4]), ones("w", [2, 12, 5]), ones("b", [2, 24])])
        #expect(found["w"]?.bias == 2 && found["r"]?.bias == 2)
        #expect(found["b"] == LayerRole(consumer: .bias(of: 1), outputAxis: 0, outputAxisCount: 2))
    }

    @Test func tables() throws {
        #expect(try role("Gather", [10, 4], at: 0) == LayerRole(consumer: .gather, outputAxis: 0, outputAxisCount: 1))
        #expect(try role("Gather", [10, 4], at: 0, [ONNX.integer("axis", -1)]) == LayerRole(consumer: .gather, outputAxis: 1, outputAxisCount: 1))
        #expect(try role("Gather", [10, 4], at: 0, [ONNX.integer("axis", 2)]) == .other)
        #expect(try role("Gather", [10], at: 0) == .other)
        #expect(try role("Gather", [10, 4], at: 1) == .other)
    }

    @Test func everythingElse() throws {
        for op in ["BatchNormalization", "PRelu", "Mul", "DequantizeLinear", "Cast", "Einsum", "Conv2", "", "?", String(repeating: "Conv", count: 99)] {
            #expect(try role(op, [4, 8, 3, 3]) == .other, "\(op)")
        }
        #expect(try role("Conv", [4, 8, 3, 3], domain: "com.example") == .other)
        #expect(try role("Conv", [4, 8]) == .other)
        #expect(try role("Conv", [4, 8, 3, 3], at: 3) == .other)
        #expect(try role("DequantizeLinear", [4, 8, 3, 3], at: 0) == .other)
        #expect(LayerRole.other.outputAxisCount == 0)
    }

    // MARK: Biases

    @Test func biasInputs() throws {
        for (op, weight) in [("Conv", [8, 4, 3, 3]), ("ConvTranspose", [4, 8, 3, 3]), ("Gemm", [4, 8])] as [(String, [Int64])] {
            let node = ONNX.node(op, inputs: ["x", "w", "b"], outputs: ["y"])
            let found = try roles([node], [ones("w", weight), ones("b", [8])])
            #expect(found["w"]?.bias == 1, "\(op)")
            #expect(found["b"] == LayerRole(consumer: .bias(of: 0), outputAxis: 0, outputAxisCount: 1), "\(op)")
            // Three elements are not coded, and no weight either.
            #expect(try roles([node], [ones("w", weight), ones("b", [3])])["w"]?.bias == nil, "\(op)")
            #expect(try roles([node], [ones("b", [8])])["b"]?.consumer == .bias(of: nil), "\(op)")
            // A wrong number of elements.
            #expect(try roles([node], [ones("w", weight), ones("b", [9])])["b"] == .other, "\(op)")
        }
    }

    @Test func biasOfScaledProduct() throws {
        for name in ["alpha", "beta"] {
            let node = ONNX.node("Gemm", inputs: ["x", "w", "b"], outputs: ["y"], [ONNX.float(name, 2)])
            let found = try roles([node], [ones("w", [4, 8]), ones("b", [8])])
            #expect(found["b"] == .other)
            #expect(found["w"] == layer(.gemm, output: 1, input: [0]))
        }
    }

    @Test(arguments: [
        ("MatMul", [4, 8], [8], true), ("MatMul", [4, 8], [1, 8], true), ("MatMul", [4, 8], [8, 1], false), ("MatMul", [4, 8], [8, 8], false),
        ("Conv", [8, 4, 3, 3], [8, 1, 1], true), ("Conv", [8, 4, 3, 3], [1, 8, 1, 1], true), ("Conv", [8, 4, 3, 3], [8], false),
        ("Conv", [8, 4, 3], [1, 8, 1], true),
    ] as [(String, [Int64], [Int64], Bool)])
    func addedBias(_ op: String, _ weight: [Int64], _ bias: [Int64], _ isBias: Bool) throws {
        let product = ONNX.node(op, inputs: ["x", "w"], outputs: ["p"])
        for inputs in [["p", "b"], ["b", "p"]] {
            let found = try roles([product, ONNX.node("Add", inputs: inputs, outputs: ["y"])], [ones("w", weight), ones("b", bias)])
            #expect(found["w"]?.bias == (isBias ? 1 : nil))
            #expect(found["b"]?.consumer == (isBias ? .bias(of: 0) : .other))
            #expect(found["b"]?.outputAxisCount == (isBias ? bias.count : 0))
        }
        // The outputs are read by others too, or there is a bias already.
        let addition = ONNX.node("Add", inputs: ["p", "b"], outputs: ["y"])
        #expect(try roles([product, addition], [ones("w", weight), ones("b", bias)], outputs: ["y", "p"])["b"] == .other)
        let biased = ONNX.node("Conv", inputs: ["x", "w", "c"], outputs: ["p"])
        #expect(try roles([biased, addition], [ones("w", [8, 4, 3, 3]), ones("b", [8, 1, 1]), ones("c", [8])])["b"] == .other)
    }

    @Test func leftMatMulHasItsBiasInLines() throws {
        let nodes = [ONNX.node("MatMul", inputs: ["w", "x"], outputs: ["p"]), ONNX.node("Add", inputs: ["p", "b"], outputs: ["y"])]
        #expect(try roles(nodes, [ones("w", [4, 8]), ones("b", [4, 1])])["w"]?.bias == 1)
        #expect(try roles(nodes, [ones("w", [4, 8]), ones("b", [4])])["w"]?.bias == nil)
    }

    @Test func reshapedBias() throws {
        let nodes = [
            ONNX.node("Conv", inputs: ["x", "w"], outputs: ["p"]), ONNX.node("Reshape", inputs: ["b", "shape"], outputs: ["c"]),
            ONNX.node("Add", inputs: ["p", "c"], outputs: ["y"]),
        ]
        let found = try roles(nodes, [ones("w", [8, 4, 3, 3]), ones("b", [8]), integerList("shape", [1, -1, 1, 1])])
        #expect(found["w"]?.bias == 1)
        #expect(found["b"] == LayerRole(consumer: .bias(of: 0), outputAxis: 0, outputAxisCount: 1))
    }

    // MARK: On the way

    private func traced(_ dimensions: [Int64], _ path: [[UInt8]], into op: String = "MatMul", _ attributes: [[UInt8]] = [], _ lists: [[UInt8]] = [])
        throws -> LayerRole?
    {
        try roles(path + [ONNX.node(op, inputs: ["x", "v"], outputs: ["y"], attributes)], [ones("w", dimensions)] + lists)["w"]
    }

    @Test func transposed() throws {
        let transposition = ONNX.node("Transpose", inputs: ["w"], outputs: ["v"])
        #expect(try traced([8, 4], [transposition]) == layer(.matMul, output: 0, input: [1]))
        #expect(try traced([8, 4], [transposition], into: "Gemm", [ONNX.integer("transB", 1)]) == layer(.gemm, output: 1, input: [0]))
        #expect(try traced([3, 3, 4, 8], [transposition], into: "Conv") == layer(.convolution, output: 3, input: [2], kernel: [0, 1]))
        let permutation = ONNX.node("Transpose", inputs: ["w"], outputs: ["v"], [ONNX.integers("perm", [3, 2, 0, 1])])
        #expect(try traced([3, 5, 4, 8], [permutation], into: "Conv") == layer(.convolution, output: 3, input: [2], kernel: [0, 1]))
        // Directions and gates come apart.
        let apart = ONNX.node("Transpose", inputs: ["w"], outputs: ["v"], [ONNX.integers("perm", [0, 2, 1])])
        #expect(try traced([2, 5, 12], [apart], into: "LSTM") == .other)
        for wrong in [[0, 0], [0], [0, 2], [0, -1], [1, 0, 2]] as [[Int64]] {
            let node = ONNX.node("Transpose", inputs: ["w"], outputs: ["v"], [ONNX.integers("perm", wrong)])
            #expect(try traced([8, 4], [node]) == .other, "\(wrong)")
        }
    }

    @Test(arguments: [
        ([8, 4, 1, 1], [8, 4], LayerRole(consumer: .matMul, outputAxis: 1, outputAxisCount: 1, inputAxes: [0], inputSign: .modelInput)),
        ([2, 3, 4, 8], [24, 8], LayerRole(consumer: .matMul, outputAxis: 3, outputAxisCount: 1, inputAxes: [0, 1, 2], inputSign: .modelInput)),
        ([2, 3, 4, 8], [-1, 8], LayerRole(consumer: .matMul, outputAxis: 3, outputAxisCount: 1, inputAxes: [0, 1, 2], inputSign: .modelInput)),
        ([2, 3, 4, 8], [0, -1], LayerRole(consumer: .matMul, outputAxis: 1, outputAxisCount: 3, inputAxes: [0], inputSign: .modelInput)),
        ([1, 1, 4, 8], [1, 4, 8], LayerRole(consumer: .matMul, outputAxis: 3, outputAxisCount: 1, inputAxes: [2], inputSign: .modelInput)),
        ([4, 8], [1, 4, 1, 8], nil), ([4, 8], [8, 4], nil), ([4, 8], [2, 2, 8], nil), ([4, 8], [-1, -1], nil), ([4, 8], [4, 9], nil),
        ([4, 8], [-2, 8], nil), ([4, 8], [0, 0, 0], nil), ([4, 8], [.max, .max], nil), ([4, 8], [-1, 5], nil), ([4, 8], [], nil),
    ] as [([Int64], [Int64], LayerRole?)])
    func reshaped(_ dimensions: [Int64], _ shape: [Int64], _ expected: LayerRole?) throws {
        let node = ONNX.node("Reshape", inputs: ["w", "shape"], outputs: ["v"])
        let old = ONNX.node("Reshape", inputs: ["w"], outputs: ["v"], [ONNX.integers("shape", shape)])
        let constant = ONNX.node("Constant", inputs: [], outputs: ["shape"], [ONNX.integers("value_ints", shape)])
        let value = ONNX.node("Constant", inputs: [], outputs: ["shape"], [ONNX.tensorAttribute("value", integerList("", shape))])
        for path in [[constant, node], [value, node], [old]] { #expect(try traced(dimensions, path) == expected ?? .other) }
        #expect(try traced(dimensions, [node], [], [integerList("shape", shape)]) == expected ?? .other)
        let packed = ONNX.tensor("shape", dims: [Int64(shape.count)], type: 7, .none) { writer in
            writer.message(7, protobuf { for size in shape { $0.varint(UInt64(bitPattern: size)) } })
        }
        #expect(try traced(dimensions, [node], [], [packed]) == expected ?? .other)
    }

    @Test func reshapedByWhatIsNotConstant() throws {
        #expect(try traced([4, 8], [ONNX.node("Reshape", inputs: ["w", "x"], outputs: ["v"])]) == .other)
        let zeros = ONNX.node("Reshape", inputs: ["w", "shape"], outputs: ["v"], [ONNX.integer("allowzero", 1)])
        #expect(try traced([4, 8], [zeros], [], [integerList("shape", [4, 8])]) == .other)
    }

    @Test func squeezedAndFlattened() throws {
        let expected = layer(.matMul, output: 3, input: [1])
        let squeeze = ONNX.node("Squeeze", inputs: ["w"], outputs: ["v"], [ONNX.integers("axes", [0, -2])])
        #expect(try traced([1, 4, 1, 8], [squeeze]) == expected)
        #expect(try traced([1, 4, 1, 8], [ONNX.node("Squeeze", inputs: ["w"], outputs: ["v"])]) == expected)
        let byInput = ONNX.node("Squeeze", inputs: ["w", "axes"], outputs: ["v"])
        #expect(try traced([1, 4, 1, 8], [byInput], [], [integerList("axes", [2])]) == expected)
        #expect(try traced([1, 4, 1, 8], [byInput], [], [integerList("axes", [1])]) == .other)
        #expect(try traced([1, 4, 1, 8], [byInput], [], [integerList("axes", [4])]) == .other)
        #expect(try traced([1, 4, 1, 8], [ONNX.node("Squeeze", inputs: ["w", "x"], outputs: ["v"])]) == .other)
        let unsqueeze = ONNX.node("Unsqueeze", inputs: ["w"], outputs: ["v"], [ONNX.integers("axes", [-1, 4])])
        #expect(try traced([8, 4, 3], [unsqueeze], into: "Conv") == .other)
        let last = ONNX.node("Unsqueeze", inputs: ["w", "axes"], outputs: ["v"])
        #expect(
            try traced([8, 4, 3], [last], into: "Conv", [], [integerList("axes", [-1])])
                == layer(.convolution, output: 0, input: [1], kernel: [2]))
        #expect(try traced([8, 4, 3], [last], into: "Conv", [], [integerList("axes", [.min])]) == .other)
        let flatten = ONNX.node("Flatten", inputs: ["w"], outputs: ["v"], [ONNX.integer("axis", -1)])
        #expect(try traced([2, 4, 8], [flatten]) == layer(.matMul, output: 2, input: [0, 1]))
        #expect(try traced([2, 4, 8], [ONNX.node("Flatten", inputs: ["w"], outputs: ["v"], [ONNX.integer("axis", 9)])]) == .other)
    }

    @Test func longWay() throws {
        func path(_ count: Int) -> [[UInt8]] {
            (0..<count).map { ONNX.node("Identity", inputs: [$0 == 0 ? "w" : "i\($0)"], outputs: [$0 == count - 1 ? "v" : "i\($0 + 1)"]) }
        }
        #expect(try traced([4, 8], path(20)) == layer(.matMul, output: 1, input: [0]))
        #expect(try traced([4, 8], path(40)) == .other)
        #expect(try traced([4, 8], [ONNX.node("Cast", inputs: ["w"], outputs: ["v"])]) == .other)
    }
}
