import TamisModel
import TamisQuantization
import TamisTestSupport
import Testing

@Suite("A tensor seen as a matrix")
struct MatrixViewTests {
    private static func randomShape(_ random: inout SplitMix64) -> (dimensions: [UInt64], rowAxis: Int, rowAxisCount: Int) {
        let rank = Int.random(in: 0...5, using: &random)
        let dimensions = (0..<rank).map { _ in UInt64.random(in: 1...5, using: &random) }
        let rowAxis = Int.random(in: 0...rank, using: &random)
        return (dimensions, rowAxis, Int.random(in: 0...(rank - rowAxis), using: &random))
    }

    @Test(arguments: 0..<60, [MatrixView.CodingOrder.cOrder, .rowMajor])
    func runsCoverEachPlaceOnce(_ seed: Int, _ order: MatrixView.CodingOrder) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let (dimensions, rowAxis, rowAxisCount) = Self.randomShape(&random)
        let view = try matrix(dimensions, rowAxis: rowAxis, rowAxisCount: rowAxisCount, order: order)
        let expected = NaivePlaces(dimensions.map(Int.init), rowAxis: rowAxis, rowAxisCount: rowAxisCount).inOrder(order)
        #expect(view.elementCount == expected.count && view.rows * view.columns == expected.count)
        for _ in 0..<8 {
            let start = Int.random(in: 0...expected.count, using: &random)
            let range = start..<Int.random(in: start...expected.count, using: &random)
            var found: [NaivePlaces.Place] = []
            view.forEachRun(in: range) { run in
                for i in 0..<run.count {
                    found.append(.init(
                        row: run.row + (run.alongRows ? i : 0), column: run.column + (run.alongRows ? 0 : i), element: run.element + i * run.stride))
                }
            }
            #expect(found.elementsEqual(expected[range]), "\(dimensions), rows \(rowAxis) +\(rowAxisCount), \(range)")
        }
    }

    @Test(arguments: 0..<40, 0...2)
    func classesAreClampedSums(_ seed: Int, _ exponent: Int) throws {
        var random = SplitMix64(seed: UInt64(seed) + 500)
        let (dimensions, rowAxis, rowAxisCount) = Self.randomShape(&random)
        for order in [MatrixView.CodingOrder.cOrder, .rowMajor] {
            let view = try matrix(dimensions, rowAxis: rowAxis, rowAxisCount: rowAxisCount, order: order)
            let places = NaivePlaces(dimensions.map(Int.init), rowAxis: rowAxis, rowAxisCount: rowAxisCount).inOrder(order)
            for (sendsRows, sendsColumns) in [(false, false), (true, false), (false, true), (true, true)] {
                let rows = sendsRows ? (0..<view.rows).map { _ in Int8.random(in: -16...15, using: &random) } : []
                let columns = sendsColumns ? (0..<view.columns).map { _ in Int8.random(in: -16...15, using: &random) } : []
                let start = Int.random(in: 0...places.count, using: &random)
                let range = start..<Int.random(in: start...places.count, using: &random)
                var classes = [UInt8](repeating: 99, count: range.count)
                classes.withUnsafeMutableBufferPointer {
                    ScaleClasses(rows: rows, columns: columns, rowStepExponent: exponent).fill($0, range: range, of: view)
                }
                let expected = places[range].map { place -> UInt8 in
                    // ⌊(1 − α) · class⌋ with α in halves.
                    let row = sendsRows ? Int((Double(rows[place.row]) * (1 - Double(exponent) / 2)).rounded(.down)) : 0
                    return UInt8(min(max(row + (sendsColumns ? Int(columns[place.column]) : 0), -8), 8) + 8)
                }
                #expect(classes == expected, "\(dimensions), rows \(rowAxis) +\(rowAxisCount), \(range)")
            }
        }
    }

    @Test func axesThatAreNoneAreRefused() throws {
        let shape = try #require(Shape([2, 3]))
        #expect(MatrixView(shape, rowAxis: 0, rowAxisCount: 3, order: .cOrder) == nil)
        #expect(MatrixView(shape, rowAxis: 3, rowAxisCount: 0, order: .cOrder) == nil)
        #expect(MatrixView(shape, rowAxis: 2, rowAxisCount: 0, order: .cOrder)?.columns == 6)
        #expect(MatrixView(shape, rowAxis: -1, rowAxisCount: 1, order: .cOrder) == nil)
        #expect(MatrixView(shape, rowAxis: 1, rowAxisCount: -1, order: .cOrder) == nil)
        let scalar = try matrix([], rowAxis: 0, rowAxisCount: 0, order: .rowMajor)
        #expect((scalar.rows, scalar.columns, scalar.elementCount) == (1, 1, 1))
    }

    @Test func sizesThatDoNotFitAreRefused() throws {
        for dimensions in [[1 << 63], [0, 1 << 63]] as [[UInt64]] {
            let shape = try #require(Shape(dimensions))
            #expect(MatrixView(shape, rowAxis: 0, rowAxisCount: 1, order: .cOrder) == nil)
        }
        #expect(Shape([0, 1 << 63, 2]) == nil)
        #expect(Shape([1 << 32, 1 << 32]) == nil)
        let empty = try matrix([3, 0, 2], rowAxis: 0, rowAxisCount: 1, order: .cOrder)
        empty.forEachRun(in: 0..<0) { _ in Issue.record("there are no places") }
    }
}
