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
    package var byteCount: UInt64 { UInt64(UnitHeader.byteCount + UnitHeader.payloadCRCByteCount + payload.count) }
    package var type: UnitHeader.UnitType? { UnitHeader.UnitType(rawValue: header.unitType) }

    /// For people: `data_unit[3]`, the number counting all units.
    package var label: String { (type?.name ?? "unit of type \(header.unitType)") + "[\(number)]" }

    /// Reads the header at `offset` and finds the payload, by the order of checks of Spec §3.3.
    package init(_ bytes: ByteView, at offset: UInt64, number: Int) throws(TamisError) {
        let left = UInt64(bytes.count) - offset
        let place = "unit[\(number)]"
        if left < UInt64(UnitHeader.byteCount) {
            throw TamisError(
                .truncated, "a unit header needs \(UnitHeader.byteCount) bytes, \(left) are left", unit: place, byteOffset: offset,
                advice: "the file is damaged or was not copied completely; fetch it again")
        }
        var header = UnitHeader()
        var reader = SyntaxReader(bytes[Int(offset)..<(Int(offset) + UnitHeader.byteCount)], base: offset)
        try header.visit(&reader)
        if header.headerCRC != header.computedCRC {
            throw TamisError(
                .headerChecksum, "the header's checksum is wrong: stored \(header.headerCRC), computed \(header.computedCRC)", unit: place,
                element: "header_crc", byteOffset: reader.reader.fileOffset - 4, advice: "the file is damaged; fetch it again")
        }
        let most = left - UInt64(UnitHeader.byteCount)
        if header.payloadLength > most || most - header.payloadLength < UInt64(UnitHeader.payloadCRCByteCount) {
            throw TamisError(
                .truncated, "the unit needs \(header.payloadLength) bytes and a checksum, \(most) bytes are left", unit: place,
                element: "payload_length", byteOffset: offset + 1, advice: "the file is damaged or was not copied completely; fetch it again")
        }
        let payloadStart = Int(offset) + UnitHeader.byteCount
        let payloadEnd = payloadStart + Int(header.payloadLength)
        self.number = number
        self.offset = offset
        self.header = header
        payload = bytes[payloadStart..<payloadEnd]
        payloadCRC = bytes.load(payloadEnd, as: UInt32.self)
        if type == nil && !header.isAncillary {
            throw TamisError(
                .unknownUnit, "the unit has type \(header.unitType), which this version does not know", unit: place, element: "unit_type",
                byteOffset: offset, advice: "use a newer version of Tamis")
        }
    }

    package func checkPayload() throws(TamisError) {
        let computed = CRC32C.of(payload)
        if computed != payloadCRC {
            throw TamisError(
                .payloadChecksum, "the payload's checksum is wrong: stored \(payloadCRC), computed \(computed)", unit: label,
                element: "payload_crc", byteOffset: payloadOffset + UInt64(payload.count), advice: "the file is damaged; fetch it again")
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
