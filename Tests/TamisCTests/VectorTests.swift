import CTamis
import Foundation
import TamisDigest
import Testing

/// The vectors of Conformance/ through the C library.
@Suite("Conformance vectors in C")
struct VectorTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        struct File: Decodable, Sendable { let name: String, sha256: String }
        struct Tensor: Decodable, Sendable { let name: String, shape: [UInt64], sha256: String }
        struct Refusal: Decodable, Sendable { let code: String, family: String, element: String? }

        let id: String
        let file: String
        let expectation: String
        let files: [File]?
        let tensors: [Tensor]?
        let error: Refusal?
        var testDescription: String { id }
    }

    private struct Manifest: Decodable { let vectors: [Vector] }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Conformance")
    private static let vectors: [Vector] =
        (try? JSONDecoder().decode(Manifest.self, from: Data(contentsOf: folder.appendingPathComponent("manifest.json"))).vectors) ?? []

    private static func digest(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { Hexadecimal.text(SHA256.of($0)) } }

    @Test func vectorsAreThere() { #expect(Self.vectors.count >= 232) }

    /// Refused when it is opened or decoded, by the same code and family as in Swift.
    @Test(arguments: vectors.filter { $0.expectation == "refused" })
    func refuses(_ vector: Vector) throws {
        let stream = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(vector.file)))
        let expected = try #require(vector.error)
        var (model, limits): (OpaquePointer?, tamis_limits) = (nil, .wide)
        var call = stream.withUnsafeBytes { bytes in CCall { tamis_open_memory(bytes.baseAddress, bytes.count, TAMIS_OPEN_ALL, &limits, &model, $0) } }
        #expect((model == nil) == (call.status != TAMIS_OK))
        if call.status == TAMIS_OK {
            call = stream.withUnsafeBytes { _ in CCall { tamis_verify(model, nil, $0) } }
            tamis_close(model)
        }
        #expect(call.code == expected.code, "\(call.message)")
        #expect(String(cString: tamis_status_name(call.status)) == expected.family)
        if let element = expected.element { #expect(call.element == element) }
    }

    @Test(arguments: vectors.filter { $0.expectation == "decodes" })
    func decodes(_ vector: Vector) throws {
        let stream = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(vector.file)))
        let (files, tensors) = (try #require(vector.files), try #require(vector.tensors))
        for access in [TAMIS_OPEN_ALL, TAMIS_OPEN_INDEX] {
            let model = try #require(CModel(stream, access: access, limits: .wide))
            #expect(CCall { tamis_verify(model.handle, nil, $0) } == .ok)
            #expect(model.fileCount == files.count)
            for (number, expected) in files.enumerated() {
                #expect(String(cString: model.info(ofFile: number).name) == expected.name)
                let (call, bytes) = model.file(number)
                #expect(call == .ok)
                #expect(Self.digest(bytes) == expected.sha256)
            }
            #expect(model.tensorCount == tensors.count)
            for (number, expected) in tensors.enumerated() {
                let info = model.info(ofTensor: number)
                #expect(String(cString: info.name).utf8.elementsEqual(expected.name.utf8))
                #expect(Array(UnsafeBufferPointer(start: info.dimensions, count: info.rank)) == expected.shape)
                #expect(model.tensor(number).map(Self.digest) == expected.sha256)
            }
        }
    }
}
