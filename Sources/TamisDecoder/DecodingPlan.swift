import TamisBits
import TamisQuantization
import TamisThreads
import TamisZstd

/// A stream of which everything is known and checked but the elements themselves: what to decode, and into how much memory.
package struct DecodingPlan: Sendable {
    let stream: EncodedStream
    package var topology: Topology { stream.topology }
    let coded: [CodedUnit]
    /// For each tensor, its unit's place in `coded`.
    let unitOfTensor: [Int]
    /// For each file, its skeleton's unit and the frame in it.
    let skeletons: [(unit: StreamUnit, frame: ByteView)]
    /// Called with bytes of the stream that are not needed for a while.
    let giveBack: (@Sendable (Range<Int>) -> Void)?

    struct CodedUnit: Sendable {
        enum Content: Sendable {
            case tensor(CodedTensor)
            case group(CodedGroup)
        }

        let unit: StreamUnit
        let content: Content

        /// Decoded bytes of the unit.
        var byteCount: Int {
            switch content {
            case .tensor(let tensor): Int(tensor.description.byteCount ?? 0)
            case .group(let group): group.byteCount
            }
        }
    }

    /// Decodes files of the model into memory, side by side.
    ///
    /// - Parameters:
    ///   - outputs: for each file of the topology a region of exactly the file's `byteCount`, or nil for a file that is not wanted.
    ///   - progress: called from any thread with the number of elements decoded so far, which rises to those of all tensors in the
    ///     files that are wanted.
    /// - Throws: the error that lies first in the stream. The outputs' bytes are then of no use.
    package func decode(
        into outputs: [ByteRegion?], threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) {
        let topology = stream.topology
        precondition(outputs.count == topology.files.count)
        precondition(zip(outputs, topology.files).allSatisfy { output, file in output.map { UInt64($0.count) == file.byteCount } ?? true })
        try fillSkeletons(outputs)
        // Each tensor is decoded into its first hole, and copied to the others.
        var regions = [ByteRegion?](repeating: nil, count: topology.tensors.count)
        var copies: [(tensor: Int, target: ByteRegion)] = []
        for (output, file) in zip(outputs, topology.files) {
            guard let output else { continue }
            for hole in file.holes {
                let region = output[Int(hole.offset)..<Int(hole.offset + hole.byteCount)]
                if regions[hole.tensor] == nil { regions[hole.tensor] = region } else { copies.append((hole.tensor, region)) }
            }
        }
        try decode(tensors: regions, threads: threads, progress: progress)
        for copy in copies { if let source = regions[copy.tensor] { copy.target.copy(from: source.view) } }
    }

    /// Decodes tensors into memory, side by side, and checks their digests.
    ///
    /// - Parameters:
    ///   - regions: for each tensor of the topology a region of its bytes, or nil for one that is not wanted.
    ///   - progress: called from any thread with the number of elements decoded so far.
    /// - Throws: the error that lies first in the stream.
    package func decode(tensors regions: [ByteRegion?], threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil) throws(TamisError) {
        var jobs = UnitJobs(sliceElements: stream.sliceElements, givingBack: giveBack)
        var whole: [(unit: StreamUnit, tensor: CodedTensor, region: ByteRegion)] = []
        for unit in coded {
            switch unit.content {
            case .tensor(let tensor):
                guard let region = regions[tensor.tensor] else { continue }
                jobs.add(unit.unit, .tensor(tensor, region), weight: tensor.description.shape.elementCount)
                whole.append((unit.unit, tensor, region))
            case .group(let group):
                let targets = group.members.map { regions[$0.tensor] }
                if targets.allSatisfy({ $0 == nil }) { continue }
                jobs.add(
                    unit.unit, .members(group, targets),
                    weight: zip(group.members, targets).reduce(0) { $1.1 == nil ? $0 : $0 + UInt64($1.0.elementCount) })
            }
        }
        let meter = ProgressMeter(progress)
        try jobs.run(threads: threads) { meter.add($0) }
        let decoded = whole
        try firstError(decoded.count, threads) { place throws(TamisError) in
            try decoded[place].unit.naming { () throws(TamisError) in try decoded[place].tensor.checkDigest(decoded[place].region.view) }
        }
    }

    private func fillSkeletons(_ outputs: [ByteRegion?]) throws(TamisError) {
        for (number, output) in outputs.enumerated() {
            if let output { try fillSkeleton(ofFile: number, into: output) }
        }
    }

    /// Decompresses the skeleton of a file to the end of `output`, and moves its parts forward to where they belong; what lies between
    /// them is of no use then.
    ///
    /// - Parameter output: of the file's size.
    package func fillSkeleton(ofFile number: Int, into output: ByteRegion) throws(TamisError) {
        let file = stream.topology.files[number]
        precondition(UInt64(output.count) == file.byteCount)
        let (unit, frame) = skeletons[number]
        let skeletonStart = output.count - Int(file.skeletonBytes)
        try unit.naming { () throws(TamisError) in try Zstandard.decompress(frame, into: output[skeletonStart..<output.count]) }
        // Each part moves forward or stays, and ends before the next part's present place: nothing is overwritten early.
        var from = skeletonStart
        var to = 0
        for hole in file.holes {
            let count = Int(hole.offset) - to
            output.move(from: from, to: to, count: count)
            from += count
            to = Int(hole.offset + hole.byteCount)
        }
        output.move(from: from, to: to, count: output.count - to)
    }
}
