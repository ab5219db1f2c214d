import TamisBits
import TamisModel
import TamisQuantization
import TamisTestSupport
import Testing

@Suite("Tables of values")
struct ReconstructionTableTests {
    private static func write(_ indices: [Int32], _ table: ReconstructionTable) throws -> [Float]? {
        let view = try matrix([UInt64(indices.count)], rowAxis: 0, rowAxisCount: 1, order: .cOrder)
        var bytes = [UInt8](repeating: 0xAA, count: indices.count * 4)
        let isInside = bytes.withUnsafeMutableBytes { buffer in
            indices.withUnsafeBufferPointer { table.write($0, range: 0..<indices.count, of: view, to: ByteRegion(unsafe: buffer)) }
        }
        return isInside ? ReconstructionTests.floats(in: bytes) : nil
    }

    @Test func codebook() throws {
        let values: [Float] = [-0.7, 3, .leastNonzeroMagnitude, -0.0, 3]
        let table = try #require(ReconstructionTable(first: -2, values: values))
        #expect(try Self.write([-2, -1, 0, 1, 2], table)?.map(\.bitPattern) == values.map(\.bitPattern))
        for outside in [-3, 3, .min, .max] as [Int32] { #expect(try Self.write([0, outside, 0], table) == nil) }
        #expect(ReconstructionTable(first: 1, values: [1, 2]) == nil)
        #expect(ReconstructionTable(first: -2, values: [1, 2]) == nil)
        #expect(ReconstructionTable(first: -1, values: [1, 2]) != nil)
        #expect(ReconstructionTable(first: 0, values: []) == nil)
        #expect(ReconstructionTable(first: -1, values: [Float](repeating: 1, count: ReconstructionTable.mostValues)) != nil)
        #expect(ReconstructionTable(first: -1, values: [Float](repeating: 1, count: ReconstructionTable.mostValues + 1)) == nil)
    }

    /// With a growth of 1, the values are amplitude · (2^k − 1).
    @Test func compandingByHand() throws {
        let table = try #require(ReconstructionTable(amplitude: 0.5, growth: 1, levels: 4))
        #expect(table.first == -4 && table.values == [-7.5, -3.5, -1.5, -0.5, 0, 0.5, 1.5, 3.5, 7.5])
        #expect(table.values[4].sign == .plus)
        // p = 0.5, 1.25, 2.375 for a growth of ½.
        let half = try #require(ReconstructionTable(amplitude: 2, growth: 0.5, levels: 3))
        #expect(half.values == [-4.75, -2.5, -1, 0, 1, 2.5, 4.75])
    }

    @Test func compandingOutsideTheFormat() {
        #expect(ReconstructionTable(amplitude: 1, growth: 1, levels: 0) == nil)
        #expect(ReconstructionTable(amplitude: 1, growth: 1, levels: 65536) == nil)
        // 2^120 − 1 is rounded to 2^120, which is not above it.
        #expect(ReconstructionTable(amplitude: 1, growth: 1, levels: 120) != nil)
        #expect(ReconstructionTable(amplitude: 1, growth: 1, levels: 121) == nil)
        // Infinity is above it, too.
        #expect(ReconstructionTable(amplitude: 0x1p80, growth: 1024, levels: 65535) == nil)
        #expect(ReconstructionTable(amplitude: 0x1p-100, growth: 0x1p-24, levels: 65535)?.values.allSatisfy { $0 == 0 || $0.isNormal } == true)
    }

    /// Two exponent and one mantissa bits with a bias of 1: ½, ¾, 1, 1½, 2, 3, 4, 6.
    @Test func minifloatByHand() throws {
        let format = try #require(Minifloat(exponentBits: 2, mantissaBits: 1, bias: 1, hasSubnormals: false))
        #expect(format.rankCount == 8 && (0..<8).map { format.magnitude(rank: $0) } == [0.5, 0.75, 1, 1.5, 2, 3, 4, 6])
        let all = try #require(ReconstructionTable(format, top: 8))
        #expect(all.first == -8 && all.values.suffix(9) == [0, 6, 4, 3, 2, 1.5, 1, 0.75, 0.5])
        #expect(try Self.write([1, -1, 8, -8, 0], all) == [6, -6, 0.5, -0.5, 0])
        #expect(try #require(ReconstructionTable(format, top: 3)).values == [-0.5, -0.75, -1, 0, 1, 0.75, 0.5])
        #expect(ReconstructionTable(format, top: 0) == nil && ReconstructionTable(format, top: 9) == nil)
    }

    /// With subnormals, exponent 0 goes on in even steps down to zero.
    @Test func subnormalsByHand() throws {
        let format = try #require(Minifloat(exponentBits: 2, mantissaBits: 1, bias: 1, hasSubnormals: true))
        #expect((0..<8).map { format.magnitude(rank: $0) } == [0, 0.5, 1, 1.5, 2, 3, 4, 6])
        let all = try #require(ReconstructionTable(format, top: 8))
        // The magnitude 0 of the last rank keeps its sign.
        let ends = try #require(try Self.write([8, -8, 0, 7], all))
        #expect(ends.map(\.bitPattern) == [0, 0x8000_0000, 0, Float(0.5).bitPattern])
    }

    /// The numbers of binary16 are those of the type.
    @Test func halfIsBinary16() throws {
        let format = try #require(Minifloat(exponentBits: 5, mantissaBits: 10, bias: 15, hasSubnormals: true))
        for rank in 0..<(31 << 10) { #expect(format.magnitude(rank: rank) == Float(Float16(bitPattern: UInt16(rank)))) }
    }

    @Test(arguments: [0, 1, 5], [0, 3, 10])
    func everyMagnitudeIsNormalAndAboveTheOneBefore(_ exponentBits: Int, _ mantissaBits: Int) throws {
        for bias in [-80, 0, 100] {
            let format = try #require(Minifloat(exponentBits: exponentBits, mantissaBits: mantissaBits, bias: bias, hasSubnormals: false))
            var last: Float = 0
            for rank in 0..<format.rankCount {
                let magnitude = format.magnitude(rank: rank)
                if magnitude <= last || !magnitude.isNormal { Issue.record("rank \(rank), bias \(bias): \(magnitude) after \(last)") }
                last = magnitude
            }
        }
    }

    @Test func minifloatsOutsideTheFormat() {
        for (exponentBits, mantissaBits, bias) in [(6, 0, 0), (-1, 0, 0), (0, 11, 0), (0, -1, 0), (0, 0, 101), (0, 0, -81)] {
            #expect(Minifloat(exponentBits: exponentBits, mantissaBits: mantissaBits, bias: bias, hasSubnormals: false) == nil)
        }
    }

    /// Each value goes where its place of the coding order is.
    @Test(arguments: [MatrixView.CodingOrder.cOrder, .rowMajor])
    func placesAreThoseOfTheView(_ order: MatrixView.CodingOrder) throws {
        let view = try matrix([3, 4, 5], rowAxis: 1, rowAxisCount: 1, order: order)
        let table = try #require(ReconstructionTable(first: -30, values: (0..<60).map { Float($0) * 0.25 }))
        let indices = (0..<60).map { Int32($0 - 30) }
        var bytes = [UInt8](repeating: 0xAA, count: 240)
        bytes.withUnsafeMutableBytes { buffer in
            for range in [20..<60, 0..<20] {
                let isInside = indices[range].withUnsafeBufferPointer { table.write($0, range: range, of: view, to: ByteRegion(unsafe: buffer)) }
                #expect(isInside)
            }
        }
        let values = ReconstructionTests.floats(in: bytes)
        for (place, element) in NaivePlaces([3, 4, 5], rowAxis: 1, rowAxisCount: 1).inOrder(order).enumerated() { #expect(values[element.element] == Float(place) * 0.25) }
    }
}
