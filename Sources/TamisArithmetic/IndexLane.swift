import TamisBits

/// A slice that is being decoded, next to others (Spec §6.5): what `IndexSliceCoder.decode` does, without a branch that a processor
/// could not foresee.
///
/// One symbol decides about a cell, and what an index may lack, its low bit and its sign, is decoded as if it were there, under a
/// mask. So the steps of several lanes go on side by side in a processor, which hides how long each takes. The pointers are those
/// of slices and memory that outlive the lane; every offset is bounded as in `IndexSliceCoder`.
@safe
struct IndexLane {
    /// What all lanes of a tensor share; loops keep a copy.
    @safe
    struct Shared {
        let table: UnsafePointer<IndexBinarization.Class>
        let groups: DecisionAdaptation.View
        let bins: AdaptationTable.View
        let states: StateTransition
        let signDistances: (first: Int, second: Int)

        init(
            _ table: UnsafePointer<IndexBinarization.Class>, _ groups: DecisionAdaptation.View, _ bins: AdaptationTable.View, _ tools: IndexSliceTools
        ) {
            unsafe self.table = table
            self.groups = groups
            self.bins = bins
            states = tools.states
            signDistances = tools.signDistances ?? (1, 1)
        }
    }

    private var interval: CodewordInterval
    private let end: CodewordInterval.End
    private var raw: LongRawBitReader
    private let words: UnsafeMutablePointer<UInt32>
    private let bounds: UnsafeMutablePointer<UInt64>
    private let classes: UnsafePointer<UInt8>
    private let indices: UnsafeMutablePointer<Int32>
    /// The two magnitudes before, and the state.
    private var before1: UInt32 = 0
    private var before2: UInt32 = 0
    private var state: UInt32 = 0
    /// True if there may be an index beyond the largest magnitude, or there is one.
    private var mayExceed = false
    private var exceeds = false

    /// - Parameters:
    ///   - words: as many as `IndexBinarization.wordCount`, with the starting values.
    ///   - bounds: see `DecisionGroup.Bounds.store`.
    /// - Returns: nil for a codeword that says nothing.
    init?(_ slice: IndexSliceDecoder.Slice, words: UnsafeMutablePointer<UInt32>, bounds: UnsafeMutablePointer<UInt64>) {
        if slice.codeword.count == 0 { return nil }
        guard let interval = CodewordInterval(slice.codeword) else { return nil }
        self.interval = interval
        end = CodewordInterval.End(slice.codeword)
        raw = LongRawBitReader(slice.rawBits)
        unsafe self.words = words
        unsafe self.bounds = bounds
        unsafe classes = slice.classes.baseAddress.unsafelyUnwrapped
        unsafe indices = slice.indices.baseAddress.unsafelyUnwrapped
    }

