import TamisBits
import Testing

@testable import TamisConformance

@Suite("Manifest")
struct ManifestTests {
    private static let digest = Samples.sha256([9])
    private static let valid =
        #"{"id":"a","file":"vectors/valid/a.tamis","group":"valid","expectation":"decodes","sha256":"\#(digest)","level":0,"about":"x","covers":[],"files":[],"tensors":[]}"#
    private static let invalid =
        #"{"id":"b","file":"b.tamis","group":"invalid","expectation":"refused","sha256":"\#(digest)","error":{"code":"truncated","family":"malformed","unit":2,"element":null}}"#

    private static func manifest(_ vectors: String..., sources: String = "[]", version: String = "1") throws -> Manifest {
        try Manifest(Array("{\"format_version\":\(version),\"vectors\":[\(vectors.joined(separator: ","))],\"sources\":\(sources)}".utf8), file: "m.json")
    }

    @Test func reads() throws {
        let manifest = try Self.manifest(Self.valid, Self.invalid, sources: "[{\"id\":\"s\",\"file\":\"sources/s.onnx\",\"sha256\":\"\(Self.digest)\",\"about\":\"y\"}]")
        #expect(manifest.vectors.map(\.id) == ["a", "b"] && manifest.vectors.map(\.group) == [.valid, .invalid])
        #expect(manifest.vectors[0].content == DecodedContent(files: [], tensors: []) && manifest.vectors[0].refusal == nil)
        #expect(manifest.vectors[1].refusal == Refusal(code: "truncated", family: .malformed, unit: 2, element: nil) && manifest.vectors[1].content == nil)
        #expect(manifest.sources.map(\.file) == ["sources/s.onnx"])
    }

    @Test("What is wrong is named", arguments: [
        (valid.replacing("valid/a", with: "../a"), "below the manifest's folder"), (valid.replacing("\"vectors/", with: "\"/vectors/"), "below the manifest's folder"),
        (valid.replacing("\"group\":\"valid\"", with: "\"group\":\"good\""), "expected one of valid, exotic, invalid, limits"),
        (valid.replacing("\"decodes\"", with: "\"works\""), "expected one of decodes, refused"), (valid.replacing(digest, with: "12"), "64 hexadecimal digits"),
        (valid.replacing(",\"tensors\":[]", with: ""), "vector \"a\": the answer has no member \"tensors\""), (valid + "," + valid, "a second time"),
        (invalid.replacing("\"error\"", with: "\"fault\""), "has no member \"error\""), (invalid.replacing("malformed", with: "broken"), "expected one of malformed"),
        ("3", "has no member \"id\""), (valid + "}", "this is not JSON: line 1"),
    ])
    func refusals(vector: String, words: String) {
        #expect { try Self.manifest(vector) } throws: { error in
            guard let error = error as? TamisError else { return false }
            return error.code == .invalidArgument && error.file == "m.json" && error.message.contains(words)
        }
    }

    @Test func otherVersions() {
        #expect(throws: TamisError.self) { try Self.manifest(Self.valid, version: "0") }
        #expect(throws: TamisError.self) { try Self.manifest(Self.valid, version: "2") }
    }
}
