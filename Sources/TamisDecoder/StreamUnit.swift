import TamisBits
import TamisSyntax

/// Where a unit lies in the bytes, once its header has been believed.
package struct StreamUnit: Sendable {
    /// Place among the units of the file, the start unit being 0.
    package let number: Int
    /// Place of the header.
    package let offset: UInt64
    package let header: UnitHeader
    package let payload: ByteView
    package let payloadCRC: UInt32

    package var payloadOffset: UInt64 { offset + UInt64(UnitHeader.byteCount) }
    package var byteCount: UInt64 { UInt64(UnitHeader.byteCount + UnitHeader.payloadCRCByteCount) + header.payloadLength }
    package var type: UnitHeader.UnitType? { UnitHeader.UnitType(rawValue: header.unitType) }

    /// For people: `data_unit[3]`, the number counting all units.
    package var label: String { (type?.name ?? "unit of type \(header.unitType)") + "[\(number)]" }

    /// A unit of which all is known.
    ///
    /// - Parameter payload: its bytes, unless they are there no more or not yet.
    init(_ header: UnitHeader, at offset: UInt64, number: Int, payload: ByteView = ByteView(), payloadCRC: UInt32 = 0) {
        self.header = header
        self.offset = offset
        self.number = number
        self.payload = payload
        self.payloadCRC = payloadCRC
    }

    /// Reads the header at `offset` and finds the payload, by the order of checks of Spec §3.3.
    package init(_ bytes: ByteView, at offset: UInt64, number: Int) throws(TamisError) {
        let left = UInt64(bytes.count) - offset
        if left < UInt64(UnitHeader.byteCount) { throw Self.truncated(left: left, at: offset, number: number) }
        let header = try Self.header(bytes[Int(offset)..<(Int(offset) + UnitHeader.byteCount)], at: offset, number: number)
        let most = left - UInt64(UnitHeader.byteCount)
        if header.payloadLength > most || most - header.payloadLength < UInt64(UnitHeader.payloadCRCByteCount) {
            throw Self.truncated(header, left: most, at: offset, number: number)
        }
        let payloadStart = Int(offset) + UnitHeader.byteCount
        let payloadEnd = payloadStart + Int(header.payloadLength)
        self.init(header, at: offset, number: number, payload: bytes[payloadStart..<payloadEnd], payloadCRC: bytes.load(payloadEnd, as: UInt32.self))
        try requireKnownType()
    }

    /// Reads a header, whose bytes are all of `bytes`, and believes it if its checksum is right.
    static func header(_ bytes: ByteView, at offset: UInt64, number: Int) throws(TamisError) -> UnitHeader {
        var header = UnitHeader()
        var reader = SyntaxReader(bytes, base: offset)
        try header.visit(&reader)
        if header.headerCRC != header.computedCRC {
            throw TamisError(
                .headerChecksum, "the header's checksum is wrong: stored \(header.headerCRC), computed \(header.computedCRC)", unit: "unit[\(number)]",
                element: "header_crc", byteOffset: reader.reader.fileOffset - 4, advice: "the file is damaged; fetch it again")
        }
        return header
    }

    /// A stream that ends within the header at `offset`, of which there are `left` bytes.
    static func truncated(left: UInt64, at offset: UInt64, number: Int) -> TamisError {
        TamisError(
            .truncated, "a unit header needs \(UnitHeader.byteCount) bytes, \(left) are left", unit: "unit[\(number)]", byteOffset: offset,
            advice: "the file is damaged or was not copied completely; fetch it again")
    }

    /// A stream that ends `left` bytes behind the header at `offset`, within the payload or its checksum.
    static func truncated(_ header: UnitHeader, left: UInt64, at offset: UInt64, number: Int) -> TamisError {
        TamisError(
            .truncated, "the unit needs \(header.payloadLength) bytes and a checksum, \(left) bytes are left", unit: "unit[\(number)]",
            element: "payload_length", byteOffset: offset + 1, advice: "the file is damaged or was not copied completely; fetch it again")
    }

    func requireKnownType() throws(TamisError) {
        if type == nil && !header.isAncillary {
            throw TamisError(
                .unknownUnit, "the unit has type \(header.unitType), which this version does not know", unit: "unit[\(number)]", element: "unit_type",
                byteOffset: offset, advice: "use a newer version of Tamis")
        }
    }

    package func checkPayload() throws(TamisError) { try checkPayload(computed: CRC32C.of(payload)) }

    /// As `checkPayload()`, where the checksum of the payload's bytes is known.
    func checkPayload(computed: UInt32) throws(TamisError) {
        if computed != payloadCRC {
            throw TamisError(
                .payloadChecksum, "the payload's checksum is wrong: stored \(payloadCRC), computed \(computed)", unit: label,
                element: "payload_crc", byteOffset: payloadOffset + header.payloadLength, advice: "the file is damaged; fetch it again")
        }
    }

    /// Runs `body` and names this unit in the errors it throws, and their element's place.
    package func naming<R>(_ body: () throws(TamisError) -> R) throws(TamisError) -> R {
        do {
            return try body()
        } catch {
            var error = error
            if error.unit == nil { error.unit = label }
            if error.byteOffset == nil { error.byteOffset = place(of: error) }
            throw error
        }
    }

    /// The structure at the start of the payload, and the bytes after it; checks the payload's CRC first.
    package func structure<S: SyntaxStructure>(_ type: S.Type, bounds: CountBounds = CountBounds()) throws(TamisError) -> (S, rest: ByteView) {
        try checkPayload()
        return try naming { () throws(TamisError) in
            var reader = SyntaxReader(payload, base: payloadOffset, bounds: bounds)
            var structure = S()
            try structure.visit(&reader)
            return (structure, payload[reader.reader.position..<payload.count])
        }
    }

    /// The structure that is all of the payload.
    package func wholeStructure<S: SyntaxStructure>(_ type: S.Type, bounds: CountBounds = CountBounds()) throws(TamisError) -> S {
        let (structure, rest) = try structure(type, bounds: bounds)
        if rest.count > 0 {
            throw TamisError(
                .trailingBytes, "\(rest.count.counted("byte")) behind the last element, expected none", unit: label,
                byteOffset: payloadOffset + UInt64(payload.count - rest.count))
        }
        return structure
    }
}
