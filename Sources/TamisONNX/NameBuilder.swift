import TamisBits

/// Puts together a name of at most 4096 bytes from texts of the file, which may be anything (Spec, "Names of ONNX tensors").
struct NameBuilder {
    static let maximumByteCount = 4096

    private(set) var bytes: [UInt8] = []
    /// Nothing more is taken once a character did not fit.
    private var isFull = false

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The text at `range` of `file` on its own.
    static func text(_ range: Range<Int>, of file: ByteView) -> String {
        var builder = NameBuilder()
        builder.append(range, of: file)
        return builder.text
    }

    /// Whether `text` is well-formed UTF-8 without control characters.
    static func isClean(_ text: ByteView) -> Bool {
        var position = 0
        while position < text.count {
            let byteCount = characterByteCount(text, position, text.count)
            if byteCount == 0 { return false }
            position += byteCount
        }
        return true
    }

    mutating func append(_ text: String) {
        for byte in text.utf8 { put(byte) }
    }

    /// Bytes that are no well-formed UTF-8 and control characters become `_`, one for each byte.
    mutating func append(_ range: Range<Int>, of file: ByteView) {
        var position = range.lowerBound
        while position < range.upperBound && !isFull {
            let byteCount = Self.characterByteCount(file, position, range.upperBound)
            if byteCount == 0 {
                put(UInt8(ascii: "_"))
                position += 1
            } else if bytes.count + byteCount > Self.maximumByteCount {
                isFull = true
            } else {
                for offset in 0..<byteCount { bytes.append(file[position + offset]) }
                position += byteCount
            }
        }
    }

    /// Shortens `bytes` to at most `byteCount` without cutting a character. Requires well-formed UTF-8.
    static func prefix(_ bytes: [UInt8], _ byteCount: Int) -> ArraySlice<UInt8> {
        if bytes.count <= byteCount { return bytes[...] }
        var end = byteCount
        while end > 0 && bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return bytes[..<end]
    }

    private mutating func put(_ byte: UInt8) {
        if isFull || bytes.count >= Self.maximumByteCount {
            isFull = true
        } else {
            bytes.append(byte)
        }
    }

    /// Bytes of the character at `position`: 1 to 4, or 0 if it is a control character (C0, DEL, C1) or no well-formed UTF-8
    /// (The Unicode Standard, table 3-7).
    private static func characterByteCount(_ file: ByteView, _ position: Int, _ end: Int) -> Int {
        let first = file[position]
        if first < 0x80 { return first < 0x20 || first == 0x7F ? 0 : 1 }
        let byteCount: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        // C2 80 … C2 9F are the C1 controls.
        case 0xC2: (byteCount, second) = (2, 0xA0...0xBF)
        case 0xC3...0xDF: byteCount = 2
        case 0xE0: (byteCount, second) = (3, 0xA0...0xBF)
        case 0xED: (byteCount, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: byteCount = 3
        case 0xF0: (byteCount, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: byteCount = 4
        case 0xF4: (byteCount, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard end - position >= byteCount, second.contains(file[position + 1]) else { return 0 }
        for offset in 2..<max(byteCount, 2) where file[position + offset] & 0xC0 != 0x80 { return 0 }
        return byteCount
    }
}
