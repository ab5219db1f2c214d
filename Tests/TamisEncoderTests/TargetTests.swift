import Foundation
import TamisBits
import TamisTestSupport
import Testing

@testable import TamisEncoder

/// Whether the long tests run, too.
let isLong = ProcessInfo.processInfo.environment["TAMIS_FULL_TESTS"] == "1"

@Suite("Targets are met within 1 %")
struct TargetTests {
    enum Model: String, CaseIterable, Sendable {
        case large, tiny
        var source: ModelSource { self == .large ? .large : .tiny }
    }

    /// Encodes, and holds what the report says against the decoded tensors.
    static func checked(_ model: ModelSource, _ options: EncodingOptions, _ place: SourceLocation = #_sourceLocation) throws -> (stream: [UInt8], report: EncodingReport) {
        let (stream, report) = try model.encoded(options)
        #expect(report.byteCount == UInt64(stream.count), sourceLocation: place)
        let distortion = PlainDistortion(model, try ModelSource.decoded(stream), exact: Set(report.exactTensors.map(\.name)))
        func near(_ a: Double, _ b: Double) -> Bool { a == b || (a / b - 1).magnitude < 1e-6 }
        #expect(near(report.relativeError, distortion.relativeError), "\(report.relativeError), decoded \(distortion.relativeError)", sourceLocation: place)
        #expect(near(report.quality, -10 * log10(distortion.relativeError)), sourceLocation: place)
        #expect(near(report.snr, 10 * log10(distortion.energy / distortion.squaredError)), sourceLocation: place)
        return (stream, report)
    }

    @Test(arguments: Model.allCases, [5, 15, 30] as [Double])
    func quality(_ model: Model, _ decibels: Double) throws {
        for effort in model == .large ? [2, 3] : [1, 2, 3, 4, 5] {
            let report = try Self.checked(model.source, EncodingOptions(target: .quality(decibels: decibels), effort: effort)).report
            let ratio = report.relativeError / pow(10, -decibels / 10)
            #expect((ratio - 1).magnitude < 0.01, "\(report.quality) dB at effort \(effort)")
        }
    }

    @Test(arguments: Model.allCases, EncodingOptions.Allocation.allCases)
    func signalToNoise(_ model: Model, _ allocation: EncodingOptions.Allocation) throws {
        for (decibels, effort) in model == .large ? [(10.0, 2), (25, 3)] : [(10.0, 2), (25, 3), (18, 5)] {
            let report = try Self.checked(model.source, EncodingOptions(target: .snr(decibels: decibels), allocation: allocation, effort: effort)).report
            #expect((pow(10, (report.snr - decibels) / 10) - 1).magnitude < 0.01, "\(report.snr) dB at effort \(effort)")
        }
    }

    @Test(arguments: Model.allCases, [1.5, 4, 9])
    func bitsPerWeight(_ model: Model, _ bits: Double) throws {
        for effort in model == .large ? [2] : [2, 3, 5] {
            let stream = try Self.checked(model.source, EncodingOptions(target: .bitsPerWeight(bits), effort: effort)).stream
            let reached = Double(stream.count * 8) / Double(model.source.elementCount)
            #expect((reached / bits - 1).magnitude <= 0.01, "\(reached) bits at effort \(effort)")
        }
    }

    /// Never above, and within 1 % below.
    @Test(arguments: Model.allCases, [1.5, 4, 9])
    func size(_ model: Model, _ bits: Double) throws {
        let bytes = Int(bits / 8 * Double(model.source.elementCount))
        for effort in model == .large ? [2] : [1, 3, 5] {
            let stream = try Self.checked(model.source, EncodingOptions(target: .size(bytes: UInt64(bytes)), effort: effort)).stream
            #expect(stream.count <= bytes && Double(stream.count) >= 0.99 * Double(bytes), "\(stream.count) of \(bytes) bytes at effort \(effort)")
        }
    }

