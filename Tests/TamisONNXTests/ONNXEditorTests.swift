import TamisBits
import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("Data move between the files of a model, and nothing else changes")
struct ONNXEditorTests {
    private static let payload = floats(512)

    @Test func intoOneFile() throws {
        for (place, file) in everyPlace(of: external("w", dims: [512], location: "a/w", offset: "100", length: "2048")) {
            let side = [UInt8](repeating: 9, count: 100) + Self.payload + [1, 2, 3]
            let files = try edit(file, sides: [("a/w", side)], form: .singleFile)
            let expected = everyPlace(
                of: protobuf { $0.integer(1, 512); $0.integer(2, 1); $0.text(8, "w"); $0.message(9, Self.payload) }
            ).first { $0.place == place }
            #expect(files.map(\.name) == ["m.onnx"])
            #expect(files[0].bytes == expected?.model, "\(place)")
        }
    }

    /// A plan holds the large pieces as ranges, also of files given in another order than that of the model.
    @Test func nothingLargeIsCopied() throws {
        let file = ONNX.model(
            ONNX.graph(initializers: [external("a", dims: [1 << 24], location: "1"), external("b", dims: [1 << 24], location: "2", offset: "64")]))
        let sides = [ONNXModel.SideFile(location: "2", byteCount: 64 + 1 << 26), ONNXModel.SideFile(location: "1", byteCount: 1 << 26)]
        let plans = try ByteView.of(file) { bytes throws(TamisError) in
            try ONNXEditor.plan(bytes, fileName: "m", sideFiles: sides, form: .singleFile)
        }
        let ranges = plans[0].pieces.filter { if case .range(1..., _) = $0 { true } else { false } }
        #expect(ranges == [.range(file: 2, 0..<(1 << 26)), .range(file: 1, 64..<(64 + 1 << 26))])
        #expect(plans[0].byteCount == plans[0].pieces.reduce(0) { $0 + $1.byteCount })
        #expect(plans[0].pieces.count < 20)
    }

    @Test func outOfTheModel() throws {
        let large = floats(1 << 18)
        let tensors = [
            ONNX.tensor("raw", dims: [512], .raw(Self.payload)), ONNX.weight("small", 255), ONNX.tensor("limit", dims: [256], .raw(floats(256))),
            ONNX.tensor("large", dims: [1 << 18], .raw(large)), ONNX.tensor("floats", dims: [512], .packedFloats(Self.payload)),
            ONNX.tensor("doubles", dims: [256], type: 11, .none) { $0.message(10, Self.payload) },
            ONNX.tensor("list", dims: [2048], type: 3, .none) { $0.message(5, Self.payload.map { $0 & 0x7F }) },
            ONNX.tensor("text", dims: [1], type: 8, .none) { $0.message(6, Self.payload) },
            external("there", dims: [512], location: "old"), external("little", dims: [8], location: "old", offset: "4"),
            external("shared", dims: [1024], type: 10, location: "old"),
        ]
        let inner = ONNX.graph(initializers: [ONNX.tensor("inner", dims: [512], .raw(Self.payload))])
        let constant = ONNX.node("Constant", outputs: ["c"], [ONNX.tensorAttribute("value", ONNX.tensor(dims: [512], .raw(Self.payload)))])
        let elsewhere = ONNX.node("Constant", outputs: ["e"], [ONNX.tensorAttribute("value", external(dims: [256], location: "old", offset: "1024"))])
        let branch = ONNX.node("If", name: "if", [ONNX.graphAttribute("then_branch", inner)])
        let file = ONNX.model(ONNX.graph(nodes: [constant, elsewhere, branch], initializers: tensors, sparse: [ONNX.sparse(tensors[0])])) {
            $0.message(20, nested(inner, in: [1]))
        }
        let files = try edit(file, sides: [("old", Self.payload)], form: .external(name: "new.bin"))
        #expect(files.map(\.name) == ["m.onnx", "new.bin"])
        let source = try scan(files[0].bytes, sides: [("new.bin", files[1].bytes.count)])
        let moved = source.holes.filter { $0.file == 1 }
        #expect(moved.map { source.tensors[$0.tensor].name } == ["e", "if/then_branch/inner", "raw", "limit", "large", "floats", "doubles", "there"])
        #expect(moved.map(\.offset) == [0, 1024, 3072, 5120, 8192, 1_056_768, 1_058_816, 1_060_864])
        #expect(moved.allSatisfy { $0.offset % 64 == 0 && ($0.byteCount < 1 << 20 || $0.offset % 4096 == 0) })
        // The same bytes as another type are still shared.
        #expect(files[1].bytes.count == 1_062_912)
        for hole in moved where source.tensors[hole.tensor].name != "e" {
            let bytes = files[1].bytes[hole.range]
            let name = source.tensors[hole.tensor].name
            #expect(name == "large" ? bytes.elementsEqual(large) : bytes.starts(with: floats(256)), "\(name)")
        }
        #expect(Array(files[1].bytes[..<1024]) == Array(Self.payload[1024...]))
        let storages = Dictionary(try summarize(files[0].bytes).tensors.map { ($0.name, $0.storage) }, uniquingKeysWith: { first, _ in first })
        #expect(["small", "c", "little", "raw#2", "training_info[0]/initialization/inner"].allSatisfy { storages[$0] == .rawData })
        #expect(storages["list"] == .int32Data && storages["text"] == .stringData)

        // Back again, all lie in one file.
        let back = try edit(files[0].bytes, sides: [("new.bin", files[1].bytes)], form: .singleFile)
        #expect(back.count == 1)
        #expect(!(try summarize(back[0].bytes).tensors.contains { $0.storage == .external }))
        #expect(try Set(scan(back[0].bytes).tensors.map(\.name)) == Set(source.tensors.map(\.name) + ["shared"]))
    }

