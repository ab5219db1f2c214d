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

    /// Reads all units in order.
    package static func scan(_ bytes: ByteView, limits: Limits) throws(TamisError) -> EncodedStream {
        try checkSignature(bytes)
        var offset = UInt64(Syntax.signature.count)
        var units: [StreamUnit] = []
        var hash = XXH64()
        var frame = FrameReader(bytes: bytes, limits: limits)
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
                try frame.finish(units: units, end: unit, hash: hash.value)
                break
            }
            units.append(unit)
            unit.hash(into: &hash)
            offset += unit.byteCount
        }
        return try frame.stream(units: Array(units.dropLast()))
    }

    /// Reads the end unit, the index, the start unit, the parameter set and the topology; other units by their headers' places only.
    package static func open(_ bytes: ByteView, limits: Limits) throws(TamisError) -> EncodedStream {
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
        var frame = FrameReader(bytes: bytes, limits: limits)
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
        return try frame.stream(units: units)
    }

    private static func checkSignature(_ bytes: ByteView) throws(TamisError) {
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

/// Takes the units of a stream in file order, holds them to the order of Spec §3.4, and reads those that frame the rest.
private struct FrameReader {
    let bytes: ByteView
    let limits: Limits
    var start: StartUnit?
    var level: Level?
    var parameters: ModelParameterSet?
    var parameterUnit: StreamUnit?
    var topology: Topology?
    var index: IndexUnit?
    var indexUnit: StreamUnit?

    init(bytes: ByteView, limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func take(_ unit: StreamUnit) throws(TamisError) {
        switch unit.type {
        case .start:
            if unit.number != 0 { throw order(unit, "a start_unit is the first unit and the only one") }
            let start = try unit.wholeStructure(StartUnit.self, versionFirst: true)
            if start.shardCount > 1 {
                throw TamisError(
                    .unsupportedFeature, "the file is shard \(start.shardNumber) of \(start.shardCount) of a model, not the whole", unit: unit.label,
                    element: "shard_count", byteOffset: unit.place(of: "shard_count"), advice: "this version decodes whole models only")
            }
            self.start = start
            level = Level.all[Int(start.level)]
        case .modelParameterSet:
            if start == nil || parameters != nil { throw order(unit, "one model_parameter_set follows the start_unit") }
            parameters = try unit.wholeStructure(ModelParameterSet.self, bounds: limits.bounds(level))
            parameterUnit = unit
        case .topology:
            guard parameters != nil, topology == nil, let level else { throw order(unit, "one topology_unit follows the model_parameter_set") }
            topology = try Topology(unit, level: level, limits: limits)
        case .skeleton, .data, .group:
            if topology == nil || index != nil { throw order(unit, "it belongs between the topology_unit and the index_unit") }
        case .index:
            if topology == nil || index != nil { throw order(unit, "one index_unit follows the coded units") }
            index = try unit.wholeStructure(IndexUnit.self, bounds: limits.bounds(level))
            indexUnit = unit
        case .end:
            if index == nil { throw order(unit, "the end_unit follows the index_unit") }
        case nil:
            if start == nil || index != nil { throw order(unit, "ancillary units lie between the start_unit and the index_unit") }
            // What is skipped is still checked: damage anywhere is damage.
            try unit.checkPayload()
        }
    }

    private func order(_ unit: StreamUnit, _ rule: String) -> TamisError {
        TamisError(.unitOrder, "the unit is out of order: \(rule)", unit: unit.label, element: "unit_type", byteOffset: unit.offset)
    }

    /// Holds index and end unit against the units read. `units` includes the index unit.
    func finish(units: [StreamUnit], end unit: StreamUnit, hash: UInt64) throws(TamisError) {
        let end = try unit.wholeStructure(EndUnit.self)
        guard let index, let indexUnit, let last = units.last, last.offset == indexUnit.offset else {
            throw order(unit, "the end_unit follows the index_unit")
        }
        let total = unit.offset + unit.byteCount
        if total != UInt64(bytes.count) {
            throw TamisError(
                .trailingBytes, "\((UInt64(bytes.count) - total).counted("byte")) behind the end_unit, expected none", unit: unit.label, byteOffset: total,
                advice: "remove what was appended to the file")
        }
        if end.totalBytes != total {
            throw mismatch(unit, "total_bytes", "the end unit says \(end.totalBytes) bytes, there are \(total)")
        }
        if end.indexOffset != indexUnit.offset {
            throw mismatch(unit, "index_offset", "the end unit says the index is at \(end.indexOffset), it is at \(indexUnit.offset)")
        }
        try checkHash(end, of: units, hash: hash, at: unit)
        try check(index, against: Array(units.dropLast()), at: indexUnit)
    }

    func checkHash(_ end: EndUnit, of units: [StreamUnit], hash: UInt64, at unit: StreamUnit) throws(TamisError) {
        if end.unitHash != hash {
            // Where a stored checksum itself is damaged, its own unit is to be blamed.
            for unit in units { try unit.checkPayload() }
            throw TamisError(
                .streamHash, "the hash over all units is wrong: units were changed, moved, dropped or repeated", unit: unit.label,
                element: "unit_hash", byteOffset: unit.place(of: "unit_hash"), advice: "the file is damaged; fetch it again")
        }
    }

    func check(_ index: IndexUnit, against units: [StreamUnit], at unit: StreamUnit) throws(TamisError) {
        if index.units.count != units.count {
            throw mismatch(unit, "unit_count", "the index lists \(index.units.count) units, there are \(units.count)")
        }
        for (number, (entry, found)) in zip(index.units, units).enumerated() where entry.unitType != found.header.unitType || entry.byteCount != found.byteCount {
            throw mismatch(
                unit, "unit_bytes", number: number,
                "the index has \(found.label) with type \(entry.unitType) and \(entry.byteCount) bytes, found \(found.header.unitType) and \(found.byteCount)")
        }
        guard let topology, let parameters else { throw order(unit, "one index_unit follows the topology_unit") }
        if index.tensorUnits.count != topology.tensors.count {
            throw mismatch(unit, "place_count", "the index places \(index.tensorUnits.count) tensors, there are \(topology.tensors.count)")
        }
        for (tensor, place) in index.tensorUnits.enumerated() {
            let isCoded = place.unitNumber < UInt64(units.count) && [.data, .group].contains(units[Int(place.unitNumber)].type)
            if !isCoded {
                throw mismatch(
                    unit, "unit_number", number: tensor, "the index places '\(topology.tensors[tensor].name)' in unit \(place.unitNumber), which holds no tensors")
            }
        }
        if index.files.count != topology.files.count {
            throw mismatch(unit, "digest_count", "the index has \(index.files.count) digests, there are \(topology.files.count) files")
        }
        if parameters.sources.count != topology.files.count {
            throw mismatch(
                parameterUnit ?? unit, "source_count", "the parameter set has \(parameters.sources.count) sources, there are \(topology.files.count) files")
        }
    }

    /// - Parameter number: of the element, among those of its name in the unit.
    private func mismatch(_ unit: StreamUnit, _ element: StaticString, number: Int = 0, _ message: String) -> TamisError {
        TamisError(
            .lengthMismatch, message, unit: unit.label, element: "\(element)", byteOffset: unit.place(of: element.description, number: number) ?? unit.offset)
    }

    func stream(units: [StreamUnit]) throws(TamisError) -> EncodedStream {
        guard let start, let level, let parameters, let topology, let index else {
            throw TamisError(.missing, "the stream lacks one of start_unit, model_parameter_set, topology_unit and index_unit")
        }
        return EncodedStream(
            bytes: bytes, start: start, level: level, parameters: parameters, topology: topology, index: index, units: units)
    }
}

extension StreamUnit {
    /// The start unit: a version or profile this decoder does not know is reported before anything else about the payload.
    fileprivate func wholeStructure(_ type: StartUnit.Type, versionFirst: Bool) throws(TamisError) -> StartUnit {
        try checkPayload()
        if payload.count >= 2 {
            let version = payload.load(0, as: UInt16.self)
            if version != Syntax.formatVersion {
                throw TamisError(
                    .unknownVersion, "the file has format version \(version), this version of Tamis reads \(Syntax.formatVersion)", unit: label,
                    element: "format_version", byteOffset: payloadOffset, advice: "use a version of Tamis that reads it")
            }
            if payload.count >= 3 && payload[2] != Syntax.mainProfile {
                throw TamisError(
                    .unknownProfile, "the file has profile \(payload[2]), this version of Tamis reads \(Syntax.mainProfile)", unit: label,
                    element: "profile", byteOffset: payloadOffset + 2, advice: "use a version of Tamis that reads it")
            }
        }
        return try wholeStructure(type)
    }
}
