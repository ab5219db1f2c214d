import TamisBits
import TamisONNX
import TamisTestSupport
import Testing

@Suite("What is not an ONNX model is refused; nothing traps")
struct MalformedTests {
    @Test func emptyFile() {
        let error = refusal(of: [])
        #expect(error?.code == .invalidModel)
        #expect(error?.byteOffset == 0)
        #expect(error?.message == "the file is empty; an ONNX model was expected")
    }

    @Test(arguments: [
        ([0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10, 0x4A, 0x46, 0x49, 0x46, 0x00, 0x01], "JPEG"),
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13], "PNG"),
        (Array("Dear reader,\nthis is no model.\n".utf8), "text"),
        (Array("{\"format\": \"onnx\"}".utf8), "text"),
        (Array(": a line that begins like a graph".utf8), "text"),
        ([0x50, 0x4B, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00], "PyTorch"),
        ([0x1C, 0, 0, 0] + Array("TFL3".utf8) + [0x14, 0, 0x20, 0], "TensorFlow Lite"),
        ([2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), "safetensors"),
        (Array("GGUF".utf8) + [3, 0, 0, 0], "GGUF"),
    ] as [([UInt8], String)])
    func foreignFile(_ bytes: [UInt8], _ word: String) {
        let error = refusal(of: bytes)
        #expect(error?.code == .invalidModel)
        #expect(error?.message.contains("an ONNX model was expected") == true)
        #expect(error?.message.contains(word) == true)
        #expect(error?.byteOffset != nil)
    }

    @Test func missingParts() {
        let noGraph = refusal(of: protobuf { $0.integer(1, 8); $0.text(2, "p") })
        #expect(noGraph?.message == "an ONNX model was expected, but the file has no graph (field 7 of ModelProto)")
        #expect(noGraph?.byteOffset == 5)
        let noVersion = refusal(of: protobuf { $0.message(7, ONNX.graph()) })
        #expect(noVersion?.message == "an ONNX model was expected, but the file has no ir_version (field 1 of ModelProto)")
        #expect(refusal(of: protobuf { $0.integer(1, 8); $0.integer(7, 8) }) != nil)
        #expect(refusal(of: ONNX.weight("a tensor alone")) != nil)
    }

    @Test func randomBytes() {
        var random = SplitMix64(seed: 7)
        var refused = 0
        for _ in 0..<2000 {
            let file = (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            if let error = refusal(of: file) {
                refused += 1
                #expect(error.code == .invalidModel && error.byteOffset != nil)
            }
        }
        #expect(refused == 2000)
    }

    /// Wire faults at byte 2 of a graph that is otherwise sound, and at the top of the model.
    @Test(arguments: [
        ("start group", [0x0B, 0x0C], "is a group"),
        ("end group", [0x0C], "is a group"),
        ("wire type 6", [0x0E], "wire type 6"),
        ("wire type 7", [0x0F], "wire type 7"),
        ("field number 0", [0x00, 0x00], "number 0"),
        ("tag beyond 32 bits", [0x80, 0x80, 0x80, 0x80, 0x10, 0x00], "beyond 32 bits"),
        ("value longer than 64 bits", [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x02], "longer than 64 bits"),
        ("value of 11 bytes", [0x08] + [UInt8](repeating: 0x80, count: 10) + [0x00], "longer than 64 bits"),
        ("value without end", [0x08, 0x80], "ends inside"),
        ("tag without value", [0x08], "ends inside"),
        ("length of 2^64 - 1", [0x0A] + [UInt8](repeating: 0xFF, count: 9) + [0x01], "declares 18446744073709551615 bytes, 0 are left"),
        ("length of 2^63", [0x0A] + [UInt8](repeating: 0x80, count: 9) + [0x01], "declares 9223372036854775808 bytes"),
        ("length past the end", [0x0A, 0x01], "declares 1 bytes, 0 are left"),
        ("fixed64 past the end", [0x09, 0, 0, 0, 0, 0, 0, 0], "declares 8 bytes, 7 are left"),
        ("fixed32 past the end", [0x0D, 0, 0, 0], "declares 4 bytes, 3 are left"),
    ] as [(String, [UInt8], String)])
    func wireFault(_ name: String, _ fault: [UInt8], _ message: String) {
        let head = protobuf {
            $0.integer(1, 8)
            $0.message(7, ONNX.graph(initializers: [ONNX.weight("w")]))
        }
        let atTop = refusal(of: head + fault)
        #expect(atTop?.code == .invalidModel)
        #expect(atTop?.message.contains(message) == true, "\(atTop?.message ?? "")")
        #expect((atTop?.byteOffset ?? 0) >= UInt64(head.count) && (atTop?.byteOffset ?? .max) <= UInt64(head.count + 1))

        for fields in [[7], [1, 7], [5, 7], [15, 7], [1, 15, 7], [5, 1, 7], [5, 5, 1, 7], [25], [7, 25], [20], [1, 20], [8]] as [[UInt64]] {
            let inside = ONNX.model(ONNX.graph()) { $0.append(nested(fault, in: fields)) }
            #expect(refusal(of: inside)?.code == .invalidModel, "\(fields)")
        }
        // What cannot hold a tensor is not looked into.
        for fields in [[11, 7], [14], [9, 7], [3, 1, 7]] as [[UInt64]] {
            #expect(refusal(of: ONNX.model(ONNX.graph()) { $0.append(nested(fault, in: fields)) }) == nil, "\(fields)")
        }
    }

    @Test func overlongVarintsThatFit() throws {
        let graph = ONNX.graph(initializers: [ONNX.weight("w")])
        let file = protobuf {
            $0.varint(1 << 3, byteCount: 10)
            $0.varint(8, byteCount: 10)
            $0.varint(7 << 3 | 2, byteCount: 5)
            $0.varint(UInt64(graph.count), byteCount: 10)
            $0.append(graph)
        }
        #expect(try names(file) == ["w"])
        #expect(try summarize(file).irVersion == 8)
    }

    @Test func truncationAtEveryByte() {
        let file = ONNX.everything()
        for count in 0..<file.count {
            let part = Array(file[..<count])
            do throws(TamisError) {
                try scanChecked(part)
            } catch {
                #expect(error.code == .invalidModel)
                #expect((error.byteOffset ?? .max) <= UInt64(count))
            }
        }
    }

    @Test func everySingleBitFlip() {
        var file = ONNX.everything()
        for position in file.indices {
            for bit in 0..<8 {
                file[position] ^= 1 << UInt8(bit)
                check(file)
                file[position] ^= 1 << UInt8(bit)
            }
        }
    }

    @Test func randomMutations() {
        let seed: UInt64 = 0x7461_6D69_73
        var random = SplitMix64(seed: seed)
        let original = ONNX.everything()
        for _ in 0..<20_000 {
            var file = original
            for _ in 0..<Int.random(in: 1...6, using: &random) { mutate(&file, &random) }
            check(file)
        }
    }

    private func check(_ file: [UInt8]) {
        do throws(TamisError) {
            try scanChecked(file)
        } catch {
            #expect(error.code == .invalidModel)
        }
    }

    private func mutate(_ file: inout [UInt8], _ random: inout SplitMix64) {
        guard !file.isEmpty else { return file.append(UInt8.random(in: 0...255, using: &random)) }
        let position = Int.random(in: 0..<file.count, using: &random)
        let end = min(file.count, position + Int.random(in: 1...16, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: file[position] = UInt8.random(in: 0...255, using: &random)
        case 1: file[position] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        case 2: file.insert(UInt8.random(in: 0...255, using: &random), at: position)
        case 3: file.removeSubrange(position..<end)
        case 4: file.insert(contentsOf: Array(file[position..<end]), at: Int.random(in: 0...file.count, using: &random))
        default: file.swapAt(position, Int.random(in: 0..<file.count, using: &random))
        }
    }
}
