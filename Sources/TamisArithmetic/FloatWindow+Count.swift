import TamisBits

extension FloatWindow {
    /// Counts the symbols of `values`.
    ///
    /// - Parameters:
    ///   - classes: the scale class of each value, 0 … 16, or none if all have the table of the central class.
    ///   - tableOfClass: by class; at most 17 tables.
    /// - Returns: by 256 times the table plus the symbol; no more than 2^32 − 1 values have to be counted.
    package func count(_ values: ByteView, classes: UnsafeBufferPointer<UInt8>, tableOfClass: [UInt8]) -> [UInt32] {
        precondition(classes.count == 0 || classes.count == values.count / layout.byteCount)
        var counts = [UInt32](repeating: 0, count: 256 * (Int(tableOfClass.max() ?? 0) + 1))
        unsafe counts.withUnsafeMutableBufferPointer { counts in
            switch layout.byteCount {
            case 1: unsafe count(UInt8.self, values, classes, tableOfClass, into: counts)
            case 2: unsafe count(UInt16.self, values, classes, tableOfClass, into: counts)
            case 4: unsafe count(UInt32.self, values, classes, tableOfClass, into: counts)
            default: unsafe count(UInt64.self, values, classes, tableOfClass, into: counts)
            }
        }
        return counts
    }

    @inline(__always)
    private func count<Element: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Element.Type, _ values: ByteView, _ classes: UnsafeBufferPointer<UInt8>, _ tableOfClass: [UInt8], into counts: UnsafeMutableBufferPointer<UInt32>
    ) {
        guard let base = unsafe values.buffer.baseAddress, let counts = counts.baseAddress else { return }
        let central = 256 * Int(tableOfClass[8])
        unsafe tableOfClass.withUnsafeBufferPointer { tableOfClass in
            for place in 0..<(values.count / MemoryLayout<Element>.size) {
                let element = unsafe UInt64(Element(littleEndian: base.loadUnaligned(fromByteOffset: place &* MemoryLayout<Element>.size, as: Element.self)))
                let start = unsafe classes.count == 0 ? central : 256 &* Int(tableOfClass[Int(classes[place])])
                unsafe counts[start &+ symbol(of: element)] &+= 1
            }
        }
    }
}
