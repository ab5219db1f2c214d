import TamisBits

extension FloatWindow {
    /// Counts the symbols of `values`.
    ///
    /// - Parameters:
    ///   - classes: the scale class of each value, 0 … 16, or none if all have the first table.
    ///   - tableOfClass: by class.
    ///   - counts: by 256 times the table plus the symbol; grows.
    package func count(_ values: ByteView, classes: UnsafeBufferPointer<UInt8>, tableOfClass: [UInt8], into counts: inout [UInt64]) {
        precondition(classes.count == 0 || classes.count == values.count / layout.byteCount)
        precondition(tableOfClass.count == FloatFrequencies.classCount && counts.count >= 256 * (Int(tableOfClass.max() ?? 0) + 1))
        let starts = tableOfClass.map { 256 * Int($0) }
        unsafe counts.withUnsafeMutableBufferPointer { counts in
            switch layout.byteCount {
            case 1: unsafe count(UInt8.self, values, classes, starts, into: counts)
            case 2: unsafe count(UInt16.self, values, classes, starts, into: counts)
            case 4: unsafe count(UInt32.self, values, classes, starts, into: counts)
            default: unsafe count(UInt64.self, values, classes, starts, into: counts)
            }
        }
    }

    @inline(__always)
    private func count<Element: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Element.Type, _ values: ByteView, _ classes: UnsafeBufferPointer<UInt8>, _ starts: [Int], into counts: UnsafeMutableBufferPointer<UInt64>
    ) {
        guard let base = unsafe values.buffer.baseAddress, let counts = counts.baseAddress else { return }
        let symbol = Finder(self)
        let size = MemoryLayout<Element>.size
        unsafe starts.withUnsafeBufferPointer { starts in
            let starts = unsafe starts.baseAddress.unsafelyUnwrapped
            let lines = classes.baseAddress
            let hasLines = classes.count > 0
            for place in 0..<(values.count / size) {
                let element = unsafe UInt64(Element(littleEndian: base.loadUnaligned(fromByteOffset: place &* size, as: Element.self)))
                let start = unsafe hasLines ? starts[Int(lines.unsafelyUnwrapped[place])] : 0
                unsafe counts[start &+ symbol(element)] &+= 1
            }
        }
    }
}
