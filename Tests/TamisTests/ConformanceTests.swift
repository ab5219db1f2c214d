import Foundation
import Tamis
import TamisDigest
import Testing

/// The vectors of Conformance/: Conformance/check.py holds the reference decoder against the same list.
@Suite("Conformance vectors")
struct ConformanceTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let id: String
        let file: String
        let expectation: String
        let sha256: String
        let decodedSHA256: String

        enum CodingKeys: String, CodingKey {
            case id, file, expectation, sha256
            case decodedSHA256 = "decoded_sha256"
        }

        var testDescription: String { id }
    }

    private struct Manifest: Decodable {
        let vectors: [Vector]
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Conformance")

    private static func manifest() throws -> [Vector] {
        try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: folder.appendingPathComponent("manifest.json"))).vectors
    }

    private static let vectors = (try? manifest()) ?? []

    private static func digest(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { Hexadecimal.text(SHA256.of($0)) }
    }

    @Test func vectorsAreThere() throws {
        #expect(try Self.manifest().count > 0)
    }

    @Test(arguments: vectors) func decodes(_ vector: Vector) throws {
        let stream = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(vector.file)))
        #expect(Self.digest(stream) == vector.sha256)
        #expect(vector.expectation == "decodes")
        let whole = try Tamis.decode(stream)
        #expect(Self.digest(whole) == vector.decodedSHA256)
        let file = try TamisFile(bytes: stream)
        for batchBytes in [1, 1 << 10, 1 << 26] { #expect(try file.collected(file.wholeFiles, batchBytes: batchBytes, threads: 2) == whole) }
    }
}
