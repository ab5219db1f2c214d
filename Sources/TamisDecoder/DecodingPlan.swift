import Synchronization
import TamisBits
import TamisQuantization
import TamisSyntax
import TamisThreads
import TamisZstd

/// A stream of which everything is known and checked but the elements themselves: what to decode, and into how much memory.
package struct DecodingPlan: Sendable {
    let stream: EncodedStream
    let coded: [CodedUnit]
    /// For each file, its skeleton's unit and the frame in it.
    let skeletons: [(unit: StreamUnit, frame: ByteView)]

    struct CodedUnit: Sendable {
        enum Content: Sendable {
            case tensor(CodedTensor)
            case group(CodedGroup)
        }

        let unit: StreamUnit
        let content: Content
        let classes: ScaleClasses
    }

    private struct Job: Sendable {
        let unit: Int
        let slice: Int
    }

    /// Decodes every file of the model.
    ///
    /// - Parameters:
    ///   - outputs: one region per file of the topology, each of exactly the file's `byteCount`.
    ///   - progress: called from any thread with the number of elements decoded so far, which rises to the model's number.
    /// - Throws: the error that lies first in the file. The outputs' bytes are then of no use.
    package func decode(
        into outputs: [ByteRegion], threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) {
        let topology = stream.topology
        precondition(outputs.count == topology.files.count && zip(outputs, topology.files).allSatisfy { UInt64($0.count) == $1.byteCount })
        let sliceElements = stream.sliceElements
        try fillSkeletons(outputs)
        let done = Atomic<UInt64>(0)
        let report = { @Sendable (elements: UInt64) in
            let before = done.wrappingAdd(elements, ordering: .relaxed).oldValue
            progress?(before + elements)
        }

        // The longest work first would be best for the last seconds; file order keeps memory local and errors in order.
        var jobs: [Job] = []
        for place in coded.indices {
            if case .tensor(let tensor) = coded[place].content, case .index(let content) = tensor.content {
                for slice in content.slices.indices { jobs.append(Job(unit: place, slice: slice)) }
            } else {
                jobs.append(Job(unit: place, slice: 0))
            }
        }
        let regions = topology.firstPlaces.enumerated().map { tensor, place in
            let start = Int(place.offset)
            return outputs[place.file][start..<(start + Int(topology.tensors[tensor].byteCount ?? 0))]
        }
        let work = jobs
        try firstError(jobs.count, threads) { job throws(TamisError) in
            let unit = coded[work[job].unit]
            try unit.unit.naming { () throws(TamisError) in
                switch unit.content {
                case .tensor(let tensor):
                    switch tensor.content {
                    case .raw(let frame):
                        try Zstandard.decompress(frame, into: regions[tensor.tensor])
                        report(tensor.description.shape.elementCount)
                    case .index(let content):
                        try content.decode(slice: work[job].slice, sliceElements: sliceElements, classes: unit.classes, into: regions[tensor.tensor])
                        report(UInt64(content.range(ofSlice: work[job].slice, sliceElements: sliceElements).count))
                    }
                case .group(let group):
                    var bytes = [UInt8](repeating: 0, count: group.byteCount)
                    try bytes.withRegion { (region) throws(TamisError) in
                        try group.decode(into: region)
                        for member in group.members { regions[member.tensor].copy(from: region.view[member.bytes]) }
                    }
                    report(group.members.reduce(0) { $0 + UInt64($1.elementCount) })
                }
            }
        }
        try firstError(coded.count, threads) { place throws(TamisError) in
            guard case .tensor(let tensor) = coded[place].content else { return }
            try coded[place].unit.naming { () throws(TamisError) in try tensor.checkDigest(regions[tensor.tensor].view) }
        }
        for (number, file) in topology.files.enumerated() {
            for hole in file.holes {
                let first = topology.firstPlaces[hole.tensor]
                if first.file == number && first.offset == hole.offset { continue }
                let start = Int(hole.offset)
                outputs[number][start..<(start + Int(hole.byteCount))].copy(from: regions[hole.tensor].view)
            }
        }
    }

    /// Decompresses each file's skeleton to the end of its output and moves its parts forward to where they belong.
    private func fillSkeletons(_ outputs: [ByteRegion]) throws(TamisError) {
        for (number, file) in stream.topology.files.enumerated() {
            let (unit, frame) = skeletons[number]
            let output = outputs[number]
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
}
