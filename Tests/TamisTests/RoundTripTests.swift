import Tamis
import TamisBits
import TamisDecoder
import TamisDigest
import TamisSyntax
import TamisTestSupport
import Testing

@Suite("A model goes through a stream")
struct RoundTripTests {
    static let tensors = [
        SyntheticTensor("conv.weight", [40, 8, 3, 3], sigma: 0.2, seed: 1), SyntheticTensor("conv.bias", [40], sigma: 0.1, seed: 2),
        SyntheticTensor("dense.weight", [300, 250], sigma: 0.05, seed: 3), SyntheticTensor("dense.bias", [300], sigma: 0.3, seed: 4),
        SyntheticTensor("constant", [2200], [Float](repeating: 1, count: 2200)), SyntheticTensor("head.weight", [10, 64], sigma: 1, seed: 5),
    ]
    static let model = SyntheticTensor.model(tensors)

    @Test func withoutQuantizationTheFileIsTheSame() throws {
        let stream = try Tamis.encode(Self.model, options: EncodingOptions(exclusions: ["*"]))
        #expect(try Tamis.decode(stream) == Self.model)
        #expect(try TamisFile(bytes: stream).summary().tensors.allSatisfy { $0.isExact && $0.step == nil && $0.quantizer == nil })
    }

    @Test(arguments: [0, 0.25, 0.5, 0.6, 1], [5, 20, 45] as [Double])
    func quantizedValuesAreThoseOfTheFormula(_ deadzone: Double, _ quality: Double) throws {
        let options = EncodingOptions(target: .quality(decibels: quality), settings: .rounding(deadzone))
        let stream = try Tamis.encode(Self.model, options: options)
        try expectFaithful(stream, Self.tensors.map { ($0.name, $0.bytes) }, deadzone: (deadzone * 256).rounded(.toNearestOrEven) / 256)
        #expect(try Tamis.decode(stream).count == Self.model.count)
    }

