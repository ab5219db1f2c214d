@testable import TamisArithmetic
import TamisBits
import TamisTestSupport
import Testing

@Suite("Line classes come back from their codeword")
struct LineClassCoderTests {
    /// The classes, or nil if the codeword is refused.
    private static func decoded(_ codeword: [UInt8], rows: Int, columns: Int) -> (rows: [Int8], columns: [Int8])? {
        codeword.withView { view in
            var (rowClasses, columnClasses) = ([Int8](repeating: 99, count: rows), [Int8](repeating: 99, count: columns))
            return LineClassCoder.decode(view, rows: &rowClasses, columns: &columnClasses) ? (rowClasses, columnClasses) : nil
        }
    }

    private static func random(_ count: Int, within range: ClosedRange<Int8>, _ random: inout SplitMix64) -> [Int8] {
        (0..<count).map { _ in Int8.random(in: range, using: &random) }
    }

    @Test(arguments: [-16...15, -1...1, 0...0, -16 ... -16, 15...15, -16 ... -15, 14...15] as [ClosedRange<Int8>])
    func roundTrip(_ range: ClosedRange<Int8>) {
        var random = SplitMix64(seed: UInt64(bitPattern: Int64(range.lowerBound)))
        for (rows, columns) in [(0, 0), (1, 0), (0, 1), (1, 1), (40, 7), (3, 500), (1000, 1000)] {
            let (rowClasses, columnClasses) = (Self.random(rows, within: range, &random), Self.random(columns, within: range, &random))
            for (sendsRows, sendsColumns) in [(true, true), (true, false), (false, true)] {
                let codeword = LineClassCoder.encode(rows: sendsRows ? rowClasses : nil, columns: sendsColumns ? columnClasses : nil)
                let back = Self.decoded(codeword, rows: sendsRows ? rows : 0, columns: sendsColumns ? columns : 0)
                #expect(back?.rows == (sendsRows ? rowClasses : []) && back?.columns == (sendsColumns ? columnClasses : []), "\(rows) × \(columns)")
                for other in [codeword + [0], codeword + [1]] {
                    #expect(Self.decoded(other, rows: sendsRows ? rows : 0, columns: sendsColumns ? columns : 0) == nil)
                }
            }
        }
    }

    @Test func everyClassAfterEveryClass() {
        let classes = LineClassCoder.range.flatMap { first in LineClassCoder.range.flatMap { [first, $0] } }
        #expect(Self.decoded(LineClassCoder.encode(rows: classes, columns: nil), rows: classes.count, columns: 0)?.rows == classes)
    }

    @Test func garbageStaysInRange() {
        var random = SplitMix64(seed: 8)
        var soundCount = 0
        for _ in 0..<3000 {
            let codeword = (0..<Int.random(in: 0...6, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let (rows, columns) = (Int.random(in: 0...9, using: &random), Int.random(in: 0...9, using: &random))
            guard let classes = Self.decoded(codeword, rows: rows, columns: columns) else { continue }
            soundCount += 1
            #expect((classes.rows + classes.columns).allSatisfy(LineClassCoder.range.contains))
            #expect(LineClassCoder.encode(rows: classes.rows, columns: classes.columns) == codeword)
        }
        #expect(soundCount > 0)
    }

    /// A change here is a change of the format.
    @Test func codewordsAreStable() {
        #expect(IndexSliceCoderTests.hex(LineClassCoder.encode(rows: [0, 0, 1, -1, 2, -16, 15], columns: [3, 3, 2])) == "a996d826852a6f")
        #expect(IndexSliceCoderTests.hex(LineClassCoder.encode(rows: nil, columns: [Int8](repeating: 0, count: 64))) == "d7")
        #expect(IndexSliceCoderTests.hex(LineClassCoder.encode(rows: [], columns: [])) == "00")
    }
}
