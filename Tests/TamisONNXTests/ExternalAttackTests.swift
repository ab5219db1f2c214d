import TamisBits
import TamisONNX
import TamisTestSupport
import Testing

@Suite("Hostile references to other files are refused at every place a tensor may live")
struct ExternalAttackTests {
    static let paths: [String] = [
        "../x", "a/../../x", "a/..", "..", ".", "./x", "a/./x", "/abs", "/", "", "a//b", "a/", "//a", "w\0.bin", "\0", "a\\b", "..\\x", "C:\\x", "w\n",
        "\u{1B}[2J", "\u{9B}1m", String(repeating: "a", count: 256), String(repeating: "a", count: 4097), String(repeating: "a/", count: 2048) + "b",
        Array(repeating: "a", count: 17).joined(separator: "/"), "/\u{301}x", "a/..\u{301}/../x",
    ]

    @Test(arguments: paths)
    func path(_ path: String) throws {
        for (place, file) in everyPlace(of: external("w", location: path)) {
            for error in [
                fault({ () throws(TamisError) in _ = try locations(file) }), fault({ () throws(TamisError) in _ = try scan(file, sides: [(path, 32)]) }),
                fault({ () throws(TamisError) in _ = try edit(file, sides: [(path, floats(8))], form: .singleFile) }),
            ] {
                #expect(error?.code == .invalidModel, "\(place)")
                #expect(error?.element?.hasPrefix("tensor '") == true && error?.byteOffset != nil && error?.advice != nil, "\(place)")
                #expect(error?.message.contains("location") == true)
                #expect(error?.description.utf8.contains { $0 < 0x20 } == false)
            }
            // Who asks for the model's file alone gets it as it is.
            #expect(try scanChecked(file).tensors.count <= 2)
        }
        let name = fault { () throws(TamisError) in _ = try edit(ONNX.everything(), form: .external(name: path)) }
        #expect(name?.code == .invalidArgument)
    }

