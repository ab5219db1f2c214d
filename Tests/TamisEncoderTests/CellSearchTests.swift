import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("A cell is the number of borders below")
struct CellSearchTests {
    private static func cells(_ search: CellSearch, _ keys: [Int32]) -> [Int32] {
        var result: [Int32] = []
        search.withCells { cell in result = keys.map(cell) }
        return result
    }

    @Test(arguments: 0..<28)
    func asCounted(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let count = [0, 1, 2, 3, 10, 100, 500][seed % 7]
        let widest = Int32.max >> Int32.random(in: 0...28, using: &random)
        var borders = (0..<count).map { _ in Int32.random(in: (-widest - (seed % 2 == 0 ? 1 : 0))...widest, using: &random) }
        if seed % 3 == 0, let some = borders.first { borders += [some, some, some] }
        borders.sort()
        var keys: [Int32] = [.min, .min + 1, -1, 0, 1, 0x7F7F_FFFF]
        for border in borders { keys += [border, border &- 1, border == .max ? border : border + 1] }
        keys += (0..<100).map { _ in Int32.random(in: .min...0x7F7F_FFFF, using: &random) }
        borders = borders.map { min($0, 0x7F7F_FFFF) }
        let expected = keys.map { key in Int32(borders.count { $0 < key }) }
        #expect(Self.cells(CellSearch(borders: borders), keys) == expected)
    }

    @Test func orderOfNumbers() {
        let numbers: [Float] = [-.greatestFiniteMagnitude, -1, Float(-1).nextUp, -.leastNonzeroMagnitude, -0.0, 0, .leastNonzeroMagnitude, 1, Float(1).nextUp, .greatestFiniteMagnitude]
        let keys = numbers.map(FloatOrder.key)
        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 })
        #expect(keys[4] == -1 && keys[5] == 0)
        for number in numbers { #expect(FloatOrder.value(FloatOrder.key(number)).bitPattern == number.bitPattern) }
    }
}
