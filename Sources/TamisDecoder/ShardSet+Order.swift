import TamisBits
import TamisModel
import TamisSyntax

extension ShardSet {
    /// The members in the order of their numbers, if they are all the shards of one model.
    static func ordered(_ members: [Member]) throws(TamisError) -> [Member] {
        guard let first = members.first else { throw TamisError(.invalidArgument, "there are no shards to merge") }
        for member in members.dropFirst() { try requireSameModel(member, first) }
        guard let count = first.stream.shard?.count else { return members }
        var ordered: [Int: Member] = [:]
        for member in members {
            guard let shard = member.stream.shard else { continue }
            if let other = ordered[shard.number] {
                throw TamisError(
                    .invalidArgument, "is shard \(shard), and so is '\(other.name)'", file: member.name, advice: "give each shard once")
            }
            ordered[shard.number] = member
        }
        let lost = (0..<count).filter { ordered[$0] == nil }
        if !lost.isEmpty {
            let names = lost.prefix(5).map { "\($0 + 1)" }.joined(separator: ", ") + (lost.count > 5 ? ", …" : "")
            throw TamisError(
                .invalidArgument, "of \(count) shards, \(lost.count.counted("shard")) lack\(lost.count == 1 ? "s" : ""): \(names)",
                advice: "give all shards of the model, in any order")
        }
        return (0..<count).compactMap { ordered[$0] }
    }

    /// All that the shards of a model have in common is the same, byte for byte.
    private static func requireSameModel(_ member: Member, _ first: Member) throws(TamisError) {
        func refusal(_ words: String, _ advice: String = "make all shards from one model, with the same options and the same version") -> TamisError {
            TamisError(.invalidArgument, words, file: member.name, advice: advice)
        }
        for (one, other) in [(member, first), (first, member)] where one.stream.shard == nil {
            throw TamisError(
                .invalidArgument, "is a whole model, not one of several shards like '\(other.name)'", file: one.name,
                advice: "'tamis decode' takes it as it is")
        }
        guard let shard = member.stream.shard, let other = first.stream.shard else { return }
        if shard.count != other.count { throw refusal("is shard \(shard), '\(first.name)' is shard \(other)") }
        let (own, others) = (member.stream.parameters, first.stream.parameters)
        if own.sources != others.sources || own.sourceFormat != others.sourceFormat {
            throw refusal("is a shard of another model than '\(first.name)': they were made from other files")
        }
        if own.encoderOptions != others.encoderOptions {
            throw refusal("was made with other options than '\(first.name)': '\(own.encoderOptions)' against '\(others.encoderOptions)'")
        }
        if own.encoderName != others.encoderName {
            throw refusal("was made by '\(own.encoderName)', '\(first.name)' by '\(others.encoderName)'")
        }
        for (type, name) in [(UnitHeader.UnitType.modelParameterSet, "parameter set"), (.topology, "topology")] {
            guard let unit = member.stream.units.first(where: { $0.type == type }), let model = first.stream.units.first(where: { $0.type == type }),
                unit.payload.isEqual(to: model.payload)
            else { throw refusal("has another \(name) than '\(first.name)'") }
        }
        if member.stream.level != first.stream.level {
            throw refusal("has level \(member.stream.level.name), '\(first.name)' has level \(first.stream.level.name)")
        }
    }
}
