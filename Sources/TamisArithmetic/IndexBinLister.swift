/// Lists the bins of a slice's indices with their contexts, part after part, and writes the raw bits (Spec §6.4).
///
/// Neither making a list nor coding it has a branch on the data that a processor could not foresee, which is worth more than the
/// memory the list takes.
@safe
struct IndexBinLister: ~Copyable {
    private let indices: UnsafeBufferPointer<Int32>
    private let classes: UnsafeBufferPointer<UInt8>
    private let binarization: IndexBinarization
    private let tools: IndexSliceTools
    private let patterns: BinPatterns
    private let list: UnsafeMutablePointer<UInt16>
    private var length = 0
    /// The index to be listed next.
    private var place = 0
    /// The two magnitudes before it.
    private var before1: UInt32 = 0
    private var before2: UInt32 = 0
    private var state: UInt32 = 0
    private var raw: RawBitWriter

    /// - Parameters:
    ///   - indices: at least one; magnitudes at most `IndexBinarization.maximumMagnitude`; used as long as the lister is.
    ///   - classes: as many; each 0 … 16; likewise.
    init(_ indices: UnsafeBufferPointer<Int32>, _ classes: UnsafeBufferPointer<UInt8>, _ binarization: IndexBinarization, _ tools: IndexSliceTools) {
        precondition(indices.count > 0 && indices.count == classes.count)
        unsafe self.indices = indices
        unsafe self.classes = classes
        self.binarization = binarization
        self.tools = tools
        patterns = tools.signDistances == nil ? .withoutSigns : .withSigns
        unsafe list = UnsafeMutablePointer<UInt16>.allocate(capacity: Self.listedIndices * Self.mostBins)
        raw = RawBitWriter(reservingBytes: indices.count / 4)
    }

    deinit { unsafe list.deallocate() }

    /// Indices whose bins are listed at a time.
    private static let listedIndices = 512
    /// Room for the bins of one index and for what is written beyond them.
    private static let mostBins = 2 + IndexBinarization.unaryCap + IndexBinarization.exponentCap + 1 + 16

    /// The part listed last, as `ListedBins` has it; valid until the next.
    var bins: UnsafeBufferPointer<UInt16> { unsafe UnsafeBufferPointer(start: list, count: length) }

    /// The raw bits, once no index is left.
    mutating func finish() -> [UInt8] { raw.finish() }

    /// - Returns: false if no index is left.
    mutating func listNext() -> Bool {
        if unsafe place == indices.count { return false }
        if tools.usesNeighbours || tools.signDistances != nil || tools.states.hasStates {
            listWithTools()
        } else {
            let end = endOfRun
            if end &- place >= Self.shortestRun { listRun(to: end) } else { listPlainly() }
        }
        return true
    }

    /// Fewer indices of the same class in a row are not worth a list of their own.
    private static let shortestRun = 128

    /// Where the class of the next index ends, or as far as a list may reach.
    private var endOfRun: Int {
        let end = unsafe min(place &+ Self.listedIndices, indices.count)
        let first = unsafe classes[place]
        var next = place
        let bytes = unsafe UnsafeRawPointer(classes.baseAddress.unsafelyUnwrapped)
        let same = SIMD16<UInt8>(repeating: first)
        while next &+ 16 <= end, unsafe bytes.loadUnaligned(fromByteOffset: next, as: SIMD16<UInt8>.self) == same { next &+= 16 }
        while next < end, unsafe classes[next] == first { next &+= 1 }
        return next
    }

    /// Lists indices of one class, where raw bits say the signs and contexts do not depend on other indices.
    private mutating func listRun(to end: Int) {
        let parameters = unsafe binarization.classes[Int(classes[place])]
        if parameters.rawShift > 0 { listPlainly(); return }
        let offset = unsafe UInt16(truncatingIfNeeded: Int(classes[place]) &* (2 &* IndexBinarization.contextsPerClass))
        let allBins = patterns.bins
        unsafe allBins.withUnsafeBufferPointer { bins in
            let own = unsafe bins.baseAddress.unsafelyUnwrapped + parameters.firstPattern
            unsafe listRun(to: end, own, last: parameters.lastPattern, offset)
        }
    }

