import CTamis
import Foundation
import Tamis
import TamisRecipes
import TamisYAML
import Testing

@Suite("Encoding in C")
struct EncodingTests {
    private final class Options {
        let handle: OpaquePointer

        init() throws {
            var options: OpaquePointer?
            #expect(tamis_options_new(&options, nil) == TAMIS_OK)
            handle = try #require(options)
        }

        deinit { tamis_options_free(handle) }

        func set(_ key: String, _ value: String) -> CCall { CCall { tamis_options_set(handle, key, value, $0) } }
        func rule(_ pattern: String, _ key: String, _ value: String) -> CCall { CCall { tamis_options_rule(handle, pattern, key, value, $0) } }
    }

    private static func encode(_ model: [UInt8], _ options: Options?, name: String? = nil, run: tamis_run? = nil) -> (call: CCall, bytes: [UInt8]) {
        var (bytes, size): (UnsafeMutableRawPointer?, Int) = (nil, -1)
        let call = model.withUnsafeBytes { model in
            CCall { error in
                guard var run else { return tamis_encode_memory(model.baseAddress, model.count, name, options?.handle, nil, &bytes, &size, error) }
                return tamis_encode_memory(model.baseAddress, model.count, name, options?.handle, &run, &bytes, &size, error)
            }
        }
        defer { tamis_free(bytes) }
        return (call, bytes.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) } ?? [])
    }

    /// The same words make the same bytes, given one by one or as a recipe.
    @Test func optionsAreThoseOfRecipes() throws {
        let recipe = """
            {"snr": 22.5, "effort": 2, "allocation": "global", "quantizer": "rdoq", "prune": "sigma=0.1", "exclude": ["kept"],
             "tensors": [{"match": "ker*", "quantizer": "affine,bits=6", "weight": 2}, {"match": "matrix", "step": 0.05}]}
            """
        var expected = try Recipe(Array(recipe.utf8)).options()
        expected.encoderName = Tamis.encoderName
        let options = try Options()
        for (key, value) in [
            ("quality", "3"), ("snr", "22.5"), ("effort", "2"), ("allocation", "global"), ("quantizer", "rdoq"), ("prune", "sigma=0.1"), ("exclude", "kept"),
        ] { #expect(options.set(key, value) == .ok) }
        #expect(options.rule("ker*", "quantizer", "affine,bits=6") == .ok)
        #expect(options.rule("ker*", "weight", "2") == .ok)
        #expect(options.rule("matrix", "step", "0.05") == .ok)
        let (call, bytes) = Self.encode(SampleModel.bytes, options)
        #expect(call == .ok)
        #expect(bytes == (try Tamis.encode(SampleModel.bytes, options: expected)))
        let model = try #require(CModel(bytes))
        #expect(String(cString: tamis_made_with(model.handle)) == expected.provenance)
        #expect(String(cString: model.info(ofFile: 0).name) == "model.onnx")
    }

    @Test func whatIsNotUnderstoodChangesNothing() throws {
        let options = try Options()
        #expect(options.set("effort", "1") == .ok)
        for (key, value) in [
            ("qualty", "15"), ("quality", "high"), ("quality", "1000"), ("effort", "0"), ("lossless", "yes"), ("target_size", "0"), ("quantizer", "trellis,states=9"),
            ("prune", "sigma"), ("allocation", "fair"), ("exclude", ""), ("tensors", "x"), ("statistics", "no such file"), ("", ""),
        ] {
            let call = options.set(key, value)
            #expect(call.status == (key == "statistics" ? TAMIS_IO : TAMIS_MISUSE), "\(key): \(call)")
            #expect(call.unit == nil)
        }
        for (pattern, key, value) in [("*", "snr", "3"), ("", "step", "1"), ("*", "match", "x"), ("*", "step", "-1"), ("*", "weight", "0")] {
            #expect(options.rule(pattern, key, value).status == TAMIS_MISUSE)
        }
        let plain = try Options()
        #expect(plain.set("effort", "1") == .ok)
        #expect(Self.encode(SampleModel.bytes, options).bytes == Self.encode(SampleModel.bytes, plain).bytes)
    }

    @Test func namesAreTakenOver() throws {
        let options = try Options()
        #expect(options.set("lossless", "true") == .ok)
        let (call, bytes) = Self.encode(SampleModel.bytes, options, name: "other.onnx")
        #expect(call == .ok)
        let model = try #require(CModel(bytes))
        #expect(String(cString: model.info(ofFile: 0).name) == "other.onnx")
        #expect(model.file(0).bytes == SampleModel.bytes)
        #expect(Self.encode(SampleModel.bytes, nil, name: "a/b").call.status == TAMIS_MISUSE)
        #expect(Self.encode([1, 2, 3], nil).call.status == TAMIS_MALFORMED)
        #expect(Self.encode(bytes, nil).call.code == "invalid_model")
    }

    /// At whatever question it is stopped, nothing comes out; in the end the bytes are those of a call that nobody stops.
    @Test(arguments: [1, 2] as [CInt])
    func stopsWhereverItIsAsked(_ threads: CInt) throws {
        let options = try Options()
        #expect(options.set("effort", "2") == .ok)
        let whole = Self.encode(SampleModel.bytes, options).bytes
        var stopped = 0
        var count = 0
        while true {
            let log = DecodingTests.Log(stopAfter: count)
            let (call, bytes) = DecodingTests.running(log, threads: threads) { Self.encode(SampleModel.bytes, options, run: $0) }
            if call == .ok {
                #expect(bytes == whole)
                break
            }
            #expect(call.status == TAMIS_CANCELLED && bytes.isEmpty)
            stopped += 1
            count += 1 + count / 4
        }
        #expect(stopped > 8)
    }

    /// The output appears whole or not at all.
    @Test func filesAreReplacedAsAWhole() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tamis-c-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (input, output) = (folder.appendingPathComponent("net.onnx").path, folder.appendingPathComponent("net.tamis").path)
        try Data(SampleModel.bytes).write(to: URL(fileURLWithPath: input))
        let options = try Options()
        #expect(options.set("effort", "1") == .ok)
        func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

        let stopped = DecodingTests.running(DecodingTests.Log(stopAfter: 9), threads: 2) { run in
            CCall { tamis_encode_path(input, output, 0, options.handle, &run, $0) }
        }
        #expect(stopped.status == TAMIS_CANCELLED)
        #expect(try names() == ["net.onnx"])
        #expect(CCall { tamis_encode_path(input, output, 0, options.handle, nil, $0) } == .ok)
        #expect(try names() == ["net.onnx", "net.tamis"])
        #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: output))) == Self.encode(SampleModel.bytes, options, name: "net.onnx").bytes)
        #expect(CCall { tamis_encode_path(input, output, 0, options.handle, nil, $0) }.code == "output_exists")
        #expect(CCall { tamis_encode_path(input, output, 1, options.handle, nil, $0) } == .ok)
        #expect(CCall { tamis_encode_path(input, input, 1, options.handle, nil, $0) }.status == TAMIS_MISUSE)
        #expect(CCall { tamis_encode_path(folder.path + "/none", output, 1, nil, nil, $0) }.code == "no_input")

        // The way back, by its path.
        var (model, export): (OpaquePointer?, OpaquePointer?) = (nil, nil)
        #expect(CCall { tamis_open_path(output, TAMIS_OPEN_INDEX, nil, &model, $0) } == .ok)
        #expect(CCall { tamis_export_open(model, nil, nil, &export, $0) } == .ok)
        tamis_close(model) // the export goes on
        let back = folder.appendingPathComponent("back.onnx").path
        #expect(CCall { tamis_export_write(export, back, 0, nil, $0) } == .ok)
        #expect(CCall { tamis_export_write(export, back, 0, nil, $0) }.code == "output_exists")
        tamis_export_close(export)
        #expect(try names() == ["back.onnx", "net.onnx", "net.tamis"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: back)).count == SampleModel.bytes.count)
    }
}
