import Foundation
import Tamis
import TamisDigest
import Testing

/// The vectors of Conformance/, pushed as from a pipe.
@Suite("Conformance vectors, as they arrive")
struct StreamingVectorTests {
    typealias Vector = ConformanceTests.Vector

    private static let portions = [1, 7, 4096, Int.max / 2]

    /// Streams with a second fault that arrives later, or is seen only when all of the stream is known: the first one that arrives counts.
    private static let seenElsewhere: [String: (code: TamisError.Code, unit: Int, element: String, reason: String)] = [
        "tensor-twice": (.duplicate, 6, "tensor_index", "the unit that comes second is one too many: there is no index yet that says it is the first"),
        "group-and-data": (.duplicate, 5, "tensor_index", "as before"),
        "unit-replaced": (.tensorDigest, 4, "tensor_digest", "what the unit decodes to is looked at before the hash of all units has arrived"),
    ]

    private static func bytes(_ vector: Vector) throws -> [UInt8] { [UInt8](try Data(contentsOf: ConformanceTests.folder.appendingPathComponent(vector.file))) }

    private static func digest(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { Hexadecimal.text(SHA256.of($0)) } }

    @Test(arguments: ConformanceTests.vectors.filter { $0.expectation == "decodes" })
    func decodes(_ vector: Vector) throws {
        let stream = try Self.bytes(vector)
        let (files, tensors) = (try #require(vector.files), try #require(vector.tensors))
        for portion in Self.portions where portion > 1 || stream.count < 1 << 20 {
            let model = try StreamedModel.decode(stream, portion: portion, limits: .streaming)
            #expect(model.files.map(Self.digest) == files.map(\.sha256))
            let names = try TamisFile(bytes: stream, limits: .streaming).tensors.map(\.name)
            #expect(model.tensors.count == tensors.count)
            // By bytes: two names may be canonically equal.
            for (number, bytes) in model.tensors {
                #expect(tensors.first { $0.name.utf8.elementsEqual(names[number].utf8) }?.sha256 == Self.digest(bytes), "\(names[number])")
            }
        }
    }

    /// The same code at the same place as a decoder that has the whole file finds it.
    @Test(arguments: ConformanceTests.vectors.filter { $0.expectation != "decodes" })
    func isRefused(_ vector: Vector) throws {
        let stream = try Self.bytes(vector)
        let plain = Self.plainRefusal(stream)
        var errors: [TamisError] = []
        for portion in Self.portions where portion > 1 || stream.count < 1 << 20 {
            guard let error = StreamedModel.refusal(stream, portion: portion, limits: .streaming) else {
                Issue.record("\(vector.id) was decoded in portions of \(portion)")
                continue
            }
            errors.append(error)
        }
        // How it is cut is of no account.
        #expect(Set(errors.map { "\($0.code) \($0.unit ?? "") \($0.element ?? "") \($0.byteOffset ?? 0)" }).count == 1, "\(errors)")
        guard let error = errors.first, let plain else { return }
        if let (code, unit, element, _) = Self.seenElsewhere[vector.id] {
            #expect(error.code == code && error.unit?.hasSuffix("[\(unit)]") == true && error.element == element, "\(error), the plain one \(plain)")
        } else {
            #expect(error.code == plain.code && error.family == plain.family, "\(error), expected \(plain)")
            #expect(error.unit == plain.unit && error.element == plain.element && error.byteOffset == plain.byteOffset, "\(error), expected \(plain)")
        }
    }

    private static func plainRefusal(_ stream: [UInt8]) -> TamisError? {
        do throws(TamisError) {
            let file = try TamisFile(bytes: stream, limits: .streaming)
            _ = try file.decodeFiles(threads: ThreadCount(1))
            return nil
        } catch {
            return error
        }
    }
}
