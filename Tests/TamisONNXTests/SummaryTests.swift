import TamisONNX
import TamisTestSupport
import Testing

@Suite("The summary says what the file says")
struct SummaryTests {
    @Test func header() throws {
        let branch = ONNX.graphAttribute("g", ONNX.graph(nodes: [ONNX.node("Add")]))
        let file = ONNX.model(ONNX.graph("net", nodes: [ONNX.node("Relu"), ONNX.node("If", [branch])])) {
            $0.message(8, protobuf { $0.text(1, "com.example"); $0.integer(2, -3) })
        }
        let summary = try summarize(file)
        #expect(summary.producer == "tests 1.0")
        #expect(summary.irVersion == 8)
        #expect(summary.operatorSets == [.init(domain: "", version: 17), .init(domain: "com.example", version: -3)])
        #expect(summary.graphName == "net")
        #expect(summary.nodeCount == 3)
        #expect(summary.tensors.isEmpty)
        #expect(summary.omittedTensorCount == 0)
    }

    @Test func textsAreSafeToPrint() throws {
        let file = protobuf {
            $0.integer(1, 8)
            $0.text(2, "\u{1B}[2Jevil")
            $0.message(7, protobuf { $0.message(2, [0xFF, 0x0A]) })
        }
        let summary = try summarize(file)
        #expect(summary.producer == "_[2Jevil")
        #expect(summary.graphName == "__")
    }

    @Test func tensors() throws {
        let tensors = [
            ONNX.tensor("a", dims: [2, 3], .raw(floats(6))),
            ONNX.tensor("b", dims: [-1, 3], type: 10, .raw(floats(3))),
            ONNX.tensor("c", dims: [], type: 7, .none) { $0.message(7, [1]) },
            ONNX.tensor("d", dims: [4], type: 22, .none) { $0.message(5, [1, 2]) },
            ONNX.tensor("e", dims: [4], type: 99, .none) { $0.integer(14, 1) },
        ]
        let summary = try summarize(ONNX.model(ONNX.graph(initializers: tensors)))
        #expect(
            summary.tensors == [
                .init(name: "a", elementType: "float32", dimensions: [2, 3], rank: 2, byteCount: 24,
                    location: .initializer, storage: .rawData, isCoded: true),
                .init(name: "b", elementType: "float16", dimensions: [-1, 3], rank: 2, byteCount: 12,
                    location: .initializer, storage: .rawData, isCoded: false),
                .init(name: "c", elementType: "int64", dimensions: [], rank: 0, byteCount: 1,
                    location: .initializer, storage: .int64Data, isCoded: false),
                .init(name: "d", elementType: "int4", dimensions: [4], rank: 1, byteCount: 2,
                    location: .initializer, storage: .int32Data, isCoded: false),
                .init(name: "e", elementType: "type 99", dimensions: [4], rank: 1, byteCount: 0,
                    location: .initializer, storage: .external, isCoded: false),
            ])
    }

    @Test(arguments: [[], Array("no model".utf8), [0x08, 0x08]] as [[UInt8]])
    func refusesWhatScanRefuses(_ file: [UInt8]) throws {
        let error = try #require(refusal(of: file))
        #expect(throws: error) { try summarize(file) }
    }
}
