import TamisBits
import TamisDigest
import TamisModel
import TamisSyntax

/// A stream whose frame has been read: what is in it and where, but no tensor yet.
///
/// Two ways lead here. `scan` reads every unit from front to back and finds anything missing, moved or repeated; `open` reads
/// the end, the index and the parameters only, whatever the size of the file.
package struct EncodedStream: Sendable {
    package let bytes: ByteView
    package let start: StartUnit
    package let level: Level
    package let parameters: ModelParameterSet
    package let topology: Topology
    package let index: IndexUnit
    /// All units before the index unit.
    package let units: [StreamUnit]

    /// Elements of a slice, but for the last of a tensor.
    package var sliceElements: Int { 1 << Int(parameters.sliceElementsLog2) }

    /// The part of the model that is there; nil: all of it.
    package var shard: Shard? { start.shard }

    /// Bytes of all units before the index unit.
    package var unitByteCount: UInt64 { units.reduce(0) { $0 + $1.byteCount } }

    /// Whether the stream has the tensor `number`, which another shard may have.
    package func has(tensor number: Int) -> Bool { index.tensorUnits[number].unitNumber > 0 }

    /// Reads all units in order.
    ///
    /// - Parameter takesShards: whether the stream may hold a part of a model only.
    package static func scan(_ bytes: ByteView, limits: Limits, takesShards: Bool = false) throws(TamisError) -> EncodedStream {
        try checkSignature(bytes)
        var offset = UInt64(Syntax.signature.count)
        var units: [StreamUnit] = []
        var hash = XXH64()
        var frame = FrameReader(limits: limits, takesShards: takesShards)
        while true {
            let unit = try StreamUnit(bytes, at: offset, number: units.count)
            // The end unit does not count.
            if unit.type != .end {
                try unit.naming { () throws(TamisError) in
                    try Limits.check(
                        UInt64(units.count) + 1, level: frame.level?.units ?? .max, limit: limits.units, nil,
                        "the stream has, before its end unit, at least", "units")
                }
            }
            try frame.take(unit)
            if unit.type == .end {
                try frame.finish(units: units, end: unit, hash: hash.value, byteCount: UInt64(bytes.count))
                break
            }
            units.append(unit)
            unit.hash(into: &hash)
            offset += unit.byteCount
        }
        return try frame.stream(bytes, units: Array(units.dropLast()))
    }

    /// Reads the end unit, the index, the start unit, the parameter set and the topology; other units by their headers' places only.
    package static func open(_ bytes: ByteView, limits: Limits, takesShards: Bool = false) throws(TamisError) -> EncodedStream {
        try checkSignature(bytes)
        let least = Syntax.signature.count + EndUnit.byteCount
        if bytes.count < least {
            throw TamisError(
                .truncated, "the file has \(bytes.count) bytes, the shortest stream has more than \(least)", byteOffset: UInt64(bytes.count),
                advice: "the file is damaged or was not copied completely; fetch it again")
        }
        let endUnit: StreamUnit
        do throws(TamisError) {
            endUnit = try StreamUnit(bytes, at: UInt64(bytes.count - EndUnit.byteCount), number: 0)
        } catch {
            var error = error
            error.unit = "end_unit"
            error.message = "the file does not end with an end_unit: it is damaged, cut short, or has something appended (" + error.message + ")"
            throw error
        }
        if endUnit.type != .end {
            throw TamisError(.missing, "the file does not end with an end_unit", unit: "end_unit", byteOffset: endUnit.offset)
        }
        let end = try endUnit.wholeStructure(EndUnit.self)
        if end.totalBytes != UInt64(bytes.count) || end.indexOffset >= endUnit.offset {
            throw TamisError(
                .lengthMismatch, "the end unit says \(end.totalBytes) bytes with the index at \(end.indexOffset), the file has \(bytes.count)",
                unit: "end_unit", element: "total_bytes", byteOffset: endUnit.place(of: "total_bytes"))
        }
        let indexUnit = try StreamUnit(bytes, at: end.indexOffset, number: 0)
        if indexUnit.type != .index {
            throw TamisError(.missing, "there is no index_unit where the end unit says", unit: "index_unit", byteOffset: end.indexOffset)
        }
        let index = try indexUnit.wholeStructure(IndexUnit.self, bounds: limits.bounds(nil))
        try Limits.check(UInt64(index.units.count), level: .max, limit: limits.units, "unit_count")
        var frame = FrameReader(limits: limits, takesShards: takesShards)
        var units: [StreamUnit] = []
        var hash = XXH64()
        var offset = UInt64(Syntax.signature.count)
        for (number, entry) in index.units.enumerated() {
            let next = try offset.adding(entry.byteCount, "unit_bytes")
            if next > end.indexOffset {
                throw TamisError(
                    .lengthMismatch, "unit \(number) ends at byte \(next), behind the index", unit: "index_unit", element: "unit_bytes",
                    byteOffset: indexUnit.place(of: "unit_bytes", number: number))
            }
            let unit = try StreamUnit(bytes, at: offset, number: number)
            if unit.byteCount != entry.byteCount || unit.header.unitType != entry.unitType {
                throw TamisError(
                    .lengthMismatch, "the index has unit \(number) with type \(entry.unitType) and \(entry.byteCount) bytes, found \(unit.header.unitType) and \(unit.byteCount)",
                    unit: "index_unit", element: "unit_bytes", byteOffset: indexUnit.place(of: "unit_bytes", number: number))
            }
            try frame.take(unit)
            units.append(unit)
            unit.hash(into: &hash)
            offset = next
        }
        try frame.take(indexUnit)
        indexUnit.hash(into: &hash)
        try Limits.check(UInt64(units.count + 1), level: frame.level?.units ?? 0, limit: limits.units, "unit_count")
        if offset != end.indexOffset || end.indexOffset + indexUnit.byteCount != endUnit.offset {
            throw TamisError(
                .lengthMismatch, "the units leave bytes between them and the end: \(offset), \(end.indexOffset), \(endUnit.offset)", unit: "end_unit",
                element: "index_offset", byteOffset: endUnit.place(of: "index_offset"))
        }
        try frame.checkHash(end, of: units, hash: hash.value, at: endUnit)
        try frame.check(index, against: units, at: indexUnit)
        return try frame.stream(bytes, units: units)
    }

    static func checkSignature(_ bytes: ByteView) throws(TamisError) {
        let signature = Syntax.signature
        for (place, byte) in signature.enumerated() where place >= bytes.count || bytes[place] != byte {
            if place >= bytes.count && place > 0 {
                throw TamisError(
                    .truncated, "the file ends within the signature", element: "signature", byteOffset: UInt64(place),
                    advice: "the file is damaged or was not copied completely; fetch it again")
            }
            throw TamisError(
                .notTamis, bytes.count == 0 ? "the file is empty" : "this is not a Tamis file: its first bytes are not the signature",
                element: "signature", byteOffset: UInt64(place), advice: "expected a file made by 'tamis encode'")
        }
    }
}

extension StreamUnit {
    func hash(into hash: inout XXH64) {
        var writer = ByteWriter()
        writer.u32(header.headerCRC)
        writer.u32(payloadCRC)
        writer.bytes.withView { view in unsafe hash.update(view.buffer) }
    }
}