    @Test func nothingToMove() throws {
        let file = ONNX.everything()
        #expect(try edit(file, form: .singleFile).map(\.bytes) == [file])
        let files = try edit(file, form: .external(name: "w"))
        #expect(files.map(\.name) == ["m.onnx"])
        #expect(files[0].bytes == file)
    }

    /// Tensors without elements have no bytes anywhere.
    @Test func emptyTensors() throws {
        let file = ONNX.model(ONNX.graph(initializers: [external("w", dims: [0, 8], location: "w", offset: "5")]))
        for form in [.singleFile, .external(name: "n")] as [ONNXEditor.Form] {
            let files = try edit(file, sides: [("w", [1, 2, 3, 4, 5])], form: form)
            #expect(files.count == 1)
            #expect(try summarize(files[0].bytes).tensors.map(\.storage) == [ONNXSummary.Storage.none])
        }
    }

    @Test(arguments: [
        external("w", location: "w") { $0.message(9, floats(8)) }, external("w", location: "w") { $0.integer(14, 1) },
        external("w", location: "w") { $0.message(3, []) }, external("w", type: 8, location: "w"), external("w", dims: [-8], location: "w"),
    ])
    func doubtfulTensorsDoNotMove(_ tensor: [UInt8]) {
        for (place, file) in everyPlace(of: tensor) {
            for form in [.singleFile, .external(name: "n")] as [ONNXEditor.Form] {
                let error = fault { () throws(TamisError) in _ = try edit(file, sides: [("w", floats(8))], form: form) }
                #expect(error?.code == .invalidModel && error?.element != nil && error?.advice != nil, "\(place)")
            }
        }
    }

    /// At 2^31 − 1 bytes ends what protobuf can hold.
    @Test func largestFile() throws {
        func plan(_ count: UInt64) throws(TamisError) -> FilePlan {
            let file = ONNX.model(ONNX.graph(initializers: [external("w", dims: [Int64(count)], type: 2, location: "w")]))
            let side = ONNXModel.SideFile(location: "w", byteCount: count)
            return try ByteView.of(file) { bytes throws(TamisError) in
                try ONNXEditor.plan(bytes, fileName: "m", sideFiles: [side], form: .singleFile)
            }[0]
        }
        let extra = try plan(1 << 30).byteCount - 1 << 30
        let most = UInt64(1 << 31 - 1) - extra
        #expect(try plan(most).byteCount == 1 << 31 - 1)
        for count in [most + 1, 1 << 31, 1 << 31 + 1, 1 << 40] as [UInt64] {
            let error = fault { () throws(TamisError) in _ = try plan(count) }
            #expect(error?.code == .limitExceeded && error?.advice != nil && error?.message.contains("2147483647") == true)
        }
    }

    /// A few bytes ask for the same range again and again, each time a little shorter.
    @Test func bombOfOverlaps() throws {
        let tensors = (0..<1000).map { external("t\($0)", dims: [1 << 20 - Int64($0)], location: "w") }
        let file = ONNX.model(ONNX.graph(initializers: tensors))
        let side = [ONNXModel.SideFile(location: "w", byteCount: 1 << 22)]
        for form in [.singleFile, .external(name: "n")] as [ONNXEditor.Form] {
            let error = fault { () throws(TamisError) in
                _ = try ByteView.of(file) { bytes throws(TamisError) in try ONNXEditor.plan(bytes, fileName: "m", sideFiles: side, form: form) }
            }
            #expect(error?.code == .limitExceeded)
        }
    }

    @Test func namesOfTheNewFile() {
        for name in ["m.onnx", "", "/w", "../w", "a//b", "."] {
            #expect(fault { () throws(TamisError) in _ = try edit(ONNX.everything(), form: .external(name: name)) }?.code == .invalidArgument, "\(name)")
        }
    }
}
