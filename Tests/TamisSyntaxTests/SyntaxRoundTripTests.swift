import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@testable import TamisSyntax

/// What is written is read back, in one form only, and nothing else is.
@Suite struct SyntaxRoundTripTests {
    /// The error of reading `bytes` as the sample's structure, or nil if they are sound.
    private static func error(_ sample: Sample, _ bytes: [UInt8]) -> TamisError? {
        do { _ = try sample.rewritten(bytes) } catch { return error as? TamisError }
        return nil
    }

    /// Each element of the sample, and the bytes of the sample with `form` of it in its place.
    private static func substituting(
        _ sample: Sample, _ forms: (SubstitutingWriter.Element) -> [[UInt8]]
    ) throws -> [(element: SubstitutingWriter.Element, form: [UInt8], bytes: [UInt8])] {
        let elements = try sample.written(SubstitutingWriter()).elements
        var result: [(element: SubstitutingWriter.Element, form: [UInt8], bytes: [UInt8])] = []
        for (number, element) in elements.enumerated() {
            for form in forms(element) { result.append((element, form, try sample.written(SubstitutingWriter((number, form))).writer.bytes)) }
        }
        return result
    }

    @Test(arguments: Sample.all)
    func identity(_ sample: Sample) throws {
        #expect(try sample.isRead(sample.bytes))
        #expect(try sample.rewritten(sample.bytes) == sample.bytes)
        #expect(try sample.written(SubstitutingWriter()).writer.bytes == sample.bytes)
        let steps = try sample.trace(sample.bytes)
        #expect(steps.reduce(0) { $0 + $1.byteCount } == UInt64(sample.bytes.count))
        for (before, after) in zip(steps, steps.dropFirst()) { #expect(before.offset + before.byteCount == after.offset) }
    }

    @Test(arguments: Sample.all)
    func truncation(_ sample: Sample) {
        for count in 0..<sample.bytes.count {
            let error = Self.error(sample, Array(sample.bytes[..<count]))
            #expect(error?.code == .truncated)
            #expect((error?.byteOffset).map { $0 <= UInt64(count) } == true)
            #expect(error?.element != nil)
        }
    }

    @Test(arguments: Sample.all)
    func trailingBytes(_ sample: Sample) {
        #expect(Self.error(sample, sample.bytes + [0])?.code == .trailingBytes)
    }

    /// Values at and beyond both ends of each range: those inside are read and written again as they were, those outside are
    /// refused by name.
    @Test(arguments: Sample.all)
    func extremes(_ sample: Sample) throws {
        let allOnes: [String: Int128] = ["u8": 255, "u16": 65535, "u32": Int128(UInt32.max), "u64": Int128(UInt64.max), "uv": Int128(UInt64.max)]
        for (number, element) in try sample.written(SubstitutingWriter()).elements.enumerated() {
            var values: Set<Int128> = [0, 1, element.lower - 1, element.lower, element.lower + 1, element.upper - 1, element.upper, element.upper + 1]
            if let ones = allOnes[element.descriptor] { values.insert(ones) }
            if element.descriptor == "sv" { values.formUnion([Int128(Int64.min), Int128(Int64.max), -1]) }
            // Infinities and NaNs.
            if element.descriptor == "f32" { values.formUnion([-0x7FFF_FFFF, -0x7F80_0000, -1, 0x7F7F_FFFF, 0x7F80_0000, 0x7F80_0001, 0x7FFF_FFFF]) }
            for value in values.sorted() {
                guard let form = SubstitutingWriter.form(of: value, as: element.descriptor) else { continue }
                let bytes = try sample.written(SubstitutingWriter((number, form))).writer.bytes
                let error = Self.error(sample, bytes)
                let isInRange = element.lower <= value && value <= element.upper
                if isInRange && Self.isForLater(element.name, value) {
                    #expect(error?.code == .unsupportedFeature && error?.element == element.name, "\(element.name) \(value)")
                    continue
                }
                let isReserved = element.name == "element_type" && value == 8
                if isInRange && !isReserved {
                    // Another value can ask for elements that are not there, or leave some over.
                    let contradicts = ["codebook_count", "minifloat_top"].contains(element.name)
                    #expect(error?.code != .valueOutOfRange || error?.byteOffset != element.offset || contradicts, "\(element.name) \(value)")
                    if error == nil { #expect(try sample.rewritten(bytes) == bytes, "\(element.name) \(value)") }
                } else {
                    #expect(error?.code == .valueOutOfRange && error?.element == element.name, "\(element.name) \(value)")
                    if !isReserved { #expect(error?.byteOffset == element.offset, "\(element.name) \(value)") }
                }
            }
        }
    }

    /// A value that a later version may give a meaning (Spec §11).
    private static func isForLater(_ element: String, _ value: Int128) -> Bool {
        let first: Int128? =
            switch element {
            case "level": Int128(Level.all.count)
            case "coding_mode", "entry_coding_mode": 3
            case "quantizer_kind": 6
            case "element_type": 29
            default: nil
            }
        return first.map { $0 <= value } ?? false
    }

    @Test(arguments: Sample.all)
    func overlongIntegers(_ sample: Sample) throws {
        let ends: [([UInt8], TamisError.Code)] = [
            ([0x80, 0x00], .overlongInteger), ([0xFF, 0x80, 0x00], .overlongInteger),
            ([UInt8](repeating: 0x80, count: 9) + [0x00], .overlongInteger),
            ([UInt8](repeating: 0xFF, count: 9) + [0x02], .valueOutOfRange),
            ([UInt8](repeating: 0xFF, count: 9) + [0x81, 0x00], .valueOutOfRange),
            ([UInt8](repeating: 0x80, count: 20), .valueOutOfRange),
        ]
        for (form, code) in ends {
            for (element, _, bytes) in try Self.substituting(sample, { ["uv", "sv", "text"].contains($0.descriptor) ? [form] : [] }) {
                let error = Self.error(sample, bytes)
                #expect(error?.code == code && error?.element == element.name, "\(element.name) \(form)")
            }
        }
    }

    @Test(arguments: Sample.all)
    func badText(_ sample: Sample) throws {
        let bad: [[UInt8]] =
            [
                [0xFF], [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
                [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xE2, 0x82], [0x61, 0xE2], [0x0D, 0x0A], [0x61, 0x7F], [0x65, 0xCC, 0x81, 0x00],
            ] + (0..<0x20).map { [0x61, $0, 0x62] }
        for (element, form, bytes) in try Self.substituting(sample, { $0.descriptor == "text" ? bad.map(SubstitutingWriter.text) : [] }) {
            let error = Self.error(sample, bytes)
            #expect(error?.code == .invalidText && error?.element == element.name, "\(element.name) \(form)")
        }
    }

    @Test(arguments: Sample.all)
    func textLengths(_ sample: Sample) throws {
        for (element, form, bytes) in try Self.substituting(sample, { element in
            element.descriptor == "text" ? [0, Int(element.upper), Int(element.upper) + 1].map { SubstitutingWriter.text([UInt8](repeating: 0x61, count: $0)) } : []
        }) {
            let error = Self.error(sample, bytes)
            if form.count > Int(element.upper) + SubstitutingWriter.unsigned(UInt64(element.upper)).count {
                #expect(error?.code == .valueOutOfRange && error?.element == element.name)
            } else {
                #expect(error == nil)
            }
        }
    }

    /// A list that cannot be there is refused by its length alone.
    @Test(arguments: Sample.all)
    func hugeCounts(_ sample: Sample) throws {
        for (element, _, bytes) in try Self.substituting(sample, { $0.countsItems ? [SubstitutingWriter.unsigned(UInt64($0.upper))] : [] }) {
            let error = Self.error(sample, bytes)
            #expect(error?.code == .truncated && error?.element == element.name)
        }
    }

    @Test func countsAreHeldAgainstTheBytesLeft() throws {
        struct Pair: SyntaxStructure, Equatable {
            var entry = SliceEntry()
            mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) { try entry.visit(&visitor) }
        }
        let bytes: [UInt8] = [1, 0, 1, 0]
        for (count, fits) in [(UInt64(2), true), (3, false), (1 << 40, false), (.max / 2, false), (.max, false)] {
            let code: TamisError.Code? = try ByteView.of(bytes) { view in
                var reader = SyntaxReader(view, base: 0)
                var items: [Pair] = []
                do throws(TamisError) { try reader.items("codeword_bytes", &items, count: count, minimumItemBytes: 2) } catch { return error.code }
                return nil
            }
            #expect(fits ? code == nil : code == .truncated || code == .limitExceeded)
        }
    }

    @Test func writersHoldRanges() {
        func expectRefused(_ element: String, _ structure: some SyntaxStructure) {
            do throws(TamisError) {
                _ = try structure.encoded()
                Issue.record("\(element) was written")
            } catch {
                #expect(error.element == element)
                #expect(error.code == .valueOutOfRange || error.code == .invalidText)
            }
        }
        var start = StartUnit()
        start.level = 16
        expectRefused("level", start)
        var parameters = ModelParameterSet()
        parameters.sliceElementsLog2 = 3
        expectRefused("slice_elements_log2", parameters)
        parameters = ModelParameterSet()
        parameters.encoderName = String(repeating: "é", count: 128)
        expectRefused("encoder_name", parameters)
        parameters = ModelParameterSet()
        parameters.encoderOptions = "a\nb"
        expectRefused("encoder_options", parameters)
        parameters = ModelParameterSet()
        parameters.sources = [SourceFile(byteCount: 1, sha256: [1, 2, 3])]
        expectRefused("source_sha256", parameters)
        for step: Float in [0, -1, .nan, .infinity, 0x1p81, 0x1p-101, .leastNonzeroMagnitude] {
            var grid = QuantizerGrid()
            grid.step = step
            expectRefused("step", grid)
        }
        var tensor = TensorEntry()
        tensor.elementType = 8
        expectRefused("element_type", tensor)
        tensor.elementType = 1
        tensor.dimensions = [UInt64](repeating: 1, count: 17)
        expectRefused("rank", tensor)
        tensor.dimensions = [UInt64](repeating: 1, count: 300)
        expectRefused("rank", tensor)
        expectRefused("codeword_bytes", SliceEntry(codewordBytes: 0, rawBytes: 0))
        for value: Float in [0x1.000002p120, -0x1.000002p120, .nan, .infinity, -.infinity] { expectRefused("codebook_value", CodebookEntry(value)) }
        var codebook = Codebook()
        expectRefused("codebook_count", codebook)
        codebook.entries = [CodebookEntry(1), CodebookEntry(2)]
        codebook.first = -2
        expectRefused("codebook_count", codebook)
        codebook.first = -65536
        expectRefused("codebook_first", codebook)
        var companding = Companding()
        companding.growth = 0
        expectRefused("companding_growth", companding)
        var minifloat = MinifloatFormat()
        minifloat.exponentBits = 3
        minifloat.mantissaBits = 1
        minifloat.top = 17
        expectRefused("minifloat_top", minifloat)
        minifloat.exponentBits = 6
        expectRefused("minifloat_exponent_bits", minifloat)
    }

    /// NaNs, infinities, zeros and negative numbers are no steps.
    @Test(arguments: [0x7FC0_0000, 0x7F80_0001, 0xFFC0_0000, 0x7F80_0000, 0xFF80_0000, 0, 0x8000_0000, 0xBF80_0000, 1] as [UInt32])
    func stepsOutsideTheRange(_ bits: UInt32) {
        var writer = ByteWriter()
        writer.u32(bits)
        writer.uv(0)
        #expect {
            try ByteView.of(writer.bytes) { (view) throws(TamisError) in _ = try QuantizerGrid(decoding: view, base: 0, "quantizer_grid") }
        } throws: { error in
            (error as? TamisError)?.code == .valueOutOfRange && (error as? TamisError)?.element == "step"
        }
    }

    private static func random<S: SyntaxStructure & Equatable & Sendable>(_ type: S.Type, seed: UInt64) throws -> (name: String, Sample) {
        var filler = RandomFiller(seed: seed)
        var structure = S()
        try structure.visit(&filler)
        return ("\(type)", try Sample("\(type), seed \(seed)", structure))
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func randomStructures(_ seed: UInt64) throws {
        var agreement = SpecAgreement(try SpecTable.readAll())
        for (name, sample) in [
            try Self.random(UnitHeader.self, seed: seed), try Self.random(StartUnit.self, seed: seed), try Self.random(ModelParameterSet.self, seed: seed),
            try Self.random(TopologyUnit.self, seed: seed), try Self.random(TopologyBody.self, seed: seed), try Self.random(SkeletonUnit.self, seed: seed),
            try Self.random(DataUnit.self, seed: seed), try Self.random(SliceEntry.self, seed: seed), try Self.random(GroupUnit.self, seed: seed),
            try Self.random(IndexUnit.self, seed: seed), try Self.random(EndUnit.self, seed: seed),
        ] {
            #expect(try sample.isRead(sample.bytes), "\(name)")
            #expect(try sample.rewritten(sample.bytes) == sample.bytes, "\(name)")
            #expect(agreement.check(try sample.trace(sample.bytes)) == nil, "\(name)")
        }
    }

    /// Changed bytes are refused with a typed error, or say something else that is written in the same way.
    @Test(arguments: Sample.all)
    func mutations(_ sample: Sample) throws {
        for place in sample.bytes.indices {
            for value in [0x00, 0x01, 0x7F, 0x80, 0xFF, sample.bytes[place] ^ 1, sample.bytes[place] ^ 0x80] as [UInt8] {
                var bytes = sample.bytes
                bytes[place] = value
                do {
                    #expect(try sample.rewritten(bytes) == bytes)
                } catch {
                    #expect(error is TamisError)
                }
            }
        }
    }

    @Test func signature() {
        #expect(Syntax.signature.count == 8)
        #expect(Syntax.signature[0] >= 0x80)
    }

    @Test func fixedSizes() throws {
        #expect(try UnitHeader(type: 1, payloadLength: 0).encoded().count == UnitHeader.byteCount)
        #expect(try EndUnit().encoded().count == EndUnit.payloadByteCount)
        #expect(EndUnit.byteCount == 41)
    }
}
