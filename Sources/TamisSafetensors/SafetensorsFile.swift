import TamisBits
import TamisModel

/// What the header of a safetensors file says: which bytes of the file are which tensor.
///
/// The file is the length of the header (8 bytes, little-endian), the header (a JSON object, padded with spaces), and the tensors'
/// elements, little-endian and in C order, one tensor after the other without gaps up to the end of the file.
public struct SafetensorsFile: Sendable, Equatable {
    /// A tensor of the file.
    public struct Entry: Sendable, Equatable {
        /// Unique in its file, byte for byte.
        public let name: String
        public let type: SafetensorsType
        public let shape: Shape
        /// The bytes of the file that are its elements.
        public let range: Range<Int>
    }

    /// Bytes of a header.
    public static let maximumHeaderBytes: UInt64 = 100_000_000
    /// Bytes of the header's length.
    static let lengthBytes = 8

    /// The free text of `__metadata__`.
    public let metadata: [String: String]
    /// In the order of their bytes in the file.
    public let entries: [Entry]

    /// Reads the header; the elements themselves are not looked at.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - file: its name, for errors.
    /// - Throws: `truncated` if the file ends too early; `limit_exceeded` for a header of more than `maximumHeaderBytes`;
    ///   `invalid_safetensors` for anything else that the format does not allow, with the place.
    public init(bytes: ByteView, file: String? = nil) throws(TamisError) {
        do throws(TamisError) {
            let dataStart = try Self.dataStart(bytes)
            var reader = HeaderReader(bytes[0..<dataStart])
            let header = try reader.header()
            metadata = header.metadata
            entries = try DataLayout.entries(of: header.tensors, in: dataStart..<bytes.count)
        } catch {
            var error = error
            error.file = file
            throw error
        }
    }

    /// Where the header ends.
    private static func dataStart(_ bytes: ByteView) throws(TamisError) -> Int {
        let advice = "the file is damaged, was not copied completely, or is no safetensors file"
        if bytes.count < lengthBytes {
            throw TamisError(.truncated, "has \(bytes.count) bytes, expected the 8 of the header's length at least", byteOffset: UInt64(bytes.count), advice: advice)
        }
        let length = bytes.load(0, as: UInt64.self)
        if length > maximumHeaderBytes {
            throw TamisError(
                .limitExceeded, "the header has \(length) bytes, expected at most \(maximumHeaderBytes)", byteOffset: 0,
                advice: "is it a safetensors file?")
        }
        let room = bytes.count - lengthBytes
        if length > UInt64(room) {
            throw TamisError(.truncated, "the header has \(length) bytes, but \(room) follow", byteOffset: UInt64(lengthBytes), advice: advice)
        }
        return lengthBytes + Int(length)
    }
}
