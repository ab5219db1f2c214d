import TamisBits

/// Turns slices of float mode back into elements (Spec §6.9.3). One serves all slices of a tensor, on any number of threads.
package struct FloatSliceDecoder: Sendable {
    private let model: FloatModel
    /// Of each table 4096 entries, by the low bits of a state: `symbol << 24 | bias << 12 | frequency`.
    private let entries: [UInt32]
    /// By scale class: where its table begins.
    private let starts: [Int]

    /// Interleaved states.
    static let lanes = 4
    /// A state is at least this, and less than 2^32.
    static let smallestState: UInt32 = 1 << 16
    static let stateBytes = 4 * lanes

    package init(_ model: FloatModel) {
        let frequencies = model.frequencies
        self.model = model
        starts = frequencies.tableOfClass.map { Int($0) * FloatFrequencies.sum }
        entries = unsafe [UInt32](unsafeUninitializedCapacity: frequencies.tables * FloatFrequencies.sum) { entries, count in
            for table in 0..<frequencies.tables {
                for (symbol, frequency) in frequencies.table(table).enumerated() {
                    let entry = UInt32(symbol) << 24 | UInt32(frequency)
                    for bias in 0..<UInt32(frequency) {
                        unsafe entries[count] = entry | bias << 12
                        count += 1
                    }
                }
            }
        }
    }

    /// Decodes a slice.
    ///
    /// - Parameters:
    ///   - classes: the scale class of each element, 0 … 16; as many as the slice has elements, or none if all have one table.
    ///   - region: the tensor's bytes; those of the elements `range` are written.
    /// - Returns: false if codeword and raw bits are not exactly those of so many elements; what `region` holds then is of no
    ///   use. The work done is bounded by the number of elements.
    package func decode(
        codeword: ByteView, rawBits: ByteView, classes: UnsafeBufferPointer<UInt8>, into region: ByteRegion, range: Range<Int>
    ) -> Bool {
        precondition(classes.count == range.count || (classes.count == 0 && model.frequencies.tables == 1))
        let bytes = model.window.layout.byteCount
        let target = region[(range.lowerBound * bytes)..<(range.upperBound * bytes)]
        guard let elements = unsafe target.buffer.baseAddress, codeword.count >= Self.stateBytes, codeword.count % 2 == 0 else { return false }
        return unsafe entries.withUnsafeBufferPointer { entries in
            unsafe starts.withUnsafeBufferPointer { starts in
                let hasClasses = model.frequencies.tables > 1
                let place = unsafe Place(
                    elements: elements, range: range, entries: entries.baseAddress.unsafelyUnwrapped, starts: starts.baseAddress.unsafelyUnwrapped,
                    classes: classes.baseAddress)
                // One loop for each size, and one without classes, which is faster for what it leaves out.
                return switch (bytes, hasClasses) {
                case (1, false): decode(UInt8.self, codeword, rawBits, place, hasClasses: false)
                case (1, true): decode(UInt8.self, codeword, rawBits, place, hasClasses: true)
                case (2, false): decode(UInt16.self, codeword, rawBits, place, hasClasses: false)
                case (2, true): decode(UInt16.self, codeword, rawBits, place, hasClasses: true)
                case (4, false): decode(UInt32.self, codeword, rawBits, place, hasClasses: false)
                case (4, true): decode(UInt32.self, codeword, rawBits, place, hasClasses: true)
                case (_, false): decode(UInt64.self, codeword, rawBits, place, hasClasses: false)
                case (_, true): decode(UInt64.self, codeword, rawBits, place, hasClasses: true)
                }
            }
        }
    }

    /// What the loops read and write but codeword and raw bits.
    @safe
    private struct Place {
        /// The slice's elements.
        let elements: UnsafeMutableRawPointer
        let range: Range<Int>
        let entries: UnsafePointer<UInt32>
        let starts: UnsafePointer<Int>
        /// By element of the slice, if there are several tables.
        let classes: UnsafePointer<UInt8>?

        /// The table of an element of the slice.
        @inline(__always)
        func table(_ i: Int, hasClasses: Bool) -> UnsafePointer<UInt32> {
            unsafe hasClasses ? entries + starts[Int(classes.unsafelyUnwrapped[i])] : entries
        }

        @inline(__always)
        func store<Element: FixedWidthInteger & BitwiseCopyable>(_ value: UInt64, _ i: Int, as type: Element.Type) {
            let element = Element(truncatingIfNeeded: value).littleEndian
            unsafe elements.storeBytes(of: element, toByteOffset: i &* MemoryLayout<Element>.size, as: Element.self)
        }
    }

    /// One symbol from a state, and what fills the state up again; four are taken before their raw bits are.
    @inline(__always)
    private static func symbol(
        _ state: inout UInt32, _ entries: UnsafePointer<UInt32>, _ words: inout UnsafeRawPointer
    ) -> UInt64 {
        let entry = unsafe entries[Int(state & 4095)]
        let next = (entry & 4095) &* (state &>> 12) &+ (entry &>> 12 & 4095)
        let word = unsafe UInt32(UInt16(littleEndian: words.loadUnaligned(as: UInt16.self)))
        let isSmall = next < smallestState
        state = isSmall ? next &<< 16 | word : next
        unsafe words += isSmall ? 2 : 0
        return UInt64(entry &>> 24)
    }

    @inline(__always)
    private func decode<Element: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Element.Type, _ codeword: ByteView, _ rawBits: ByteView, _ place: Place, hasClasses: Bool
    ) -> Bool {
        var raw = LongRawBitReader(rawBits)
        var words = WordReader(codeword)
        var states = (words.state(), words.state(), words.state(), words.state())
        if min(min(states.0, states.1), min(states.2, states.3)) < Self.smallestState { return false }
        let forms = (FloatForm(model.window), FloatForm(model.shortWindow))
        model.forEachRun(in: place.range) { range, isShort in
            let run = (range.lowerBound - place.range.lowerBound)..<(range.upperBound - place.range.lowerBound)
            Self.decode(type, run, &states, &words, &raw, place, isShort ? forms.1 : forms.0, hasClasses: hasClasses)
        }
        let (a, b, c, d) = states
        let endsAtStart = a == Self.smallestState && b == Self.smallestState && c == Self.smallestState && d == Self.smallestState
        let rawIsSound = raw.finish()
        return endsAtStart && words.isSpent && rawIsSound
    }

    /// Decodes the elements `run` of a slice. The first of the states is that of the next element.
    @inline(__always)
    private static func decode<Element: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Element.Type, _ run: Range<Int>, _ states: inout (UInt32, UInt32, UInt32, UInt32), _ wordReader: inout WordReader,
        _ rawReader: inout LongRawBitReader, _ place: Place, _ form: FloatForm, hasClasses: Bool
    ) {
        // Copies, which fit the registers of a processor.
        var (a, b, c, d) = states
        var words = wordReader
        var raw = rawReader
        var i = run.lowerBound
        let groupBits = lanes &* form.rawBits
        // While neither words nor raw bits can run out within a group of four.
        while i &+ lanes <= run.upperBound && words.remaining >= 2 &* lanes && raw.holds(groupBits) {
            let s0 = unsafe symbol(&a, place.table(i, hasClasses: hasClasses), &words.next)
            let s1 = unsafe symbol(&b, place.table(i &+ 1, hasClasses: hasClasses), &words.next)
            let s2 = unsafe symbol(&c, place.table(i &+ 2, hasClasses: hasClasses), &words.next)
            let s3 = unsafe symbol(&d, place.table(i &+ 3, hasClasses: hasClasses), &words.next)
            if min(min(s0, s1), min(s2, s3)) == FloatWindow.escape {
                place.store(form.element(s0, &raw), i, as: type)
                place.store(form.element(s1, &raw), i &+ 1, as: type)
                place.store(form.element(s2, &raw), i &+ 2, as: type)
                place.store(form.element(s3, &raw), i &+ 3, as: type)
            } else {
                place.store(form.heldElement(s0, &raw), i, as: type)
                place.store(form.heldElement(s1, &raw), i &+ 1, as: type)
                place.store(form.heldElement(s2, &raw), i &+ 2, as: type)
                place.store(form.heldElement(s3, &raw), i &+ 3, as: type)
            }
            i &+= lanes
        }
        // The last ones, checking each word and each bit.
        while i < run.upperBound {
            let entry = unsafe place.table(i, hasClasses: hasClasses)[Int(a & 4095)]
            a = (entry & 4095) &* (a &>> 12) &+ (entry &>> 12 & 4095)
            if a < smallestState { a = a &<< 16 | words.word() }
            place.store(form.element(UInt64(entry &>> 24), &raw), i, as: type)
            (a, b, c, d) = (b, c, d, a)
            i &+= 1
        }
        states = (a, b, c, d)
        wordReader = words
        rawReader = raw
    }
}
