import TamisBits
import TamisModel
import TamisSyntax

/// Takes the units of a stream in file order, holds them to the order of Spec §3.4, and reads those that frame the rest.
struct FrameReader {
    let limits: Limits
    /// Whether a part of a model is taken, too (Spec §3.7).
    let takesShards: Bool
    var start: StartUnit?
    var level: Level?
    var parameters: ModelParameterSet?
    var parameterUnit: StreamUnit?
    var topology: Topology?
    var index: IndexUnit?
    var indexUnit: StreamUnit?

    init(limits: Limits, takesShards: Bool = false) {
        self.limits = limits
        self.takesShards = takesShards
    }

    /// Refuses a unit where its type must not be; its payload is not looked at.
    func checkOrder(of unit: StreamUnit) throws(TamisError) {
        switch unit.type {
        case .start: if unit.number != 0 { throw order(unit, "a start_unit is the first unit and the only one") }
        case .modelParameterSet: if start == nil || parameters != nil { throw order(unit, "one model_parameter_set follows the start_unit") }
        case .topology: if parameters == nil || topology != nil { throw order(unit, "one topology_unit follows the model_parameter_set") }
        case .skeleton, .data, .group: if topology == nil || index != nil { throw order(unit, "it belongs between the topology_unit and the index_unit") }
        case .index: if topology == nil || index != nil { throw order(unit, "one index_unit follows the coded units") }
        case .end: if index == nil { throw order(unit, "the end_unit follows the index_unit") }
        case nil: if start == nil || index != nil { throw order(unit, "ancillary units lie between the start_unit and the index_unit") }
        }
    }

    /// Takes the next unit, and reads it if it frames the rest.
    mutating func take(_ unit: StreamUnit) throws(TamisError) {
        try checkOrder(of: unit)
        switch unit.type {
        case .start:
            let start = try unit.wholeStructure(StartUnit.self, versionFirst: true)
            if let shard = start.shard, !takesShards { throw shard.isNoModel(unit) }
            self.start = start
            level = Level.all[Int(start.level)]
        case .modelParameterSet:
            parameters = try unit.wholeStructure(ModelParameterSet.self, bounds: limits.bounds(level))
            parameterUnit = unit
        case .topology:
            guard let level else { throw order(unit, "one topology_unit follows the model_parameter_set") }
            topology = try Topology(unit, level: level, limits: limits)
        case .index:
            index = try unit.wholeStructure(IndexUnit.self, bounds: limits.bounds(level))
            indexUnit = unit
        case .skeleton, .data, .group, .end: break
        // What is skipped is still checked: damage anywhere is damage.
        case nil: try unit.checkPayload()
        }
    }

    private func order(_ unit: StreamUnit, _ rule: String) -> TamisError {
        TamisError(.unitOrder, "the unit is out of order: \(rule)", unit: unit.label, element: "unit_type", byteOffset: unit.offset)
    }

    /// Holds index and end unit against the units read, of a stream of `byteCount` bytes.
    ///
    /// - Parameters:
    ///   - units: the index unit is the last.
    ///   - payloadsAreChecked: whether the checksums of all payloads are known to be right.
    func finish(units: [StreamUnit], end unit: StreamUnit, hash: UInt64, byteCount: UInt64, payloadsAreChecked: Bool = false) throws(TamisError) {
        let end = try unit.wholeStructure(EndUnit.self)
        guard let index, let indexUnit, let last = units.last, last.offset == indexUnit.offset else {
            throw order(unit, "the end_unit follows the index_unit")
        }
        let total = unit.offset + unit.byteCount
        if total != byteCount { throw Self.trailing(byteCount - total, behind: unit) }
        if end.totalBytes != total {
            throw mismatch(unit, "total_bytes", "the end unit says \(end.totalBytes) bytes, there are \(total)")
        }
        if end.indexOffset != indexUnit.offset {
            throw mismatch(unit, "index_offset", "the end unit says the index is at \(end.indexOffset), it is at \(indexUnit.offset)")
        }
        try checkHash(end, of: payloadsAreChecked ? [] : units, hash: hash, at: unit)
        try check(index, against: Array(units.dropLast()), at: indexUnit)
    }

    /// Bytes behind the end unit.
    static func trailing(_ byteCount: UInt64, behind unit: StreamUnit) -> TamisError {
        TamisError(
            .trailingBytes, "\(byteCount.counted("byte")) behind the end_unit, expected none", unit: unit.label,
            byteOffset: unit.offset + unit.byteCount, advice: "remove what was appended to the file")
    }

    /// - Parameter units: those whose payloads are yet to be held against their checksums.
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
            let isElsewhere = place.unitNumber == 0 && start?.shard != nil
            if !isCoded && !isElsewhere {
                throw mismatch(
                    unit, "unit_number", number: tensor, "the index places '\(topology.tensors[tensor].name)' in unit \(place.unitNumber), which holds no tensors")
            }
        }
        if index.files.count != topology.files.count && !(index.files.isEmpty && start?.shard != nil) {
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

    /// The stream in `bytes`, whose units before the index are `units`.
    func stream(_ bytes: ByteView, units: [StreamUnit]) throws(TamisError) -> EncodedStream {
        guard let start, let level, let parameters, let topology, let index else {
            throw TamisError(.missing, "the stream lacks one of start_unit, model_parameter_set, topology_unit and index_unit")
        }
        return EncodedStream(
            bytes: bytes, start: start, level: level, parameters: parameters, topology: topology, index: index, units: units)
    }
}

extension StartUnit {
    /// nil: the stream holds all of the model.
    package var shard: Shard? { shardCount > 1 ? Shard(number: Int(shardNumber), count: Int(shardCount)) : nil }
}

extension Shard {
    /// The refusal of a shard by who needs a whole model.
    ///
    /// - Parameter unit: the start unit.
    func isNoModel(_ unit: StreamUnit) -> TamisError {
        TamisError(
            .unsupportedFeature, "the file is shard \(self) of a model, not the whole", unit: unit.label, element: "shard_count",
            byteOffset: unit.place(of: "shard_count"), advice: "merge the shards first: tamis merge")
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