    /// Decodes the index at place `i`; those before it must have been decoded.
    @inline(always)
    mutating func decode<States: LaneTool, Neighbours: LaneTool, Signs: LaneTool>(
        _ i: Int, _ shared: Shared, _ states: States.Type, _ neighbours: Neighbours.Type, _ signs: Signs.Type
    ) {
        let scaleClass = unsafe Int(classes[i])
        let own = unsafe words + scaleClass &* IndexBinarization.wordsPerClass
        let parameters = unsafe shared.table + scaleClass
        var start = unsafe own
        if neighbours.isUsed { unsafe start += parameters.pointee.neighbourClass(of: before1 &+ before2) &* DecisionGroup.words }
        if states.isUsed { unsafe start += Int(state & 1) &* (IndexBinarization.neighbourClasses * DecisionGroup.words) }
        var cell = unsafe interval.symbol(start, shared.groups, bounds, end)
        if cell == 4 {
            (interval, cell) = unsafe Self.more(interval, own, shared.groups, shared.bins, bounds, end)
            if cell < 0 {
                let length = ~cell
                let suffix = Int(truncatingIfNeeded: raw.window & ((1 &<< UInt64(length)) &- 1))
                raw.skip(length)
                cell = IndexBinarization.cellCap &+ (1 &<< length) &- 1 &+ suffix
                let most = UInt64(cell) << UInt64(unsafe parameters.pointee.shift)
                if length == IndexBinarization.exponentCap || most > UInt64(1 + IndexBinarization.maximumMagnitude) {
                    exceeds = true
                    cell = 1
                }
                mayExceed = mayExceed || most > UInt64(IndexBinarization.maximumMagnitude)
            }
        }
        let isOther = UInt64(bitPattern: Int64((0 &- cell) &>> 63))
        let other32 = UInt32(truncatingIfNeeded: isOther)
        var sign: UInt32 = 0
        if signs.isUsed {
            let context = unsafe IndexSliceCoder.signContext(indices, i, shared.signDistances.first, shared.signDistances.second)
            let mask = unsafe interval.bin(words + (IndexBinarization.signContexts &+ context), mask: isOther, shared.bins, end)
            sign = UInt32(truncatingIfNeeded: mask)
        }
        var less = UInt32(truncatingIfNeeded: cell &- 1)
        if !signs.isUsed {
            sign = 0 &- (UInt32(truncatingIfNeeded: raw.window) & 1)
            raw.skip(Int(truncatingIfNeeded: isOther & 1))
        }
        // Classes are alike for a while, as a rule.
        if unsafe parameters.pointee.shift > 0 {
            let context = unsafe own + (IndexBinarization.lowBit &+ (min(cell &- 1, 2) & Int(truncatingIfNeeded: isOther)))
            let rawShift = unsafe parameters.pointee.rawShift
            less = less &<< 1 &- UInt32(truncatingIfNeeded: unsafe interval.bin(context, mask: isOther, shared.bins, end))
            less = less &<< rawShift | UInt32(truncatingIfNeeded: raw.window) & ((1 &<< rawShift) &- 1)
            raw.skip(Int(truncatingIfNeeded: UInt64(rawShift) & isOther))
        }
        less &= other32
        let magnitude = less &- other32
        let level = states.isUsed ? (magnitude &<< 1) &- (state & 1 & other32) : magnitude
        unsafe indices[i] = Int32(bitPattern: (level ^ sign) &- sign)
        if neighbours.isUsed { (before2, before1) = (before1, magnitude) }
        if states.isUsed { state = shared.states.next(state, magnitude: magnitude) }
    }

    /// The rest of a cell of 4 or more.
    ///
    /// - Returns: the interval, and the cell, or for an escape the complement of its length.
    @inline(never)
    private static func more(
        _ interval: CodewordInterval, _ own: UnsafeMutablePointer<UInt32>, _ groups: DecisionAdaptation.View, _ bins: AdaptationTable.View,
        _ bounds: UnsafeMutablePointer<UInt64>, _ end: CodewordInterval.End
    ) -> (CodewordInterval, Int) {
        var interval = interval
        let next = unsafe interval.symbol(own + IndexBinarization.moreGroups, groups, bounds, end)
        if next < 4 { return (interval, 4 &+ next) }
        let last = unsafe interval.symbol(own + (IndexBinarization.moreGroups + DecisionGroup.words), groups, bounds, end)
        if last < 4 { return (interval, 8 &+ last) }
        var length = 0
        while length < IndexBinarization.exponentCap {
            let context = IndexBinarization.escapePrefix &+ min(length, IndexBinarization.escapePrefixLast)
            if unsafe interval.bin(own + context, mask: .max, bins, end) == 0 { break }
            length &+= 1
        }
        return (interval, ~length)
    }

    /// Checks what `IndexSliceCoder.decode` checks, after the last of `count` indices.
    mutating func finish(_ count: Int, _ tools: IndexSliceTools) -> Bool {
        if exceeds { return false }
        if mayExceed {
            // The level of the largest magnitude in an even state.
            let largest = IndexBinarization.maximumMagnitude * (tools.states.hasStates ? 2 : 1)
            for i in 0..<count where unsafe indices[i].magnitude > largest { return false }
        }
        return interval.isAtEnd(end) && raw.finish()
    }
}
