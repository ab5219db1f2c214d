import TamisBits

/// Codes slices of indices (Spec §6.4, §6.5), one after the other in the same memory.
///
/// Every slice starts from fresh contexts. `encode` and `decode` stand side by side because each line of one has its counterpart in
/// the other. The loops work on raw pointers whose targets this type owns: every offset is bounded by a class (0 … 16, checked when
/// the classes are made) and by the constants of `IndexBinarization`.
@safe
package struct IndexSliceCoder: ~Copyable {
    private let contexts: UnsafeMutablePointer<UInt32>
    private let adaptation: AdaptationTable
    private let binarization: IndexBinarization
    private let tools: IndexSliceTools

    package init(_ binarization: IndexBinarization, _ tools: IndexSliceTools) {
        unsafe contexts = UnsafeMutablePointer<UInt32>.allocate(capacity: IndexBinarization.contextCount)
        adaptation = AdaptationTable(limit: tools.adaptationLimit)
        self.binarization = binarization
        self.tools = tools
    }

    deinit { unsafe contexts.deallocate() }

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
        var encoder = IndexSliceEncoder(binarization, tools)
        return unsafe encoder.encode(indices, classes: classes)
    }

    /// The inverse of `encode`, but for trellises: `indices` become levels, 2 q in even states and 2 q − sgn q in odd ones.
    ///
    /// - Returns: false if codeword and raw bits are not exactly those of `indices.count` indices; what `indices` holds then is
    ///   of no use. The work done is bounded by the number of indices.
    package mutating func decode(
        codeword: ByteView, rawBits: ByteView, classes: UnsafeBufferPointer<UInt8>, into indices: UnsafeMutableBufferPointer<Int32>
    ) -> Bool {
        precondition(indices.count > 0 && indices.count == classes.count)
        if codeword.count == 0 { return false }
        unsafe contexts.initialize(repeating: AdaptiveProbability.initial, count: IndexBinarization.contextCount)
        return unsafe binarization.classes.withUnsafeBufferPointer { table in
            let table = unsafe table.baseAddress.unsafelyUnwrapped
            // One loop with states and one without, which is faster for what it leaves out.
            if tools.states.hasStates {
                return unsafe Self.decode(
                    codeword, rawBits, classes, contexts, adaptation, table, usesNeighbours: tools.usesNeighbours, signDistances: tools.signDistances,
                    hasStates: true, tools.states, into: indices)
            }
            return unsafe Self.decode(
                codeword, rawBits, classes, contexts, adaptation, table, usesNeighbours: tools.usesNeighbours, signDistances: tools.signDistances,
                hasStates: false, .none, into: indices)
        }
    }

    @inline(__always)
    private static func decode(
        _ codeword: ByteView, _ rawBits: ByteView, _ classes: UnsafeBufferPointer<UInt8>, _ contexts: UnsafeMutablePointer<UInt32>,
        _ adaptation: borrowing AdaptationTable, _ table: UnsafePointer<IndexBinarization.Class>, usesNeighbours: Bool, signDistances: (first: Int, second: Int)?,
        hasStates: Bool, _ states: StateTransition, into indices: UnsafeMutableBufferPointer<Int32>
    ) -> Bool {
        let (classes, indices, count) = unsafe (classes.baseAddress.unsafelyUnwrapped, indices.baseAddress.unsafelyUnwrapped, indices.count)
        var coder = ArithmeticDecoder(codeword)
        var raw = RawBitReader(rawBits)
        let usesSigns = signDistances != nil
        let (first, second) = signDistances ?? (1, 1)
        var before1: UInt32 = 0
        var before2: UInt32 = 0
        var state: UInt32 = 0
        for i in 0..<count {
            let scaleClass = unsafe Int(classes[i])
            let own = unsafe contexts + scaleClass &* IndexBinarization.contextsPerClass
            let parameters = unsafe table[scaleClass]
            let near = usesNeighbours ? parameters.neighbourClass(of: before1 &+ before2) : 0
            let odd = hasStates ? state & 1 : 0
            let neighbour = near &+ Int(odd) &* 4
            before2 = before1
            if unsafe !coder.bin(&own[IndexBinarization.zeroFlag &+ neighbour], adaptation) {
                unsafe indices[i] = 0
                before1 = 0
                if hasStates { state = states.next(state, magnitude: 0) }
                continue
            }
            let shift = parameters.shift
            let isNegative: Bool
            if usesSigns {
                let context = unsafe signContext(indices, i, first, second)
                isNegative = unsafe coder.bin(&contexts[IndexBinarization.signContexts &+ context], adaptation)
            } else {
                isNegative = raw.take(1) != 0
            }
            var unary = 0
            var context = unsafe own + (IndexBinarization.firstUnary &+ neighbour)
            while unary < IndexBinarization.unaryCap {
                if unsafe !coder.bin(&context.pointee, adaptation) { break }
                unary &+= 1
                unsafe context = own + (unary == 1 ? IndexBinarization.secondUnary &+ near : IndexBinarization.laterUnary &+ unary)
            }
            if unary == IndexBinarization.unaryCap {
                var length = 0
                while length < IndexBinarization.exponentCap {
                    let context = IndexBinarization.escapePrefix &+ min(length, IndexBinarization.escapePrefixLast)
                    if unsafe !coder.bin(&own[context], adaptation) { break }
                    length &+= 1
                }
                if length == IndexBinarization.exponentCap { return false }
                unary &+= Int(1 << UInt64(length) | UInt64(raw.take(length))) &- 1
            }
            var less = UInt64(unary)
            if shift > 0 {
                let top = unsafe coder.bin(&own[IndexBinarization.lowBit &+ min(unary, 2)], adaptation)
                less = (less << 1 | (top ? 1 : 0)) &<< UInt64(shift &- 1) | UInt64(raw.take(Int(shift &- 1)))
            }
            if less >= UInt64(IndexBinarization.maximumMagnitude) { return false }
            let magnitude = UInt32(truncatingIfNeeded: less) &+ 1
            let level = Int32(bitPattern: hasStates ? (magnitude &<< 1) &- odd : magnitude)
            unsafe indices[i] = isNegative ? 0 &- level : level
            before1 = magnitude
            if hasStates { state = states.next(state, magnitude: magnitude) }
        }
        let codewordIsSound = coder.finish()
        let rawIsSound = raw.finish()
        return codewordIsSound && rawIsSound
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
