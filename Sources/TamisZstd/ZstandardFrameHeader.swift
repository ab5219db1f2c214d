import TamisBits

/// The part of a Zstandard frame before its blocks (RFC 8878, section 3.1.1.1).
///
/// Read here and not by libzstd, whose function for it is not part of its stable interface.
struct ZstandardFrameHeader {
    /// Bytes a decoder must remember.
    var windowSize: UInt64
    /// Bytes of the content, where the header says so.
    var contentSize: UInt64?
    var hasDictionary: Bool

    private static let magic: UInt32 = 0xFD2F_B528

    init(_ frame: ByteView) throws(TamisError) {
        var reader = ByteReader(frame)
        let magic = try reader.u32("magic_number")
        if magic != Self.magic {
            throw TamisError(
                .invalidCompressedData, "a Zstandard frame begins with \(Self.magic), these bytes begin with \(magic)", element: "magic_number")
        }
        let descriptor = try reader.u8("frame_header_descriptor")
        let isSingleSegment = descriptor & 0x20 != 0
        if descriptor & 0x08 != 0 {
            throw TamisError(.invalidCompressedData, "the reserved bit of the Zstandard frame is 1, expected 0", element: "frame_header_descriptor")
        }

        var windowSize: UInt64 = 0
        if !isSingleSegment {
            let window = UInt64(try reader.u8("window_descriptor"))
            let base: UInt64 = 1 << (10 + (window >> 3))
            windowSize = base + (base >> 3) * (window & 7)
        }
        let dictionaryFieldSize: UInt64 = [0, 1, 2, 4][Int(descriptor & 3)]
        _ = try reader.bytes(dictionaryFieldSize, "dictionary_id")
        hasDictionary = dictionaryFieldSize > 0

        contentSize =
            switch descriptor >> 6 {
            case 0: isSingleSegment ? UInt64(try reader.u8("frame_content_size")) : nil
            case 1: UInt64(try reader.u16("frame_content_size")) + 256
            case 2: UInt64(try reader.u32("frame_content_size"))
            default: try reader.u64("frame_content_size")
            }
        self.windowSize = isSingleSegment ? contentSize ?? 0 : windowSize
    }
}
