/// A slice that is being coded, next to others (Spec §6.5): what `IndexSliceCoder.encode` does, without a branch that a processor
/// could not foresee; see `IndexLane`.
@safe
struct IndexEncodingLane {
    var codeword: CodewordCursor
    private(set) var raw: LongRawBitWriter.Cursor
    private let words: UnsafeMutablePointer<UInt32>
    private let shares: UnsafeMutablePointer<UInt64>
    private let classes: UnsafePointer<UInt8>
    private let indices: UnsafePointer<Int32>
    /// The two magnitudes before, and the state.
    private var before1: UInt32 = 0
    private var before2: UInt32 = 0
    private var state: UInt32 = 0

    /// - Parameters:
    ///   - words: as many as `IndexBinarization.wordCount`, with the starting values.
    ///   - shares: see `DecisionGroup.Shares.store`.
    init(_ slice: borrowing EncodedSlice, words: UnsafeMutablePointer<UInt32>, shares: UnsafeMutablePointer<UInt64>) {
        codeword = unsafe CodewordCursor(slice.start)
        raw = slice.rawStart
        unsafe self.words = words
        unsafe self.shares = shares
        unsafe classes = slice.classes
        unsafe indices = slice.indices
    }

    /// Codes the index at place `i`, after those before it. There is room.
    @inline(always)
    mutating func encode<States: LaneTool, Neighbours: LaneTool, Signs: LaneTool>(
        _ i: Int, _ shared: IndexLane.Shared, _ states: States.Type, _ neighbours: Neighbours.Type, _ signs: Signs.Type
    ) {
        let scaleClass = unsafe Int(classes[i])
        let own = unsafe words + scaleClass &* IndexBinarization.wordsPerClass
        let parameters = unsafe shared.table + scaleClass
        let index = unsafe indices[i]
        let magnitude = index.magnitude
        var start = unsafe own
        if neighbours.isUsed {
            unsafe start += parameters.pointee.neighbourClass(of: before1 &+ before2) &* DecisionGroup.words
            (before2, before1) = (before1, magnitude)
        }
        if states.isUsed {
            unsafe start += Int(state & 1) &* (IndexBinarization.neighbourClasses * DecisionGroup.words)
            state = shared.states.next(state, magnitude: magnitude)
        }
        // 0 or 1, without a comparison, of which the compiler would make a branch.
        let isOther = (0 &- magnitude) &>> 31
        let mask = 0 &- UInt64(isOther)
        let less = magnitude &- isOther
        let shift = unsafe parameters.pointee.shift
        let cell = Int(truncatingIfNeeded: (less &>> shift) &+ isOther)
        unsafe codeword.symbol(min(cell, DecisionGroup.decisions), start, shared.groups, shares)
        if cell >= DecisionGroup.decisions {
            (codeword, raw) = unsafe Self.more(cell, codeword, raw, own, shared.groups, shared.bins, shares)
        }
        let sign = UInt32(bitPattern: index) &>> 31
        if signs.isUsed {
            let context = unsafe IndexSliceCoder.signContext(indices, i, shared.signDistances.first, shared.signDistances.second)
            unsafe codeword.bin(sign, words + (IndexBinarization.signContexts &+ context), mask: mask, shared.bins)
        } else {
            raw.put(UInt64(sign), Int(truncatingIfNeeded: isOther))
        }
        if shift > 0 {
            let rawShift = unsafe parameters.pointee.rawShift
            let context = unsafe own + (IndexBinarization.lowBit &+ (min(cell &- 1, 2) & Int(truncatingIfNeeded: mask)))
            unsafe codeword.bin((less &>> rawShift) & 1, context, mask: mask, shared.bins)
            raw.put(UInt64(less & ((1 &<< rawShift) &- 1)), Int(truncatingIfNeeded: UInt64(rawShift) & mask))
        }
    }

    /// What follows the first symbol of a cell of 4 or more.
    @inline(never)
    private static func more(
        _ cell: Int, _ codeword: CodewordCursor, _ raw: LongRawBitWriter.Cursor, _ own: UnsafeMutablePointer<UInt32>, _ groups: DecisionAdaptation.View,
        _ bins: AdaptationTable.View, _ shares: UnsafeMutablePointer<UInt64>
    ) -> (CodewordCursor, LongRawBitWriter.Cursor) {
        var (codeword, raw) = (codeword, raw)
        unsafe codeword.symbol(min(cell &- 4, 4), own + IndexBinarization.moreGroups, groups, shares)
        if cell < 8 { return (codeword, raw) }
        unsafe codeword.symbol(min(cell &- 8, 4), own + (IndexBinarization.moreGroups + DecisionGroup.words), groups, shares)
        if cell < IndexBinarization.cellCap { return (codeword, raw) }
        let beyond = UInt64(cell &- IndexBinarization.cellCap &+ 1)
        let bits = 63 &- beyond.leadingZeroBitCount
        for k in 0...bits {
            let context = IndexBinarization.escapePrefix &+ min(k, IndexBinarization.escapePrefixLast)
            unsafe codeword.bin(k < bits ? 1 : 0, own + context, mask: .max, bins)
        }
        raw.put(beyond & ((1 << UInt64(bits)) - 1), bits)
        return (codeword, raw)
    }
}