    @Test(arguments: [4, 9, 16, 20])
    func bytesDoNotDependOnThreads(_ sliceElementsLog2: Int) throws {
        let options = EncodingOptions(sliceElementsLog2: sliceElementsLog2)
        let stream = try Tamis.encode(Self.model, options: options, threads: ThreadCount(1))
        for threads in [1, 2, 8] { #expect(try Tamis.encode(Self.model, options: options, threads: ThreadCount(threads)) == stream) }
        let file = try Tamis.decode(stream, threads: ThreadCount(1))
        for threads in [2, 8] { #expect(try Tamis.decode(stream, threads: ThreadCount(threads)) == file) }
        for access in [TamisFile.Access.sequential, .random] {
            let opened = try TamisFile(bytes: stream, access: access)
            for threads in [1, 8] { #expect(try opened.tensor(named: "dense.weight", threads: ThreadCount(threads)).1.count == 300_000) }
        }
    }

    /// Ways to a tensor: the whole file, or its own unit, found from front to back or through the index.
    @Test func everyWayLeadsToTheSameTensor() throws {
        let stream = try Tamis.encode(Self.model, options: EncodingOptions(sliceElementsLog2: 12))
        let whole = try Tamis.decode(stream)
        let starts = try ByteView.of(stream) { (view) throws(TamisError) in
            try EncodedStream.scan(view, limits: .standard).topology.files[0].holes.map { Int($0.offset) }
        }
        for access in [TamisFile.Access.sequential, .random] {
            let file = try TamisFile(bytes: stream, access: access)
            #expect(file.tensors.map(\.name) == Self.tensors.map(\.name))
            #expect(try file.decode() == whole)
            for (tensor, start) in zip(Self.tensors, starts) {
                let (description, bytes) = try file.tensor(named: tensor.name)
                #expect(description.shape.dimensions == tensor.dimensions.map(UInt64.init))
                #expect(bytes.elementsEqual(whole[start..<(start + tensor.bytes.count)]))
            }
            #expect(throws: TamisError.self) { try file.tensor(named: "no such") }
        }
    }

    @Test func scanAndOpenAgree() throws {
        let stream = try Tamis.encode(Self.model, options: EncodingOptions(provenance: "test"))
        try ByteView.of(stream) { (view) throws(TamisError) in
            let scanned = try EncodedStream.scan(view, limits: .standard)
            let opened = try EncodedStream.open(view, limits: .standard)
            #expect(scanned.start == opened.start && scanned.level == opened.level && scanned.parameters == opened.parameters)
            #expect(scanned.index == opened.index && scanned.topology.tensors == opened.topology.tensors)
            #expect(scanned.units.map(\.offset) == opened.units.map(\.offset) && scanned.units.map(\.header) == opened.units.map(\.header))
            #expect("\(try scanned.summary())" == "\(try opened.summary())")
        }
    }

    @Test func summaryAddsUp() throws {
        let options = EncodingOptions(encoderName: "an encoder", provenance: "--quality 15")
        let stream = try Tamis.encode(Self.model, fileName: "net.onnx", options: options)
        let summary = try TamisFile(bytes: stream).summary()
        #expect(summary.fileByteCount == UInt64(stream.count))
        #expect(summary.tensors.reduce(summary.otherByteCount) { $0 + $1.byteCount } == UInt64(stream.count))
        #expect(summary.tensors.allSatisfy { $0.byteCount > 0 } && summary.otherByteCount > 0)
        #expect(summary.encoderName == "an encoder" && summary.encoderOptions == "--quality 15" && summary.sourceFormat == "onnx")
        #expect(summary.level == "standard" && summary.formatVersion == 1)
        let source = try #require(summary.sources.first)
        #expect(summary.sources.count == 1 && source.fileName == "net.onnx" && source.byteCount == UInt64(Self.model.count))
        #expect(source.sha256 == Self.sha256(Self.model))
        #expect(source.decodedSHA256 == Self.sha256(try Tamis.decode(stream)))
        #expect(summary.tensors.map(\.isGrouped) == [false, true, false, true, false, true])
        #expect(try TamisFile(bytes: stream).fileNames == ["net.onnx"])
        #expect(try TamisFile(bytes: stream).fileByteCounts == [UInt64(Self.model.count)])
        #expect(try TamisFile(bytes: Tamis.encode(Self.model)).summary().encoderName == Tamis.encoderName)
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { SHA256.of($0) } }

    @Test func exclusionsAreGlobsOverNames() throws {
        let stream = try Tamis.encode(Self.model, options: EncodingOptions(target: .step(0.1), exclusions: ["conv.*", "?ense.bias", "nothing"]))
        let exact = try TamisFile(bytes: stream).summary().tensors.filter(\.isExact).map(\.description.name)
        #expect(exact == ["conv.weight", "conv.bias", "dense.bias"])
    }

    @Test func higherQualityIsLargerAndNearer() throws {
        var last: (size: Int, error: Double)?
        for quality in stride(from: 0.0, through: 40, by: 5) {
            let stream = try Tamis.encode(Self.model, options: EncodingOptions(target: .quality(decibels: quality)))
            let error = try Self.relativeError(stream, Self.tensors)
            if let last { #expect(stream.count > last.size && error < last.error, "\(quality) dB") }
            last = (stream.count, error)
        }
    }

    /// Σ D ⁄ σ² over quantized tensors.
    private static func relativeError(_ stream: [UInt8], _ tensors: [SyntheticTensor]) throws -> Double {
        let file = try TamisFile(bytes: stream)
        var total = 0.0
        for (tensor, summary) in zip(tensors, try file.summary().tensors) where summary.mode == "index" {
            let values = tensor.values.map(Double.init)
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            let back = floats(in: try file.tensor(named: tensor.name).1)
            let distortion = zip(values, back).reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) } / Double(values.count)
            total += distortion / variance
        }
        return total
    }

    @Test(arguments: [20, 30, 40] as [Double])
    func qualityIsTheSumOfRelativeErrors(_ quality: Double) throws {
        let tensors = [
            SyntheticTensor("a", [50, 100], sigma: 3, seed: 21), SyntheticTensor("b", [40, 25, 3, 3], sigma: 0.01, seed: 22),
            SyntheticTensor("c", [1000, 10], sigma: 1e-6, seed: 23), SyntheticTensor("d", [10, 10], sigma: 1e5, seed: 24),
        ]
        let stream = try Tamis.encode(SyntheticTensor.model(tensors), options: EncodingOptions(target: .quality(decibels: quality)))
        // 10^(−q ⁄ 10) by repeated products.
        let expected = (0..<Int(quality / 10)).reduce(1.0) { value, _ in value / 10 }
        let error = try Self.relativeError(stream, tensors)
        #expect((expected * 0.85...expected * 1.15).contains(error), "\(error), expected \(expected)")
    }

    /// What a tensor costs beyond its indices: name and shape, entries of topology, group and index. The ONNX file's own words about
    /// it, which come back with it, are not counted.
    @Test func smallTensorsCostAtMost16BytesMore() throws {
        let biases = (0..<200).map { SyntheticTensor("layer_\($0).bias", [64 + $0 * 37 % 65], sigma: 0.3, seed: UInt64($0) + 100) }
        let step: Float = 0.05
        func sizes(_ count: Int) throws -> [UInt8: Int] {
            let stream = try Tamis.encode(SyntheticTensor.model(Array(biases[..<count])), options: EncodingOptions(target: .step(step)))
            return StreamParts(stream).units.reduce(into: [:]) { $0[$1.type, default: 0] += $1.byteCount }
        }
        var counts: [Float: Int] = [:]
        let more = biases[100...].flatMap(\.values).map { quantized($0, step: step, deadzone: 0.5) }
        for value in more { counts[value, default: 0] += 1 }
        var bits = 0.0
        for count in counts.values { bits -= Double(count) * Self.log2(Double(count) / Double(more.count)) }
        let (few, many) = (try sizes(100), try sizes(200))
        var grown: [UInt8: Double] = [:]
        for (type, size) in many { grown[type] = Double(size - (few[type] ?? 0)) / 100 }
        let skeleton = grown[UnitHeader.UnitType.skeleton.rawValue] ?? 0
        let overhead = grown.values.reduce(0, +) - skeleton - bits / 800
        #expect(overhead <= 16 && overhead > 0, "\(overhead) bytes a tensor; by unit type \(grown), indices \(bits / 800)")
    }

    /// By the series of artanh, to about 1e−6.
    private static func log2(_ x: Double) -> Double {
        let z = (x.significand - 1) / (x.significand + 1)
        var (sum, power) = (0.0, z)
        for k in 0..<12 {
            sum += power / Double(2 * k + 1)
            power *= z * z
        }
        return Double(x.exponent) + sum * 2 / 0.6931471805599453
    }

    @Test func progressEndsWithAllElements() throws {
        let total = Self.tensors.reduce(0) { $0 + UInt64($1.values.count) }
        let stream = try Tamis.encode(Self.model)
        let highest = Highest()
        _ = try TamisFile(bytes: stream).decode(threads: ThreadCount(2)) { highest.note($0) }
        #expect(highest.value == total)
    }

    @Test func optionsOutOfRangeAreRefused() {
        for options in [
            EncodingOptions(target: .quality(decibels: -20.1)), EncodingOptions(target: .quality(decibels: 120.1)), EncodingOptions(target: .quality(decibels: .nan)),
            EncodingOptions(target: .step(0)), EncodingOptions(target: .step(-1)), EncodingOptions(target: .step(.nan)), EncodingOptions(target: .step(.infinity)),
            EncodingOptions(target: .step(0x1p81)), EncodingOptions(settings: .rounding(-0.01)), EncodingOptions(settings: .rounding(1.01)), EncodingOptions(settings: .rounding(.nan)),
            EncodingOptions(sliceElementsLog2: 3), EncodingOptions(sliceElementsLog2: 21),
        ] {
            #expect { try Tamis.encode(Self.model, options: options) } throws: { ($0 as? TamisError)?.code == .invalidArgument }
        }
    }

    @Test(arguments: ["", ".", "..", "a/b", "/a", "a\\b", "a\nb", String(repeating: "x", count: 256)])
    func fileNamesThatNoDecoderTakesAreRefused(_ name: String) {
        #expect { try Tamis.encode(Self.model, fileName: name) } throws: { ($0 as? TamisError)?.code == .invalidArgument }
    }

    @Test func fileNameOf255BytesIsKept() throws {
        let name = String(repeating: "ü", count: 127) + "x"
        #expect(try TamisFile(bytes: Tamis.encode(Self.model, fileName: name)).fileNames == [name])
    }
}
