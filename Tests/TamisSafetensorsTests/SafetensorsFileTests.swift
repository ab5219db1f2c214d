import TamisBits
import TamisModel
import TamisSafetensors
import TamisTestSupport
import Testing

@Suite("Headers of safetensors files")
struct SafetensorsFileTests {
    private static func read(_ bytes: [UInt8]) throws(TamisError) -> SafetensorsFile {
        try ByteView.of(bytes) { (view) throws(TamisError) in try SafetensorsFile(bytes: view, file: "s") }
    }

    /// A header of one tensor.
    private static func read(header: String, data: Int = 4) throws(TamisError) -> SafetensorsFile {
        try read(Safetensors.file(header: header, [UInt8](repeating: 0, count: data)))
    }

    @Test("Tensors in the order of their bytes, and the free text")
    func sound() throws {
        let header = """
            {"b": {"shape":[2,3], "data_offsets" : [4,16],\t"dtype":"F16"} , "a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
             "scalar":{"dtype":"F64","shape":[],"data_offsets":[16,24]},"__metadata__":{"k":"v","\\u00fc\\ud83d\\ude00\\n\\"":""},
             "none 2":{"dtype":"I32","shape":[0,7],"data_offsets":[4,4]},"none 1":{"dtype":"I32","shape":[7,0],"data_offsets":[4,4]}}   \u{20}
            """
        let file = try Self.read(header: header, data: 24)
        let start = 8 + header.utf8.count
        #expect(file.metadata == ["k": "v", "ü\u{1F600}\n\"": ""])
        #expect(file.entries.map(\.name) == ["a", "none 2", "none 1", "b", "scalar"])
        #expect(file.entries.map(\.type) == [.uint8, .int32, .int32, .float16, .float64])
        #expect(file.entries.map(\.shape.dimensions) == [[4], [0, 7], [7, 0], [2, 3], []])
        #expect(file.entries.map(\.range) == [start..<(start + 4), (start + 4)..<(start + 4), (start + 4)..<(start + 4), (start + 4)..<(start + 16), (start + 16)..<(start + 24)])
        #expect(try Self.read(header: "{}", data: 0).entries.isEmpty)
        #expect(try Self.read(header: "{ \n}", data: 0).metadata.isEmpty)
    }

    @Test("Every type has as many bits as it should", arguments: SafetensorsType.allCases)
    func types(type: SafetensorsType) throws {
        let bytes = Int(type.bitCount)
        let header = "{\"a\":{\"dtype\":\"\(type.rawValue)\",\"shape\":[2,4],\"data_offsets\":[0,\(bytes)]}}"
        #expect(try Self.read(header: header, data: bytes).entries.first?.type == type)
        #expect(throws: TamisError.self) { try Self.read(header: header, data: bytes + 1) }
        #expect(type.rawValue.contains("\(type.bitCount)") || type == .bool || type == .bfloat16 || type.rawValue.contains("F8_"))
    }

