import TamisArithmetic
import TamisBits
import TamisModel
import TamisSyntax

/// A group unit, taken apart and checked as far as that goes without decoding its elements (Spec §4.6).
package struct CodedGroup: Sendable {
    package struct Member: Sendable {
        package let tensor: Int
        package let entry: GroupEntry
        /// Place in the group's bytes.
        package let bytes: Range<Int>
        package let elementType: ElementType
        package let elementCount: Int
    }

    /// Decoded bytes of a group (Spec §4.6): a decoder needs them twice.
    package static let mostBytes: UInt64 = 1 << 23

    package let header: GroupUnit
    package let members: [Member]
    package let rawFrame: ByteView
    package let codeword: ByteView
    package let rawBits: ByteView
    /// Decoded bytes of all members together.
    package let byteCount: Int
    /// Elements of all members in index mode together.
    package let indexElementCount: Int
    /// Decoded bytes of all members in raw mode together.
    package let rawByteCount: Int

    package init(_ unit: StreamUnit, of stream: EncodedStream) throws(TamisError) { try self.init(unit, in: stream.codingScope) }

    init(_ unit: StreamUnit, in scope: CodingScope) throws(TamisError) {
        let (header, rest) = try unit.structure(GroupUnit.self, bounds: scope.tensorBounds)
        self = try unit.naming { () throws(TamisError) in try CodedGroup(header, rest, unit, scope) }
    }

    private init(_ header: GroupUnit, _ rest: ByteView, _ unit: StreamUnit, _ scope: CodingScope) throws(TamisError) {
        var members: [Member] = []
        var end: UInt64 = 0
        var indexElements: UInt64 = 0
        var rawBytes: UInt64 = 0
        var previous = -1
        for (number, entry) in header.entries.enumerated() {
            let tensor = try scope.tensorIndex(entry.tensorIndex, in: unit, "entry_tensor_index", number: number)
            func place(of element: String) -> UInt64? { unit.place(of: element, number: number) }
            if tensor <= previous {
                throw TamisError(
                    .unitOrder, "tensor \(tensor) follows tensor \(previous), expected ascending numbers", element: "entry_tensor_index",
                    byteOffset: place(of: "entry_tensor_index"))
            }
            previous = tensor
            let description = scope.topology.tensors[tensor]
            let byteCount = description.byteCount ?? .max
            let start = end
            end = try end.adding(byteCount, "entry_tensor_index")
            if end > Self.mostBytes {
                throw TamisError(
                    .valueOutOfRange, "the group has \(end) bytes, expected at most \(Self.mostBytes)", element: "entry_tensor_index",
                    byteOffset: place(of: "entry_tensor_index"))
            }
            if entry.isIndex {
                if !description.isQuantizable { throw description.notCodable("entry_coding_mode", at: place(of: "entry_coding_mode")) }
                indexElements += description.shape.elementCount
            } else {
                rawBytes += byteCount
            }
            if indexElements > UInt64(scope.sliceElements) {
                throw TamisError(
                    .valueOutOfRange, "the group has \(indexElements) indices, a slice holds \(scope.sliceElements)", element: "entry_coding_mode",
                    byteOffset: place(of: "entry_coding_mode"))
            }
            members.append(
                Member(
                    tensor: tensor, entry: entry, bytes: Int(start)..<Int(end), elementType: description.elementType,
                    elementCount: Int(description.shape.elementCount)))
        }
        if (indexElements > 0) != (header.codewordBytes > 0) || (indexElements == 0 && header.rawBytes > 0) {
            throw TamisError(
                .lengthMismatch, "the group has \(indexElements) indices and a codeword of \(header.codewordBytes) bytes", element: "group_codeword_bytes")
        }
        if (rawBytes > 0) != (header.rawFrameBytes > 0) {
            throw TamisError(
                .lengthMismatch, "the group has \(rawBytes) raw bytes in a frame of \(header.rawFrameBytes) bytes", element: "group_raw_frame_bytes")
        }
        try IndexBinarization.requireRoom(for: indexElements, codewordBytes: header.codewordBytes, "group_codeword_bytes")
        var reader = ByteReader(rest, base: unit.payloadOffset + UInt64(unit.payload.count - rest.count))
        rawFrame = try reader.bytes(header.rawFrameBytes, "group_raw_frame_bytes")
        try Topology.checkExpansion(rawBytes, frame: rawFrame, "group_raw_frame_bytes")
        codeword = try reader.bytes(header.codewordBytes, "group_codeword_bytes")
        rawBits = try reader.bytes(header.rawBytes, "group_raw_bytes")
        if reader.remaining > 0 {
            throw TamisError(
                .trailingBytes, "\(reader.remaining.counted("byte")) behind the last element, expected none", element: "group_raw_bytes", byteOffset: reader.fileOffset)
        }
        self.header = header
        self.members = members
        byteCount = Int(end)
        indexElementCount = Int(indexElements)
        rawByteCount = Int(rawBytes)
        // Nobody decodes a group without entries.
        if members.isEmpty { try checkDigest(of: ByteView()) }
    }
}
