import TamisSyntax
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Codebooks by k-means")
struct CodebookFormTests {
    private static func entries(_ fitted: FittedTensor) -> [Float] { fitted.coding.codebook.entries.map(\.value) }

    private static func laplacian(_ count: Int, seed: UInt64, scale: Float = 0.05) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in random.laplacian(scale: scale) }
    }

    @Test func fewValuesAreKept() throws {
        let source: [Float] = [0.5, -1, 0.5, 3, 0, -0.0, 3]
        let fitted = try FittedTensor(.codebook(levels: 4), source)
        #expect(Self.entries(fitted) == [-1, 0, 0.5, 3] && fitted.coding.codebook.first == -1)
        #expect(fitted.indices == [1, -1, 1, 2, 0, 0, 2])
        #expect(fitted.values == source && fitted.coding.quantizerKind == 2)
        #expect(fitted.values[5].sign == .plus)
        let one = try FittedTensor(.codebook(levels: 2), [-3, -3])
        #expect(Self.entries(one) == [-3] && one.indices == [0, 0] && one.values == [-3, -3] && one.coding.codebook.first == 0)
        let positive = try FittedTensor(.codebook(levels: 16), [5, 2, 3])
        #expect(positive.indices == [2, 0, 1] && positive.coding.codebook.first == 0)
        let negative = try FittedTensor(.codebook(levels: 16), [-5, -2, -3])
        #expect(negative.indices == [-2, 0, -1])
    }

    @Test func twoClusters() throws {
        // Means 1 and 10, the border in the middle.
        let fitted = try FittedTensor(.codebook(levels: 2), [0.9, 1, 1.1, 9, 10, 11])
        #expect(Self.entries(fitted).map { ($0 * 1000).rounded() } == [1000, 10_000])
        #expect(fitted.indices == [0, 0, 0, 1, 1, 1])
    }

    @Test func tiesGoTowardIndexZero() {
        let quantizer = FittedQuantizer(CodebookDesign.codebook([-3, -1, 1, 3]))
        let source: [Float] = [-2, 2, 0, -0.0, Float(2).nextUp, Float(-2).nextDown, Float.leastNonzeroMagnitude, -4, 4]
        var indices = [Int32](repeating: 9, count: source.count)
        littleEndian(source.map(\.bitPattern)).withView { view in indices.withUnsafeMutableBufferPointer { quantizer.quantize(view, into: $0) } }
        // Index 0 is −1.
        #expect(indices == [0, 1, 0, 0, 2, -1, 1, -1, 2])
    }

    @Test(arguments: [2, 3, 16, 32, 255, 1000])
    func nearestAndBetterThanUniform(_ levels: Int) throws {
        let source = Self.laplacian(10_000, seed: UInt64(levels))
        let fitted = try FittedTensor(.codebook(levels: levels), source)
        let entries = Self.entries(fitted)
        #expect(entries.count == levels && zip(entries, entries.dropFirst()).allSatisfy { $0 < $1 })
        expectNearest(fitted, source)
        #expect(entries[Int(-fitted.coding.codebook.first)].magnitude == entries.map(\.magnitude).min())
        // Uniform levels over the range that is best for them.
        var uniform = Double.infinity
        let low = Double(source.min() ?? 0), high = Double(source.max() ?? 0)
        for percent in stride(from: 10.0, through: 100, by: 10) {
            let (from, to) = (low * percent / 100, high * percent / 100)
            let step = (to - from) / Double(levels - 1)
            let values = source.map { Float(from + min(max(((Double($0) - from) / step).rounded(), 0), Double(levels - 1)) * step) }
            uniform = min(uniform, FittedTensor.meanSquaredError(source, values))
        }
        let error = fitted.meanSquaredError(source)
        #expect(error <= uniform * (levels < 4 ? 1 : 0.9), "\(error) against \(uniform)")
    }

    /// Every centroid is the mean of its cell, as far as binary32 and the iterations allow.
    @Test func centroidsAreMeans() throws {
        let source = Self.laplacian(20_000, seed: 6)
        let fitted = try FittedTensor(.codebook(levels: 8), source)
        for (place, entry) in Self.entries(fitted).enumerated() {
            let index = Int32(place) + Int32(fitted.coding.codebook.first)
            let own = zip(source, fitted.indices).filter { $0.1 == index }.map { Double($0.0) }
            #expect((own.reduce(0, +) / Double(own.count) - Double(entry)).magnitude < 2e-4 * Double(own.map(\.magnitude).max() ?? 0))
        }
    }

    /// The known optimum of a Laplacian of unit variance: 4 levels have a distortion of 0.1761 (Max–Lloyd tables).
    @Test func knownOptimum() throws {
        let source = Self.laplacian(100_000, seed: 12, scale: 0.70710678)
        let fitted = try FittedTensor(.codebook(levels: 4), source)
        let variance = FittedTensor.meanSquaredError(source, [Float](repeating: 0, count: source.count))
        #expect((fitted.meanSquaredError(source) / variance - 0.1761).magnitude < 0.003)
    }

    @Test func sameOnEveryRun() throws {
        let source = Self.laplacian(20_000, seed: 2)
        let first = try FittedTensor(.codebook(levels: 64), source)
        let second = try FittedTensor(.codebook(levels: 64), source)
        #expect(first.quantizer.form == second.quantizer.form && first.indices == second.indices)
        // The order of the values does not matter.
        var random = SplitMix64(seed: 9)
        #expect(try FittedTensor(.codebook(levels: 64), source.shuffled(using: &random)).quantizer.form == first.quantizer.form)
    }

    @Test func zerosStayZero() throws {
        var source = Self.laplacian(20_000, seed: 21).map { $0 + 0.03 }
        for place in source.indices where place % 50 == 0 { source[place] = 0 }
        let many = try FittedTensor(.codebook(levels: 16), source)
        #expect(Self.entries(many)[Int(-many.coding.codebook.first)] == 0)
        #expect(zip(source, many.values).allSatisfy { $0 != 0 || $1 == 0 })
        expectNearest(many, source)
        for place in source.indices where place % 500 != 0 && source[place] == 0 { source[place] = 0.01 }
        // Fewer than one in a hundred: only pruning keeps them.
        #expect(!Self.entries(try FittedTensor(.codebook(levels: 16), source)).contains(0))
        let pruned = try FittedTensor(.codebook(levels: 16), source, isPruned: true)
        #expect(zip(source, pruned.values).allSatisfy { $0 != 0 || $1 == 0 })
        #expect(try FittedTensor(.codebook(levels: 16), source, prunedBelow: 1e-9).indices == pruned.indices)
    }

    /// Nine tenths zero: the levels go to the others.
    @Test func prunedTensor() throws {
        var random = SplitMix64(seed: 30)
        let source = (0..<50_000).map { _ in
            let value = random.laplacian(scale: 1)
            return value.magnitude < 2.3 ? 0 : value
        }
        let fitted = try FittedTensor(.codebook(levels: 16), source)
        #expect(Self.entries(fitted).count == 16 && zip(source, fitted.values).allSatisfy { ($0 == 0) == ($1 == 0) })
        let others = source.filter { $0 != 0 }
        let variance = FittedTensor.meanSquaredError(others, others.map { $0 < 0 ? -3.3 : 3.3 })
        #expect(fitted.meanSquaredError(source) * Double(source.count) / Double(others.count) < variance / 20)
    }

    @Test func largestCodebook() throws {
        let source = Self.laplacian(80_000, seed: 40)
        let fitted = try FittedTensor(.codebook(levels: 65536), source)
        let entries = Self.entries(fitted)
        #expect(entries.count <= 65536 && entries.count > 40_000)
        expectNearest(fitted, source)
    }

    @Test func tinyBesideHuge() throws {
        var random = SplitMix64(seed: 50)
        let source = (0..<5000).map { place in Float.random(in: 1...2, using: &random) * (place % 2 == 0 ? 1e30 : 1e-30) * (place % 3 == 0 ? -1 : 1) }
        let fitted = try FittedTensor(.codebook(levels: 40), source)
        expectNearest(fitted, source)
        #expect(fitted.meanSquaredError(source.map { $0 / 1e30 }).isFinite)
        #expect(refusal(.codebook(levels: 16), [0x1p121, 1])?.hasPrefix("its largest magnitude is ") == true)
    }
}