    @Test("What the format does not allow is refused with place, name and what was expected", arguments: [
        (#"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, 22, "'a'", "has the dtype 'F31', expected one of BOOL, F4"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 9, "'a'", "span 4 bytes, expected 8 for F32 and the shape [2]"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 9, "'a'", "expected the end not before the beginning"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#, 9, "'a'", "leave a gap: the tensors before end at 0"),
        (#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, 64, nil, "end 1 bytes before the end of the file"),
        (#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#, 61, "'b'", "overlap those of another tensor, which end at 3"),
        (#"{"a":{"dtype":"F4","shape":[7],"data_offsets":[0,4]}}"#, 9, "'a'", "7 elements of 4 bits do not end at a byte"),
        (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, 36, "'a'", "more elements than 64 bits"),
        (#"{"a":{"dtype":"F32","shape":[4294967296,2147483648],"data_offsets":[0,4]}}"#, 9, "'a'", "more elements than there can be"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#, 55, "'a'", "have 3 numbers, expected 2"),
        (#"{"a":{"dtype":"F32","shape":[1]}}"#, 9, "'a'", "has no data_offsets"),
        (#"{"a":{}}"#, 9, "'a'", "has no dtype, expected dtype, shape, data_offsets"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}"#, 61, "'a'", "unknown key 'more'"),
        (#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 28, "'dtype'", "a second time in the tensor 'a'"),
        (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}"#, 61, "'a'", "a second time in the header"),
        (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 37, nil, "has '-' in the shape of 'a', expected an integer"),
        (#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, 37, nil, "a zero before it"),
        (#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 38, nil, "has '.', expected , or ]"),
        (#"{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}"#, 38, nil, "has 'e', expected , or ]"),
        (#"{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}"#, 37, nil, "more than 64 bits"),
        (#"{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}"#, 36, nil, "has '1', expected [ at the beginning of the shape of 'a'"),
        (#"{"a":{"dtype":1,"shape":[1],"data_offsets":[0,4]}}"#, 22, nil, "expected \" at the beginning of the dtype of 'a'"),
        (#"{"a":[]}"#, 13, nil, "has a list, expected { at the beginning of the tensor 'a'"),
        (#"{"__metadata__":{"a":1}}"#, 29, nil, "has '1', expected \" at the beginning of the text of 'a'"),
        (#"{"__metadata__":null}"#, 24, nil, "has 'n', expected {"),
        (#"{"__metadata__":{"é":"","e\u0301":""}}"#, 33, "'é'", "a second time"),
        (#" {}"#, 8, nil, "has the byte 32, expected { at the beginning of the header"), ("{}\n", 10, nil, "has the byte 10 after the header's }, expected spaces only"),
        ("{} {}", 11, nil, "has an object after"), ("", 8, nil, "has the end of the header, expected {"), ("{", 9, nil, "expected \" at the beginning of a key"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}"#, 62, nil, "has '}', expected \""), (#"{"a"}"#, 12, nil, "expected : after the key 'a'"),
        (#"{"a"#, 11, nil, "the header ends within a key"), (#"{"\x"#, 10, nil, "unknown escape"), (#"{"\u00g0":1}"#, 14, nil, "four hexadecimal digits"),
        (#"{"\ud800":1}"#, 10, nil, "half a character"), (#"{"\ud800\u0041":1}"#, 10, nil, "half a character"), (#"{"\udc00":1}"#, 10, nil, "half a character"),
        ("{\"a\u{1}\":1}", 11, nil, "control character"), (#"{"a" 1}"#, 13, nil, "has '1', expected :"), (#"{'a':1}"#, 9, nil, "has ''', expected \""),
    ] as [(String, Int, String?, String)])
    func refusals(header: String, offset: Int, element: String?, words: String) {
        let error = #expect(throws: TamisError.self) { try Self.read(header: header) }
        #expect(error?.code == .invalidSafetensors && error?.file == "s" && error?.byteOffset == UInt64(offset) && error?.element == element, "\(String(describing: error))")
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("Text must be UTF-8")
    func text() {
        let bytes = Safetensors.file(header: "{\"a?\":{}}").map { $0 == UInt8(ascii: "?") ? 0xFF : $0 }
        let error = #expect(throws: TamisError.self) { try Self.read(bytes) }
        #expect(error?.code == .invalidSafetensors && error?.byteOffset == 9 && error?.message.contains("not UTF-8") == true)
    }

    @Test("Lengths that the file cannot have are refused before anything is read", arguments: [
        ([], .truncated), ([1, 0, 0, 0, 0, 0, 0], .truncated), ([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], .truncated),
        ([0, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B, 0x7D], .truncated), ([1, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B, 0x7D], .limitExceeded),
        ([UInt8](repeating: 0xFF, count: 20), .limitExceeded),
    ] as [([UInt8], TamisError.Code)])
    func lengths(bytes: [UInt8], code: TamisError.Code) {
        #expect(#expect(throws: TamisError.self) { try Self.read(bytes) }?.code == code)
    }

    private static let sample = Safetensors.file(
        metadata: #""__metadata__":{"format":"x","\u00e9\ud83d\ude00":"\\y"}"#,
        [.init("w", [2, 2], floats: [1, 2, 3, 4]), .init("o", [2], integers: [1, 0]), .init("e", "BF16", [0], []), .init("s", "U8", [], [7])])

    @Test("A file cut short anywhere, or longer by a byte, is refused")
    func truncation() throws {
        #expect(try Self.read(Self.sample).entries.map(\.name) == ["w", "o", "e", "s"])
        for count in 0..<Self.sample.count { #expect(throws: TamisError.self) { try Self.read(Array(Self.sample[..<count])) } }
        #expect(throws: TamisError.self) { try Self.read(Self.sample + [0]) }
    }

    @Test("With bits flipped it is refused or tells ranges inside the file")
    func damage() {
        var generator = SplitMix64(seed: 11)
        var bytes = Self.sample
        func check() {
            guard let file = try? Self.read(bytes) else { return }
            var end = file.entries.first?.range.lowerBound ?? bytes.count
            for entry in file.entries {
                #expect(entry.range.lowerBound == end)
                end = entry.range.upperBound
            }
            #expect(end == bytes.count)
        }
        for bit in 0..<(8 * bytes.count) {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            check()
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        for _ in 0..<20_000 {
            bytes = Self.sample
            for _ in 0..<3 { bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next()) }
            // Most lengths of the header would end the trial at once.
            bytes.replaceSubrange(0..<8, with: Self.sample[0..<8])
            check()
        }
    }
}
