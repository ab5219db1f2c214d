import TamisBits
import TamisSyntax
import TamisThreads

extension EncodedStream {
    /// Bytes of units that are taken apart before their pages are given back.
    private static let runBytes: UInt64 = 32 << 20

    /// Takes the stream apart and checks all that can be checked without decoding elements.
    ///
    /// - Parameter giveBack: called with bytes of the stream that are not needed for a while, here and when the plan is carried out.
    /// - Throws: `unsupported_feature` for a shard.
    package func plan(threads: ThreadCount, givingBack giveBack: (@Sendable (Range<Int>) -> Void)? = nil) throws(TamisError) -> DecodingPlan {
        if let shard { throw shard.isNoModel(units[0]) }
        let coded = try parse(threads, giveBack)
        var skeletons: [(unit: StreamUnit, frame: ByteView)] = []
        for (number, skeleton) in try findSkeletons(giveBack).enumerated() {
            guard let skeleton else { throw codingScope.missingSkeleton(number) }
            skeletons.append(skeleton)
        }
        return DecodingPlan(
            stream: self, coded: coded.units, unitOfTensor: coded.unitOfTensor.compactMap { $0 }, skeletons: skeletons, giveBack: giveBack)
    }

    /// Takes all coded units apart, checks their payloads, and that they hold each tensor once that the index places.
    func parse(
        _ threads: ThreadCount, _ giveBack: (@Sendable (Range<Int>) -> Void)?
    ) throws(TamisError) -> (units: [DecodingPlan.CodedUnit], unitOfTensor: [Int?]) {
        let coded = units.filter { $0.type == .data || $0.type == .group }
        let scope = codingScope
        var parsed: [DecodingPlan.CodedUnit] = []
        parsed.reserveCapacity(coded.count)
        var places = [Int?](repeating: nil, count: topology.tensors.count)
        while parsed.count < coded.count {
            let start = parsed.count
            let offset = coded[start].offset
            var end = start
            while end < coded.count && coded[end].offset - offset < Self.runBytes { end += 1 }
            let results = try parallelMap(end - start, threads: threads) { _, place in parse(coded[start + place]) }
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
        if let number = places.indices.first(where: { places[$0] == nil && has(tensor: $0) }) {
            throw scope.missing(number, in: units[Int(index.tensorUnits[number].unitNumber)])
        }
        return (parsed, places)
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

    /// Finds the skeleton of each file; nil where there is none.
    func findSkeletons(_ giveBack: (@Sendable (Range<Int>) -> Void)?) throws(TamisError) -> [(unit: StreamUnit, frame: ByteView)?] {
        var found = [(unit: StreamUnit, frame: ByteView)?](repeating: nil, count: topology.files.count)
        let scope = codingScope
        for unit in units where unit.type == .skeleton {
            let (file, frame) = try scope.skeleton(in: unit) { found[$0] != nil }
            found[file] = (unit, frame)
            giveBack?(unit.range)
        }
        return found
    }
}

extension StreamUnit {
    /// Its bytes in the stream, header and checksum included.
    var range: Range<Int> { Int(offset)..<Int(offset + byteCount) }
}
