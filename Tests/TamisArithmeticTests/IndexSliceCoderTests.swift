@testable import TamisArithmetic
import TamisBits
import TamisTestSupport
import Testing

@Suite("Indices come back from their slice; other bytes are refused or say other indices")
struct IndexSliceCoderTests {
    static let distances: [(first: Int, second: Int)?] = [nil, (1, 1), (2, 3), (3, 9), (1, 70), (100_000, 4_294_967_295)]

    /// The trellises of Spec §7.3, by the masks H0 and H1.
    static let trellises = [(0x05, 0x02), (0x09, 0x02), (0x12, 0x04), (0x21, 0x0A), (0x4E, 0x2B), (0xA6, 0x79)].map {
        StateTransition(oddStateMask: $0.0, oddIndexMask: $0.1)
    }

    static func tools(_ random: inout SplitMix64) -> IndexSliceTools {
        var tools = IndexSliceTools(
            usesNeighbours: random.next() & 1 == 0, signDistances: distances[Int.random(in: 0..<distances.count, using: &random)],
            adaptationLimit: Int.random(in: 4...10, using: &random))
        if random.next() & 1 == 0 { tools.states = trellises[Int.random(in: 0..<trellises.count, using: &random)] }
        return tools
    }

    @Test(arguments: 0..<6, [nil, (2, 9)] as [(first: Int, second: Int)?])
    func levelsOfEveryTrellis(_ trellis: Int, _ distances: (first: Int, second: Int)?) {
        var random = SplitMix64(seed: UInt64(trellis))
        for usesNeighbours in [false, true] {
            let tools = IndexSliceTools(usesNeighbours: usesNeighbours, signDistances: distances, adaptationLimit: 7, states: Self.trellises[trellis])
            for (count, scale) in [(1, 0), (1, 30), (700, 1), (700, 4), (700, 30), (20_000, 3)] {
                let slice = SliceCase.random(count: count, scale: scale, magnitudeCode: UInt8(16 + scale), tools, &random)
                #expect(slice.comesBack, "\(tools), scale \(scale)")
            }
        }
    }

    /// The example of Spec §7.3.
    @Test func levelsByHand() {
        let slice = SliceCase([1, 0, -3, 2, -1, 0], IndexSliceTools(adaptationLimit: 8, states: Self.trellises[0]))
        #expect(slice.levels == [2, 0, -5, 3, -2, 0] && slice.decoded(slice.encoded()) == [2, 0, -5, 3, -2, 0])
    }

    /// States pick contexts: a run whose even and odd states have indices of their own is shorter with them.
    @Test func statesSelectContexts() {
        let states = Self.trellises[0]
        var random = SplitMix64(seed: 7)
        var state: UInt32 = 0
        let indices = (0..<4000).map { _ -> Int32 in
            let index: Int32 = (random.next() & 15 == 0) == (state & 1 == 0) ? 1 : 0
            state = states.next(state, magnitude: index.magnitude)
            return index
        }
        let with = SliceCase(indices, IndexSliceTools(adaptationLimit: 8, states: states)).encoded().codeword.count
        let without = SliceCase(indices, IndexSliceTools(adaptationLimit: 8)).encoded().codeword.count
        #expect(with * 10 < without * 6, "\(with) bytes, \(without) without states")
    }

    @Test(arguments: [1, 2, 3, 100], 4...10)
    func everyCombinationOfTools(_ count: Int, _ limit: Int) {
        var random = SplitMix64(seed: UInt64(count * 16 + limit))
        for usesNeighbours in [false, true] {
            for distances in Self.distances {
                let tools = IndexSliceTools(usesNeighbours: usesNeighbours, signDistances: distances, adaptationLimit: limit)
                for code in [0, 5, 16, 19, 30, 80] as [UInt8] {
                    let slice = SliceCase.random(count: count, scale: Int.random(in: 0...30, using: &random), magnitudeCode: code, tools, &random)
                    #expect(slice.comesBack, "\(tools), code \(code): \(slice.indices)")
                }
            }
        }
    }

