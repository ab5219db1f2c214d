@testable import TamisArithmetic
import TamisTestSupport
import Testing

@Suite("Slices that are coded two at a time, and runs of one class")
struct IndexSliceEncoderTests {
    private static func pair(_ first: SliceCase, _ second: SliceCase) -> [IndexSliceCoder.Slice] {
        var encoder = IndexSliceEncoder(IndexBinarization(magnitudeCode: first.magnitudeCode), first.tools)
        return first.indices.withUnsafeBufferPointer { indices in
            first.classes.withUnsafeBufferPointer { classes in
                second.indices.withUnsafeBufferPointer { other in
                    second.classes.withUnsafeBufferPointer { otherClasses in
                        let slices = encoder.encode(indices, classes: classes, and: other, classes: otherClasses)
                        return [slices.first, slices.second]
                    }
                }
            }
        }
    }

    @Test(arguments: [(1, 1), (1, 3000), (3000, 1), (5000, 5001), (2048, 700)], 4...10)
    func twoAtATime(_ counts: (Int, Int), _ limit: Int) {
        var random = SplitMix64(seed: UInt64(counts.0 + 100 * limit))
        for scale in [1, 3, 9, 30] {
            var tools = IndexSliceCoderTests.tools(&random)
            tools.adaptationLimit = limit
            let code = UInt8(14 + scale)
            let first = SliceCase.random(count: counts.0, scale: scale, magnitudeCode: code, tools, &random)
            let second = SliceCase.random(count: counts.1, scale: scale, magnitudeCode: code, tools, &random)
            #expect(Self.pair(first, second) == [first.encoded(), second.encoded()], "\(tools), scale \(scale)")
        }
    }

    @Test(arguments: [1, 127, 128, 129, 400, 512, 513, 5000], [12, 16, 18, 19, 24] as [UInt8])
    func runsOfClasses(_ run: Int, _ magnitudeCode: UInt8) {
        var random = SplitMix64(seed: UInt64(run))
        for scale in [1, 3, 5, 30] {
            for limit in [6, 8] {
                var slice = SliceCase.random(count: 6000, scale: scale, magnitudeCode: magnitudeCode, IndexSliceTools(adaptationLimit: limit), &random)
                slice.classes = slice.indices.indices.map { UInt8($0 / run % 17) }
                #expect(slice.comesBack, "scale \(scale), limit \(limit)")
                #expect(Self.pair(slice, slice) == [slice.encoded(), slice.encoded()])
            }
        }
    }

    /// One at a time is what the plain coder makes, for every choice of tools.
    @Test(arguments: 4...10)
    func asThePlainCoder(_ limit: Int) {
        var random = SplitMix64(seed: UInt64(limit))
        for scale in [0, 1, 3, 9, 30] {
            for states in [StateTransition.none, IndexSliceCoderTests.trellises[limit % 6]] {
                for usesNeighbours in [false, true] {
                    for distances in [nil, (1, 9)] as [(first: Int, second: Int)?] {
                        let tools = IndexSliceTools(
                            usesNeighbours: usesNeighbours, signDistances: distances, adaptationLimit: limit, states: states)
                        let slice = SliceCase.random(count: 900, scale: scale, magnitudeCode: UInt8(14 + scale), tools, &random)
                        var encoder = IndexSliceEncoder(IndexBinarization(magnitudeCode: slice.magnitudeCode), tools)
                        let encoded = slice.indices.withUnsafeBufferPointer { indices in
                            slice.classes.withUnsafeBufferPointer { encoder.encode(indices, classes: $0) }
                        }
                        #expect(encoded == slice.encoded())
                    }
                }
            }
        }
    }
}
