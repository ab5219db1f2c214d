import CSHA256

extension SHA256 {
    private static let hasInstructions = csha256_is_available() == 1

    /// FIPS 180-4, section 4.2.2.
    private static let constants: [UInt32] = [
        0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
        0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
        0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
        0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
        0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
        0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
        0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
        0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
    ]

    /// Applies the compression function to whole blocks, by the processor's own instructions where it has them.
    static func compress(_ blocks: UnsafeRawBufferPointer, into state: inout State) {
        guard hasInstructions, let start = blocks.baseAddress else {
            unsafe compressPlainly(blocks, into: &state)
            return
        }
        unsafe withUnsafeMutableBytes(of: &state) { words in
            guard let words = unsafe words.assumingMemoryBound(to: UInt32.self).baseAddress else { return }
            unsafe csha256_compress(words, start.assumingMemoryBound(to: UInt8.self), blocks.count / blockSize)
        }
    }

    @inline(__always)
    private static func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { (value >> count) | (value << (32 &- count)) }

    /// One round of FIPS 180-4, section 6.2.2, step 3. In place of moving the eight variables along, the caller renames them.
    @inline(__always)
    private static func round(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32, _ h: inout UInt32, _ word: UInt32
    ) {
        let sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        let choice = g ^ (e & (f ^ g))
        let first = h &+ sum1 &+ choice &+ word
        let sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        let majority = (a & b) | (c & (a | b))
        d &+= first
        h = first &+ sum0 &+ majority
    }

    /// The message word 16 places after `w0` (FIPS 180-4, section 6.2.2, step 1).
    @inline(__always)
    private static func next(_ w0: UInt32, _ w1: UInt32, _ w9: UInt32, _ w14: UInt32) -> UInt32 {
        let sigma0 = rotate(w1, 7) ^ rotate(w1, 18) ^ (w1 >> 3)
        let sigma1 = rotate(w14, 17) ^ rotate(w14, 19) ^ (w14 >> 10)
        return w0 &+ sigma0 &+ w9 &+ sigma1
    }

