import TamisArithmetic
import TamisBits
import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Rate–distortion optimised rounding")
struct ScalarSearchTests {
    private static let binarization = IndexBinarization(magnitudeCode: 16)

    private static func counts(_ indices: [Int32], usesNeighbours: Bool) -> IndexContextCounts {
        var counts = IndexContextCounts()
        indices.withUnsafeBufferPointer { indices in
            [UInt8](repeating: 8, count: indices.count).withUnsafeBufferPointer {
                counts.count(indices, classes: $0, binarization, IndexSliceTools(usesNeighbours: usesNeighbours, adaptationLimit: 8))
            }
        }
        return counts
    }

    private static func search(_ values: [Float], _ rates: IndexRates, usesNeighbours: Bool) -> [Int32] {
        var window = SearchWindow(capacity: values.count)
        littleEndian(values.map(\.bitPattern)).withView { view in
            window.load(view, range: 0..<values.count, of: MatrixView(elementCount: values.count), ScaleClasses(), step: 1)
        }
        var indices = [Int32](repeating: .min, count: values.count)
        indices.withUnsafeMutableBufferPointer { ScalarSearch.search(window, rates, binarization, usesNeighbours: usesNeighbours, into: $0) }
        return indices
    }

    /// Distortion and rate of each index, under the neighbours there are.
    private static func costs(_ values: [Float], _ indices: [Int32], _ rates: IndexRates, usesNeighbours: Bool, insteadOf own: ((Int) -> Int32)? = nil) -> [Double] {
        indices.indices.map { place in
            let sum = (place > 0 ? indices[place - 1].magnitude : 0) + (place > 1 ? indices[place - 2].magnitude : 0)
            let near = usesNeighbours ? binarization.classes[8].neighbourClass(of: sum) : 0
            let row = IndexRates.padding + 8 * IndexRates.classStride + near * IndexRates.rowLength
            let index = own?(place) ?? indices[place]
            let distance = Double(values[place]) - Double(index)
            return distance * distance + Double(rates.table[row + min(Int(index.magnitude), IndexRates.rowLength - 1)])
        }
    }

    @Test(arguments: [0, 0.05, 0.128, 0.5, 3], [0.3, 1, 5] as [Float])
    func neverCostsMoreThanPlainRounding(_ lambda: Double, _ scale: Float) {
        var random = SplitMix64(seed: UInt64(scale * 10))
        let values = (0..<4000).map { _ in random.laplacian(scale: scale) }
        let rounded = values.map { Int32($0.magnitude + 0.5) * ($0 < 0 ? -1 : 1) }
        for usesNeighbours in [false, true] {
            let rates = IndexRates(Self.counts(rounded, usesNeighbours: usesNeighbours), Self.binarization, lambda: lambda, log2: PortableMath.log2)
            let found = Self.search(values, rates, usesNeighbours: usesNeighbours)
            let own = Self.costs(values, found, rates, usesNeighbours: usesNeighbours)
            // Of each weight, under the neighbours that were found: rounded, one less, zero.
            for candidate in 0..<3 {
                let other = Self.costs(values, found, rates, usesNeighbours: usesNeighbours) { place in
                    candidate == 0 ? rounded[place] : candidate == 1 ? rounded[place] - rounded[place].signum() : 0
                }
                #expect(zip(own, other).allSatisfy { $0 <= $1 + 1e-4 * max($1, 1) }, "candidate \(candidate)")
            }
            for (index, nearest) in zip(found, rounded) { #expect(index == nearest || index == nearest - nearest.signum() || index == 0) }
            if !usesNeighbours {
                let plain = Self.costs(values, rounded, rates, usesNeighbours: false).reduce(0, +)
                #expect(own.reduce(0, +) <= plain * 1.000001)
            }
        }
    }

    @Test func freeBitsGivePlainRounding() {
        var random = SplitMix64(seed: 4)
        let values = (0..<1000).map { _ in random.laplacian(scale: 3) }
        let rates = IndexRates(Self.counts([0, 1, -2], usesNeighbours: false), Self.binarization, lambda: 0, log2: PortableMath.log2)
        #expect(Self.search(values, rates, usesNeighbours: false) == values.map { Int32($0.magnitude + 0.5) * ($0 < 0 ? -1 : 1) })
    }

    @Test func dearBitsGiveZeros() {
        let rates = IndexRates(Self.counts([0, 0, 0, 0, 1], usesNeighbours: false), Self.binarization, lambda: 1000, log2: PortableMath.log2)
        #expect(Self.search([3, -1, 0.4, 2], rates, usesNeighbours: false) == [0, 0, 0, 0])
    }
}
