import TamisBits
import TamisModel
import TamisSyntax
import TamisThreads

/// The shards of a model, seen as the stream that they are merged into (Spec §3.7).
package struct ShardSet: Sendable {
    /// A shard, and where it came from.
    package struct Member: Sendable {
        /// For messages.
        package let name: String
        package let stream: EncodedStream
        /// Called with bytes of the stream that are not needed for a while.
        package let giveBack: @Sendable (Range<Int>) -> Void

        package init(name: String, stream: EncodedStream, givingBack giveBack: @escaping @Sendable (Range<Int>) -> Void) {
            self.name = name
            self.stream = stream
            self.giveBack = giveBack
        }
    }

    /// Units of a member that lie together in both streams.
    private struct Run: Sendable {
        let member: Int
        /// In the merged stream.
        let range: Range<UInt64>
        let firstUnit: Int
        /// In the member.
        let ownOffset: UInt64
        let ownFirstUnit: Int
    }

    /// In the order of their numbers.
    package let members: [Member]
    /// All of the model: units are numbered and placed as in the merged stream. Its `bytes` are those of the first member, and it has no
    /// digests of files.
    package let stream: EncodedStream
    private let runs: [Run]

    /// Units before those that hold the model: start unit, parameter set and topology.
    private static let frame: Set<UnitHeader.UnitType> = [.start, .modelParameterSet, .topology]

    /// - Parameter members: in any order; a stream that is a whole model may come alone.
    /// - Throws: `invalid_argument` if they are not all the shards of one model; `duplicate` or `missing` if a tensor is in two of them or
    ///   in none; `level_exceeded` if together they are more than any level allows.
    package init(_ members: [Member]) throws(TamisError) {
        let members = try Self.ordered(members)
        let first = members[0].stream
        var units = first.units.filter { $0.type.map(Self.frame.contains) ?? false }
        var offset = UInt64(Syntax.signature.count) + units.reduce(0) { $0 + $1.byteCount }
        // Ancillary units may lie between those of the frame.
        units = units.indices.map { number in
            units[number].moved(to: UInt64(Syntax.signature.count) + units[..<number].reduce(0) { $0 + $1.byteCount }, number: number)
        }
        var runs: [Run] = []
        var index = IndexUnit()
        index.tensorUnits = first.topology.tensors.map { _ in TensorPlace() }
        for (number, member) in members.enumerated() {
            var merged: [Int: Int] = [:]
            for unit in member.stream.units where !(unit.type.map(Self.frame.contains) ?? false) {
                merged[unit.number] = units.count
                let range = offset..<(offset + unit.byteCount)
                if let last = runs.last, last.member == number, last.ownOffset + UInt64(last.range.count) == unit.offset {
                    runs[runs.count - 1] = Run(
                        member: number, range: last.range.lowerBound..<range.upperBound, firstUnit: last.firstUnit, ownOffset: last.ownOffset,
                        ownFirstUnit: last.ownFirstUnit)
                } else {
                    runs.append(Run(member: number, range: range, firstUnit: units.count, ownOffset: unit.offset, ownFirstUnit: unit.number))
                }
                units.append(unit.moved(to: offset, number: units.count))
                offset = range.upperBound
            }
            for (tensor, place) in member.stream.index.tensorUnits.enumerated() where member.stream.has(tensor: tensor) {
                let unit = index.tensorUnits[tensor].unitNumber
                if unit > 0 {
                    let other = runs.first { $0.range.contains(units[Int(unit)].offset) }.map { members[$0.member].name } ?? ""
                    throw TamisError(
                        .duplicate, "the tensor '\(first.topology.tensors[tensor].name)' is in this shard and in '\(other)'", file: member.name,
                        advice: "the shards do not belong together: make all of them by the same version")
                }
                index.tensorUnits[tensor].unitNumber = UInt64(merged[Int(place.unitNumber)] ?? 0)
            }
        }
        if let lost = index.tensorUnits.firstIndex(where: { $0.unitNumber == 0 }) {
            throw TamisError(
                .missing, "no shard has the tensor '\(first.topology.tensors[lost].name)'", file: members[0].name,
                advice: "the shards do not belong together: make all of them by the same version")
        }
        self.members = members
        self.runs = runs
        var start = first.start
        start.shardNumber = 0
        start.shardCount = 1
        // The index unit counts, the end unit does not.
        guard let level = Level.all.first(where: { $0.number >= first.level.number && UInt64(units.count) < $0.units }) else {
            throw TamisError(.levelExceeded, "the shards have \(units.count) units together, more than the largest level of the format allows")
        }
        start.level = level.number
        stream = EncodedStream(
            bytes: first.bytes, start: start, level: level, parameters: first.parameters, topology: first.topology, index: index, units: units)
    }

    /// Takes all of it apart and checks what can be checked without decoding elements.
    package func plan(threads: ThreadCount) throws(TamisError) -> DecodingPlan {
        try locating { () throws(TamisError) in try stream.plan(threads: threads, givingBack: giveBack) }
    }

    /// The units of all members, in the order of the merged stream, each with its bytes and who gives these back. The start unit is still
    /// that of the first member.
    package var units: [(bytes: ByteView, giveBack: (Range<Int>) -> Void)] {
        stream.units.map { unit in
            guard let run = run(at: unit.offset) else {
                // The frame is that of the first member.
                let own = members[0].stream.units.first { $0.type == unit.type } ?? unit
                return (members[0].stream.bytes[own.range], { _ in })
            }
            let start = Int(run.ownOffset + unit.offset - run.range.lowerBound)
            let member = members[run.member]
            return (
                member.stream.bytes[start..<(start + Int(unit.byteCount))], { member.giveBack((start + $0.lowerBound)..<(start + $0.upperBound)) }
            )
        }
    }

    /// The first run that ends behind `offset`.
    private func place(of offset: UInt64) -> Int {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].range.upperBound > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// nil for the frame, and behind the last unit.
    private func run(at offset: UInt64) -> Run? {
        let place = place(of: offset)
        return place < runs.count && runs[place].range.contains(offset) ? runs[place] : nil
    }

    /// - Parameter range: of the merged stream.
    private func giveBack(_ range: Range<Int>) {
        let range = UInt64(range.lowerBound)..<UInt64(range.upperBound)
        for run in runs[place(of: range.lowerBound)...].prefix(while: { $0.range.lowerBound < range.upperBound }) {
            let part = range.clamped(to: run.range)
            let start = Int(run.ownOffset + part.lowerBound - run.range.lowerBound)
            members[run.member].giveBack(start..<(start + part.count))
        }
    }

    /// Runs `body` and names the shard in its errors, and the place there.
    package func locating<R>(_ body: () throws(TamisError) -> R) throws(TamisError) -> R {
        do {
            return try body()
        } catch {
            guard let offset = error.byteOffset, let run = run(at: offset) else { throw error }
            var error = error
            error.file = members[run.member].name
            error.byteOffset = run.ownOffset + offset - run.range.lowerBound
            if let unit = stream.units.last(where: { $0.offset <= offset }), error.unit == unit.label {
                error.unit = unit.moved(to: 0, number: run.ownFirstUnit + unit.number - run.firstUnit).label
            }
            throw error
        }
    }
}

extension StreamUnit {
    /// The same unit at another place.
    fileprivate func moved(to offset: UInt64, number: Int) -> StreamUnit { StreamUnit(self, at: offset, number: number) }

    private init(_ unit: StreamUnit, at offset: UInt64, number: Int) {
        self.number = number
        self.offset = offset
        header = unit.header
        payload = unit.payload
        payloadCRC = unit.payloadCRC
    }
}