    /// - Parameters:
    ///   - own: the patterns of the class, by magnitude up to `last`.
    ///   - offset: what the class adds to them.
    @inline(never)
    private mutating func listRun(to end: Int, _ own: UnsafePointer<BinPatterns.Pattern>, last: UInt32, _ offset: UInt16) {
        let indices = unsafe indices.baseAddress.unsafelyUnwrapped
        let list = unsafe UnsafeMutableRawPointer(list)
        let offsets = SIMD16(repeating: offset)
        // In bytes.
        var length = 0
        var i = place
        while i < end {
            // A sign for each, which makes at most as many raw bits as can be written at a time.
            let stop = min(i &+ 32, end)
            var signs: UInt64 = 0
            var count: UInt64 = 0
            while i < stop {
                let index = unsafe indices[i]
                i &+= 1
                let magnitude = index.magnitude
                let sign = UInt32(bitPattern: index) &>> 31
                if magnitude > last {
                    raw.put(UInt32(truncatingIfNeeded: signs), Int(count))
                    (signs, count) = (0, 0)
                    raw.put(sign, 1)
                    length = listLarge(magnitude, offset, at: length)
                    continue
                }
                let pattern = unsafe own + Int(magnitude)
                unsafe (list + length).storeBytes(of: pattern.pointee.entries &+ offsets, as: SIMD16<UInt16>.self)
                length &+= unsafe 2 &* pattern.pointee.count
                signs |= UInt64(sign) &<< count
                // Not a comparison, of which the compiler would make a branch.
                count &+= UInt64((0 &- magnitude) &>> 31)
            }
            raw.put(UInt32(truncatingIfNeeded: signs), Int(count))
        }
        place = end
        self.length = length / 2
    }

    /// Lists the bins of a magnitude without a pattern in a run.
    ///
    /// - Parameters: as above, with bytes of the list.
    @inline(never)
    private mutating func listLarge(_ magnitude: UInt32, _ offset: UInt16, at start: Int) -> Int {
        let scaleClass = Int(offset) / (2 * IndexBinarization.contextsPerClass)
        let length = start / 2
        unsafe list[length] = Self.entry(scaleClass, IndexBinarization.zeroFlag, 1)
        return 2 * listLarge(magnitude - 1, scaleClass, neighbour: 0, near: 0, at: length + 1)
    }

    // Two functions, so that the plain one is compiled without what it does not need.
    @inline(never)
    private mutating func listPlainly() { list(plainly: true) }

    @inline(never)
    private mutating func listWithTools() { list(plainly: false) }

