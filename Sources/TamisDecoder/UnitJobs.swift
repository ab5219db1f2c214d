import TamisBits
import TamisThreads
import TamisZstd

/// Units to decode side by side, each part of each to its own place.
struct UnitJobs: Sendable {
    enum Target: Sendable {
        case tensor(CodedTensor, ByteRegion)
        /// All members, one after the other.
        case group(CodedGroup, ByteRegion)
        /// Each member to a place of its own, if it has one.
        case members(CodedGroup, [ByteRegion?])
        /// The content of a skeleton's frame.
        case skeleton(ByteView, ByteRegion)
    }

    private struct Item: Sendable {
        let unit: StreamUnit
        let target: Target
        /// Of a tensor.
        let context: SharedContext?
        /// What decoding it adds to the progress.
        let weight: UInt64
    }

    private struct Job: Sendable {
        let item: Int
        let part: Int
    }

    /// Bytes of a large unit that are given back together while the rest of it is decoded.
    private static let giveBackBytes: UInt64 = 8 << 20

    private let sliceElements: Int
    private let giveBack: (@Sendable (Range<Int>) -> Void)?
    private var items: [Item] = []
    private var jobs: [Job] = []

    /// - Parameter giveBack: called with bytes of the stream about as far as large units have been decoded.
    init(sliceElements: Int, givingBack giveBack: (@Sendable (Range<Int>) -> Void)? = nil) {
        self.sliceElements = sliceElements
        self.giveBack = giveBack
    }

    /// - Parameters:
    ///   - weight: what decoding all of the unit adds to the progress, part by part.
    ///   - parts: of a tensor, those to decode; nil for all.
    mutating func add(_ unit: StreamUnit, _ target: Target, weight: UInt64, parts wanted: Range<Int>? = nil) {
        var parts = 0..<1
        var context: SharedContext?
        if case .tensor(let tensor, _) = target {
            parts = wanted ?? 0..<tensor.partCount
            context = SharedContext(parts: parts.count)
        }
        for part in parts { jobs.append(Job(item: items.count, part: part)) }
        items.append(Item(unit: unit, target: target, context: context, weight: weight))
    }

    /// Does everything, and before it `leading`, for each number in `0 ..< leadingCount`, by the same threads.
    ///
    /// - Parameter report: called from any thread with what was added to the progress.
    /// - Throws: the first error in the order of the leading jobs, then of the units.
    func run(
        threads: ThreadCount, leadingCount: Int = 0, leading: @Sendable (_ number: Int) throws(TamisError) -> Void = { _ throws(TamisError) in },
        report: @Sendable (_ weight: UInt64) -> Void
    ) throws(TamisError) {
        // The longest work first would be best for the last seconds; file order keeps memory local and errors in order.
        try firstError(leadingCount + jobs.count, threads) { number throws(TamisError) in
            if number < leadingCount { return try leading(number) }
            let job = jobs[number - leadingCount]
            let item = items[job.item]
            try item.unit.naming { () throws(TamisError) in
                switch item.target {
                case .tensor(let tensor, let region):
                    guard let context = try item.context?.take(tensor) else { return }
                    try context.decode(part: job.part, sliceElements: sliceElements, into: region)
                    let share = tensor.share(of: item.weight, part: job.part)
                    report(share.upperBound - share.lowerBound)
                    giveBackPassed(tensor.share(of: item.unit.byteCount, part: job.part), of: item.unit)
                case .group(let group, let region):
                    try group.decode(into: region)
                    report(item.weight)
                case .members(let group, let regions):
                    var bytes = [UInt8](repeating: 0, count: group.byteCount)
                    try bytes.withRegion { (region) throws(TamisError) in
                        try group.decode(into: region)
                        for (member, target) in zip(group.members, regions) { target?.copy(from: region.view[member.bytes]) }
                    }
                    report(item.weight)
                case .skeleton(let frame, let region):
                    try Zstandard.decompress(frame, into: region)
                    report(item.weight)
                }
            }
        }
    }

    /// Gives back what lies before the place in a unit that decoding has reached, as far as a part of it has passed the next mark.
    ///
    /// - Parameter part: as if the unit's parts shared its bytes evenly. Whoever still reads before the mark fetches a page again.
    private func giveBackPassed(_ part: Range<UInt64>, of unit: StreamUnit) {
        let (before, after) = (part.lowerBound / Self.giveBackBytes, part.upperBound / Self.giveBackBytes)
        if let giveBack, after > before {
            giveBack(Int(unit.offset + before * Self.giveBackBytes)..<Int(unit.offset + after * Self.giveBackBytes))
        }
    }
}
