/// A part of the output of a streaming decoder that is made at once, in one run of memory.
struct DecodingBatch {
    /// Where bytes of the batch come from, if not straight from a tensor's decoder.
    enum Origin {
        case literal(piece: Int, offset: Int)
        case zeros
        /// A unit decoded aside.
        case kept(KeptUnits.Key, offset: Int)
        /// The batch itself, where a tensor has been decoded.
        case batch(offset: Int)
    }

    struct Copy {
        let origin: Origin
        let target: Range<Int>
    }

    /// What is fed to the digests of whole files, in order.
    enum DigestStep: Sendable {
        case bytes(Range<Int>)
        case end(file: Int)
    }

    /// So many runs at the most: they take memory, even if they have no bytes.
    private static let mostRuns = 1 << 16

    private let limit: Int
    private(set) var byteCount = 0
    /// Tensors to be decoded in place, and where.
    private(set) var tensors: [(tensor: Int, offset: Int)] = []
    private(set) var copies: [Copy] = []
    /// Units that must be there before anything is copied.
    private(set) var kept: Set<KeptUnits.Key> = []
    /// Those of them that must be decoded, in order.
    private(set) var missing: [KeptUnits.Key] = []
    /// Of the units in `kept`, the last skeleton.
    private(set) var lastSkeleton: KeptUnits.Key?
    private(set) var digestSteps: [DigestStep] = []

    private var placeOfTensor: [Int: Int] = [:]
    private var runs = 0
    /// Bytes of the batch, and of the units decoded aside for it.
    private var cost = 0

    /// - Parameter limit: bytes that are made at once; one run may be more.
    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { runs == 0 }

    /// Takes as much of `run` as there is room for; a batch that is empty takes some.
    ///
    /// - Parameters:
    ///   - available: units decoded aside that are there.
    ///   - plan: says what a tensor's unit is.
    /// - Returns: what is left of `run`, or nil.
    mutating func take(_ run: PieceReader.Run, _ available: KeptUnits, _ plan: DecodingPlan) -> PieceReader.Run? {
        if runs >= Self.mostRuns { return run }
        switch run.origin {
        case .end(let file):
            digestSteps.append(.end(file: file))
            runs += 1
            return nil
        case .literal(let piece, let offset):
            return takePart(of: run, .literal(piece: piece, offset: offset)) { .literal(piece: piece, offset: offset + $0) }
        case .zeros:
            return takePart(of: run, .zeros) { _ in .zeros }
        case .skeleton(let file, let offset):
            let size = Int(plan.stream.topology.files[file].skeletonBytes)
            if !keep(.skeleton(file), size: size, with: 1, available) { return run }
            lastSkeleton = .skeleton(file)
            return takePart(of: run, .kept(.skeleton(file), offset: offset)) { .skeleton(file: file, offset: offset + $0) }
        case .tensor(let tensor, let offset):
            return take(run, tensor, offset, available, plan) ? nil : run
        }
    }

    /// Takes what fits of bytes that may be cut anywhere.
    private mutating func takePart(
        of run: PieceReader.Run, _ origin: Origin, rest: (_ taken: Int) -> PieceReader.Run.Origin
    ) -> PieceReader.Run? {
        let count = min(run.byteCount, max(limit - cost, byteCount == 0 ? limit : 0))
        if count > 0 || run.byteCount == 0 { copy(origin, count, run) }
        if count == run.byteCount { return nil }
        var left = run
        left.origin = rest(count)
        left.byteCount -= count
        return left
    }

    private mutating func take(
        _ run: PieceReader.Run, _ tensor: Int, _ offset: Int, _ available: KeptUnits, _ plan: DecodingPlan
    ) -> Bool {
        if !isEmpty && run.byteCount > limit - cost { return false }
        if let place = placeOfTensor[tensor] {
            copy(.batch(offset: place + offset), run.byteCount, run)
            return true
        }
        let number = plan.unitOfTensor[tensor]
        let key = KeptUnits.Key.coded(number)
        let unit = plan.coded[number]
        switch unit.content {
        case .group(let group):
            if !keep(key, size: unit.byteCount, with: run.byteCount, available) { return false }
            copy(.kept(key, offset: group.bytes(of: tensor).lowerBound + offset), run.byteCount, run)
        case .tensor:
            if run.byteCount < unit.byteCount || kept.contains(key) || available.contains(key) {
                if !keep(key, size: unit.byteCount, with: run.byteCount, available) { return false }
                copy(.kept(key, offset: offset), run.byteCount, run)
            } else {
                placeOfTensor[tensor] = byteCount
                tensors.append((tensor, byteCount))
                advance(run)
            }
        }
        return true
    }

    /// Provides for a unit decoded aside, if there is room for it along with `more` bytes of the batch, or the batch is empty.
    private mutating func keep(_ key: KeptUnits.Key, size: Int, with more: Int, _ available: KeptUnits) -> Bool {
        if kept.contains(key) { return true }
        if !available.contains(key) {
            if !isEmpty && size > limit - cost - more { return false }
            missing.append(key)
            cost += size
        }
        kept.insert(key)
        return true
    }

    private mutating func copy(_ origin: Origin, _ count: Int, _ run: PieceReader.Run) {
        copies.append(Copy(origin: origin, target: byteCount..<(byteCount + count)))
        var part = run
        part.byteCount = count
        advance(part)
    }

    private mutating func advance(_ run: PieceReader.Run) {
        let range = byteCount..<(byteCount + run.byteCount)
        if run.isOfWholeFile {
            if case .bytes(let before) = digestSteps.last, before.upperBound == range.lowerBound {
                digestSteps[digestSteps.count - 1] = .bytes(before.lowerBound..<range.upperBound)
            } else {
                digestSteps.append(.bytes(range))
            }
        }
        byteCount = range.upperBound
        cost += run.byteCount
        runs += 1
    }
}

extension CodedGroup {
    /// Where the bytes of a member are in those of the group; traps if `tensor` is none.
    fileprivate func bytes(of tensor: Int) -> Range<Int> {
        // Members come in ascending order.
        var (low, high) = (0, members.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if members[middle].tensor < tensor { low = middle + 1 } else { high = middle }
        }
        precondition(members[low].tensor == tensor)
        return members[low].bytes
    }
}
