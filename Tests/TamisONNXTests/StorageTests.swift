import TamisBits
import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("Only elements with one sure meaning are cut out; all else stays in the skeleton")
struct StorageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        let tensor: [UInt8]
        let storage: ONNXSummary.Storage
        let isCoded: Bool
        var testDescription: String { what }

        init(_ what: String, _ storage: ONNXSummary.Storage, _ isCoded: Bool, _ tensor: [UInt8]) {
            self.what = what
            self.tensor = tensor
            self.storage = storage
            self.isCoded = isCoded
        }
    }

    private static let external = protobuf {
        $0.text(1, "location")
        $0.text(2, "w.bin")
    }

    static let cases: [Case] = [
        Case("raw_data", .rawData, true, ONNX.tensor(dims: [2, 4], .raw(floats(8)))),
        Case("packed float_data", .floatData, true, ONNX.tensor(dims: [2, 4], .packedFloats(floats(8)))),
        Case(
            "special values", .rawData, true,
            ONNX.tensor(dims: [5], .raw(littleEndian([0x7FC0_0001, 0xFF80_0000, 0x8000_0000, 1, 0x7F80_0001])))),
        Case("empty float_data beside raw_data", .rawData, true, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.message(4, []) }),
        Case("data_location DEFAULT", .rawData, true, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.integer(14, 0) }),
        Case(
            "overlong dimension", .rawData, true,
            ONNX.tensor(dims: [], .raw(floats(8))) { $0.tag(1, 0); $0.varint(8, byteCount: 10) }),
        Case("packed dimensions", .rawData, true, ONNX.tensor(dims: [], .raw(floats(8))) { $0.message(1, [2, 4]) }),
        Case("packed and single dimensions", .rawData, true, ONNX.tensor(dims: [2], .raw(floats(8))) { $0.message(1, [4]) }),
        Case(
            "unknown fields", .rawData, true,
            ONNX.tensor(dims: [8], .raw(floats(8))) { $0.text(99, "?"); $0.fixed64(77, 1); $0.fixed32(78, 1) }),
        Case("rank 16", .rawData, true, ONNX.tensor(dims: [Int64](repeating: 1, count: 15) + [8], .raw(floats(8)))),

        Case("rank 17", .rawData, false, ONNX.tensor(dims: [Int64](repeating: 1, count: 16) + [8], .raw(floats(8)))),
        Case(
            "unpacked float_data", .floatData, false,
            ONNX.tensor(dims: [8], .none) { for bits in 0..<8 { $0.fixed32(4, UInt32(bits)) } }),
        Case(
            "float_data in two runs", .floatData, false,
            ONNX.tensor(dims: [16], .packedFloats(floats(8))) { $0.message(4, floats(8)) }),
        Case("packed and unpacked", .floatData, false, ONNX.tensor(dims: [9], .packedFloats(floats(8))) { $0.fixed32(4, 1) }),
        Case("raw_data twice", .rawData, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.message(9, floats(8)) }),
        Case("raw_data overwritten by nothing", .rawData, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.message(9, []) }),
        Case("raw_data and float_data", .several, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.message(4, floats(8)) }),
        Case("half in each", .several, false, ONNX.tensor(dims: [16], .raw(floats(8))) { $0.message(4, floats(8)) }),
        Case("int32_data", .int32Data, false, ONNX.tensor(dims: [8], .none) { $0.message(5, floats(8)) }),
        Case("int64_data", .int64Data, false, ONNX.tensor(dims: [8], .none) { $0.message(7, floats(8)) }),
        Case("uint64_data", .uint64Data, false, ONNX.tensor(dims: [8], .none) { $0.message(11, floats(8)) }),
        Case("double_data", .doubleData, true, ONNX.tensor(dims: [4], type: 11, .none) { $0.message(10, floats(8)) }),
        Case("string_data", .stringData, false, ONNX.tensor(dims: [2], type: 8, .none) { $0.text(6, "a"); $0.text(6, "b") }),
        Case("float32 and string_data", .several, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.text(6, "a") }),
        Case("double_data of complex128", .doubleData, true, ONNX.tensor(dims: [2], type: 15, .none) { $0.message(10, floats(8)) }),
        Case("float_data of complex64", .floatData, true, ONNX.tensor(dims: [4], type: 14, .packedFloats(floats(8)))),
        Case("float_data of float64", .floatData, false, ONNX.tensor(dims: [4], type: 11, .packedFloats(floats(8)))),
        Case("double_data of float32", .doubleData, false, ONNX.tensor(dims: [8], .none) { $0.message(10, floats(8)) }),
        Case("unpacked double_data", .doubleData, false, ONNX.tensor(dims: [2], type: 11, .none) { $0.fixed64(10, 1); $0.fixed64(10, 2) }),
        Case("uint64_data of uint32", .uint64Data, false, ONNX.tensor(dims: [32], type: 12, .none) { $0.message(11, floats(8)) }),
        Case("int32_data of bool", .int32Data, false, ONNX.tensor(dims: [32], type: 9, .none) { $0.message(5, [UInt8](repeating: 1, count: 32)) }),
        Case("string in raw_data", .rawData, false, ONNX.tensor(dims: [32], type: 8, .raw(floats(8)))),
        Case("unknown type", .rawData, false, ONNX.tensor(dims: [8], type: 99, .raw(floats(8)))),
        Case("type 2^32 + 1", .rawData, false, ONNX.tensor(dims: [8], type: 1 << 32 + 1, .raw(floats(8)))),
        Case("no type", .rawData, false, protobuf { $0.integer(1, 8); $0.message(9, floats(8)) }),
        Case("type twice", .rawData, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.integer(2, 1) }),
        Case(
            "type of another wire type", .rawData, false,
            protobuf { $0.integer(1, 8); $0.fixed32(2, 1); $0.message(9, floats(8)) }),
        Case("raw_data of another wire type", .rawData, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.integer(9, 1) }),
        Case("dimension of another wire type", .rawData, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.fixed32(1, 1) }),
        Case("name twice", .rawData, false, ONNX.tensor("a", dims: [8], .raw(floats(8))) { $0.text(8, "b") }),
        Case("data_location EXTERNAL", .external, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.integer(14, 1) }),
        Case("external_data", .external, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.message(13, external) }),
        Case(
            "external without data", .external, false,
            ONNX.tensor(dims: [8], .none) { $0.message(13, external); $0.integer(14, 1) }),
        Case("segment", .rawData, false, ONNX.tensor(dims: [8], .raw(floats(8))) { $0.message(3, []) }),
        Case("too few bytes", .rawData, false, ONNX.tensor(dims: [9], .raw(floats(8)))),
        Case("too many bytes", .rawData, false, ONNX.tensor(dims: [7], .raw(floats(8)))),
        Case("one byte more", .rawData, false, ONNX.tensor(dims: [8], .raw(floats(8) + [0]))),
        Case("rank 0 with 8 values", .rawData, false, ONNX.tensor(dims: [], .raw(floats(8)))),
        Case("rank 0", .rawData, false, ONNX.tensor(dims: [], .raw(floats(1)))),
        Case("zero-size dimension", .none, false, ONNX.tensor(dims: [0, 3], .raw([]))),
        Case("zero-size dimension with data", .rawData, false, ONNX.tensor(dims: [0, 8], .raw(floats(8)))),
        Case("zero-size and overflow", .none, false, ONNX.tensor(dims: [0, .max, .max], .raw([]))),
        Case("no data", .none, false, ONNX.tensor(dims: [8], .none)),
        Case("negative dimension", .rawData, false, ONNX.tensor(dims: [-8], .raw(floats(8)))),
        Case("two negative dimensions", .rawData, false, ONNX.tensor(dims: [-2, -4], .raw(floats(8)))),
        Case("overflow to the right count", .rawData, false, ONNX.tensor(dims: [1 << 32, 1 << 32, 8], .raw(floats(8)))),
        Case("byte count overflows", .rawData, false, ONNX.tensor(dims: [1 << 62 + 8], .raw(floats(8)))),
        Case("2^62 + 8 = 8 · odd", .rawData, false, ONNX.tensor(dims: [8, 1 << 59 + 1], .raw(floats(8)))),
        Case("three floats", .rawData, false, ONNX.tensor(dims: [3], .raw(floats(3)))),
        Case("four floats", .rawData, true, ONNX.tensor(dims: [4], .raw(floats(4)))),
    ]

    @Test(arguments: cases)
    func initializer(_ example: Case) throws {
        let file = ONNX.model(ONNX.graph(initializers: [ONNX.weight("before"), example.tensor, ONNX.weight("after")]))
        let model = try scanChecked(file)
        #expect(model.tensors.count == (example.isCoded ? 3 : 2))
        let summary = try summarize(file)
        #expect(summary.tensors.map(\.isCoded) == [true, example.isCoded, true])
        #expect(summary.tensors.map(\.storage) == [.rawData, example.storage, .rawData])
    }

    @Test(arguments: cases)
    func constant(_ example: Case) throws {
        let node = ONNX.node("Constant", outputs: ["c"], [ONNX.tensorAttribute("value", example.tensor)])
        #expect(try names(ONNX.model(ONNX.graph(nodes: [node]))) == (example.isCoded ? ["c"] : []))
    }

    /// Every type of a fixed size is cut out where its bits fill the bytes, the last one padded, and only there.
    @Test(arguments: ElementType.allCases)
    func everyType(_ type: ElementType) throws {
        for count in [16 * 8 / type.bitCount, 61, 64, 77] {
            let byteCount = (count * type.bitCount + 7) / 8
            for extra in [-1, 0, 1] {
                let data = [UInt8](repeating: 0xA5, count: byteCount + extra)
                let tensor = ONNX.tensor("w", dims: [Int64(count)], type: Int64(type.rawValue), .raw(data))
                let model = try scanChecked(ONNX.model(ONNX.graph(initializers: [tensor])))
                #expect(model.tensors.map(\.elementType) == (extra == 0 && byteCount >= 16 ? [type] : []), "\(count) \(extra)")
            }
        }
    }

    /// What the dimensions say is believed only where the data do not contradict them.
    @Test func floatElementsAreCountedOnce() throws {
        let huge: [Int64] = [1 << 20, 1 << 20]
        let counts: [(tensor: [UInt8], count: UInt64)] = [
            (ONNX.tensor(dims: [8], .raw(floats(8))), 8),
            (ONNX.tensor(dims: huge, .raw(floats(8))), 0),
            (ONNX.tensor(dims: [7], .raw(floats(8))), 0),
            (ONNX.tensor(dims: [8], .raw(floats(8) + [0])), 0),
            (ONNX.tensor(dims: [16], type: 10, .raw(floats(8))), 16),
            (ONNX.tensor(dims: [4], type: 11, .raw(floats(8))), 4),
            (ONNX.tensor(dims: [32], type: 17, .raw(floats(8))), 32),
            (ONNX.tensor(dims: [64], type: 23, .raw(floats(8))), 64),
            (ONNX.tensor(dims: huge, type: 23, .raw(floats(8))), 0),
            (ONNX.tensor(dims: [8], type: 3, .raw(floats(2))), 0),
            (ONNX.tensor(dims: [8], .packedFloats(floats(8))), 8),
            (ONNX.tensor(dims: huge, .packedFloats(floats(8))), 0),
            (ONNX.tensor(dims: [4], type: 11, .none) { $0.message(10, floats(8)) }, 4),
            (ONNX.tensor(dims: huge, type: 11, .none) { $0.message(10, floats(8)) }, 0),
            (ONNX.tensor(dims: [3], type: 16, .none) { $0.message(5, [1, 2, 3]) }, 3),
            (ONNX.tensor(dims: [4], type: 16, .none) { $0.message(5, [1, 2, 3]) }, 0),
            (ONNX.tensor(dims: huge, .none) { $0.message(13, Self.external) }, 1 << 40),
        ]
        for (number, (tensor, count)) in counts.enumerated() {
            #expect(try scan(ONNX.model(ONNX.graph(initializers: [tensor]))).floatElementCount == count, "\(number)")
        }
    }

    @Test func specialFloatsComeBackBitForBit() throws {
        let payload = littleEndian([0x7FC0_0001, 0xFFFF_FFFF, 0x8000_0000, 1, 0x7F80_0001, 0xFF80_0000])
        let file = ONNX.model(ONNX.graph(initializers: [ONNX.tensor("w", dims: [6], .packedFloats(payload))]))
        let model = try scanChecked(file)
        #expect(cut(file, model).payloads == [payload])
    }

    /// A message that may be there once is there twice: readers merge the two, so a payload may belong to no tensor at all.
    @Test func doubledMessages() throws {
        let twoTensors = ONNX.attribute("value", 5, type: 4, [ONNX.weight(), ONNX.weight()])
        let twoGraphs = ONNX.attribute("body", 6, type: 5, [ONNX.graph(initializers: [ONNX.weight("w")]), ONNX.graph()])
        let twoSparse = ONNX.attribute("s", 22, type: 11, [ONNX.sparse(ONNX.weight()), ONNX.sparse(ONNX.weight())])
        let nodes = [
            ONNX.node("Constant", outputs: ["c"], [twoTensors]), ONNX.node("Loop", outputs: ["l"], [twoGraphs]),
            ONNX.node("S", outputs: ["s"], [twoSparse]),
        ]
        let twoValues = protobuf {
            $0.message(1, ONNX.weight("v"))
            $0.message(1, ONNX.weight("v"))
        }
        let file = ONNX.model(ONNX.graph(nodes: nodes, initializers: [ONNX.weight("w")], sparse: [twoValues]))
        #expect(try names(file) == ["w"])
        #expect(try summarize(file).tensors.count == 10)

        let twoMain = ONNX.model(ONNX.graph(initializers: [ONNX.weight("w")])) { $0.message(7, ONNX.graph()) }
        #expect(try names(twoMain) == [])
        #expect(try summarize(twoMain).tensors.count == 1)

        let training = protobuf {
            for _ in 0..<2 { $0.message(1, ONNX.graph(initializers: [ONNX.weight("w")])) }
            $0.message(2, ONNX.graph(initializers: [ONNX.weight("w")]))
        }
        #expect(try names(ONNX.model(ONNX.graph()) { $0.message(20, training) }) == ["training_info[0]/algorithm/w"])
    }

    @Test func attributeOfAnotherType() throws {
        let wrong: [[UInt8]] = [
            ONNX.attribute("t", 5, type: 1, [ONNX.weight()]), ONNX.attribute("ts", 10, type: 4, [ONNX.weight()]),
            ONNX.attribute("g", 6, type: 4, [ONNX.graph(initializers: [ONNX.weight("w")])]),
            ONNX.attribute("gs", 11, type: 5, [ONNX.graph(initializers: [ONNX.weight("w")])]),
            ONNX.attribute("s", 22, type: 4, [ONNX.sparse(ONNX.weight())]),
            ONNX.attribute("ss", 23, type: 11, [ONNX.sparse(ONNX.weight())]),
        ]
        let file = ONNX.model(ONNX.graph(nodes: [ONNX.node("N", wrong)]))
        #expect(try names(file) == [])
        #expect(try summarize(file).tensors.count == 8)
    }
}