    /// `compress` without special instructions; the rounds are written out so that the eight variables stay in registers.
    package static func compressPlainly(_ blocks: UnsafeRawBufferPointer, into state: inout State) {
        guard var next = blocks.baseAddress else { return }
        let constants = Self.constants.span
        var left = blocks.count / blockSize
        while left > 0 {
            var (a, b, c, d, e, f, g, h) = state
            var w0 = unsafe UInt32(bigEndian: next.loadUnaligned(as: UInt32.self))
            round(a, b, c, &d, e, f, g, &h, w0 &+ constants[0])
            var w1 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            round(h, a, b, &c, d, e, f, &g, w1 &+ constants[1])
            var w2 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            round(g, h, a, &b, c, d, e, &f, w2 &+ constants[2])
            var w3 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
            round(f, g, h, &a, b, c, d, &e, w3 &+ constants[3])
            var w4 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
            round(e, f, g, &h, a, b, c, &d, w4 &+ constants[4])
            var w5 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 20, as: UInt32.self))
            round(d, e, f, &g, h, a, b, &c, w5 &+ constants[5])
            var w6 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
            round(c, d, e, &f, g, h, a, &b, w6 &+ constants[6])
            var w7 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 28, as: UInt32.self))
            round(b, c, d, &e, f, g, h, &a, w7 &+ constants[7])
            var w8 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 32, as: UInt32.self))
            round(a, b, c, &d, e, f, g, &h, w8 &+ constants[8])
            var w9 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 36, as: UInt32.self))
            round(h, a, b, &c, d, e, f, &g, w9 &+ constants[9])
            var w10 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 40, as: UInt32.self))
            round(g, h, a, &b, c, d, e, &f, w10 &+ constants[10])
            var w11 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 44, as: UInt32.self))
            round(f, g, h, &a, b, c, d, &e, w11 &+ constants[11])
            var w12 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 48, as: UInt32.self))
            round(e, f, g, &h, a, b, c, &d, w12 &+ constants[12])
            var w13 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 52, as: UInt32.self))
            round(d, e, f, &g, h, a, b, &c, w13 &+ constants[13])
            var w14 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 56, as: UInt32.self))
            round(c, d, e, &f, g, h, a, &b, w14 &+ constants[14])
            var w15 = unsafe UInt32(bigEndian: next.loadUnaligned(fromByteOffset: 60, as: UInt32.self))
            round(b, c, d, &e, f, g, h, &a, w15 &+ constants[15])
            // Unchecked: group is 16, 32 or 48, so every place is below 64.
            var group = 16
            while group < 64 {
                w0 = Self.next(w0, w1, w9, w14)
                unsafe round(a, b, c, &d, e, f, g, &h, w0 &+ constants[unchecked: group &+ 0])
                w1 = Self.next(w1, w2, w10, w15)
                unsafe round(h, a, b, &c, d, e, f, &g, w1 &+ constants[unchecked: group &+ 1])
                w2 = Self.next(w2, w3, w11, w0)
                unsafe round(g, h, a, &b, c, d, e, &f, w2 &+ constants[unchecked: group &+ 2])
                w3 = Self.next(w3, w4, w12, w1)
                unsafe round(f, g, h, &a, b, c, d, &e, w3 &+ constants[unchecked: group &+ 3])
                w4 = Self.next(w4, w5, w13, w2)
                unsafe round(e, f, g, &h, a, b, c, &d, w4 &+ constants[unchecked: group &+ 4])
                w5 = Self.next(w5, w6, w14, w3)
                unsafe round(d, e, f, &g, h, a, b, &c, w5 &+ constants[unchecked: group &+ 5])
                w6 = Self.next(w6, w7, w15, w4)
                unsafe round(c, d, e, &f, g, h, a, &b, w6 &+ constants[unchecked: group &+ 6])
                w7 = Self.next(w7, w8, w0, w5)
                unsafe round(b, c, d, &e, f, g, h, &a, w7 &+ constants[unchecked: group &+ 7])
                w8 = Self.next(w8, w9, w1, w6)
                unsafe round(a, b, c, &d, e, f, g, &h, w8 &+ constants[unchecked: group &+ 8])
                w9 = Self.next(w9, w10, w2, w7)
                unsafe round(h, a, b, &c, d, e, f, &g, w9 &+ constants[unchecked: group &+ 9])
                w10 = Self.next(w10, w11, w3, w8)
                unsafe round(g, h, a, &b, c, d, e, &f, w10 &+ constants[unchecked: group &+ 10])
                w11 = Self.next(w11, w12, w4, w9)
                unsafe round(f, g, h, &a, b, c, d, &e, w11 &+ constants[unchecked: group &+ 11])
                w12 = Self.next(w12, w13, w5, w10)
                unsafe round(e, f, g, &h, a, b, c, &d, w12 &+ constants[unchecked: group &+ 12])
                w13 = Self.next(w13, w14, w6, w11)
                unsafe round(d, e, f, &g, h, a, b, &c, w13 &+ constants[unchecked: group &+ 13])
                w14 = Self.next(w14, w15, w7, w12)
                unsafe round(c, d, e, &f, g, h, a, &b, w14 &+ constants[unchecked: group &+ 14])
                w15 = Self.next(w15, w0, w8, w13)
                unsafe round(b, c, d, &e, f, g, h, &a, w15 &+ constants[unchecked: group &+ 15])
                group &+= 16
            }
            state.0 &+= a
            state.1 &+= b
            state.2 &+= c
            state.3 &+= d
            state.4 &+= e
            state.5 &+= f
            state.6 &+= g
            state.7 &+= h
            unsafe next += blockSize
            left &-= 1
        }
    }
}