    /// At the default effort, and on the sizes that matter; long without optimization.
    @Test(.enabled(if: isLong, "skipped: long; set TAMIS_FULL_TESTS=1"), arguments: [1.5, 4, 9])
    func largeModelAtTheDefaultEffort(_ bits: Double) throws {
        let bytes = Int(bits / 8 * Double(ModelSource.large.elementCount))
        for target in [EncodingOptions.Target.size(bytes: UInt64(bytes)), .bitsPerWeight(bits)] {
            let ratio = Double(try Self.checked(.large, EncodingOptions(target: target)).stream.count) / Double(bytes)
            #expect(ratio >= 0.99 && (target == .bitsPerWeight(bits) ? ratio <= 1.01 : ratio <= 1))
        }
        let report = try Self.checked(.large, EncodingOptions(target: .quality(decibels: 5 * bits))).report
        #expect((report.relativeError / pow(10, -bits / 2) - 1).magnitude < 0.01)
    }

    /// The report of a step: as asked, nothing is aimed at.
    @Test(arguments: 1...5)
    func stepReportsWhatItDoes(_ effort: Int) throws {
        let report = try Self.checked(.tiny, EncodingOptions(target: .step(0.01), effort: effort)).report
        #expect(report.exactTensors.isEmpty && report.snr > 10)
    }

    /// Exact tensors add no error, but their energy counts.
    @Test func exactTensorsInTheReport() throws {
        let report = try Self.checked(.tiny, EncodingOptions(target: .snr(decibels: 20), effort: 2, exclusions: ["dense*"])).report
        #expect(report.exactTensors == [EncodingReport.ExactTensor(name: "dense.weight", reason: "it is excluded by 'dense*'")])
        #expect((pow(10, (report.snr - 20) / 10) - 1).magnitude < 0.01)
        let nothingLost = try ModelSource.tiny.encoded(EncodingOptions(exclusions: ["*"])).report
        #expect(nothingLost.quality == .infinity && nothingLost.snr == .infinity && nothingLost.relativeError == 0 && nothingLost.exactTensors.count == 3)
    }

    // MARK: What cannot be

    private static func expectImpossible(_ model: ModelSource, _ options: EncodingOptions, _ words: String, _ place: SourceLocation = #_sourceLocation) {
        let sink = ModelSource.Sink()
        do {
            _ = try model.encoded(options, into: sink)
            Issue.record("\(options.target) was reached", sourceLocation: place)
        } catch {
            #expect((error as? TamisError)?.code == .invalidArgument && "\(error)".contains(words), "\(error)", sourceLocation: place)
        }
        #expect(sink.bytes.isEmpty, sourceLocation: place)
    }

    /// Skeleton, names, parameters and checksums alone are larger.
    @Test(arguments: [1, 100, 300] as [UInt64])
    func sizeBelowTheSkeletons(_ bytes: UInt64) {
        Self.expectImpossible(.tiny, EncodingOptions(target: .size(bytes: bytes), effort: 2), "no choice of steps makes \(bytes) bytes")
    }

    @Test func tensorsKeptExactAreLargerThanTheSize() {
        Self.expectImpossible(.tiny, EncodingOptions(target: .size(bytes: 9000), effort: 2, exclusions: ["*"]), "no choice of steps makes 9000 bytes")
        Self.expectImpossible(.tiny, EncodingOptions(target: .bitsPerWeight(0.5), effort: 2, exclusions: ["conv.weight"]), "no choice of steps makes")
    }

    /// What is smaller than asked for, whatever the steps, is no error: nothing is lost.
    @Test func moreBytesThanTheModelHas() throws {
        let (stream, _) = try ModelSource.tiny.encoded(EncodingOptions(target: .size(bytes: 10_000_000), effort: 2))
        #expect(stream.count < 10_000_000)
        _ = try ModelSource.decoded(stream)
    }

