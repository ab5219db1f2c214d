import Foundation
import Tamis
import TamisDigest
import Testing

/// The vectors of Conformance/: `tamis conformance` and Conformance/check.py hold other decoders against the same list.
@Suite("Conformance vectors")
struct ConformanceTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        struct File: Decodable, Sendable, Equatable {
            let name: String
            let bytes: UInt64
            let sha256: String
        }

        struct Tensor: Decodable, Sendable, Equatable {
            let name: String
            let type: String
            let shape: [UInt64]
            let sha256: String
        }

        struct Refusal: Decodable, Sendable, Equatable {
            let code: String
            let family: String
            let unit: Int?
            let element: String?
        }

        let id: String
        let file: String
        let expectation: String
        let sha256: String
        let files: [File]?
        let tensors: [Tensor]?
        let error: Refusal?

        var testDescription: String { id }
    }

    private struct Manifest: Decodable {
        let vectors: [Vector]
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Conformance")

    private static func manifest() throws -> [Vector] {
        try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: folder.appendingPathComponent("manifest.json"))).vectors
    }

    static let vectors = (try? manifest()) ?? []

    private static func digest(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { Hexadecimal.text(SHA256.of($0)) }
    }

    private static func bytes(_ vector: Vector) throws -> [UInt8] {
        let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(vector.file)))
        #expect(digest(bytes) == vector.sha256)
        return bytes
    }

    @Test func vectorsAreThere() throws {
        let vectors = try Self.manifest()
        #expect(vectors.count >= 232)
        for expectation in ["decodes", "refused", "decodes_or_unsupported"] { #expect(vectors.contains { $0.expectation == expectation }) }
    }

    /// All files at once, in pieces of any size, and tensor by tensor.
    @Test(arguments: vectors.filter { $0.expectation == "decodes" })
    func decodes(_ vector: Vector) throws {
        let stream = try Self.bytes(vector)
        let (files, tensors) = (try #require(vector.files), try #require(vector.tensors))
        let file = try TamisFile(bytes: stream, limits: .streaming)
        #expect(file.files.map { "\($0.name) \($0.byteCount)" } == files.map { "\($0.name) \($0.bytes)" })
        let whole = try file.collected(file.wholeFiles)
        if files.count == 1 {
            #expect(Self.digest(whole) == files[0].sha256)
            #expect(try Tamis.decode(stream, limits: .streaming) == whole)
        } else {
            var start = 0
            for expected in files {
                #expect(Self.digest(Array(whole[start..<start + Int(expected.bytes)])) == expected.sha256)
                start += Int(expected.bytes)
            }
        }
        for batchBytes in [1, 1 << 10, 1 << 26] { #expect(try file.collected(file.wholeFiles, batchBytes: batchBytes, threads: 2) == whole) }

        let single = try TamisFile(bytes: stream, limits: .streaming, access: .random)
        #expect(single.tensors.count == tensors.count)
        for expected in tensors {
            let (description, bytes) = try single.tensor(named: expected.name)
            #expect(description.elementType.name == expected.type && description.shape.dimensions == expected.shape)
            #expect(Self.digest(bytes) == expected.sha256, "\(expected.name)")
        }
    }

    @Test(arguments: vectors.filter { $0.expectation != "decodes" })
    func isRefused(_ vector: Vector) throws {
        let stream = try Self.bytes(vector)
        do {
            let file = try TamisFile(bytes: stream, limits: .streaming)
            _ = try file.collected(file.wholeFiles)
            Issue.record("\(vector.id) was decoded")
        } catch {
            guard let expected = vector.error else {
                // A shard: what it holds is for a decoder that takes shards.
                #expect(vector.expectation == "decodes_or_unsupported" && error.code == .unsupportedFeature)
                return
            }
            #expect(error.code.rawValue == expected.code && error.family.rawValue == expected.family)
            if let unit = expected.unit { #expect(error.unit.map { $0.hasSuffix("[\(unit)]") } ?? true, "\(error)") }
            if let element = expected.element { #expect(error.element ?? element == element, "\(error)") }
        }
    }
}
