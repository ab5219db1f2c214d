import TamisBits
import TamisModel
import TamisQuantization
import TamisTestSupport
import Testing

@Suite("Values back to the integers that they are times a step")
struct GridLevelsTests {
    /// Takes values in parts.
    private static func take(_ values: [Float], _ shape: [UInt64], _ grid: GridSteps, parts: [Int]) throws -> (levels: [Int8], bounds: ClosedRange<Float>)? {
        let shape = try #require(Shape(shape))
        var levels = try #require(GridLevels(shape, grid))
        var bytes = [UInt8](repeating: 77, count: values.count)
        let floats = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }
        var start = 0
        var isExact = true
        for part in parts + [values.count] {
            let range = start..<min(start + part, values.count)
            if range.isEmpty { continue }
            floats.withView { view in
                bytes.withUnsafeMutableBytes { buffer in
                    let region = ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: buffer[range]))
                    if !levels.take(view[(range.lowerBound * 4)..<(range.upperBound * 4)], range, into: region) { isExact = false }
                }
            }
            start = range.upperBound
        }
        return isExact ? (bytes.map { Int8(bitPattern: $0) }, levels.smallest...levels.largest) : nil
    }

    @Test("One step for all", arguments: [[Int](), [1, 7, 16, 3]]) func oneStep(parts: [Int]) throws {
        var random = SplitMix64(seed: 3)
        let step: Float = 0.0123
        let levels = (0..<1000).map { _ in Int8(truncatingIfNeeded: Int(random.next() % 255) - 127) }
        let found = try #require(try Self.take(levels.map { Float($0) * step }, [10, 100], GridSteps(rowAxis: 0, rowAxisCount: 1, steps: [step]), parts: parts))
        #expect(found.levels == levels)
        #expect(found.bounds == Float(levels.min() ?? 0)...Float(levels.max() ?? 0))
    }

    /// Rows on the first, a middle and the last axis.
    @Test("Steps of rows", arguments: [(0, 1, 5), (1, 1, 12), (2, 1, 9), (0, 2, 60), (1, 2, 108)]) func rowSteps(axis: Int, count: Int, rows: Int) throws {
        let shape: [UInt64] = [5, 12, 9]
        let steps = (0..<rows).map { 0.01 + Float($0) * 0.003 }
        let dimensions = try #require(Shape(shape))
        let view = try #require(MatrixView(dimensions, rowAxis: axis, rowAxisCount: count, order: .cOrder))
        let levels = (0..<540).map { Int8(truncatingIfNeeded: $0 * 7 % 255 - 127) }
        let values = levels.enumerated().map { Float($1) * steps[$0 / view.inner % rows] }
        let found = try #require(try Self.take(values, shape, GridSteps(rowAxis: axis, rowAxisCount: count, steps: steps), parts: [13, 50]))
        #expect(found.levels == levels)
    }

    @Test("What is no multiple, or too far, is refused", arguments: [0.5, 256, -256, 1.0000002, .infinity, -.infinity, .nan, 3e38] as [Float])
    func refusals(value: Float) throws {
        for place in [0, 9, 19] {
            var values = [Float](repeating: 2, count: 20)
            values[place] = value
            #expect(try Self.take(values, [20], GridSteps(rowAxis: 0, rowAxisCount: 1, steps: [1]), parts: []) == nil)
        }
        #expect(try Self.take([255, -255, 0, -0.0], [4], GridSteps(rowAxis: 0, rowAxisCount: 1, steps: [1]), parts: []) != nil)
    }

    @Test("Steps that are none of the shape") func misfits() throws {
        let shape = try #require(Shape([4, 5]))
        #expect(GridLevels(shape, GridSteps(rowAxis: 0, rowAxisCount: 1, steps: [1, 2, 3])) == nil)
        #expect(GridLevels(shape, GridSteps(rowAxis: 1, rowAxisCount: 2, steps: [1])) == nil)
        #expect(GridLevels(shape, GridSteps(rowAxis: 0, rowAxisCount: 1, steps: [0])) == nil)
    }
}
