import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Pruning")
struct PrunerTests {
    private struct Pruned {
        var values: [Float] = []
        var zeroed = 0
        var threshold: Double?
    }

    private static func prune(_ pruning: Pruning, _ values: [Float], _ dimensions: [Int]? = nil) throws -> Pruned {
        let shape = try #require(Shape((dimensions ?? [values.count]).map(UInt64.init)))
        #expect(shape.elementCount == UInt64(values.count))
        var result = Pruned()
        var output = [UInt8](repeating: 0xAA, count: values.count * 4)
        littleEndian(values.map(\.bitPattern)).withView { view in
            let pruner = Pruner(pruning, values: view, shape: shape, statistics: TensorStatistics(of: view))
            output.withUnsafeMutableBytes { result.zeroed = pruner.prune(view, into: ByteRegion(unsafe: $0)) }
            result.threshold = pruner.threshold
        }
        result.values = output.withView { view in (0..<values.count).map { Float(bitPattern: view.load($0 * 4, as: UInt32.self)) } }
        return result
    }

    @Test func byMagnitude() throws {
        let pruned = try Self.prune(.magnitude(0.5), [0.5, -0.5, 0.49, -0.49, 0, -0.0, 3, Float(0.5).nextDown])
        #expect(pruned.values == [0.5, -0.5, 0, 0, 0, 0, 3, 0])
        #expect(pruned.zeroed == 3 && pruned.threshold == 0.5)
        #expect(pruned.values[3].sign == .plus)
        #expect(try Self.prune(.magnitude(0), [.leastNonzeroMagnitude, -1]).zeroed == 0)
    }

    @Test func byDeviations() throws {
        // Sum of squares about the mean 2.5: 5; the sample σ is √(5 ⁄ 3) = 1.29.
        let pruned = try Self.prune(.deviations(1), [1, 2, 3, 4])
        #expect((try #require(pruned.threshold) - (5.0 / 3).squareRoot()).magnitude < 1e-12)
        #expect(pruned.values == [0, 2, 3, 4] && pruned.zeroed == 1)
        // With n in place of n − 1 it would be 1.118 and spare 1.12.
        #expect(try Self.prune(.deviations(1), [1, 2, 3, 4].map { $0 * 1.0 }).values[0] == 0)
        #expect(try Self.prune(.deviations(0.95), [1.12, 2, 3, 4.12]).values[0] == 0)
        #expect(try Self.prune(.deviations(2), [7]).values == [7])
        #expect(try Self.prune(.deviations(2), [7, 7, 7]).values == [7, 7, 7])
    }

    @Test func byPattern() throws {
        let pruned = try Self.prune(.pattern(kept: 2, group: 4), [1, -4, 3, 2, 5, 5, 5, -5, 0, 1, 0, 0, 2, -3, 1])
        // Equal magnitudes: the earlier. The last group of three keeps ⌈3 · 2 ⁄ 4⌉ = 2.
        #expect(pruned.values == [0, -4, 3, 0, 5, 5, 0, 0, 0, 1, 0, 0, 2, -3, 0])
        #expect(pruned.zeroed == 5 && pruned.threshold == nil)
        #expect(try Self.prune(.pattern(kept: 4, group: 4), [1, 2, 3, 4, 5]).zeroed == 0)
        #expect(try Self.prune(.pattern(kept: 1, group: 4), [1, -1]).values == [1, 0])
        #expect(try Self.prune(.pattern(kept: 1, group: 65536), [1, -1, 7, 1]).values == [0, 0, 7, 0])
    }

    @Test(arguments: [(1, 2), (2, 4), (1, 4), (4, 8), (3, 7), (16, 100)])
    func patternCounts(_ kept: Int, _ group: Int) throws {
        var random = SplitMix64(seed: UInt64(group))
        let source = (0..<(group * 97 + group / 2)).map { _ in random.laplacian(scale: 1) }
        let pruned = try Self.prune(.pattern(kept: kept, group: group), source)
        for start in stride(from: 0, to: source.count, by: group) {
            let range = start..<min(start + group, source.count)
            let spared = range.filter { pruned.values[$0] != 0 }
            #expect(spared.count == (range.count * kept + group - 1) / group)
            #expect(spared.allSatisfy { pruned.values[$0] == source[$0] })
            let least = spared.map { source[$0].magnitude }.min() ?? 0
            #expect(range.allSatisfy { spared.contains($0) || source[$0].magnitude <= least })
        }
        #expect(pruned.zeroed == pruned.values.count { $0 == 0 })
    }

    @Test func byRows() throws {
        // Mean magnitudes 1, 3, 2, and 2 of all.
        let source: [Float] = [1, -1, 3, -3, 0, 4]
        #expect(try Self.prune(.rows(0.6), source, [3, 2]).values == [0, 0, 3, -3, 0, 4])
        #expect(try Self.prune(.rows(1), source, [3, 2]).values == [0, 0, 3, -3, 0, 4])
        #expect(try Self.prune(.rows(1.01), source, [3, 2]).values == [0, 0, 3, -3, 0, 0])
        #expect(try Self.prune(.rows(1.01), source, [3, 2]).zeroed == 3)
        #expect(try Self.prune(.rows(0.5), source, [3, 2]).zeroed == 0)
        #expect(try Self.prune(.rows(0.6), source, [3, 1, 2, 1, 1]).values == [0, 0, 3, -3, 0, 4])
        #expect(try Self.prune(.rows(5), source, [6]).values == source)
        #expect(try Self.prune(.rows(5), [2], []).values == [2])
    }
}
