import TamisBits
import TamisSyntax
import TamisThreads

extension EncodedStream {
    /// Bytes of units that are taken apart before their pages are given back.
    private static let runBytes: UInt64 = 32 << 20

    /// Takes the stream apart and checks all that can be checked without decoding elements.
    ///
    /// - Parameter giveBack: called with bytes of the stream that are not needed for a while, here and when the plan is carried out.
    package func plan(threads: ThreadCount, givingBack giveBack: (@Sendable (Range<Int>) -> Void)? = nil) throws(TamisError) -> DecodingPlan {
        let coded = try parse(threads, giveBack)
        return DecodingPlan(
            stream: self, coded: coded.units, unitOfTensor: coded.unitOfTensor, skeletons: try findSkeletons(giveBack), giveBack: giveBack)
    }

    /// Takes all coded units apart, checks their payloads, and that they hold each tensor once.
    private func parse(
        _ threads: ThreadCount, _ giveBack: (@Sendable (Range<Int>) -> Void)?
    ) throws(TamisError) -> (units: [DecodingPlan.CodedUnit], unitOfTensor: [Int]) {
        let coded = units.filter { $0.type == .data || $0.type == .group }
        var parsed: [DecodingPlan.CodedUnit] = []
        parsed.reserveCapacity(coded.count)
        var places = [Int?](repeating: nil, count: topology.tensors.count)
        while parsed.count < coded.count {
            let start = parsed.count
            let offset = coded[start].offset
            var end = start
            while end < coded.count && coded[end].offset - offset < Self.runBytes { end += 1 }
            let results = parallelMap(end - start, threads: threads) { _, place in parse(coded[start + place]) }
            for result in results {
                let unit = try result.get()
                switch unit.content {
                // A unit holds only tensors that the index places in it, so a tensor can appear twice only within one unit.
                case .tensor(let tensor): places[tensor.tensor] = parsed.count
                case .group(let group): for member in group.members { places[member.tensor] = parsed.count }
                }
                parsed.append(unit)
            }
            giveBack?(Int(offset)..<coded[end - 1].range.upperBound)
        }
        if let number = places.firstIndex(of: nil) { throw missing(number, in: units[Int(index.tensorUnits[number].unitNumber)]) }
        return (parsed, places.compactMap { $0 })
    }

    private func parse(_ unit: StreamUnit) -> Swift.Result<DecodingPlan.CodedUnit, TamisError> {
        do throws(TamisError) {
            return .success(
                DecodingPlan.CodedUnit(
                    unit: unit, content: unit.type == .group ? .group(try CodedGroup(unit, of: self)) : .tensor(try CodedTensor(unit, of: self))))
        } catch {
            return .failure(error)
        }
    }

    func missing(_ tensor: Int, in unit: StreamUnit) -> TamisError {
        TamisError(
            .missing, "the index places '\(topology.tensors[tensor].name)' in this unit, which does not hold it", unit: unit.label,
            element: "unit_number", byteOffset: unit.offset)
    }

    /// Finds the skeleton of each file.
    private func findSkeletons(_ giveBack: (@Sendable (Range<Int>) -> Void)?) throws(TamisError) -> [(unit: StreamUnit, frame: ByteView)] {
        var found = [(unit: StreamUnit, frame: ByteView)?](repeating: nil, count: topology.files.count)
        for unit in units where unit.type == .skeleton {
            let (header, frame) = try unit.structure(SkeletonUnit.self)
            try unit.naming { () throws(TamisError) in
                if header.fileIndex >= UInt64(topology.files.count) {
                    throw TamisError(.valueOutOfRange, "skeleton of file \(header.fileIndex), there are \(topology.files.count)", element: "file_index")
                }
                if found[Int(header.fileIndex)] != nil {
                    throw TamisError(.duplicate, "file \(header.fileIndex) has two skeletons", element: "file_index")
                }
                try Topology.checkExpansion(topology.files[Int(header.fileIndex)].skeletonBytes, frame: frame, "skeleton_bytes")
            }
            found[Int(header.fileIndex)] = (unit, frame)
            giveBack?(unit.range)
        }
        var skeletons: [(unit: StreamUnit, frame: ByteView)] = []
        for (number, skeleton) in found.enumerated() {
            guard let skeleton else {
                throw TamisError(
                    .missing, "the file '\(topology.files[number].name)' has no skeleton_unit", element: "file_index")
            }
            skeletons.append(skeleton)
        }
        return skeletons
    }
}

extension StreamUnit {
    /// Its bytes in the stream, header and checksum included.
    var range: Range<Int> { Int(offset)..<Int(offset + byteCount) }
}
