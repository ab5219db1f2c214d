import Foundation
import Tamis
import TamisBits
import TamisTestSupport
import TamisThreads
import Testing

@testable import TamisConformance
@testable import TamisSyntax

@Suite("Traces")
struct StreamTraceTests {
    private static let vectors: [URL] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Conformance/vectors").standardized
        return ["valid", "exotic"].flatMap { group in
            ((try? FileManager.default.contentsOfDirectory(at: folder.appendingPathComponent(group), includingPropertiesForKeys: nil)) ?? [])
                .filter { $0.pathExtension == "tamis" }.sorted { $0.path < $1.path }
        }
    }()

    private static func trace(_ stream: [UInt8], until violation: Violation? = nil) -> StreamTrace { stream.withView { StreamTrace($0, until: violation) } }

    private static func steps(_ trace: StreamTrace) -> [SyntaxTracer.Step] {
        trace.entries.filter { !$0.isOpaque }.map {
            SyntaxTracer.Step(structure: $0.structure, element: $0.element, descriptor: $0.descriptor, offset: $0.offset, byteCount: $0.byteCount, value: $0.value)
        }
    }

    @Test("The traces of all vectors are what the tables of the Spec say")
    func vectors() throws {
        var agreement = SpecAgreement(try SpecTable.readAll())
        #expect(Self.vectors.count > 20)
        for url in Self.vectors {
            let stream = [UInt8](try Data(contentsOf: url))
            let trace = Self.trace(stream)
            if let text = agreement.check(Self.steps(trace)) { Issue.record("\(url.lastPathComponent): \(text)") }
            try Self.expectWhole(trace, of: stream)
        }
    }

    /// Every byte of the stream is in one entry, in order.
    private static func expectWhole(_ trace: StreamTrace, of stream: [UInt8]) throws {
        var place: UInt64 = 0
        for entry in trace.entries where !entry.isInBody {
            #expect(entry.offset == place, "\(entry.structure).\(entry.element)")
            place += entry.byteCount
            let shown = stream[Int(entry.offset)..<Int(entry.offset) + entry.bytes.count]
            #expect(Array(shown) == entry.bytes)
        }
        #expect(place == UInt64(stream.count))
    }

    @Test func ownEncoder() throws {
        var agreement = SpecAgreement(try SpecTable.readAll())
        for target: EncodingOptions.Target in [.lossless, .step(0.05)] {
            var options = EncodingOptions()
            options.target = target
            let stream = try Tamis.encode(Samples.model, options: options)
            let trace = Self.trace(stream)
            #expect(agreement.check(Self.steps(trace)) == nil)
            try Self.expectWhole(trace, of: stream)
            #expect(trace.entries.contains { $0.element == "tensor_name" && $0.value == "w" && $0.isInBody })
        }
    }

    @Test("Whatever is cut off or changed, the trace ends in good order")
    func damaged() throws {
        let stream = try Tamis.encode(Samples.model)
        let whole = Self.trace(stream).entries
        for count in 0..<stream.count {
            let entries = Self.trace(Array(stream[..<count])).entries
            #expect(entries.allSatisfy { $0.isInBody || $0.offset + $0.byteCount <= UInt64(count) })
            #expect(entries.count <= whole.count)
        }
        var generator = SplitMix64(seed: 3)
        for _ in 0..<2000 {
            var changed = stream
            let place = Int(generator.next() % UInt64(stream.count))
            changed[place] ^= UInt8(1 << (generator.next() % 8))
            _ = Self.trace(changed).text
        }
    }

    @Test("The trace of a refused stream ends with the element to blame")
    func violations() throws {
        var parts = StreamParts(try Tamis.encode(Samples.model))
        let unit = parts.units.firstIndex { $0.type == UnitHeader.UnitType.modelParameterSet.rawValue } ?? 0
        parts.units[unit].payload[0] = 3
        let stream = try parts.stream()
        let validation = try ByteView.of(stream) { (view) throws(TamisError) in try StreamValidation(view, limits: .standard, threads: ThreadCount(1)) }
        let violation = try #require(validation.violation)
        #expect(violation.refusal == Refusal(code: "value_out_of_range", family: .malformed, unit: 1, element: "slice_elements_log2"))
        #expect(violation.section == "§4.2" && violation.offset == UInt64(parts.offsets[unit] + 13))
        let last = try #require(Self.trace(stream, until: violation).entries.last)
        #expect(last.element == "slice_elements_log2" && last.unit == 1 && last.value == "3")
    }

    /// Changes payloads and tells what is wrong with the result, and the last entry of its trace.
    private static func refused(_ change: (inout StreamParts) throws -> Void) throws -> (violation: Violation, last: StreamTrace.Entry) {
        var parts = StreamParts(try Tamis.encode(Samples.model))
        try change(&parts)
        let stream = try parts.stream()
        let validation = try ByteView.of(stream) { (view) throws(TamisError) in try StreamValidation(view, limits: .standard, threads: ThreadCount(1)) }
        let violation = try #require(validation.violation)
        return (violation, try #require(trace(stream, until: violation).entries.last))
    }

    @Test("What contradicts others is blamed at its own byte, and nothing is shown behind it", arguments: [
        (0, 1, 7, "format_version", 0), (2, 9, 7, "profile", 2), (3, 9, 7, "level", 3), (4, 1, 7, "shard_number", 4), (6, 2, 7, "shard_count", 6),
    ])
    func startUnit(place: Int, value: UInt8, unused: Int, element: String, offset: Int) throws {
        let (violation, last) = try Self.refused { $0.units[0].payload[place] = value + ($0.units[0].payload[place] == value ? 1 : 0) }
        #expect(violation.refusal.unit == 0 && violation.refusal.element == element && violation.offset == UInt64(21 + offset), "\(violation.text)")
        #expect(last.element == element && last.offset == violation.offset)
    }

    @Test("What is found behind a structure is blamed at its element's byte")
    func laterFaults() throws {
        let (source, lastSource) = try Self.refused { parts in
            var parameters = try ByteView.of(parts.units[1].payload) { (view) throws(TamisError) in try ModelParameterSet(decoding: view, base: 0, "unit") }
            parameters.sources.append(SourceFile(byteCount: 1, sha256: [UInt8](repeating: 0, count: 32)))
            parts.units[1].payload = try parameters.encoded()
        }
        #expect(source.refusal == Refusal(code: "length_mismatch", family: .malformed, unit: 1, element: "source_count"))
        #expect(lastSource.element == "source_count" && lastSource.offset == source.offset)
        // The last byte of the last skeleton's frame is one of its last block.
        let (frame, lastFrame) = try Self.refused { parts in
            let unit = try #require(parts.units.firstIndex { $0.type == UnitHeader.UnitType.skeleton.rawValue })
            parts.units[unit].payload.removeLast()
        }
        #expect(frame.refusal.code == "invalid_compressed_data" && lastFrame.element == "frame" && lastFrame.offset == frame.offset)
    }
}
