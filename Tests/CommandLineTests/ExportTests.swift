import Foundation
import TamisTestSupport
import Testing

@Suite("Models decoded to other forms compute the same", .enabled(if: Python.path != nil, "\(Python.missing)"))
struct ExportTests {
    private static let models = Result { () throws -> Folder in
        struct ScriptFailed: Error { let words: String }
        let folder = try Folder()
        let made = try Python.run("scripts/check-export.py", ["make", folder.path])
        if made.status != 0 { throw ScriptFailed(words: made.errors) }
        return folder
    }

    /// What the script says of a model that another one was decoded to.
    private struct Stored: Decodable {
        let opset: Int
        let checked: Int
        let inputs: [String]
        let types: [String]
        let nodes: [String]
    }

    private static func check(_ name: String, encode: [String], decode: [String], tolerance: String = "1e-5") throws -> (stored: Stored, said: String) {
        let folder = try Folder()
        let encoded = try Tool.run(["encode", try models.get().path(name + ".onnx"), "-o", folder.path("a.tamis"), "-q"] + encode)
        #expect(encoded.status == 0, "\(encoded.errors)")
        #expect(try Tool.run("decode", folder.path("a.tamis"), "-o", folder.path("float.onnx")).status == 0)
        let decoded = try Tool.run(["decode", folder.path("a.tamis"), "-o", folder.path("other.onnx"), "-v"] + decode)
        #expect(decoded.status == 0, "\(decoded.errors)")
        let checked = try Python.output("scripts/check-export.py", ["check", folder.path("float.onnx"), folder.path("other.onnx"), "--stored", "--tolerance", tolerance])
        #expect(checked.status == 0, "\(checked.errors)")
        return (try JSONDecoder().decode(Stored.self, from: Data(checked.output)), decoded.text)
    }

    @Test("Integers behind DequantizeLinear, the operators raised as far as the node needs, names in nobody's way", arguments: [
        ("rows-11", 13, ["INT8", "INT8"]), ("rows-21", 21, ["INT4", "INT8"]), ("inputs-7", 13, ["INT8", "INT8"]), ("gather-13", 13, ["INT8", "INT8"]),
        ("tied-13", 13, ["INT8"]), ("blocks-14", 21, ["INT8", "INT8"]), ("nested-17", 17, ["INT8", "INT8", "INT8"]),
    ])
    func integers(name: String, opset: Int, types: [String]) throws {
        let (stored, said) = try Self.check(name, encode: ["--grid", "int8", "--quality", "18"], decode: ["--form", "qdq"])
        #expect(stored.opset == opset && stored.types == types && stored.checked == types.count)
        #expect(!said.contains("as they are"))
        // Rows are taken out of the stored table first.
        #expect(stored.nodes.count { $0 == "DequantizeLinear" } == types.count)
        if name == "inputs-7" { #expect(stored.inputs == ["x"]) }
    }

    @Test("Integers of 4 bits, where all fit") func fourBits() throws {
        let (stored, _) = try Self.check("rows-11", encode: ["--grid", "int4", "--quality", "5"], decode: ["--form", "qdq"])
        #expect(stored.types == ["INT4", "INT4"] && stored.opset == 21)
    }

    @Test("Asymmetric integers have a zero point") func zeroPoint() throws {
        let (stored, _) = try Self.check("gather-13", encode: ["--quantizer", "affine,bits=8"], decode: ["--form", "qdq"])
        #expect(stored.types == ["INT8", "INT8"] && stored.checked == 2)
    }

    @Test("What cannot be integers stays, and is said", arguments: [
        ("overridable-11", ["--grid", "int8"], "w: it is an input of the graph, too"),
        ("stopped-12", ["--grid", "int8"], "Softmax means something else from version 13"),
        ("rows-11", [], "'encode --grid' makes them so"),
        ("rows-11", ["--lossless"], "'encode --grid' makes them so"),
    ])
    func stays(name: String, options: [String], reason: String) throws {
        let (stored, said) = try Self.check(name, encode: options, decode: ["--form", "qdq"])
        #expect(stored.types.contains("FLOAT"))
        #expect(said.contains(reason), "\(said)")
    }

    @Test("16-bit numbers behind Cast", arguments: [("float16", "FLOAT16", "2e-3"), ("bfloat16", "BFLOAT16", "2e-2")])
    func half(type: String, stored name: String, tolerance: String) throws {
        let (stored, _) = try Self.check("nested-17", encode: [], decode: ["--dtype", type], tolerance: tolerance)
        #expect(stored.types == [name, name, name] && stored.nodes.count { $0 == "Cast" } == 3)
        // Both: integers where they fit, 16 bits for the rest.
        let both = try Self.check("overridable-11", encode: ["--grid", "int8"], decode: ["--form", "qdq", "--dtype", type], tolerance: tolerance)
        #expect(both.stored.types.contains("INT8") && both.stored.types.contains("FLOAT"))
    }

    @Test("Stored weights may lie in a file beside the model") func external() throws {
        let folder = try Folder()
        #expect(try Tool.run("encode", try Self.models.get().path("nested-17.onnx"), "-o", folder.path("a.tamis"), "-q", "--grid", "int8").status == 0)
        #expect(try Tool.run("decode", folder.path("a.tamis"), "-o", folder.path("float.onnx")).status == 0)
        #expect(try Tool.run("decode", folder.path("a.tamis"), "-o", folder.path("o.onnx"), "--form", "qdq", "--external", "-q").status == 0)
        #expect(try folder.read("o.onnx.data").count >= 64 * 64 + 2 * 64 * 96)
        let checked = try Python.run("scripts/check-export.py", ["check", folder.path("float.onnx"), folder.path("o.onnx")])
        #expect(checked.status == 0, "\(checked.errors)")
    }

    @Test("Forms are for models of ONNX, and for whole ones") func refusals() throws {
        let folder = try Folder()
        let safetensors = try folder.write("a.safetensors", Safetensors.file([Safetensors.Tensor("w", [64], floats: SmallModel.values(64, seed: 1))]))
        #expect(try Tool.run("encode", safetensors, "-q").status == 0)
        let refused = try Tool.run("decode", folder.path("a.tamis"), "-o", folder.path("b.safetensors"), "--form", "qdq")
        #expect(refused.status == 64 && refused.errors.contains("--form qdq") && refused.errors.contains("ONNX"))
        #expect(!folder.exists("b.safetensors"))
        #expect(try Tool.run("decode", folder.path("a.tamis"), "--tensor", "w", "--dtype", "float16").status == 64)
    }
}