    @Test(arguments: 0...80)
    func everyMagnitudeCode(_ code: Int) {
        var random = SplitMix64(seed: UInt64(code))
        for scale in [1, 6, 30] {
            let slice = SliceCase.random(count: 40, scale: scale, magnitudeCode: UInt8(code), Self.tools(&random), &random)
            #expect(slice.comesBack, "code \(code), scale \(scale)")
        }
    }

    @Test(arguments: [1, 3, 12])
    func wholeSlice(_ scale: Int) {
        var random = SplitMix64(seed: UInt64(scale))
        #expect(SliceCase.random(count: 65_536, scale: scale, magnitudeCode: 18, Self.tools(&random), &random).comesBack)
    }

    @Test(arguments: [0, 16, 40, 76, 80] as [UInt8])
    func extremeMagnitudes(_ code: UInt8) {
        let largest = Int32(bitPattern: IndexBinarization.maximumMagnitude)
        #expect(largest == (1 << 30) - 1)
        var indices: [Int32] = [0, 1, -1, largest, -largest, largest - 1, 1 - largest]
        for bit in 0..<30 { for near in -1...1 { indices += [(1 << Int32(bit)) + Int32(near), -(1 << Int32(bit)) - Int32(near)] } }
        for scaleClass in 0...16 {
            for states in [StateTransition.none] + Self.trellises {
                let slice = SliceCase(
                    indices, classes: [UInt8](repeating: UInt8(scaleClass), count: indices.count), magnitudeCode: code,
                    IndexSliceTools(usesNeighbours: scaleClass % 2 == 0, signDistances: (2, 5), adaptationLimit: 4, states: states))
                let comesBack = slice.comesBack
                #expect(comesBack, "code \(code), class \(scaleClass)")
            }
        }
    }

    @Test(arguments: 4...10)
    func zerosCostTheFloorAndKeepTheExpansionBound(_ limit: Int) {
        for count in limit == 4 || limit == 10 ? [65_536, 1 << 20] : [65_536] {
            let tools = IndexSliceTools(adaptationLimit: limit)
            let slice = SliceCase([Int32](repeating: 0, count: count), tools)
            let encoded = slice.encoded()
            #expect(encoded.rawBits.isEmpty)
            #expect(UInt64(count) <= IndexBinarization.maximumElements(codewordBytes: UInt64(encoded.codeword.count)))
            // 8.4 to 8.8 · 10^−4 bits for each zero at the floor, and less than 16 bytes on the way to it.
            let floor = Double(count) * 8.3676e-4 / 8
            #expect((floor - 1...floor * 1.06 + 16).contains(Double(encoded.codeword.count)), "\(encoded.codeword.count) bytes, at the floor \(floor)")
            #expect(slice.comesBack)
        }
    }

    @Test func zerosOfAllClassesKeepTheExpansionBound() {
        for limit in [4, 10] {
            let classes = (0..<65_536).map { UInt8($0 % 17) }
            let slice = SliceCase([Int32](repeating: 0, count: 65_536), classes: classes, IndexSliceTools(usesNeighbours: true, adaptationLimit: limit))
            let encoded = slice.encoded()
            #expect(65_536 <= IndexBinarization.maximumElements(codewordBytes: UInt64(encoded.codeword.count)))
            #expect(encoded.codeword.count < 65_536 * 8 / 10_000 + 17 * 4)
        }
    }

    @Test func expansionBoundDoesNotOverflow() {
        #expect(IndexBinarization.maximumElements(codewordBytes: 0) == 16_384)
        #expect(IndexBinarization.maximumElements(codewordBytes: 3) == 65_536)
        #expect(IndexBinarization.maximumElements(codewordBytes: 1 << 49) == 0x8000_0000_0000_4000)
        #expect(IndexBinarization.maximumElements(codewordBytes: 1 << 50) == .max)
    }