    @Test(arguments: [QuantizerChoice.symmetric(bits: 2), .codebook(levels: 2), .minifloat(exponentBits: 0, mantissaBits: 0), .muLaw(mu: 255, range: nil, levels: 4)])
    func qualityBeyondAFixedQuantizer(_ choice: QuantizerChoice) throws {
        let rules = [TensorRule(pattern: "dense.weight", settings: TensorSettings(quantizer: choice))]
        Self.expectImpossible(.tiny, EncodingOptions(target: .quality(decibels: 30), effort: 2, rules: rules), "a quality of 30.0 dB cannot be reached")
        Self.expectImpossible(.tiny, EncodingOptions(target: .snr(decibels: 30), effort: 2, rules: rules), "an SNR of 30.0 dB cannot be reached")
    }

    /// What a fixed quantizer leaves of the error is for the others.
    @Test func qualityBesideAFixedQuantizer() throws {
        let rules = [TensorRule(pattern: "dense.weight", settings: TensorSettings(quantizer: .symmetric(bits: 5)))]
        for target in [EncodingOptions.Target.quality(decibels: 15), .snr(decibels: 16)] {
            let report = try Self.checked(.tiny, EncodingOptions(target: target, effort: 2, rules: rules)).report
            let reached = target == .quality(decibels: 15) ? report.quality - 15 : report.snr - 16
            #expect((pow(10, reached / 10) - 1).magnitude < 0.01, "\(target): \(reached) dB more")
        }
    }

    /// Without tensors whose fineness is open, a target of distortion has nothing to say.
    @Test func qualityOfFixedQuantizersAlone() throws {
        let report = try Self.checked(.tiny, EncodingOptions(target: .quality(decibels: 60), settings: TensorSettings(quantizer: .symmetric(bits: 4)))).report
        #expect(report.quality < 20)
    }

    @Test func qualityBeyondAStepOfItsOwn() {
        let rules = [TensorRule(pattern: "dense.weight", settings: TensorSettings(step: 0.5))]
        Self.expectImpossible(.tiny, EncodingOptions(target: .quality(decibels: 20), effort: 2, rules: rules), "a quality of 20.0 dB cannot be reached")
    }

    /// The same model and options, the same bytes.
    @Test(arguments: [1, 3, 5, 9])
    func bytesDoNotDependOnThreads(_ effort: Int) throws {
        for target in [EncodingOptions.Target.quality(decibels: 15), .bitsPerWeight(5)] {
            if effort == 9 && target != .quality(decibels: 15) { continue }
            let options = EncodingOptions(target: target, effort: effort, sliceElementsLog2: 10)
            let one = try ModelSource.tiny.encoded(options, threads: 1)
            for threads in [2, 5] {
                let more = try ModelSource.tiny.encoded(options, threads: threads)
                #expect(more.stream == one.stream && more.report == one.report, "\(threads) threads")
            }
        }
    }

    /// Bytes at an SNR, with what lies between the SNR reached and the one asked taken as 6.02 dB a bit.
    private static func bytes(_ model: ModelSource, effort: Int) throws -> Double {
        let (stream, report) = try checked(model, EncodingOptions(target: .snr(decibels: 18), effort: effort))
        return Double(stream.count) + (18 - report.snr) / (20 * log10(2)) * Double(model.elementCount) / 8
    }

    /// More effort is not for more bytes, but for 0.2 %.
    private static func expectNoGrowth(_ model: ModelSource, _ efforts: ClosedRange<Int>) throws {
        var least = Double.infinity
        for effort in efforts {
            let bytes = try bytes(model, effort: effort)
            #expect(bytes <= least * 1.002, "\(bytes) bytes at effort \(effort), \(least) before")
            least = min(least, bytes)
        }
    }

    @Test func effortPays() throws { try Self.expectNoGrowth(.tiny, 1...9) }

    @Test(.enabled(if: isLong, "skipped: long; set TAMIS_FULL_TESTS=1"))
    func effortPaysOnALargeModel() throws { try Self.expectNoGrowth(.large, 1...9) }
}