    /// - Parameter isPlain: no tool is used, and raw bits say the signs.
    @inline(__always)
    private mutating func list(plainly isPlain: Bool) {
        let end = unsafe min(place &+ Self.listedIndices, indices.count)
        let (classes, indices) = unsafe (classes.baseAddress.unsafelyUnwrapped, indices.baseAddress.unsafelyUnwrapped)
        let hasSigns = !isPlain && tools.signDistances != nil
        let (first, second) = tools.signDistances ?? (1, 1)
        let rawSigns: UInt32 = hasSigns ? 0 : 1
        let (table, patterns) = (binarization.classes, patterns)
        let (parametersOf, patternBins, neighbours) = (table.span, patterns.bins.span, patterns.neighbours.span)
        let (usesNeighbours, states) = (tools.usesNeighbours, tools.states)
        var (before1, before2, state) = (before1, before2, state)
        var length = 0
        for i in place..<end {
            let scaleClass = unsafe Int(classes[i])
            let parameters = parametersOf[scaleClass]
            let index = unsafe indices[i]
            let magnitude = index.magnitude
            // Not a comparison, of which the compiler would make a branch.
            let isOther = (0 &- magnitude) &>> 31
            let sign = UInt32(bitPattern: index) &>> 31
            var (near, odd) = (0, 0)
            if !isPlain {
                near = usesNeighbours ? parameters.neighbourClass(of: before1 &+ before2) : 0
                odd = Int(state & 1)
                state = states.next(state, magnitude: magnitude)
                before2 = before1
                before1 = magnitude
            }
            let less = magnitude &- isOther
            let part = (less &>> parameters.rawShift) &+ isOther
            let added: Int
            if part <= parameters.lastPattern {
                let pattern = patternBins[parameters.firstPattern &+ Int(part)]
                var bins = pattern.entries &+ SIMD16(repeating: UInt16(truncatingIfNeeded: scaleClass &* (2 &* IndexBinarization.contextsPerClass)))
                if !isPlain { bins &+= neighbours[pattern.firstNeighbour &+ near &+ 4 &* odd] }
                unsafe UnsafeMutableRawPointer(list + length).storeBytes(of: bins, as: SIMD16<UInt16>.self)
                added = pattern.count
                let low = less & ((1 &<< parameters.rawShift) &- 1)
                raw.put((sign & rawSigns) | (low &<< rawSigns), Int((rawSigns &+ parameters.rawShift) & (0 &- isOther)))
            } else {
                if !hasSigns { raw.put(sign, 1) }
                added = listLarge(less, scaleClass, neighbour: near &+ 4 &* odd, near: near, at: length &+ (hasSigns ? 2 : 1)) &- length
                unsafe list[length] = Self.entry(scaleClass, IndexBinarization.zeroFlag &+ near &+ 4 &* odd, 1)
            }
            if hasSigns {
                // The place after the zero flag; the bins of a zero end before it.
                let context = unsafe IndexSliceCoder.signContext(indices, i, first, second)
                unsafe list[length &+ 1] = ListedBins.entry(IndexBinarization.signContexts &+ context, UInt16(truncatingIfNeeded: sign))
            }
            length &+= added
        }
        place = end
        self.length = length
        (self.before1, self.before2, self.state) = (before1, before2, state)
    }

    /// Lists the bins of a magnitude after the sign.
    ///
    /// - Parameter less: the magnitude less one.
    /// - Returns: where the next bin goes.
    @inline(never)
    private mutating func listLarge(_ less: UInt32, _ scaleClass: Int, neighbour: Int, near: Int, at start: Int) -> Int {
        var place = start
        func add(_ context: Int, _ bin: Bool) {
            unsafe list[place] = Self.entry(scaleClass, context, bin ? 1 : 0)
            place += 1
        }
        let shift = binarization.classes[scaleClass].shift
        let unary = Int(less >> shift)
        for j in 0..<min(unary + 1, IndexBinarization.unaryCap) { add(IndexBinarization.unary(j, neighbour: neighbour, near: near), unary > j) }
        if unary >= IndexBinarization.unaryCap {
            let beyond = UInt64(unary - IndexBinarization.unaryCap + 1)
            let bits = 63 - beyond.leadingZeroBitCount
            for k in 0...bits { add(IndexBinarization.escapePrefix + min(k, IndexBinarization.escapePrefixLast), k < bits) }
            raw.put(UInt32(truncatingIfNeeded: beyond & ((1 << UInt64(bits)) - 1)), bits)
        }
        if shift > 0 {
            add(IndexBinarization.lowBit + min(unary, 2), (less >> (shift - 1)) & 1 == 1)
            raw.put(less & ((1 << (shift - 1)) - 1), Int(shift) - 1)
        }
        return place
    }

    @inline(__always)
    private static func entry(_ scaleClass: Int, _ context: Int, _ bin: UInt16) -> UInt16 {
        ListedBins.entry(scaleClass &* IndexBinarization.contextsPerClass &+ context, bin)
    }
}
