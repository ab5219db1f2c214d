import TamisBits
import TamisThreads

/// Units that have arrived and are decoded together.
struct StreamingBatch {
    private struct Item: Sendable {
        let unit: StreamUnit
        /// Holds the payload.
        let payload: any WorkingMemory
        let target: UnitJobs.Target
        let output: StreamedBytes
        /// Of a skeleton.
        let file: Int

        func checkDigest() throws(TamisError) {
            // A group checks its own.
            guard case .tensor(let tensor, let region) = target else { return }
            try unit.naming { () throws(TamisError) in try tensor.checkDigest(region.view) }
        }
    }

    /// Bytes of payloads and of what they decode to that are decoded at once, unless one unit alone has more.
    static let byteLimit = 24 << 20
    /// The same for the number of units: each takes memory, even if it has no bytes.
    private static let unitLimit = 1 << 12

    private let source: MemorySource
    private var items: [Item] = []
    private var byteCount = 0

    init(source: @escaping MemorySource) { self.source = source }

    var isFull: Bool { byteCount >= Self.byteLimit || items.count >= Self.unitLimit }

    /// Takes a unit, and makes room for what it decodes to.
    ///
    /// - Parameter payload: holds the bytes that `tensor` and `unit` refer to.
    mutating func add(_ tensor: CodedTensor, _ unit: StreamUnit, _ payload: any WorkingMemory) throws(TamisError) {
        try add(unit, payload, byteCount: Int(tensor.description.byteCount ?? 0)) { .tensor(tensor, $0) }
    }

    mutating func add(_ group: CodedGroup, _ unit: StreamUnit, _ payload: any WorkingMemory) throws(TamisError) {
        try add(unit, payload, byteCount: group.byteCount) { .group(group, $0) }
    }

    /// - Parameters:
    ///   - frame: of the skeleton.
    ///   - byteCount: of the skeleton.
    mutating func add(
        skeletonOf file: Int, _ frame: ByteView, byteCount: Int, _ unit: StreamUnit, _ payload: any WorkingMemory
    ) throws(TamisError) {
        try add(unit, payload, byteCount: byteCount, file: file) { .skeleton(frame, $0) }
    }

    private mutating func add(
        _ unit: StreamUnit, _ payload: any WorkingMemory, byteCount: Int, file: Int = 0, _ target: (ByteRegion) -> UnitJobs.Target
    ) throws(TamisError) {
        let memory = try HeapMemory.orMore(byteCount, from: source)
        let output = StreamedBytes(memory, byteCount: byteCount)
        items.append(Item(unit: unit, payload: payload, target: target(memory.region[0..<byteCount]), output: output, file: file))
        self.byteCount += payload.region.count + byteCount
    }

    /// Decodes the units, checks their digests, and is empty then.
    ///
    /// - Returns: what they decode to, in the order of the stream.
    /// - Throws: the error of the unit that comes first.
    mutating func decode(sliceElements: Int, threads: ThreadCount) throws(TamisError) -> [StreamingResults.Item] {
        let items = items
        self.items = []
        byteCount = 0
        if items.isEmpty { return [] }
        defer { withExtendedLifetime(items) {} }
        var jobs = UnitJobs(sliceElements: sliceElements)
        for item in items { jobs.add(item.unit, item.target, weight: 0) }
        try jobs.run(threads: threads) { _ in }
        try firstError(items.count, threads) { number throws(TamisError) in try items[number].checkDigest() }
        var results: [StreamingResults.Item] = []
        for item in items {
            switch item.target {
            case .tensor(let tensor, _): results.append(.tensor(tensor.tensor, item.output))
            case .group(let group, _), .members(let group, _): for member in group.members { results.append(.tensor(member.tensor, item.output[member.bytes])) }
            case .skeleton: results.append(.skeleton(file: item.file, item.output))
            }
        }
        return results
    }
}
