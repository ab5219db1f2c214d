import TamisBits
import TamisModel

/// The two floating-point types of 16 bits: to and from binary32, in integers, the same on every machine (Spec §7.8).
package enum HalfPrecision {
    /// The binary16 number nearest to `value`, ties to even; infinity where that is out of range.
    @inline(__always)
    package static func float16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        let magnitude = bits & 0x7FFF_FFFF
        if magnitude >= 0x7F80_0000 { return sign | (magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00) }
        if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
        if magnitude >= 0x3880_0000 {
            // Normal: 13 bits are rounded off.
            let rebased = magnitude &- 0x3800_0000
            return sign | UInt16(truncatingIfNeeded: (rebased &+ 0xFFF &+ ((rebased >> 13) & 1)) >> 13)
        }
        // Subnormal: the sum with 1/2 leaves the rounded multiple of 2^-24 in its lowest bits.
        let sum = Float(bitPattern: magnitude) + 0.5
        return sign | UInt16(truncatingIfNeeded: sum.bitPattern &- 0x3F00_0000)
    }

    /// The bfloat16 number nearest to `value`, ties to even.
    @inline(__always)
    package static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if bits & 0x7FFF_FFFF > 0x7F80_0000 { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }

    /// The value of a binary16 number; a NaN stays one.
    @inline(__always)
    package static func value(float16 bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF)
        if magnitude >= 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13) }
        if magnitude >= 0x400 { return Float(bitPattern: sign | (magnitude << 13) &+ 0x3800_0000) }
        return Float(bitPattern: (Float(magnitude) * 0x1p-24).bitPattern | sign)
    }

    @inline(__always)
    package static func value(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// Rounds `values`, float32, little-endian, and writes them one after the other.
    ///
    /// - Parameters:
    ///   - type: float16 or bfloat16.
    ///   - output: half as many bytes.
    /// - Returns: false if a value became infinite that was not.
    package static func write(_ values: ByteView, as type: ElementType, to output: ByteRegion) -> Bool {
        precondition(values.count == output.count * 2 && output.count & 1 == 0)
        guard let base = unsafe output.buffer.baseAddress else { return true }
        let isFloat16 = type == .float16
        let infinity: UInt16 = isFloat16 ? 0x7C00 : 0x7F80
        var isFinite = true
        for i in 0..<(output.count / 2) {
            let value = Float(bitPattern: values.load(i &* 4, as: UInt32.self))
            let bits = isFloat16 ? float16(value) : bfloat16(value)
            if bits & 0x7FFF == infinity && value.isFinite { isFinite = false }
            unsafe base.storeBytes(of: bits.littleEndian, toByteOffset: i &* 2, as: UInt16.self)
        }
        return isFinite
    }

    /// Rounds `values`, the places `range` of the coding order, and writes them to where they belong in the tensor's bytes.
    ///
    /// - Parameters:
    ///   - type: float16 or bfloat16.
    ///   - output: the whole tensor.
    /// - Returns: false if a value became infinite; what `output` holds then is of no use.
    package static func write(
        _ values: UnsafeBufferPointer<Float>, as type: ElementType, range: Range<Int>, of view: MatrixView, to output: ByteRegion
    ) -> Bool {
        precondition(values.count == range.count && output.count == view.elementCount * 2 && range.upperBound <= view.elementCount)
        guard let base = unsafe output.buffer.baseAddress else { return true }
        let isFloat16 = type == .float16
        let infinity: UInt16 = isFloat16 ? 0x7C00 : 0x7F80
        var place = 0
        var isFinite = true
        view.forEachRun(in: range) { run in
            for i in 0..<run.count {
                let value = unsafe values[place + i]
                let bits = isFloat16 ? float16(value) : bfloat16(value)
                if bits & 0x7FFF >= infinity { isFinite = false }
                unsafe base.storeBytes(of: bits.littleEndian, toByteOffset: (run.element + i * run.stride) * 2, as: UInt16.self)
            }
            place += run.count
        }
        return isFinite
    }

    /// The values of float16 or bfloat16 elements, as little-endian float32.
    ///
    /// - Parameter output: twice as long as `elements`.
    package static func widen(_ elements: ByteView, from type: ElementType, into output: ByteRegion) {
        precondition(output.count == elements.count * 2)
        guard let base = unsafe output.buffer.baseAddress, let source = unsafe elements.buffer.baseAddress else { return }
        let count = elements.count / 2
        if type == .float16 {
            for i in 0..<count {
                let bits = unsafe UInt16(littleEndian: source.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self))
                unsafe base.storeBytes(of: value(float16: bits).bitPattern.littleEndian, toByteOffset: i &* 4, as: UInt32.self)
            }
        } else {
            for i in 0..<count {
                let bits = unsafe UInt16(littleEndian: source.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self))
                unsafe base.storeBytes(of: (UInt32(bits) << 16).littleEndian, toByteOffset: i &* 4, as: UInt32.self)
            }
        }
    }
}
