import TamisBits

/// Codes one slice of indices after another (Spec §6.4, §6.5), with memory that is used again; one instance to a thread.
///
/// Every slice starts from fresh contexts. `encode` and `decode` stand side by side because each line of one has its counterpart in
/// the other.
package struct IndexSliceCoder: ~Copyable {
    private var contexts: [UInt32]
    private var binarization: IndexBinarization
    private var tools: IndexSliceTools
    private var adaptationShifts: [UInt8]

    package init(_ binarization: IndexBinarization, _ tools: IndexSliceTools) {
        contexts = []
        self.binarization = binarization
        self.tools = tools
        adaptationShifts = AdaptiveProbability.shifts(limit: tools.adaptationLimit)
    }

    /// A slice as bytes.
    package struct Slice: Sendable, Equatable {
        package var codeword: [UInt8]
        package var rawBits: [UInt8]

        package init(codeword: [UInt8], rawBits: [UInt8]) {
            self.codeword = codeword
            self.rawBits = rawBits
        }
    }

    private mutating func reset() {
        contexts = [UInt32](repeating: AdaptiveProbability.initial, count: IndexBinarization.contextCount)
    }

    /// - Parameters:
    ///   - indices: at least one; magnitudes at most `IndexBinarization.maximumMagnitude`.
    ///   - classes: as many; each 0 … 16.
    package mutating func encode(_ indices: UnsafeBufferPointer<Int32>, classes: UnsafeBufferPointer<UInt8>) -> Slice {
        precondition(indices.count > 0 && indices.count == classes.count)
        reset()
        var coder = ArithmeticEncoder(reservingBytes: indices.count)
        var raw = RawBitWriter(reservingBytes: indices.count)
        let lastCount = AdaptiveProbability.lastCount(limit: tools.adaptationLimit)
        let usesNeighbours = tools.usesNeighbours
        let usesSigns = tools.signDistances != nil
        let (first, second) = tools.signDistances ?? (1, 1)
        unsafe contexts.withUnsafeMutableBufferPointer { contexts in
            unsafe adaptationShifts.withUnsafeBufferPointer { adaptation in
                unsafe binarization.neighbourThresholds.withUnsafeBufferPointer { thresholds in
                    unsafe binarization.shifts.withUnsafeBufferPointer { shifts in
                        let contexts = unsafe contexts.baseAddress.unsafelyUnwrapped
                        let adaptation = unsafe adaptation.baseAddress.unsafelyUnwrapped
                        var before1: UInt32 = 0
                        var before2: UInt32 = 0
                        for i in 0..<indices.count {
                            let scaleClass = unsafe Int(classes[i])
                            let own = unsafe contexts + scaleClass &* IndexBinarization.contextsPerClass
                            let shift = unsafe Int(shifts[scaleClass])
                            var neighbour = 0
                            if usesNeighbours {
                                neighbour = unsafe Self.neighbourClass(before1 &+ before2, thresholds, scaleClass)
                            }
                            let index = unsafe indices[i]
                            let magnitude = index.magnitude
                            unsafe coder.bin(magnitude != 0, &own[IndexBinarization.zeroFlag &+ neighbour], adaptation, lastCount)
                            if magnitude != 0 {
                                if usesSigns {
                                    let context = unsafe Self.signContext(indices, i, first, second)
                                    unsafe coder.bin(index < 0, &contexts[IndexBinarization.signContexts &+ context], adaptation, lastCount)
                                } else {
                                    raw.put(index < 0 ? 1 : 0, 1)
                                }
                                let less = magnitude &- 1
                                let unary = Int(less &>> UInt32(shift))
                                var j = 0
                                while j < IndexBinarization.unaryCap {
                                    let context = Self.unaryContext(j, neighbour)
                                    unsafe coder.bin(unary > j, &own[context], adaptation, lastCount)
                                    if unary <= j { break }
                                    j &+= 1
                                }
                                if j == IndexBinarization.unaryCap {
                                    let beyond = UInt64(unary - IndexBinarization.unaryCap + 1)
                                    let length = 63 - beyond.leadingZeroBitCount
                                    for k in 0...length {
                                        let context = IndexBinarization.escapePrefix &+ min(k, IndexBinarization.escapePrefixLast)
                                        unsafe coder.bin(k < length, &own[context], adaptation, lastCount)
                                    }
                                    raw.put(UInt32(truncatingIfNeeded: beyond & ((1 << UInt64(length)) - 1)), length)
                                }
                                if shift > 0 {
                                    let low = less & ((1 << UInt32(shift)) &- 1)
                                    let top = low &>> UInt32(shift &- 1)
                                    unsafe coder.bin(top != 0, &own[IndexBinarization.lowBit &+ min(unary, 2)], adaptation, lastCount)
                                    raw.put(low & ((1 << UInt32(shift &- 1)) &- 1), shift &- 1)
                                }
                            }
                            before2 = before1
                            before1 = magnitude
                        }
                    }
                }
            }
        }
        return Slice(codeword: coder.finish(), rawBits: raw.finish())
    }

    /// The inverse of `encode`.
    ///
    /// - Returns: false if codeword and raw bits are not exactly those of `indices.count` indices; what `indices` holds then is
    ///   of no use. The work done is bounded by the number of indices.
    package mutating func decode(
        codeword: ByteView, rawBits: ByteView, classes: UnsafeBufferPointer<UInt8>, into indices: UnsafeMutableBufferPointer<Int32>
    ) -> Bool {
        precondition(indices.count > 0 && indices.count == classes.count)
        if codeword.count == 0 { return false }
        reset()
        var coder = ArithmeticDecoder(codeword)
        var raw = RawBitReader(rawBits)
        let lastCount = AdaptiveProbability.lastCount(limit: tools.adaptationLimit)
        let usesNeighbours = tools.usesNeighbours
        let usesSigns = tools.signDistances != nil
        let (first, second) = tools.signDistances ?? (1, 1)
        var sound = true
        unsafe contexts.withUnsafeMutableBufferPointer { contexts in
            unsafe adaptationShifts.withUnsafeBufferPointer { adaptation in
                unsafe binarization.neighbourThresholds.withUnsafeBufferPointer { thresholds in
                    unsafe binarization.shifts.withUnsafeBufferPointer { shifts in
                        let contexts = unsafe contexts.baseAddress.unsafelyUnwrapped
                        let adaptation = unsafe adaptation.baseAddress.unsafelyUnwrapped
                        var before1: UInt32 = 0
                        var before2: UInt32 = 0
                        for i in 0..<indices.count {
                            let scaleClass = unsafe Int(classes[i])
                            let own = unsafe contexts + scaleClass &* IndexBinarization.contextsPerClass
                            let shift = unsafe Int(shifts[scaleClass])
                            var neighbour = 0
                            if usesNeighbours {
                                neighbour = unsafe Self.neighbourClass(before1 &+ before2, thresholds, scaleClass)
                            }
                            var index: Int32 = 0
                            var magnitude: UInt32 = 0
                            if unsafe coder.bin(&own[IndexBinarization.zeroFlag &+ neighbour], adaptation, lastCount) {
                                let isNegative: Bool
                                if usesSigns {
                                    let context = unsafe Self.signContext(UnsafeBufferPointer(indices), i, first, second)
                                    isNegative = unsafe coder.bin(&contexts[IndexBinarization.signContexts &+ context], adaptation, lastCount)
                                } else {
                                    isNegative = raw.take(1) != 0
                                }
                                var unary = 0
                                while unary < IndexBinarization.unaryCap {
                                    let context = Self.unaryContext(unary, neighbour)
                                    if unsafe !coder.bin(&own[context], adaptation, lastCount) { break }
                                    unary &+= 1
                                }
                                if unary == IndexBinarization.unaryCap {
                                    var length = 0
                                    while length < IndexBinarization.exponentCap {
                                        let context = IndexBinarization.escapePrefix &+ min(length, IndexBinarization.escapePrefixLast)
                                        if unsafe !coder.bin(&own[context], adaptation, lastCount) { break }
                                        length &+= 1
                                    }
                                    if length == IndexBinarization.exponentCap {
                                        sound = false
                                        return
                                    }
                                    unary &+= Int(1 << UInt64(length) | UInt64(raw.take(length))) &- 1
                                }
                                var less = UInt64(unary) << UInt64(shift)
                                if shift > 0 {
                                    let top = unsafe coder.bin(&own[IndexBinarization.lowBit &+ min(unary, 2)], adaptation, lastCount)
                                    less |= (top ? 1 : 0) << UInt64(shift &- 1)
                                    less |= UInt64(raw.take(shift &- 1))
                                }
                                if less >= UInt64(IndexBinarization.maximumMagnitude) {
                                    sound = false
                                    return
                                }
                                magnitude = UInt32(truncatingIfNeeded: less) &+ 1
                                index = isNegative ? 0 &- Int32(bitPattern: magnitude) : Int32(bitPattern: magnitude)
                            }
                            unsafe indices[i] = index
                            before2 = before1
                            before1 = magnitude
                        }
                    }
                }
            }
        }
        let codewordIsSound = coder.finish()
        let rawIsSound = raw.finish()
        return sound && codewordIsSound && rawIsSound
    }

    /// 0 … 3: the sum of the two magnitudes before, against what the class expects.
    @inline(__always)
    private static func neighbourClass(_ sum: UInt32, _ thresholds: UnsafeBufferPointer<UInt32>, _ scaleClass: Int) -> Int {
        let place = scaleClass &* 3
        return unsafe (sum >= thresholds[place] ? 1 : 0) &+ (sum >= thresholds[place &+ 1] ? 1 : 0) &+ (sum >= thresholds[place &+ 2] ? 1 : 0)
    }

    /// 0 … 26: the signs of three indices before; an index before the slice counts as zero.
    @inline(__always)
    package static func signContext(_ indices: UnsafeBufferPointer<Int32>, _ i: Int, _ first: Int, _ second: Int) -> Int {
        let a = unsafe i >= 1 ? indices[i &- 1].signum() : 0
        let b = unsafe i >= first ? indices[i &- first].signum() : 0
        let c = unsafe i >= second ? indices[i &- second].signum() : 0
        return Int(9 &* a &+ 3 &* b &+ c) &+ 13
    }

    @inline(__always)
    private static func unaryContext(_ j: Int, _ neighbour: Int) -> Int {
        switch j {
        case 0: IndexBinarization.firstUnary &+ neighbour
        case 1: IndexBinarization.secondUnary &+ neighbour
        default: IndexBinarization.laterUnary &+ j
        }
    }
}
