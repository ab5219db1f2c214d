import TamisBits
import TamisQuantization
import TamisSyntax
import TamisThreads

extension EncodedStream {
    /// Takes the stream apart and checks all that can be checked without decoding elements.
    package func plan(threads: ThreadCount) throws(TamisError) -> DecodingPlan {
        DecodingPlan(stream: self, coded: try parse(threads), skeletons: try findSkeletons())
    }

    /// Takes all coded units apart, checks their payloads, and that they hold each tensor once.
    private func parse(_ threads: ThreadCount) throws(TamisError) -> [DecodingPlan.CodedUnit] {
        let coded = units.filter { $0.type == .data || $0.type == .group }
        let results = parallelMap(coded.count, threads: threads) { _, place -> Swift.Result<DecodingPlan.CodedUnit, TamisError> in
            let unit = coded[place]
            do throws(TamisError) {
                if unit.type == .group {
                    return .success(DecodingPlan.CodedUnit(unit: unit, content: .group(try CodedGroup(unit, of: self)), classes: ScaleClasses()))
                }
                let tensor = try CodedTensor(unit, of: self)
                var classes = ScaleClasses()
                if case .index(let content) = tensor.content {
                    classes = try unit.naming { () throws(TamisError) in try content.decodeClasses() }
                }
                return .success(DecodingPlan.CodedUnit(unit: unit, content: .tensor(tensor), classes: classes))
            } catch {
                return .failure(error)
            }
        }
        var parsed: [DecodingPlan.CodedUnit] = []
        parsed.reserveCapacity(results.count)
        var seen = [Bool](repeating: false, count: topology.tensors.count)
        for result in results {
            let unit = try result.get()
            switch unit.content {
            // A unit holds only tensors that the index places in it, so a tensor can appear twice only within one unit.
            case .tensor(let tensor): seen[tensor.tensor] = true
            case .group(let group): for member in group.members { seen[member.tensor] = true }
            }
            parsed.append(unit)
        }
        if let number = seen.firstIndex(of: false) { throw missing(number, in: units[Int(index.tensorUnits[number].unitNumber)]) }
        return parsed
    }

    func missing(_ tensor: Int, in unit: StreamUnit) -> TamisError {
        TamisError(
            .missing, "the index places '\(topology.tensors[tensor].name)' in this unit, which does not hold it", unit: unit.label,
            element: "unit_number", byteOffset: unit.offset)
    }

    /// Finds the skeleton of each file.
    private func findSkeletons() throws(TamisError) -> [(unit: StreamUnit, frame: ByteView)] {
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
        }
        var skeletons: [(unit: StreamUnit, frame: ByteView)] = []
        for (number, skeleton) in found.enumerated() {
            guard let skeleton else {
                throw TamisError(
                    .missing, "the file '\(topology.files[number].name)' has no skeleton_unit", unit: units.last?.label, element: "file_index",
                    byteOffset: units.last?.offset)
            }
            skeletons.append(skeleton)
        }
        return skeletons
    }
}
