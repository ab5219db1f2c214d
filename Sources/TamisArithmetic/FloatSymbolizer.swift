import TamisBits

/// Turns elements into symbols and raw bits (Spec §6.9.1).
struct FloatSymbolizer: Sendable {
    let model: FloatModel
    /// By table, 256 each, and symbol: the symbol to use, which is the escape where the frequency is 0.
    private let usable: [UInt8]
    /// By scale class: 256 times its table.
    private let starts: [UInt16]

    init(_ model: FloatModel) {
        self.model = model
        let tables = model.frequencies.tables
        var usable = [UInt8](repeating: 0, count: tables * 256)
        for table in 0..<tables {
            let start = table * 256
            for (symbol, frequency) in model.frequencies.table(table).enumerated() where frequency > 0 { usable[start + symbol] = UInt8(symbol) }
            // +0 also has the prefix 0.
            if usable[start + FloatWindow.positiveZero] == 0 && model.window.origin == 0 {
                usable[start + FloatWindow.positiveZero] = usable[start + FloatWindow.first]
            }
        }
        self.usable = usable
        starts = model.frequencies.tableOfClass.map { UInt16($0) * 256 }
    }

    /// Lists the symbols of the elements `range` of the tensor, each with 256 times its table.
    ///
    /// - Parameters:
    ///   - values: those elements.
    ///   - classes: the scale class of each, or none if all have one table.
    /// - Returns: the raw bits.
    func list(
        _ values: ByteView, _ range: Range<Int>, _ classes: UnsafeBufferPointer<UInt8>, into symbols: UnsafeMutableBufferPointer<UInt16>
    ) -> [UInt8] {
        precondition(range.count == symbols.count && values.count == symbols.count * model.window.layout.byteCount)
        precondition(classes.count == symbols.count || (classes.count == 0 && model.frequencies.tables == 1))
        var raw = LongRawBitWriter(bits: symbols.count * model.window.layout.bitCount)
        model.forEachRun(in: range) { part, isShort in
            let run = (part.lowerBound - range.lowerBound)..<(part.upperBound - range.lowerBound)
            let window = isShort ? model.shortWindow : model.window
            switch window.layout.byteCount {
            case 1: unsafe list(UInt8.self, run, values, classes, window, symbols, &raw)
            case 2: unsafe list(UInt16.self, run, values, classes, window, symbols, &raw)
            case 4: unsafe list(UInt32.self, run, values, classes, window, symbols, &raw)
            default: unsafe list(UInt64.self, run, values, classes, window, symbols, &raw)
            }
        }
        return raw.finish()
    }

    @inline(__always)
    private func list<Element: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Element.Type, _ run: Range<Int>, _ values: ByteView, _ classes: UnsafeBufferPointer<UInt8>, _ window: FloatWindow,
        _ symbols: UnsafeMutableBufferPointer<UInt16>, _ writer: inout LongRawBitWriter
    ) {
        guard let values = unsafe values.buffer.baseAddress, let list = symbols.baseAddress else { return }
        let hasClasses = model.frequencies.tables > 1
        let symbol = FloatWindow.Finder(window)
        let classes = classes.baseAddress
        let (zeroBits, rawBits, escapeBits) = (UInt64(window.zeroBits), window.rawBits, window.escapeBits)
        let lowMask = (UInt64(1) << UInt64(window.lowBits)) - 1
        let signShift = UInt64(window.layout.bitCount - 1 - window.lowBits)
        let signMask = window.layout.hasSign ? UInt64(1) << UInt64(window.lowBits) : 0
        unsafe usable.withUnsafeBufferPointer { usable in
            unsafe starts.withUnsafeBufferPointer { starts in
                let (usable, starts) = unsafe (usable.baseAddress.unsafelyUnwrapped, starts.baseAddress.unsafelyUnwrapped)
                var raw = writer.cursor
                for i in run {
                    let element = unsafe UInt64(Element(littleEndian: values.loadUnaligned(fromByteOffset: i &* MemoryLayout<Element>.size, as: Element.self)))
                    let start = unsafe hasClasses ? Int(starts[Int(classes.unsafelyUnwrapped[i])]) : 0
                    let used = unsafe Int(usable[start &+ symbol(element)])
                    unsafe list[i] = UInt16(truncatingIfNeeded: start &+ used)
                    if used == FloatWindow.escape {
                        let bits = element &>> zeroBits
                        raw.put(bits & 0xFFFF_FFFF, min(escapeBits, 32))
                        raw.put(bits &>> 32, max(escapeBits - 32, 0))
                        continue
                    }
                    let bits = element &>> zeroBits & lowMask | element &>> signShift & signMask
                    raw.put(used == FloatWindow.positiveZero ? 0 : bits, used == FloatWindow.positiveZero ? 0 : rawBits)
                }
                writer.cursor = raw
            }
        }
    }
}
