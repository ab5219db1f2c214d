import TamisBits
import TamisModel

/// The elements of an integer tensor, or equal parts of them, as indices (Spec §7.7).
///
/// The bytes of the tensor are divided into fields of 2, 4, 8, 16, 32 or 64 bits, the first one in the lowest bits of the first byte; the
/// value of a field is its index plus an offset.
package struct IntegerFields: Sendable, Equatable {
    /// Bits of a field.
    package let bitCount: Int
    package let isSigned: Bool
    package let offset: Int64

    /// - Parameter fieldsLog2: more than 0 for uint8 only.
    /// - Returns: nil for types that are no integers, and for divisions that a type does not have.
    package init?(_ type: ElementType, fieldsLog2: Int, offset: Int64) {
        switch type.kind {
        case .signedInteger: isSigned = true
        case .unsignedInteger, .bool: isSigned = false
        case .floatingPoint, .complex: return nil
        }
        guard fieldsLog2 == 0 || (type == .uint8 && (1...2).contains(fieldsLog2)) else { return nil }
        bitCount = type.bitCount >> fieldsLog2
        self.offset = offset
    }

    /// What the shape of a tensor is in fields: the last dimension counts fields.
    ///
    /// - Returns: nil for a scalar of several fields, or if the product does not fit.
    package static func shape(_ shape: Shape, fieldsLog2: Int) -> Shape? {
        if fieldsLog2 == 0 { return shape }
        var dimensions = shape.dimensions
        guard let last = dimensions.popLast() else { return nil }
        let (product, overflow) = last.multipliedReportingOverflow(by: 1 << UInt64(fieldsLog2))
        return overflow ? nil : Shape(dimensions + [product])
    }

    /// The values that a field can have.
    private var range: ClosedRange<Int64> {
        if isSigned { return bitCount == 64 ? .min ... .max : -(1 << Int64(bitCount - 1))...((1 << Int64(bitCount - 1)) - 1) }
        return 0...(bitCount >= 63 ? .max : (1 << Int64(bitCount)) - 1)
    }

    /// Writes the fields of `indices`, the places `range` of the coding order, to where they belong in the tensor's bytes.
    ///
    /// - Parameters:
    ///   - view: of the fields; in C order, and the range beginning at a whole byte, if fields have less than 8 bits.
    ///   - output: the whole tensor.
    /// - Returns: false if an index has no value; what `output` holds then is of no use.
    package func write(_ indices: UnsafeBufferPointer<Int32>, range places: Range<Int>, of view: MatrixView, to output: ByteRegion) -> Bool {
        precondition(indices.count == places.count && places.upperBound <= view.elementCount && output.count * 8 >= view.elementCount * bitCount)
        guard let base = unsafe output.buffer.baseAddress else { return true }
        let range = range
        if bitCount < 8 {
            precondition(view.order == .cOrder && places.lowerBound * bitCount % 8 == 0)
            return unsafe writePacked(indices, to: base + places.lowerBound * bitCount / 8, range)
        }
        let byteCount = bitCount / 8
        var place = 0
        var isInside = true
        view.forEachRun(in: places) { run in
            for i in 0..<run.count {
                // The sum of an index and an offset of 33 bits.
                let value = unsafe Int64(indices[place + i]) &+ offset
                if !(range ~= value) { isInside = false }
                let target = unsafe base + (run.element + i * run.stride) * byteCount
                switch byteCount {
                case 1: unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
                case 2: unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: value).littleEndian, as: UInt16.self)
                case 4: unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian, as: UInt32.self)
                default: unsafe target.storeBytes(of: value.littleEndian, as: Int64.self)
                }
            }
            place += run.count
        }
        return isInside
    }

    private func writePacked(_ indices: UnsafeBufferPointer<Int32>, to base: UnsafeMutableRawPointer, _ range: ClosedRange<Int64>) -> Bool {
        let perByte = 8 / bitCount
        let mask = UInt64(1) << UInt64(bitCount) - 1
        var isInside = true
        for byte in 0..<((indices.count + perByte - 1) / perByte) {
            var packed: UInt64 = 0
            for field in 0..<min(perByte, indices.count - byte * perByte) {
                let value = unsafe Int64(indices[byte * perByte + field]) &+ offset
                if !(range ~= value) { isInside = false }
                packed |= (UInt64(bitPattern: value) & mask) << UInt64(field * bitCount)
            }
            unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: packed), toByteOffset: byte, as: UInt8.self)
        }
        return isInside
    }

    /// Field `place` of the tensor's bytes; nil if it needs more than 63 bits and a sign.
    @inline(__always)
    package func value(_ bytes: ByteView, _ place: Int) -> Int64? {
        switch (bitCount, isSigned) {
        case (8, false): return Int64(bytes[place])
        case (8, true): return Int64(Int8(bitPattern: bytes[place]))
        case (16, false): return Int64(bytes.load(place &* 2, as: UInt16.self))
        case (16, true): return Int64(bytes.load(place &* 2, as: Int16.self))
        case (32, false): return Int64(bytes.load(place &* 4, as: UInt32.self))
        case (32, true): return Int64(bytes.load(place &* 4, as: Int32.self))
        case (64, true): return bytes.load(place &* 8, as: Int64.self)
        case (64, false): return Int64(exactly: bytes.load(place &* 8, as: UInt64.self))
        default:
            let bit = place &* bitCount
            let field = Int64(bytes[bit >> 3] >> UInt8(bit & 7)) & ((1 << Int64(bitCount)) &- 1)
            // Two's complement.
            let sign = Int64(1) << Int64(bitCount &- 1)
            return isSigned ? (field ^ sign) &- sign : field
        }
    }
}