    @Test func pathThatIsNoText() throws {
        for bytes in [[0xFF], [0xC0, 0xAE, 0xC0, 0xAE, 0x2F, 0x78], [0x61, 0xE2, 0x82]] as [[UInt8]] {
            let tensor = ONNX.tensor("w", dims: [8], .none) {
                $0.message(13, protobuf { $0.text(1, "location"); $0.message(2, bytes) })
                $0.integer(14, 1)
            }
            for (place, file) in everyPlace(of: tensor) { #expect(fault { () throws(TamisError) in _ = try locations(file) }?.code == .invalidModel, "\(place)") }
        }
    }

    @Test func pathsThatAreFine() throws {
        let fine = ["w", "a/b/c", "...", "..w", "w..", "a b", "-f", "~", "$HOME", "wéights", "e\u{301}", "a:b", String(repeating: "a", count: 255)]
        let file = ONNX.model(ONNX.graph(initializers: fine.map { external(location: $0) }))
        #expect(try locations(file) == fine)
    }

    /// The whole path is checked, not what is left of it after something was taken out.
    @Test func keyGivenTwice() throws {
        for (key, value) in [("location", "w"), ("location", "../x"), ("offset", "0"), ("length", "32")] {
            let tensor = external("w", location: "w", offset: "0", length: "32") { $0.message(13, entry(key, value)) }
            #expect(fault { () throws(TamisError) in _ = try locations(ONNX.model(ONNX.graph(initializers: [tensor]))) }?.code == .invalidModel)
        }
    }

    @Test(arguments: [
        "-1", "+1", "", " 1", "1 ", "0x10", "1e3", "1.0", "１", "18446744073709551616", "99999999999999999999999999", "-9223372036854775808", "1\0", "1_000", ":",
        "/",
    ])
    func numbersThatAreNone(_ text: String) throws {
        for tensor in [external("w", location: "w", offset: text), external("w", location: "w", length: text)] {
            for (place, file) in everyPlace(of: tensor) {
                let error = fault { () throws(TamisError) in _ = try locations(file) }
                #expect(error?.code == .invalidModel && error?.message.contains("decimal number") == true, "\(place)")
            }
        }
    }

    /// Sizes of the file, offset and length; the tensor has 32 bytes.
    @Test(arguments: [
        (31, nil, nil), (32, "1", nil), (32, "0", "33"), (64, "33", "32"), (64, "64", nil), (64, "0", "31"), (64, "0", "0"), (64, "0", "4503599627370496"),
        (64, "18446744073709551615", nil), (64, "18446744073709551584", "32"), (64, "1", "18446744073709551615"),
        (64, "9223372036854775807", "9223372036854775807"), (64, "65", "0"), (0, nil, nil),
    ] as [(Int, String?, String?)])
    func rangesOutside(_ size: Int, _ offset: String?, _ length: String?) throws {
        for (place, file) in everyPlace(of: external("w", location: "w", offset: offset, length: length)) {
            for form in [nil, .singleFile, .external(name: "new")] as [ONNXEditor.Form?] {
                let error = fault { () throws(TamisError) in
                    if let form {
                        _ = try edit(file, sides: [("w", [UInt8](repeating: 0, count: size))], form: form)
                    } else {
                        _ = try scan(file, sides: [("w", size)])
                    }
                }
                #expect(error?.code == .invalidModel, "\(place)")
                #expect(error?.element?.hasPrefix("tensor '") == true && error?.byteOffset != nil && error?.advice != nil, "\(place)")
            }
        }
    }

    @Test func hugeFile() throws {
        let file = ONNX.model(ONNX.graph(initializers: [external("w", dims: [1 << 60], location: "w", offset: "8")]))
        let sides = [ONNXModel.SideFile(location: "w", byteCount: .max)]
        let source = try ByteView.of(file) { bytes throws(TamisError) in try ONNXModel.scan(bytes, sideFiles: sides) }
        #expect(source.holes.map(\.byteCount) == [1 << 62])
        let error = fault { () throws(TamisError) in
            _ = try ByteView.of(file) { bytes throws(TamisError) in try ONNXEditor.plan(bytes, fileName: "m", sideFiles: sides, form: .singleFile) }
        }
        #expect(error?.code == .limitExceeded)
    }

    /// References out of random numbers are refused, or say what they promise; nothing traps.
    @Test func randomReferences() throws {
        var random = SplitMix64(seed: 0x6578_74)
        let numbers = ["0", "16", "31", "32", "64", "96", "128", "18446744073709551615", "-1", ""]
        for _ in 0..<3000 {
            let tensors = (0..<Int.random(in: 1...6, using: &random)).map { number in
                external(
                    "t\(number)", dims: [Int64.random(in: -1...16, using: &random)], type: Int64.random(in: 0...29, using: &random),
                    location: Int.random(in: 0...20, using: &random) == 0 ? "../w" : "w", offset: numbers[Int.random(in: 0..<7, using: &random)],
                    length: Bool.random(using: &random) ? nil : numbers.randomElement(using: &random))
            }
            let file = ONNX.model(ONNX.graph(initializers: tensors))
            let error = fault { () throws(TamisError) in
                let source = try scan(file, sides: [("w", 128)])
                var end: UInt64 = 0
                for hole in source.holes {
                    #expect(hole.file == 1 && hole.offset >= end && source.tensors[hole.tensor].byteCount == hole.byteCount)
                    end = hole.offset + hole.byteCount
                }
                #expect(end <= 128)
                #expect(source.aliases.allSatisfy { source.tensors.indices.contains($0.tensor) })
            }
            #expect(error == nil || error?.code == .invalidModel)
        }
    }

    @Test func everyBitFlipAndCut() throws {
        let sides = [("w.bin", [UInt8](repeating: 7, count: 96)), ("a/v", [UInt8](repeating: 8, count: 32))]
        var file = ONNX.model(
            ONNX.graph(initializers: [external("w", location: "w.bin", offset: "32", length: "40"), external("v", location: "a/v"), ONNX.weight("i")]))
        func check(_ file: [UInt8]) {
            let error = fault { () throws(TamisError) in
                let named = try locations(file)
                _ = try scan(file, sides: named.map { ($0, 96) })
                for form in [.singleFile, .external(name: "n")] as [ONNXEditor.Form] {
                    let plans = try edit(file, sides: named.map { ($0, [UInt8](repeating: 7, count: 96)) }, form: form)
                    // What comes out can be read.
                    _ = try scan(plans[0].bytes)
                }
            }
            #expect(error == nil || error?.code == .invalidModel || error?.code == .limitExceeded)
        }
        #expect(fault { () throws(TamisError) in _ = try edit(file, sides: sides, form: .singleFile) } == nil)
        for position in file.indices {
            check(Array(file[..<position]))
            for bit in 0..<8 {
                file[position] ^= 1 << UInt8(bit)
                check(file)
                file[position] ^= 1 << UInt8(bit)
            }
        }
    }
}
