import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("Names are unique, printable and the same on every run")
struct NamingTests {
    private func initializerNames(_ tensors: [[UInt8]]) throws -> [String] { try names(ONNX.model(ONNX.graph(initializers: tensors))) }

    @Test func duplicatesInFileOrder() throws {
        #expect(try initializerNames(["w", "v", "w", "w"].map { ONNX.weight($0) }) == ["w", "v", "w#2", "w#3"])
    }

    @Test func unnamed() throws {
        #expect(try initializerNames([ONNX.weight(), ONNX.weight()]) == ["unnamed", "unnamed#2"])
    }

    @Test func namesThatLookLikeSuffixes() throws {
        #expect(
            try initializerNames(["w#2", "w", "w", "w#3", "w#2", "w", "w#2#2", "w#"].map { ONNX.weight($0) })
                == ["w#2", "w", "w#3", "w#3#2", "w#2#2", "w#4", "w#2#2#2", "w#"])
    }

    /// A tensor that is not coded takes its name all the same, so that names stay when more tensors are coded.
    @Test func tensorsInTheSkeletonHaveNamesToo() throws {
        let list = ONNX.tensor("w", dims: [32], type: 3, .none) { $0.message(5, [UInt8](repeating: 1, count: 32)) }
        #expect(try initializerNames([list, ONNX.weight("w")]) == ["w#2"])
    }

    @Test func nodes() throws {
        let value = ONNX.tensorAttribute("a", ONNX.weight())
        let nodes = [
            ONNX.node("Op", name: "named", outputs: ["o"], [value]), ONNX.node("Op", outputs: ["o"], [value]),
            ONNX.node("Op", outputs: ["", "second"], [value]), ONNX.node("Op", [value]), ONNX.node("", [value]),
            ONNX.node("Constant", name: "n", [ONNX.tensorAttribute("value", ONNX.weight())]),
            ONNX.node("Constant", name: "n", outputs: ["out"], [ONNX.tensorAttribute("other", ONNX.weight())]),
            ONNX.node("Constant", name: "n", outputs: ["out"], [ONNX.tensorAttribute("value", ONNX.weight())]),
            ONNX.node("Constant", outputs: ["z"], [ONNX.attribute("sparse_value", 22, type: 11, [ONNX.sparse(ONNX.weight())])]),
            ONNX.node("Op", name: "named", [value]),
        ]
        #expect(
            try names(ONNX.model(ONNX.graph(nodes: nodes)))
                == [
                    "named/a", "o/a", "Op#2/a", "Op#3/a", "#4/a", "n/value", "n/other", "out", "z/sparse_value",
                    "z/sparse_value/indices", "named/a#2",
                ])
    }

    /// Indices have no name of their own, or one that nobody looks at.
    @Test func sparseTensors() throws {
        let named = protobuf {
            $0.message(2, ONNX.weight("own"))
            $0.message(1, ONNX.weight("s"))
        }
        let sparse = [ONNX.sparse(ONNX.weight("s")), named, ONNX.sparse(ONNX.weight()), protobuf { $0.message(2, ONNX.weight()) }]
        #expect(
            try names(ONNX.model(ONNX.graph(initializers: [ONNX.weight("s/indices")], sparse: sparse))) == [
                "s/indices", "s", "s/indices#2", "s/indices#3", "s#2", "unnamed", "unnamed/indices", "unnamed/indices#2",
            ])
    }

    @Test func unusableTexts() throws {
        let texts: [([UInt8], String)] = [
            (Array("a\nb\u{7F}c\u{0}".utf8), "a_b_c_"),
            ([0x61, 0xFF, 0xC0, 0x80, 0x62], "a___b"),
            ([0xE2, 0x82], "__"),
            ([0xED, 0xA0, 0x80], "___"),
            ([0xF5, 0x80, 0x80, 0x80], "____"),
            ([0xC2, 0x9B, 0x33], "__3"),
            (Array("Gewicht-Ä-重み-🎉".utf8), "Gewicht-Ä-重み-🎉"),
            ([0x1B, 0x5B, 0x33, 0x31, 0x6D], "_[31m"),
        ]
        let tensors = texts.map { text in ONNX.tensor(dims: [8], .raw(floats(8))) { $0.message(8, text.0) } }
        #expect(try initializerNames(tensors) == texts.map(\.1))
    }

    @Test func canonicallyEquivalentNamesAreTheSame() throws {
        #expect(try initializerNames([ONNX.weight("\u{E9}"), ONNX.weight("e\u{301}")]).map { $0.hasSuffix("#2") } == [false, true])
    }

    @Test func longNames() throws {
        let long = String(repeating: "x", count: 5000)
        let wide = "y" + String(repeating: "🎉", count: 2000)
        let found = try initializerNames([long, long, long + "different", wide, wide].map { ONNX.weight($0) })
        #expect(
            found == [
                String(repeating: "x", count: 4096), String(repeating: "x", count: 4076) + "#2",
                String(repeating: "x", count: 4076) + "#3", "y" + String(repeating: "🎉", count: 1023),
                "y" + String(repeating: "🎉", count: 1018) + "#2",
            ])
    }

    @Test func longPaths() throws {
        var graph = ONNX.graph(initializers: [ONNX.weight("a"), ONNX.weight("b")])
        for level in 0..<5 {
            graph = ONNX.graph(nodes: [
                ONNX.node("If", name: String(repeating: "\(level)", count: 1000), [ONNX.graphAttribute("then_branch", graph)])
            ])
        }
        let found = try names(ONNX.model(graph))
        #expect(found.count == 2)
        #expect(found.map(\.utf8.count) == [4096, 4078])
    }

    @Test func twoFunctionsOfOneName() throws {
        let constant = ONNX.node("Constant", outputs: ["c"], [ONNX.tensorAttribute("value", ONNX.weight())])
        let function = ONNX.function("", "f", nodes: [constant])
        let file = ONNX.model(ONNX.graph()) {
            $0.message(25, function)
            $0.message(25, function)
        }
        #expect(try names(file) == ["function:.f/c", "function:.f/c#2"])
    }

    @Test func manyDuplicatesTakeLinearTime() throws {
        let tensor = ONNX.tensor("w", dims: [4], .raw(floats(4)))
        let found = try names(ONNX.model(ONNX.graph(initializers: [[UInt8]](repeating: tensor, count: 5000))))
        #expect(found.last == "w#5000")
    }

    /// The names of 40 000 tensors of 4096 bytes each would be 160 MB.
    @Test func memoryOfNamesIsBounded() throws {
        let inner = protobuf { for _ in 0..<40_000 { $0.message(5, ONNX.tensor("", dims: [4], .raw(floats(4)))) } }
        let node = ONNX.node("If", name: String(repeating: "n", count: 5000), [ONNX.graphAttribute("then_branch", inner)])
        let file = ONNX.model(ONNX.graph(nodes: [node]))
        let summary = try summarize(file)
        #expect(summary.omittedTensorCount > 30_000)
        #expect(summary.tensors.count + summary.omittedTensorCount == 40_000)
        #expect(summary.tensors.reduce(0) { $0 + $1.name.utf8.count } < 2 * file.count + 16 << 20)
        #expect(try scanChecked(file).tensors.count == summary.tensors.count)
    }
}
