import TamisBits

/// Units decoded aside, of which parts go to many places: groups, skeletons, and tensors that are wanted in parts.
///
/// They stay until they are the ones used least recently of more than `capacity` bytes. The skeleton used last stays and does not count.
struct KeptUnits {
    enum Key: Hashable, Sendable {
        /// By its place among the coded units of the plan.
        case coded(Int)
        /// By its file.
        case skeleton(Int)
    }

    private struct Entry {
        let memory: any WorkingMemory
        var lastUse: Int
    }

    /// In bytes.
    static let capacity = 64 << 20
    /// What an entry counts at the least: the table itself takes memory, too.
    private static let leastCost = 1024

    private var entries: [Key: Entry] = [:]
    private var cost = 0
    private var uses = 0
    private var skeleton: Key?

    func contains(_ key: Key) -> Bool { entries[key] != nil }

    /// The decoded bytes, valid until a call of `makeRoom` without `key`.
    subscript(key: Key) -> ByteView? { entries[key]?.memory.region.view }

    mutating func insert(_ key: Key, _ memory: any WorkingMemory) {
        let entry = Entry(memory: memory, lastUse: uses)
        cost += Self.cost(entry)
        entries[key] = entry
    }

    /// Takes note that the units `used` are used now, and drops others if they are too many, down to three quarters of what may stay.
    ///
    /// - Parameter lastSkeleton: of those in `used`.
    mutating func makeRoom(using used: Set<Key>, lastSkeleton: Key?) {
        uses += 1
        for key in used { entries[key]?.lastUse = uses }
        if let lastSkeleton { skeleton = lastSkeleton }
        var rest = cost - (skeleton.flatMap { entries[$0] }.map(Self.cost) ?? 0)
        if rest <= Self.capacity { return }
        // What was used together has no order.
        let idle = entries.filter { !used.contains($0.key) && $0.key != skeleton }.sorted { $0.value.lastUse < $1.value.lastUse }
        for (key, entry) in idle where rest > Self.capacity / 4 * 3 {
            rest -= Self.cost(entry)
            cost -= Self.cost(entry)
            entries[key] = nil
        }
    }

    private static func cost(_ entry: Entry) -> Int { max(entry.memory.region.count, leastCost) }
}
