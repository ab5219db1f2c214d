import TamisBits
import TamisDigest
import TamisSyntax

/// A stream taken apart into its units, to be changed and put together again with checksums that fit.
package struct StreamParts: Sendable {
    package struct Unit: Sendable, Equatable {
        package var type: UInt8
        package var payload: [UInt8]

        package init(_ type: UnitHeader.UnitType, _ payload: [UInt8]) {
            self.type = type.rawValue
            self.payload = payload
        }

        package init(type: UInt8, payload: [UInt8]) {
            self.type = type
            self.payload = payload
        }

        /// Header, payload and CRC.
        package var bytes: [UInt8] {
            var writer = ByteWriter()
            let header = UnitHeader(type: type, payloadLength: UInt64(payload.count))
            writer.u8(type)
            writer.u64(header.payloadLength)
            writer.u32(header.headerCRC)
            writer.append(payload)
            writer.u32(payload.withView { CRC32C.of($0) })
            return writer.bytes
        }

        package var byteCount: Int { payload.count + UnitHeader.byteCount + UnitHeader.payloadCRCByteCount }
    }

    /// All units, index and end unit included.
    package var units: [Unit]

    package init(units: [Unit]) { self.units = units }

    /// - Parameter stream: a sound one.
    package init(_ stream: [UInt8]) {
        units = []
        var position = Syntax.signature.count
        while position < stream.count {
            let length = (0..<8).reduce(0) { $0 | Int(stream[position + 1 + $1]) << (8 * $1) }
            let start = position + UnitHeader.byteCount
            units.append(Unit(type: stream[position], payload: Array(stream[start..<(start + length)])))
            position = start + length + UnitHeader.payloadCRCByteCount
        }
    }

    /// Place of each unit's header.
    package var offsets: [Int] {
        var offsets: [Int] = []
        var offset = Syntax.signature.count
        for unit in units {
            offsets.append(offset)
            offset += unit.byteCount
        }
        return offsets
    }

    /// Signature and units as they are; nothing of index and end unit is made anew.
    package var verbatim: [UInt8] { Syntax.signature + units.flatMap(\.bytes) }

    /// The stream with an end unit that fits the units, and with `index` for an index unit, or the present one with its list of
    /// units made anew; both are the last two units.
    package func stream(index: IndexUnit? = nil) throws(TamisError) -> [UInt8] {
        var parts = self
        var index = if let index { index } else { try self.index() }
        let coded = units.dropLast(2)
        index.units = coded.map { IndexedUnit(unitType: $0.type, byteCount: UInt64($0.byteCount)) }
        parts.units = Array(coded) + [Unit(.index, try index.encoded())]
        var end = EndUnit()
        end.indexOffset = UInt64(parts.offsets[coded.count])
        var hash = XXH64()
        for unit in parts.units {
            let bytes = unit.bytes
            Array(bytes[9..<13] + bytes.suffix(4)).withView { hash.update($0.buffer) }
        }
        end.totalBytes = UInt64(parts.verbatim.count + EndUnit.byteCount)
        end.unitHash = hash.value
        parts.units.append(Unit(.end, try end.encoded()))
        return parts.verbatim
    }

    package func index() throws(TamisError) -> IndexUnit {
        try ByteView.of(units[units.count - 2].payload) { (view) throws(TamisError) in try IndexUnit(decoding: view, base: 0, "index_unit") }
    }
}
