import TamisBits

/// Decodes slices of indices (Spec §6.4, §6.5), two in lockstep: the same as `IndexSliceCoder.decode`, which it is tested against,
/// several times as fast.
@safe
package struct IndexSliceDecoder: ~Copyable {
    /// Slices that are decoded together.
    package static let lanes = 2

    private let binarization: IndexBinarization
    private let tools: IndexSliceTools
    private let groups: DecisionAdaptation
    private let bins: AdaptationTable
    private let words: UnsafeMutablePointer<UInt32>
    private let bounds: UnsafeMutablePointer<UInt64>

    /// Words of a lane, so many that groups of all lanes lie on borders of 32 bytes.
    private static let laneWords = (IndexBinarization.wordCount + DecisionGroup.words - 1) / DecisionGroup.words * DecisionGroup.words

    package init(_ binarization: IndexBinarization, _ tools: IndexSliceTools) {
        self.binarization = binarization
        self.tools = tools
        groups = DecisionAdaptation(limit: tools.adaptationLimit)
        bins = AdaptationTable(limit: tools.adaptationLimit)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.lanes * Self.laneWords * 4, alignment: 4 * DecisionGroup.words)
        unsafe words = memory.bindMemory(to: UInt32.self, capacity: Self.lanes * Self.laneWords)
        unsafe bounds = .allocate(capacity: Self.lanes * DecisionGroup.Bounds.memoryWords)
        unsafe bounds.initialize(repeating: 0, count: Self.lanes * DecisionGroup.Bounds.memoryWords)
    }

    deinit {
        unsafe words.deallocate()
        unsafe bounds.deallocate()
    }

    /// A slice as bytes, with where its indices go.
    @safe
    package struct Slice {
        let codeword: ByteView
        let rawBits: ByteView
        let classes: UnsafeBufferPointer<UInt8>
        let indices: UnsafeMutableBufferPointer<Int32>

        /// - Parameters:
        ///   - codeword, rawBits: any bytes.
        ///   - classes: of each index, 0 … 16.
        ///   - indices: at least one; for trellises they become levels, 2 q in even states and 2 q − sgn q in odd ones.
        package init(codeword: ByteView, rawBits: ByteView, classes: UnsafeBufferPointer<UInt8>, into indices: UnsafeMutableBufferPointer<Int32>) {
            precondition(indices.count > 0 && indices.count == classes.count)
            self.codeword = codeword
            self.rawBits = rawBits
            unsafe self.classes = classes
            unsafe self.indices = indices
        }
    }

    /// Decodes one slice.
    ///
    /// - Returns: false if codeword and raw bits are not exactly those of so many indices; what the indices are then is of no use.
    ///   The work done is bounded by the number of indices.
    package mutating func decode(_ slice: Slice) -> Bool {
        guard var lane = lane(slice, 0) else { return false }
        let count = unsafe slice.indices.count
        run { shared in Self.decode(&lane, 0..<count, shared, tools) }
        return lane.finish(count, tools)
    }

    /// Decodes two slices; see `decode(_:)`.
    package mutating func decode(_ first: Slice, _ second: Slice) -> (first: Bool, second: Bool) {
        guard var a = lane(first, 0), var b = lane(second, 1) else { return (decode(first), decode(second)) }
        let counts = unsafe (first.indices.count, second.indices.count)
        run { shared in
            let common = min(counts.0, counts.1)
            Self.decode(&a, &b, 0..<common, shared, tools)
            if common < counts.0 { Self.decode(&a, common..<counts.0, shared, tools) }
            if common < counts.1 { Self.decode(&b, common..<counts.1, shared, tools) }
        }
        return (a.finish(counts.0, tools), b.finish(counts.1, tools))
    }

    /// The groups and contexts, as the last slice of a lane left them.
    func learned(_ lane: Int) -> [UInt32] {
        unsafe Array(UnsafeBufferPointer(start: words + lane * Self.laneWords, count: IndexBinarization.wordCount))
    }

    /// A lane at the start of a slice.
    private func lane(_ slice: Slice, _ number: Int) -> IndexLane? {
        let own = unsafe words + number * Self.laneWords
        unsafe own.initialize(from: binarization.startingWords, count: IndexBinarization.wordCount)
        return unsafe IndexLane(slice, words: own, bounds: bounds + number * DecisionGroup.Bounds.memoryWords)
    }

    private func run(_ body: (IndexLane.Shared) -> Void) {
        unsafe binarization.classes.withUnsafeBufferPointer { table in
            body(unsafe IndexLane.Shared(table.baseAddress.unsafelyUnwrapped, groups.view, bins.view, tools))
        }
    }

    // MARK: Loops

    private static func decode(_ lane: inout IndexLane, _ range: Range<Int>, _ shared: IndexLane.Shared, _ tools: IndexSliceTools) {
        var loop = OneLane(lane: lane, range: range, shared: shared)
        loop.run(tools)
        lane = loop.lane
    }

    private static func decode(
        _ a: inout IndexLane, _ b: inout IndexLane, _ range: Range<Int>, _ shared: IndexLane.Shared, _ tools: IndexSliceTools
    ) {
        var loop = TwoLanes(lanes: (a, b), range: range, shared: shared)
        loop.run(tools)
        (a, b) = loop.lanes
    }

    /// One lane. It is copied, so that it fits the registers of a processor.
    private struct OneLane: LaneLoop {
        var lane: IndexLane
        let range: Range<Int>
        let shared: IndexLane.Shared

        @inline(never)
        mutating func run<States: LaneTool, Neighbours: LaneTool, Signs: LaneTool>(
            _ states: States.Type, _ neighbours: Neighbours.Type, _ signs: Signs.Type
        ) {
            var own = lane
            var i = range.lowerBound
            while i < range.upperBound {
                own.decode(i, shared, states, neighbours, signs)
                i &+= 1
            }
            lane = own
        }
    }

    private struct TwoLanes: LaneLoop {
        var lanes: (IndexLane, IndexLane)
        let range: Range<Int>
        let shared: IndexLane.Shared

        @inline(never)
        mutating func run<States: LaneTool, Neighbours: LaneTool, Signs: LaneTool>(
            _ states: States.Type, _ neighbours: Neighbours.Type, _ signs: Signs.Type
        ) {
            var (first, second) = lanes
            var i = range.lowerBound
            while i < range.upperBound {
                first.decode(i, shared, states, neighbours, signs)
                second.decode(i, shared, states, neighbours, signs)
                i &+= 1
            }
            lanes = (first, second)
        }
    }
}
