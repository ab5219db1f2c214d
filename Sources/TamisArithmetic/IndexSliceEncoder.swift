/// Codes slices of indices, one after the other or two in lockstep: the same bytes as `IndexSliceCoder.encode` makes, sooner.
@safe
package struct IndexSliceEncoder: ~Copyable {
    private static let lanes = 2
    /// Words of a lane, so many that groups of all lanes lie on borders of 32 bytes.
    private static let laneWords = (IndexBinarization.wordCount + DecisionGroup.words - 1) / DecisionGroup.words * DecisionGroup.words

    private let binarization: IndexBinarization
    private let tools: IndexSliceTools
    private let groups: DecisionAdaptation
    private let bins: AdaptationTable
    private let words: UnsafeMutablePointer<UInt32>
    private let shares: UnsafeMutablePointer<UInt64>

    package init(_ binarization: IndexBinarization, _ tools: IndexSliceTools) {
        self.binarization = binarization
        self.tools = tools
        groups = DecisionAdaptation(limit: tools.adaptationLimit)
        bins = AdaptationTable(limit: tools.adaptationLimit)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.lanes * Self.laneWords * 4, alignment: 4 * DecisionGroup.words)
        unsafe words = memory.bindMemory(to: UInt32.self, capacity: Self.lanes * Self.laneWords)
        unsafe shares = .allocate(capacity: Self.lanes * DecisionGroup.Bounds.memoryWords)
        unsafe shares.initialize(repeating: 0, count: Self.lanes * DecisionGroup.Bounds.memoryWords)
    }

    deinit {
        unsafe words.deallocate()
        unsafe shares.deallocate()
    }

    /// - Parameters:
    ///   - indices: at least one; magnitudes at most `IndexBinarization.maximumMagnitude`.
    ///   - classes: as many; each 0 … 16.
    package mutating func encode(_ indices: UnsafeBufferPointer<Int32>, classes: UnsafeBufferPointer<UInt8>) -> IndexSliceCoder.Slice {
        var slice = unsafe EncodedSlice(indices, classes)
        var lane = lane(slice, 0)
        withShared { shared in encode(&lane, &slice, from: 0, shared) }
        return slice.finish(&lane)
    }

    /// Codes two slices, which takes less time than one after the other.
    package mutating func encode(
        _ first: UnsafeBufferPointer<Int32>, classes firstClasses: UnsafeBufferPointer<UInt8>, and second: UnsafeBufferPointer<Int32>,
        classes secondClasses: UnsafeBufferPointer<UInt8>
    ) -> (first: IndexSliceCoder.Slice, second: IndexSliceCoder.Slice) {
        var firstSlice = unsafe EncodedSlice(first, firstClasses)
        var secondSlice = unsafe EncodedSlice(second, secondClasses)
        var (a, b) = (lane(firstSlice, 0), lane(secondSlice, 1))
        let common = min(firstSlice.count, secondSlice.count)
        withShared { shared in
            var start = 0
            while start < common {
                let end = min(start + EncodedSlice.block, common)
                firstSlice.makeRoom(&a)
                secondSlice.makeRoom(&b)
                Self.encode(&a, &b, start..<end, shared, tools)
                start = end
            }
            encode(&a, &firstSlice, from: common, shared)
            encode(&b, &secondSlice, from: common, shared)
        }
        return (firstSlice.finish(&a), secondSlice.finish(&b))
    }

    private func encode(_ lane: inout IndexEncodingLane, _ slice: inout EncodedSlice, from first: Int, _ shared: IndexLane.Shared) {
        var start = first
        while start < slice.count {
            let end = min(start + EncodedSlice.block, slice.count)
            slice.makeRoom(&lane)
            Self.encode(&lane, start..<end, shared, tools)
            start = end
        }
    }

    /// A lane at the start of a slice.
    private func lane(_ slice: borrowing EncodedSlice, _ number: Int) -> IndexEncodingLane {
        let own = unsafe words + number * Self.laneWords
        unsafe own.initialize(from: binarization.startingWords, count: IndexBinarization.wordCount)
        return unsafe IndexEncodingLane(slice, words: own, shares: shares + number * DecisionGroup.Bounds.memoryWords)
    }

    private func withShared(_ body: (IndexLane.Shared) -> Void) {
        unsafe binarization.classes.withUnsafeBufferPointer { table in
            body(unsafe IndexLane.Shared(table.baseAddress.unsafelyUnwrapped, groups.view, bins.view, tools))
        }
    }

    // MARK: Loops

    private static func encode(_ lane: inout IndexEncodingLane, _ range: Range<Int>, _ shared: IndexLane.Shared, _ tools: IndexSliceTools) {
        var loop = OneLane(lane: lane, range: range, shared: shared)
        loop.run(tools)
        lane = loop.lane
    }

    private static func encode(
        _ a: inout IndexEncodingLane, _ b: inout IndexEncodingLane, _ range: Range<Int>, _ shared: IndexLane.Shared, _ tools: IndexSliceTools
    ) {
        var loop = TwoLanes(lanes: (a, b), range: range, shared: shared)
        loop.run(tools)
        (a, b) = loop.lanes
    }

    /// One lane. It is copied, so that it fits the registers of a processor.
    private struct OneLane: LaneLoop {
        var lane: IndexEncodingLane
        let range: Range<Int>
        let shared: IndexLane.Shared

        @inline(never)
        mutating func run<States: LaneTool, Neighbours: LaneTool, Signs: LaneTool>(
            _ states: States.Type, _ neighbours: Neighbours.Type, _ signs: Signs.Type
        ) {
            var own = lane
            var i = range.lowerBound
            while i < range.upperBound {
                own.encode(i, shared, states, neighbours, signs)
                i &+= 1
            }
            lane = own
        }
    }

    private struct TwoLanes: LaneLoop {
        var lanes: (IndexEncodingLane, IndexEncodingLane)
        let range: Range<Int>
        let shared: IndexLane.Shared

        @inline(never)
        mutating func run<States: LaneTool, Neighbours: LaneTool, Signs: LaneTool>(
            _ states: States.Type, _ neighbours: Neighbours.Type, _ signs: Signs.Type
        ) {
            var (first, second) = lanes
            var i = range.lowerBound
            while i < range.upperBound {
                first.encode(i, shared, states, neighbours, signs)
                second.encode(i, shared, states, neighbours, signs)
                i &+= 1
            }
            lanes = (first, second)
        }
    }
}
