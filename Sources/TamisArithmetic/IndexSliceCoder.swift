import TamisBits

/// Codes slices of indices (Spec §6.4, §6.5), one after the other in the same memory.
///
/// Every slice starts from fresh contexts. `encode` and `decode` stand side by side because each line of one has its counterpart in
/// the other. The loops work on raw pointers whose targets this type owns: every offset is bounded by a class (0 … 16, checked when
/// the classes are made) and by the constants of `IndexBinarization`.
@safe
package struct IndexSliceCoder: ~Copyable {
    private let words: UnsafeMutablePointer<UInt32>
    /// See `DecisionGroup.Bounds.store`.
    private let bounds: UnsafeMutablePointer<UInt64>
    private let adaptation: AdaptationTable
    private let groupAdaptation: DecisionAdaptation
    private let binarization: IndexBinarization
    private let tools: IndexSliceTools

    package init(_ binarization: IndexBinarization, _ tools: IndexSliceTools) {
        // Groups lie on borders of 32 bytes.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 4 * IndexBinarization.wordCount, alignment: 4 * DecisionGroup.words)
        unsafe words = memory.bindMemory(to: UInt32.self, capacity: IndexBinarization.wordCount)
        unsafe bounds = .allocate(capacity: DecisionGroup.Bounds.memoryWords)
        unsafe bounds.initialize(repeating: 0, count: DecisionGroup.Bounds.memoryWords)
        adaptation = AdaptationTable(limit: tools.adaptationLimit)
        groupAdaptation = DecisionAdaptation(limit: tools.adaptationLimit)
        self.binarization = binarization
        self.tools = tools
    }

    deinit {
        unsafe words.deallocate()
        unsafe bounds.deallocate()
    }

    /// The groups and contexts, as the last slice left them.
    var learned: [UInt32] { unsafe Array(UnsafeBufferPointer(start: words, count: IndexBinarization.wordCount)) }

    /// A slice as bytes.
    package struct Slice: Sendable, Equatable {
        package var codeword: [UInt8]
        package var rawBits: [UInt8]

        package init(codeword: [UInt8], rawBits: [UInt8]) {
            self.codeword = codeword
            self.rawBits = rawBits
        }
    }

    /// - Parameters:
    ///   - indices: at least one; magnitudes at most `IndexBinarization.maximumMagnitude`.
    ///   - classes: as many; each 0 … 16.
    package mutating func encode(_ indices: UnsafeBufferPointer<Int32>, classes: UnsafeBufferPointer<UInt8>) -> Slice {
        precondition(indices.count > 0 && indices.count == classes.count)
        unsafe words.initialize(from: binarization.startingWords, count: IndexBinarization.wordCount)
        let (classes, indices, count) = unsafe (classes.baseAddress.unsafelyUnwrapped, indices.baseAddress.unsafelyUnwrapped, indices.count)
        let (table, groups, states, usesNeighbours) = (binarization.classes.span, groupAdaptation.view, tools.states, tools.usesNeighbours)
        let (first, second) = tools.signDistances ?? (0, 0)
        let (words, bounds) = unsafe (words, bounds)
        var coder = ArithmeticEncoder(reservingBytes: count)
        var raw = RawBitWriter(reservingBytes: count / 4)
        var (before1, before2, state): (UInt32, UInt32, UInt32) = (0, 0, 0)
        for i in 0..<count {
            // As many symbols and bins as an index has.
            coder.reserve(bins: 2 * 3 + IndexBinarization.exponentCap + 2)
            let scaleClass = unsafe Int(classes[i])
            let own = unsafe words + scaleClass &* IndexBinarization.wordsPerClass
            let parameters = table[scaleClass]
            let index = unsafe indices[i]
            let magnitude = index.magnitude
            let near = usesNeighbours ? parameters.neighbourClass(of: before1 &+ before2) : 0
            let start = near &+ Int(state & 1) &* IndexBinarization.neighbourClasses
            (before2, before1) = (before1, magnitude)
            state = states.next(state, magnitude: magnitude)
            let isOther: UInt32 = magnitude == 0 ? 0 : 1
            let less = magnitude &- isOther
            let cell = Int((less &>> parameters.shift) &+ isOther)
            unsafe coder.symbol(min(cell, 4), own + start &* DecisionGroup.words, groups, bounds)
            if cell == 0 { continue }
            if cell >= 4 { unsafe encodeMore(cell, own, &coder, &raw) }
            let sign: UInt32 = index < 0 ? 1 : 0
            if first > 0 {
                let context = unsafe Self.signContext(indices, i, first, second)
                unsafe coder.bin(sign, &words[IndexBinarization.signContexts &+ context], adaptation)
            } else {
                raw.put(sign, 1)
            }
            if parameters.shift > 0 {
                let low = (less &>> parameters.rawShift) & 1
                unsafe coder.bin(low, &own[IndexBinarization.lowBit &+ min(cell &- 1, 2)], adaptation)
                raw.put(less & ((1 &<< parameters.rawShift) &- 1), Int(parameters.rawShift))
            }
        }
        return Slice(codeword: coder.finish(), rawBits: raw.finish())
    }

    /// What follows the first symbol of a cell of 4 or more.
    private func encodeMore(_ cell: Int, _ own: UnsafeMutablePointer<UInt32>, _ coder: inout ArithmeticEncoder, _ raw: inout RawBitWriter) {
        var left = cell - 4
        for more in 0..<2 {
            let group = unsafe own + IndexBinarization.moreGroups + more * DecisionGroup.words
            unsafe coder.symbol(min(left, 4), group, groupAdaptation.view, bounds)
            if left < 4 { return }
            left -= 4
        }
        let beyond = UInt64(left + 1)
        let bits = 63 - beyond.leadingZeroBitCount
        for k in 0...bits {
            unsafe coder.bin(k < bits ? 1 : 0, &own[IndexBinarization.escapePrefix + min(k, IndexBinarization.escapePrefixLast)], adaptation)
        }
        raw.put(UInt32(truncatingIfNeeded: beyond & ((1 << UInt64(bits)) - 1)), bits)
    }

    /// The inverse of `encode`, but for trellises: `indices` become levels, 2 q in even states and 2 q − sgn q in odd ones.
    ///
    /// This is the plain decoder, which reads like the Spec; `IndexSliceDecoder` does the same faster.
    /// - Returns: false if codeword and raw bits are not exactly those of `indices.count` indices; what `indices` holds then is
    ///   of no use. The work done is bounded by the number of indices.
    package mutating func decode(
        codeword: ByteView, rawBits: ByteView, classes: UnsafeBufferPointer<UInt8>, into indices: UnsafeMutableBufferPointer<Int32>
    ) -> Bool {
        precondition(indices.count > 0 && indices.count == classes.count)
        if codeword.count == 0 { return false }
        unsafe words.initialize(from: binarization.startingWords, count: IndexBinarization.wordCount)
        var coder = ArithmeticDecoder(codeword)
        var raw = RawBitReader(rawBits)
        var (before1, before2, state): (UInt32, UInt32, UInt32) = (0, 0, 0)
        for i in 0..<indices.count {
            let scaleClass = unsafe Int(classes[i])
            let own = unsafe words + scaleClass * IndexBinarization.wordsPerClass
            let parameters = binarization.classes[scaleClass]
            let near = tools.usesNeighbours ? parameters.neighbourClass(of: before1 &+ before2) : 0
            let odd = state & 1
            guard let cell = unsafe decodeCell(own, start: near + Int(odd) * IndexBinarization.neighbourClasses, &coder, &raw) else { return false }
            var (level, magnitude): (Int32, UInt32) = (0, 0)
            if cell > 0 {
                let isNegative: Bool
                if let (first, second) = tools.signDistances {
                    let context = unsafe Self.signContext(indices.baseAddress.unsafelyUnwrapped, i, first, second)
                    isNegative = unsafe coder.bin(&words[IndexBinarization.signContexts + context], adaptation)
                } else {
                    isNegative = raw.take(1) != 0
                }
                var less = UInt64(cell - 1)
                if parameters.shift > 0 {
                    let low = unsafe coder.bin(&own[IndexBinarization.lowBit + min(cell - 1, 2)], adaptation)
                    less = (less << 1 | (low ? 1 : 0)) << UInt64(parameters.rawShift) | UInt64(raw.take(Int(parameters.rawShift)))
                }
                if less >= UInt64(IndexBinarization.maximumMagnitude) { return false }
                magnitude = UInt32(less) + 1
                level = Int32(bitPattern: tools.states.hasStates ? magnitude * 2 - odd : magnitude)
                if isNegative { level = -level }
            }
            unsafe indices[i] = level
            (before2, before1) = (before1, magnitude)
            state = tools.states.next(state, magnitude: magnitude)
        }
        let codewordIsSound = coder.finish()
        let rawIsSound = raw.finish()
        return codewordIsSound && rawIsSound
    }

    /// - Returns: nil if the escape is longer than any index needs.
    private func decodeCell(
        _ own: UnsafeMutablePointer<UInt32>, start: Int, _ coder: inout ArithmeticDecoder, _ raw: inout RawBitReader
    ) -> Int? {
        let groups = groupAdaptation.view
        var cell = unsafe coder.symbol(own + start * DecisionGroup.words, groups)
        if cell < 4 { return cell }
        for more in 0..<2 {
            let symbol = unsafe coder.symbol(own + IndexBinarization.moreGroups + more * DecisionGroup.words, groups)
            cell += symbol
            if symbol < 4 { return cell }
        }
        var length = 0
        while unsafe coder.bin(&own[IndexBinarization.escapePrefix + min(length, IndexBinarization.escapePrefixLast)], adaptation) {
            length += 1
            if length == IndexBinarization.exponentCap { return nil }
        }
        return cell + Int(1 << UInt64(length) | UInt64(raw.take(length))) - 1
    }

    /// 0 … 26: the signs of three indices before; an index before the slice counts as zero.
    ///
    /// - Parameter indices: the slice; read at `i` − 1, `i` − `first` and `i` − `second` where these are in it.
    @inline(__always) @inlinable
    package static func signContext(_ indices: UnsafePointer<Int32>, _ i: Int, _ first: Int, _ second: Int) -> Int {
        let a = unsafe i >= 1 ? indices[i &- 1].signum() : 0
        let b = unsafe i >= first ? indices[i &- first].signum() : 0
        let c = unsafe i >= second ? indices[i &- second].signum() : 0
        return Int(9 &* a &+ 3 &* b &+ c) &+ 13
    }
}
