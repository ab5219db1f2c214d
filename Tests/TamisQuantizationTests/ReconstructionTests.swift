import TamisBits
import TamisModel
import TamisQuantization
import TamisTestSupport
import Testing

@Suite("Values are g · step ⁄ 256, to the bit")
struct ReconstructionTests {
    /// g · step ⁄ 256 in exact arithmetic, rounded to 53 bits if it has more and then to 24 bits.
    private static func expected(_ index: Int32, offset: Int, step: Float) -> ExactNumber {
        let grid = Int128(index) * 256 + Int128(index.signum()) * Int128(offset)
        return (ExactNumber(grid, exponent: -8) * ExactNumber(step)).rounded(toBits: 53).rounded(toBits: 24)
    }

    private static func values(_ indices: [Int32], _ reconstruction: Reconstruction) -> [Float] {
        var bytes = [UInt8](repeating: 0xAA, count: indices.count * 4)
        bytes.withUnsafeMutableBytes { buffer in indices.withUnsafeBufferPointer { reconstruction.write($0, to: ByteRegion(unsafe: buffer)) } }
        return floats(in: bytes)
    }

    static func floats(in bytes: [UInt8]) -> [Float] {
        bytes.withView { view in (0..<(bytes.count / 4)).map { Float(bitPattern: view.load($0 * 4, as: UInt32.self)) } }
    }

    private static let steps: [Float] = [
        0x1p-100, Float(0x1p-100).nextUp, 0x1.fffffep-99, 0x1.234566p-7, 0.1, 1, 0x1.fffffep0, 3, 0x1.fffffep79, 0x1p80,
    ]

    @Test(arguments: steps, [-128, -127, -1, 0, 1, 24, 127, 128])
    func exactThenRoundedOnce(_ step: Float, _ offset: Int) {
        var random = SplitMix64(seed: UInt64(step.bitPattern) &+ UInt64(bitPattern: Int64(offset)))
        // |g| = 2^24, 2^29 and the largest magnitude, and what lies beside them.
        var indices: [Int32] = [0, 1, 2, 3, 255, 256, 1 << 30]
        for bit in [15, 16, 17, 20, 21, 22, 23, 24, 29] { for near in -2...2 { indices.append((1 << Int32(bit)) + Int32(near)) } }
        indices += (0..<100).map { _ in Int32.random(in: 0...(1 << 30), using: &random) }
        indices += (0..<100).map { _ in Int32.random(in: 0...100_000, using: &random) }
        indices += indices.map { -$0 }
        for (index, value) in zip(indices, Self.values(indices, Reconstruction(step: step, offset: offset))) {
            let expected = Self.expected(index, offset: offset, step: step)
            #expect(value.isFinite && ExactNumber(value) == expected, "index \(index), offset \(offset), step \(step): \(value)")
            #expect(index == 0 || value.isNormal)
        }
    }

    /// Below |g| = 2^29 the product is exact in binary64, so that the two roundings are one.
    @Test func oneRoundingBelow2To29() {
        var random = SplitMix64(seed: 29)
        for _ in 0..<2000 {
            let index = Int32.random(in: -(1 << 21) + 1...(1 << 21) - 1, using: &random)
            let step = Float.random(in: 0.5...2, using: &random)
            let exact = (ExactNumber(Int128(index) * 256 + Int128(index.signum()) * 77, exponent: -8) * ExactNumber(step)).rounded(toBits: 24)
            #expect(ExactNumber(Self.values([index], Reconstruction(step: step, offset: 77))[0]) == exact)
        }
    }

    @Test func zeroIsPositive() {
        #expect(Self.values([0], Reconstruction(step: 1, offset: -128))[0].bitPattern == 0)
        #expect(Self.values([1, -1], Reconstruction(step: 1, offset: -128)) == [0.5, -0.5])
        #expect(Self.values([1, -1], Reconstruction(step: 1, offset: 128)) == [1.5, -1.5])
        #expect(Self.values([], Reconstruction(step: 1, offset: 0)) == [])
    }

    /// Of all float32 numbers, the one nearest to 2^(k ⁄ 4): its neighbours' midpoints lie on either side.
    @Test(arguments: -16...15, 0...2)
    func rowFactorIsThePowerRounded(_ scaleClass: Int, _ exponent: Int) {
        let factor = Reconstruction.rowFactor(scaleClass: Int8(scaleClass), exponent: exponent)
        let quarters = scaleClass * exponent
        let whole = quarters >> 2
        let mantissa = factor / Float(sign: .plus, exponent: whole, significand: 1)
        #expect((1..<2).contains(mantissa))
        let twice = UInt128(mantissa * 0x1p24)
        func fourth(_ x: UInt128) -> UInt128 { x * x * x * x }
        // (x ⁄ 2^24)^4 against 2^(k mod 4).
        let power = UInt128(1) << UInt128(96 + (quarters & 3))
        if quarters & 3 == 0 {
            #expect(mantissa == 1)
        } else {
            #expect(fourth(twice - 1) < power && fourth(twice + 1) > power)
        }
    }

    @Test(arguments: [MatrixView.CodingOrder.cOrder, .rowMajor], 0...2)
    func rowsHaveTheirOwnSteps(_ order: MatrixView.CodingOrder, _ exponent: Int) throws {
        var random = SplitMix64(seed: UInt64(exponent))
        for (dimensions, rowAxis, rowAxisCount) in [([5, 7], 0, 1), ([5, 7], 1, 1), ([3, 4, 5], 1, 1), ([2, 3, 4, 5], 1, 2), ([9], 0, 1), ([6], 0, 0)] as [([UInt64], Int, Int)] {
            let view = try matrix(dimensions, rowAxis: rowAxis, rowAxisCount: rowAxisCount, order: order)
            let rows = (0..<view.rows).map { _ in Int8.random(in: -16...15, using: &random) }
            let indices = (0..<view.elementCount).map { _ in Int32.random(in: -50...50, using: &random) }
            let classes = ScaleClasses(rows: rows, rowStepExponent: exponent)
            let reconstruction = Reconstruction(step: 0.3, offset: 13)
            var bytes = [UInt8](repeating: 0xAA, count: indices.count * 4)
            let cut = view.elementCount / 3
            bytes.withUnsafeMutableBytes { buffer in
                let region = ByteRegion(unsafe: buffer)
                for range in [cut..<view.elementCount, 0..<cut] {
                    indices[range].withUnsafeBufferPointer { reconstruction.write($0, range: range, of: view, classes: classes, to: region) }
                }
            }
            let values = Self.floats(in: bytes)
            for place in NaivePlaces(dimensions.map(Int.init), rowAxis: rowAxis, rowAxisCount: rowAxisCount).inOrder(order).enumerated() {
                let step = Float(0.3) * Reconstruction.rowFactor(scaleClass: rows[place.element.row], exponent: exponent)
                let expected = Self.expected(indices[place.offset], offset: 13, step: step)
                #expect(ExactNumber(values[place.element.element]) == expected)
            }
        }
    }
}
