import Tamis
import TamisBits
import TamisDigest
import TamisTestSupport
import TamisThreads
import Testing

@testable import TamisConformance
@testable import TamisSyntax

@Suite("Validation of streams")
struct StreamValidationTests {
    private static func outcome(_ stream: [UInt8]) throws -> StreamValidation.Outcome {
        try ByteView.of(stream) { (view) throws(TamisError) in try StreamValidation(view, limits: .standard, threads: ThreadCount(2)).outcome }
    }

    private static func violation(_ stream: [UInt8]) throws -> Violation {
        guard case .refused(let violation) = try outcome(stream) else {
            Issue.record("the stream is valid")
            throw AnswerProblem("")
        }
        return violation
    }

    @Test func content() throws {
        let stream = try Tamis.encode(Samples.model, fileName: "m.onnx")
        guard case .sound(let soundness) = try Self.outcome(stream) else { return #expect(Bool(false)) }
        let file = try TamisFile(bytes: stream)
        let decoded = try file.decode()
        #expect(soundness.content.files == [DecodedContent.File(name: "m.onnx", byteCount: UInt64(decoded.count), sha256: Samples.sha256(decoded))])
        for (tensor, answer) in zip(file.tensors, soundness.content.tensors) {
            let bytes = try file.tensor(named: tensor.name).1
            #expect(answer == DecodedContent.Tensor(name: tensor.name, type: tensor.elementType.name, shape: tensor.shape.dimensions, sha256: Samples.sha256(bytes)))
        }
        #expect(soundness.content.tensors.count == file.tensors.count && soundness.unitCount == file.unitCount)
    }

    @Test("A tensor in several holes, and tensors without elements")
    func holes() throws {
        let bytes = [UInt8](repeating: 5, count: 64)
        let model = ONNX.model(
            ONNX.graph(initializers: [
                ONNX.tensor("a", dims: [16], .raw(bytes)), ONNX.tensor("none", dims: [0, 4], .raw([])), ONNX.tensor("b", dims: [16], .raw(bytes)),
            ]))
        var options = EncodingOptions()
        options.target = .lossless
        let stream = try Tamis.encode(model, options: options)
        guard case .sound(let soundness) = try Self.outcome(stream) else { return #expect(Bool(false)) }
        let file = try TamisFile(bytes: stream)
        for (tensor, answer) in zip(file.tensors, soundness.content.tensors) {
            #expect(answer.sha256 == Samples.sha256(try file.tensor(named: tensor.name).1), "\(tensor.name)")
        }
    }

    @Test("Places by the rules of the protocol")
    func places() throws {
        let stream = try Tamis.encode(Samples.model)
        let parts = StreamParts(stream)
        #expect(try Self.violation([]).refusal == Refusal(code: "not_tamis", family: .malformed, unit: nil, element: "signature"))
        #expect(try Self.violation(stream + [0]).refusal == Refusal(code: "trailing_bytes", family: .malformed, unit: nil, element: nil))
        #expect(try Self.violation(Array(stream.dropLast())).refusal == Refusal(code: "truncated", family: .malformed, unit: parts.units.count - 1, element: "payload_length"))
        #expect(try Self.violation(Array(stream.prefix(parts.offsets[2] + 5))).refusal == Refusal(code: "truncated", family: .malformed, unit: 2, element: nil))
        var changed = stream
        changed[parts.offsets[1] + 13] ^= 1
        #expect(try Self.violation(changed).refusal == Refusal(code: "payload_checksum", family: .malformed, unit: 1, element: "payload_crc"))
        changed = stream
        changed[parts.offsets[1]] ^= 1
        #expect(try Self.violation(changed).refusal == Refusal(code: "header_checksum", family: .malformed, unit: 1, element: "header_crc"))
        // Bytes behind the elements of the end unit are in that unit.
        var longer = parts
        longer.units[parts.units.count - 1].payload.append(0)
        #expect(try Self.violation(longer.verbatim).refusal == Refusal(code: "trailing_bytes", family: .malformed, unit: parts.units.count - 1, element: nil))
        // An unknown critical unit.
        longer = parts
        longer.units.insert(StreamParts.Unit(type: 9, payload: []), at: 3)
        let violation = try Self.violation(try longer.stream())
        #expect(violation.refusal == Refusal(code: "unknown_unit", family: .unsupported, unit: 3, element: "unit_type") && violation.section == "§3.2")
        // The digest of a file, which is seen when all is decoded.
        var index = try parts.index()
        index.files[0].sha256[0] ^= 1
        let digest = try Self.violation(try parts.stream(index: index))
        #expect(digest.refusal == Refusal(code: "file_digest", family: .malformed, unit: parts.units.count - 2, element: "file_sha256") && digest.section == "§4.7")
    }

    @Test("What decodes to nothing is checked all the same")
    func emptyUnits() throws {
        var options = EncodingOptions()
        options.target = .lossless
        let model = ONNX.model(
            ONNX.graph(initializers: [ONNX.tensor("none", dims: [0, 4], .raw([])), ONNX.weight("w", 64)]))
        let parts = StreamParts(try Tamis.encode(model, options: options))
        var group = GroupUnit()
        group.groupDigest = XXH64().value
        func refused(_ payload: [UInt8], _ change: (inout [UInt8], Int) -> Void = { _, _ in }) throws -> Refusal? {
            var changed = parts
            changed.units.insert(StreamParts.Unit(.group, payload), at: 3)
            // Units behind it have moved.
            var index = try parts.index()
            for place in index.tensorUnits.indices { index.tensorUnits[place].unitNumber += index.tensorUnits[place].unitNumber >= 3 ? 1 : 0 }
            var stream = try changed.stream(index: index)
            change(&stream, changed.offsets[3])
            guard case .refused(let violation) = try Self.outcome(stream) else { return nil }
            return violation.refusal
        }
        #expect(try refused(try group.encoded()) == nil)
        #expect(try refused(try group.encoded()) { $0[$1 + 13] ^= 1 } == Refusal(code: "payload_checksum", family: .malformed, unit: 3, element: "payload_crc"))
        #expect(try refused(try group.encoded() + [0])?.code == "trailing_bytes")
        group.groupDigest ^= 1
        #expect(try refused(try group.encoded()) == Refusal(code: "tensor_digest", family: .malformed, unit: 3, element: "group_digest"))
    }

    @Test("The list of elements is that of the Spec's tables; sections that are named exist")
    func sections() throws {
        let tables = try SpecTable.readAll()
        let elements = Set(tables.values.flatMap { $0.rows.filter { !$0.isNested }.map(\.element) })
        #expect(SpecSection.elements == elements.union(["signature", "payload_crc"]))
        let headings = try SpecTable.headings()
        for code in TamisError.Code.allCases where code.family != .io && code.family != .misuse {
            for element in SpecSection.elements.sorted().map(Optional.some) + [nil] {
                for unit: UInt8? in [nil, 1, 3, 5, 7, 200] {
                    let section = SpecSection.of(code, element: element, unit: unit)
                    #expect(headings.contains(String(section.dropFirst())), "\(code) \(element ?? "-"): \(section)")
                }
            }
        }
        // An element is in the section that has its table.
        for table in tables.values {
            for row in table.rows where !row.isNested {
                let section = SpecSection.of(.valueOutOfRange, element: row.element, unit: nil)
                #expect(try SpecTable.section(of: table.structure) == section || row.element == "weight_error", "\(table.structure).\(row.element)")
            }
        }
    }
}