    @Test(arguments: 0..<40)
    func garbageIsRefusedOrCanonical(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<25 {
            let count = [1, 1, 2, 5, 60, 500][Int.random(in: 0..<6, using: &random)]
            let code = UInt8.random(in: 0...80, using: &random)
            let slice = SliceCase.random(count: count, scale: 0, magnitudeCode: code, Self.tools(&random), &random)
            let byte = UInt8.random(in: 0...255, using: &random)
            let isUniform = random.next() & 3 == 0
            func garbage(_ most: Int) -> [UInt8] {
                (0..<Int.random(in: 0...most, using: &random)).map { _ in isUniform ? byte : UInt8.random(in: 0...255, using: &random) }
            }
            let bytes = IndexSliceCoder.Slice(codeword: garbage(24), rawBits: garbage(12))
            #expect(slice.isRefusedOrCanonical(bytes), "seed \(seed): \(bytes)")
        }
    }

    @Test(arguments: 0..<30)
    func damageIsRefusedOrCanonical(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed) + 1000)
        let code = UInt8.random(in: 10...30, using: &random)
        let slice = SliceCase.random(
            count: Int.random(in: 1...120, using: &random), scale: Int.random(in: 1...12, using: &random), magnitudeCode: code, Self.tools(&random), &random)
        let encoded = slice.encoded()
        for _ in 0..<40 {
            var other = encoded
            switch random.next() % 4 {
            case 0: other.codeword[Int.random(in: 0..<other.codeword.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 1 where !other.rawBits.isEmpty:
                other.rawBits[Int.random(in: 0..<other.rawBits.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: other.codeword.removeLast(Int.random(in: 1...min(9, other.codeword.count), using: &random))
            default: other.rawBits.append(UInt8.random(in: 0...255, using: &random))
            }
            if other == encoded { continue }
            #expect(slice.decoded(other) != slice.levels, "seed \(seed)")
            #expect(slice.isRefusedOrCanonical(other), "seed \(seed)")
        }
    }

    @Test func emptyCodewordIsRefused() {
        #expect(SliceCase([0]).decoded(IndexSliceCoder.Slice(codeword: [], rawBits: [])) == nil)
    }

    /// A change here is a change of the format.
    @Test func codewordsAreStable() {
        for (slice, codeword, rawBits) in Self.golden {
            let encoded = slice.encoded()
            #expect(Self.hex(encoded.codeword) == codeword)
            #expect(Self.hex(encoded.rawBits) == rawBits)
            #expect(slice.comesBack)
        }
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static let golden: [(SliceCase, codeword: String, rawBits: String)] = [
        (SliceCase([0]), "9c", ""),
        (SliceCase([1]), "39", "00"),
        (SliceCase([-3, 0, 0, 2, 1, -1, 0, 5]), "134e30", "09"),
        (SliceCase([Int32](repeating: 0, count: 1000), IndexSliceTools(adaptationLimit: 4)), "fff4", ""),
        (SliceCase((0..<24).map { Int32(($0 * 7919) % 41) - 20 }, magnitudeCode: 22, IndexSliceTools(usesNeighbours: true, signDistances: (2, 5), adaptationLimit: 6)), "14106f8f279b5c6e770505310bfb2eaa", "7fc00f"),
        (SliceCase([(1 << 30) - 1, 1 - (1 << 30), 1000, -1_000_000], magnitudeCode: 40), "0000009a2f38b672", "f5fff3bffefffe3bdffb8f"),
        (
            SliceCase(
                (0..<17).map { Int32($0) - 8 }, classes: (0..<17).map { UInt8($0) }, magnitudeCode: 18,
                IndexSliceTools(usesNeighbours: true, adaptationLimit: 10)), "000000000c1ffe8bcf80007e7c0b9106a8cf0c", "ff20c40e"
        ),
        (
            SliceCase(
                (0..<40).map { Int32(($0 * 7919) % 9) - 4 }, magnitudeCode: 18,
                IndexSliceTools(usesNeighbours: true, signDistances: (2, 5), adaptationLimit: 8, states: trellises[3])), "1bfd9f7509c08dfb6049deb4f859dd", ""
        ),
    ]
}
