import TamisBits

/// Codes slices of float mode (Spec §6.9.3). One serves all slices of a tensor, on any number of threads.
///
/// Symbols are listed front to back with their raw bits, then coded back to front: the decoder takes words in the opposite order.
package struct FloatSliceEncoder: Sendable {
    private let symbolizer: FloatSymbolizer
    /// By table and symbol.
    private let steps: [Step]

    /// What coding a symbol does to a state.
    private struct Step: BitwiseCopyable {
        /// ⌈2^44 ⁄ frequency⌉: a state, less than frequency · 2^20, times this, fits 64 bits, and its upper 20 are the exact quotient.
        var reciprocal: UInt64 = 0
        var frequency: UInt32 = 0
        /// The sum of the frequencies of the symbols before it.
        var start: UInt32 = 0
    }

    package init(_ model: FloatModel) {
        symbolizer = FloatSymbolizer(model)
        var steps: [Step] = []
        steps.reserveCapacity(model.frequencies.tables * 256)
        for table in 0..<model.frequencies.tables {
            var start: UInt32 = 0
            for frequency in model.frequencies.table(table) {
                let reciprocal = frequency == 0 ? 0 : ((1 << 44) + UInt64(frequency) - 1) / UInt64(frequency)
                steps.append(Step(reciprocal: reciprocal, frequency: UInt32(frequency), start: start))
                start += UInt32(frequency)
            }
            while steps.count % 256 != 0 { steps.append(Step()) }
        }
        self.steps = steps
    }

    /// - Parameters:
    ///   - values: the slice's elements; at least one.
    ///   - range: which elements of the tensor they are.
    ///   - classes: the scale class of each, 0 … 16, or none if all have one table.
    package func encode(_ values: ByteView, range: Range<Int>, classes: UnsafeBufferPointer<UInt8>) -> IndexSliceCoder.Slice {
        precondition(!range.isEmpty)
        return unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: range.count) { symbols in
            let raw = unsafe symbolizer.list(values, range, classes, into: symbols)
            return unsafe IndexSliceCoder.Slice(codeword: codeword(UnsafeBufferPointer(symbols)), rawBits: raw)
        }
    }

    /// - Parameter symbols: each with 256 times its table.
    private func codeword(_ symbols: UnsafeBufferPointer<UInt16>) -> [UInt8] {
        // A symbol takes at most 12 bits off a state, and a word brings 16.
        let capacity = symbols.count * 2 + FloatSliceDecoder.stateBytes
        return unsafe withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 4) { buffer in
            unsafe steps.withUnsafeBufferPointer { steps in
                let steps = unsafe steps.baseAddress.unsafelyUnwrapped
                let list = unsafe symbols.baseAddress.unsafelyUnwrapped
                let end = unsafe buffer.baseAddress.unsafelyUnwrapped + capacity
                var next = unsafe end

                @inline(__always)
                func put(_ i: Int, _ state: inout UInt32) {
                    let step = unsafe steps[Int(list[i])]
                    // One word at most leaves the state below frequency · 2^20, so that it is below 2^32 afterwards.
                    let isLarge = state >= step.frequency &<< 20
                    unsafe (next - 2).storeBytes(of: UInt16(truncatingIfNeeded: state).littleEndian, as: UInt16.self)
                    unsafe next -= isLarge ? 2 : 0
                    let reduced = isLarge ? state &>> 16 : state
                    let quotient = UInt32(truncatingIfNeeded: (UInt64(reduced) &* step.reciprocal) &>> 44)
                    state = reduced &+ step.start &+ quotient &* (UInt32(FloatFrequencies.sum) &- step.frequency)
                }

                let first = FloatSliceDecoder.smallestState
                var (a, b, c, d) = (first, first, first, first)
                var i = symbols.count
                // Whole groups of four, after what the last group has less.
                switch i % 4 {
                case 3:
                    put(i - 1, &c)
                    put(i - 2, &b)
                    put(i - 3, &a)
                case 2:
                    put(i - 1, &b)
                    put(i - 2, &a)
                case 1: put(i - 1, &a)
                default: break
                }
                i -= i % 4
                while i > 0 {
                    put(i &- 1, &d)
                    put(i &- 2, &c)
                    put(i &- 3, &b)
                    put(i &- 4, &a)
                    i &-= 4
                }
                for state in [d, c, b, a] {
                    unsafe next -= 4
                    unsafe next.storeBytes(of: state.littleEndian, as: UInt32.self)
                }
                return unsafe Array(UnsafeRawBufferPointer(start: next, count: end - next))
            }
        }
    }
}
