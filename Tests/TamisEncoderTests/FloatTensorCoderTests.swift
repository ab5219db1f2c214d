import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Tensors of float mode come back bit for bit")
struct FloatTensorCoderTests {
    static let layouts: [FloatLayout] = [.float64, .float32, .float16, .bfloat16, .float8E4M3, .float8E5M2, .float8E8M0]
    private static let slice = 1 << 12

    /// Codes a tensor, takes everything from the bytes a stream would have, and returns how many these are.
    @discardableResult
    private func check(_ elements: [UInt64], _ layout: FloatLayout, _ dimensions: [UInt64], rowAxis: UInt8 = 0, _ comment: Comment = "") throws -> Int {
        let bytes = elements.flatMap { element in (0..<layout.byteCount).map { UInt8(truncatingIfNeeded: element >> UInt64(8 * $0)) } }
        let shape = try #require(Shape(dimensions))
        let view = try #require(MatrixView(shape, rowAxis: Int(rowAxis), rowAxisCount: dimensions.isEmpty ? 0 : 1, order: .cOrder))
        return try bytes.withUnsafeBytes { memory in
            let coder = try #require(FloatTensorCoder(bytes: ByteView(unsafe: memory), layout: layout, view: view, rowAxis: rowAxis, rowAxisCount: 1))
            let coding = try coder.coding.encoded().withView { try? FloatCoding(decoding: $0, base: 0, "float_coding") }
            #expect(coding == coder.coding, comment)
            let (classes, model) = try decodedModel(coder, try #require(coding), layout, view)
            var back = [UInt8](repeating: 0, count: bytes.count)
            var total = coder.lineClasses.count + coder.shortRows.count + coder.frequencies.count
            for start in stride(from: 0, to: elements.count, by: Self.slice) {
                let range = start..<min(start + Self.slice, elements.count)
                let slice = coder.encode(range)
                total += slice.codeword.count + slice.rawBits.count
                #expect(range.count <= 16384 * (slice.codeword.count + 1))
                var lines = [UInt8](repeating: 0, count: model.frequencies.tables > 1 ? range.count : 0)
                let isSound = lines.withUnsafeMutableBufferPointer { lines in
                    if lines.count > 0 { classes.fill(lines, range: range, of: view) }
                    return slice.codeword.withView { codeword in
                        slice.rawBits.withView { rawBits in
                            back.withUnsafeMutableBytes {
                                FloatSliceDecoder(model).decode(
                                    codeword: codeword, rawBits: rawBits, classes: UnsafeBufferPointer(lines), into: ByteRegion(unsafe: $0), range: range)
                            }
                        }
                    }
                }
                #expect(isSound, comment)
            }
            #expect(back == bytes, comment)
            return total
        }
    }

    private func decodedModel(_ coder: FloatTensorCoder, _ coding: FloatCoding, _ layout: FloatLayout, _ view: MatrixView) throws -> (ScaleClasses, FloatModel) {
        var classes = ScaleClasses()
        if coding.tools.contains(.rowClasses) { classes.rows = [Int8](repeating: 0, count: view.rows) }
        if coding.tools.contains(.columnClasses) { classes.columns = [Int8](repeating: 0, count: view.columns) }
        let hasClasses = !coding.tools.isDisjoint(with: [.rowClasses, .columnClasses])
        if hasClasses { #expect(coder.lineClasses.withView { LineClassCoder.decode($0, rows: &classes.rows, columns: &classes.columns) }) }
        let isShort = coding.tools.contains(.shortRows) ? coder.shortRows.withView { ShortRowCoder.decode($0, rows: view.rows) } : nil
        let window = FloatWindow(
            layout: layout, zeroBits: Int(coding.zeroBits), modelledBits: Int(coding.modelledBits), origin: Int(coding.windowOrigin),
            count: Int(coding.windowSymbols))
        let frequencies = coder.frequencies.withView {
            FloatFrequencyCoder.decode($0, symbols: Int(coding.windowSymbols) + FloatWindow.first, hasClasses: hasClasses)
        }
        let shortRows = isShort.map { FloatModel.ShortRows(zeroBits: Int(coding.shortZeroBits), elementsPerRow: view.inner, isShort: $0) }
        let model = FloatModel(try #require(window), try #require(frequencies), shortRows: shortRows)
        #expect(model == coder.model)
        return (classes, try #require(model))
    }

    @Test(arguments: layouts)
    func anyBits(_ layout: FloatLayout) throws {
        var random = SplitMix64(seed: UInt64(layout.bitCount + layout.mantissaBits))
        let all = UInt64.max >> UInt64(64 - layout.bitCount)
        for (dimensions, rowAxis) in [([1], 0), ([7], 0), ([3, 2], 1), ([90, 100], 0), ([90, 100], 1), ([20, 30, 20], 1)] as [([UInt64], UInt8)] {
            let count = Int(dimensions.reduce(1, *))
            try check((0..<count).map { _ in UInt64.random(in: 0...all, using: &random) }, layout, dimensions, rowAxis: rowAxis, "random \(dimensions)")
            for constant in [0, 1, all, all >> 1, layout.magnitudeMask + 1, UInt64(1) << UInt64(layout.mantissaBits)] where constant <= all {
                try check([UInt64](repeating: constant, count: count), layout, dimensions, rowAxis: rowAxis, "all \(constant) \(dimensions)")
            }
            // Pruned, with all kinds of bits here and there.
            let pruned = (0..<count).map { _ in Int.random(in: 0..<10, using: &random) > 0 ? 0 : UInt64.random(in: 0...all, using: &random) }
            try check(pruned, layout, dimensions, rowAxis: rowAxis, "pruned \(dimensions)")
        }
        try check([5], layout, [], "a scalar")
    }

    /// Rows and columns of sizes that differ are told apart, and what does not vary costs nothing.
    @Test func networksGetSmaller() throws {
        var random = SplitMix64(seed: 1)
        func normal() -> Float { (0..<12).reduce(-6) { sum, _ in sum + Float.random(in: 0..<1, using: &random) } }
        let scales: [Float] = (0..<200).map { _ in Float.random(in: 0.01...1, using: &random) }
        let values = scales.flatMap { scale in (0..<300).map { _ in normal() * scale } }
        let single = values.map { UInt64($0.bitPattern) }
        let brain = values.map { UInt64($0.bitPattern >> 16) }
        #expect(try check(single, .float32, [200, 300]) < 60000 * 4 * 83 / 100)
        #expect(try check(brain, .bfloat16, [200, 300]) < 60000 * 2 * 66 / 100)
        // float32 that was bfloat16 once, in all rows or in some.
        let whole = try check(brain.map { $0 << 16 }, .float32, [200, 300])
        #expect(whole < 60000 * 2 * 66 / 100)
        let mixed = single.indices.map { $0 < 30000 ? single[$0] : brain[$0] << 16 }
        #expect(try check(mixed, .float32, [200, 300]) < 30000 * 4 * 83 / 100 + whole / 2)
    }

    @Test func frequenciesAreThoseAStreamMayHave() {
        var random = SplitMix64(seed: 9)
        for round in 0..<300 {
            let count = Int.random(in: 3...256, using: &random)
            let largest = UInt64(1) << UInt64.random(in: 0...36, using: &random)
            let counts = (0..<count).map { _ in round % 3 == 0 || Bool.random(using: &random) ? UInt64.random(in: 0...largest, using: &random) : 0 }
            let values = FrequencyScaling.frequencies(of: counts[...], savedBits: Int.random(in: 1...20, using: &random))
            #expect(FloatFrequencies(symbols: count, values: values, tableOfClass: [UInt8](repeating: 0, count: 17)) != nil, "\(counts)")
        }
        for counts in [[0, 0, 0], [5, 0, 0], [0, 5, 0], [0, 0, 5], [1, 1, 1]] as [[UInt64]] {
            let values = FrequencyScaling.frequencies(of: counts[...], savedBits: 8)
            #expect(FloatFrequencies(symbols: 3, values: values, tableOfClass: [UInt8](repeating: 0, count: 17)) != nil, "\(counts)")
        }
    }

    @Test func infinitiesDoNotSpoilClasses() {
        var random = SplitMix64(seed: 2)
        let values = (0..<400).map { i in Float.random(in: -1...1, using: &random) * (i / 20 % 2 == 0 ? 1 : 8) }
        let view = MatrixView(Shape([20, 20])!, rowAxis: 0, rowAxisCount: 1, order: .cOrder)!
        func classes(_ values: [Float]) -> (rows: [Int8], columns: [Int8]) {
            values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }.withView {
                FloatLineStatistics.classes(of: $0, layout: .float32, view: view)
            }
        }
        let plain = classes(values)
        #expect(plain.rows.count == 20 && plain.columns.count == 20 && plain.rows[1] - plain.rows[0] >= 4)
        var spoiled = values
        (spoiled[3], spoiled[44], spoiled[150]) = (.infinity, .nan, -.infinity)
        let other = classes(spoiled)
        #expect(zip(plain.rows, other.rows).allSatisfy { abs($0 - $1) <= 1 })
    }
}
