import TamisBits
import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("16-bit floats in varints become raw_data")
struct VarintTests {
    private static let values = (0..<64).map { UInt64($0 * 977 % 65_536) }
    private static let raw = values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }

    private static func packed(_ values: [UInt64]) -> [UInt8] { protobuf { for value in values { $0.varint(value) } } }

    /// - Parameter data: writes the data fields.
    private static func tensor(dims: [Int64] = [8, 8], type: Int64 = 10, _ data: (inout ProtobufWriter) -> Void) -> [UInt8] {
        protobuf {
            for dim in dims { $0.integer(1, dim) }
            $0.integer(2, type)
            data(&$0)
            $0.text(8, "half")
            $0.text(99, "unknown")
        }
    }

    static let regular: [[UInt8]] = [
        tensor { $0.message(5, packed(values)) },
        tensor(type: 16) { $0.message(5, packed(values)) },
        tensor { for value in values { $0.integer(5, Int64(value)) } },
        tensor { $0.message(5, packed(Array(values[..<10]))); $0.integer(5, Int64(values[10])); $0.message(5, packed(Array(values[11...]))) },
        tensor { $0.message(5, protobuf { for value in values { $0.varint(value, byteCount: 10) } }) },
        tensor { $0.message(5, []); $0.message(5, packed(values)); $0.message(4, []); $0.message(5, []) },
        tensor { $0.message(5, packed(values)); $0.integer(14, 0) },
    ]

    @Test(arguments: regular)
    func rewritten(_ tensor: [UInt8]) throws {
        for (place, file) in everyPlace(of: tensor) {
            let inlined = try #require(try inline(file))
            #expect(inlined.tensors == (try summarize(file).tensors.filter { $0.storage == .int32Data }.map(\.name)), "\(place)")
            let source = try scanChecked(inlined.bytes)
            let number = try #require(source.tensors.firstIndex { $0.name == inlined.tensors[0] })
            #expect(cut(inlined.bytes, source).payloads[number] == Self.raw)
            #expect(source.tensors[number].shape.dimensions == [8, 8])
            // Again there is nothing to do.
            #expect(try inline(inlined.bytes) == nil)
        }
    }

    /// The message is what it would be had it been written with raw_data, and nothing else changes.
    @Test func everyOtherByteStays() throws {
        func file(_ tensor: [UInt8]) -> [UInt8] {
            let unknown = protobuf { $0.text(1000, "?"); $0.varint(1001 << 3, byteCount: 9); $0.varint(5, byteCount: 7) }
            return ONNX.model(ONNX.graph(nodes: [ONNX.node("Relu")], initializers: [ONNX.weight("a"), tensor, ONNX.weight("b"), tensor]) + unknown) + unknown
        }
        let old = file(Self.tensor { $0.message(5, Self.packed(Self.values)) })
        #expect(try inline(old)?.bytes == file(Self.tensor { $0.message(9, Self.raw) }))
        #expect(try inline(old)?.tensors == ["half", "half#2"])
    }

    /// Only the lengths change: tags keep their form, and so does the length of a message that stays as long as it was.
    @Test func overlongHeadersStay() throws {
        func file(_ tensor: [UInt8], lengthBytes: Int) -> [UInt8] {
            let graph = protobuf {
                $0.varint(5 << 3 | 2, byteCount: 4)
                $0.varint(UInt64(tensor.count), byteCount: lengthBytes)
                $0.append(tensor)
                $0.varint(5 << 3 | 2, byteCount: 3)
                $0.varint(UInt64(ONNX.weight().count), byteCount: 6)
                $0.append(ONNX.weight())
            }
            return protobuf {
                $0.integer(1, 8)
                $0.varint(7 << 3 | 2, byteCount: 2)
                $0.varint(UInt64(graph.count), byteCount: 2)
                $0.append(graph)
            }
        }
        let old = file(Self.tensor { $0.message(5, Self.packed(Self.values)) }, lengthBytes: 5)
        #expect(try inline(old)?.bytes == file(Self.tensor { $0.message(9, Self.raw) }, lengthBytes: 2))
    }

    @Test(arguments: [
        tensor(dims: [63]) { $0.message(5, packed(Array(values[..<63]))) },
        tensor(dims: [65]) { $0.message(5, packed(values)) }, tensor(dims: [64, 2]) { $0.message(5, packed(values)) },
        tensor(dims: [-64]) { $0.message(5, packed(values)) }, tensor(type: 3) { $0.message(5, packed(values)) },
        tensor(type: 1) { $0.message(5, packed(values)) }, tensor { $0.message(7, packed(values)) },
        tensor { $0.message(5, packed(Array(values[..<63]) + [65_536])) }, tensor { $0.message(5, packed(Array(values[..<63]) + [.max])) },
        tensor { $0.message(5, packed(values)); $0.message(9, []) }, tensor { $0.message(5, packed(values)); $0.message(9, raw) },
        tensor { $0.message(5, packed(values)); $0.fixed32(5, 1) }, tensor { $0.message(5, packed(values)); $0.integer(2, 10) },
        tensor { $0.message(5, packed(values)); $0.integer(14, 1) }, tensor { $0.message(5, packed(values)); $0.message(13, []) },
        tensor { $0.message(5, packed(values)); $0.message(3, []) }, tensor { $0.message(5, packed(values)); $0.message(5, [1]) },
    ])
    func left(_ tensor: [UInt8]) throws {
        for (place, file) in everyPlace(of: tensor) { #expect(try inline(file) == nil, "\(place)") }
    }

    @Test func doubledMessagesAreLeft() throws {
        let twice = ONNX.attribute("value", 5, type: 4, [Self.regular[0], Self.regular[0]])
        #expect(try inline(ONNX.model(ONNX.graph(nodes: [ONNX.node("Constant", outputs: ["c"], [twice])]))) == nil)
    }

    @Test func everyBitFlip() throws {
        var file = everyPlace(of: Self.regular[3])[5].model
        for position in file.indices {
            for bit in 0..<8 {
                file[position] ^= 1 << UInt8(bit)
                let error = fault { () throws(TamisError) in
                    if let inlined = try inline(file) { try scanChecked(inlined.bytes) }
                }
                #expect(error == nil || error?.code == .invalidModel)
                file[position] ^= 1 << UInt8(bit)
            }
        }
    }
}
