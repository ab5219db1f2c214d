import TamisBits
import TamisDigest
import TamisSyntax

/// Puts units into a stream one after the other, and keeps what index and end unit must say of them.
package struct StreamWriter: ~Copyable {
    /// Takes the stream's bytes in order.
    package typealias Sink = (ByteView) throws(TamisError) -> Void

    private let sink: Sink
    private var offset: UInt64 = 0
    private var hash = XXH64()
    package private(set) var units: [IndexedUnit] = []

    /// Bytes written so far.
    var byteCount: UInt64 { offset }

    package init(_ sink: @escaping Sink) throws(TamisError) {
        self.sink = sink
        try put(Syntax.signature)
    }

    private mutating func put(_ bytes: [UInt8]) throws(TamisError) {
        try ByteView.of(bytes, sink)
        offset += UInt64(bytes.count)
    }

    /// Appends a unit whose payload is `parts`, one after the other.
    package mutating func unit(_ type: UnitHeader.UnitType, _ parts: [[UInt8]]) throws(TamisError) {
        let length = parts.reduce(0) { $0 + UInt64($1.count) }
        let header = UnitHeader(type: type.rawValue, payloadLength: length)
        var crc = CRC32C()
        try put(header.encoded())
        for part in parts {
            part.withView { crc.update($0) }
            try put(part)
        }
        var checksums = ByteWriter()
        checksums.u32(header.headerCRC)
        checksums.u32(crc.value)
        try put(Array(checksums.bytes[4...]))
        checksums.bytes.withView { view in unsafe hash.update(view.buffer) }
        if type != .end {
            units.append(IndexedUnit(
                unitType: type.rawValue, byteCount: length + UInt64(UnitHeader.byteCount + UnitHeader.payloadCRCByteCount)))
        }
    }

    /// Appends a unit of another stream as it is.
    ///
    /// - Parameters:
    ///   - unit: header, payload and checksum, which have been checked.
    ///   - giveBack: called with parts of these that are not needed any more.
    package mutating func copy(_ unit: ByteView, givingBack giveBack: (Range<Int>) -> Void) throws(TamisError) {
        for start in stride(from: 0, to: unit.count, by: Self.copiedBytes) {
            let range = start..<min(start + Self.copiedBytes, unit.count)
            try sink(unit[range])
            giveBack(range)
        }
        offset += UInt64(unit.count)
        let headerCRC = (UnitHeader.byteCount - 4)..<UnitHeader.byteCount
        let payloadCRC = (unit.count - UnitHeader.payloadCRCByteCount)..<unit.count
        for range in [headerCRC, payloadCRC] { unsafe hash.update(unit[range].buffer) }
        units.append(IndexedUnit(unitType: unit[0], byteCount: UInt64(unit.count)))
    }

    /// Of a unit of another stream, at a time.
    private static let copiedBytes = 1 << 24

    /// Appends index and end unit.
    ///
    /// - Parameters:
    ///   - tensorUnits: for each tensor, the number of its unit.
    ///   - digests: SHA-256 of each decoded file.
    package mutating func finish(tensorUnits: [Int], digests: [[UInt8]]) throws(TamisError) {
        var index = IndexUnit()
        index.units = units
        index.tensorUnits = tensorUnits.map { number in
            var place = TensorPlace()
            place.unitNumber = UInt64(number)
            return place
        }
        index.files = digests.map { sha256 in
            var digest = FileDigest()
            digest.sha256 = sha256
            return digest
        }
        var end = EndUnit()
        end.indexOffset = offset
        try unit(.index, [index.encoded()])
        end.totalBytes = offset + UInt64(EndUnit.byteCount)
        end.unitHash = hash.value
        try unit(.end, [end.encoded()])
    }
}
