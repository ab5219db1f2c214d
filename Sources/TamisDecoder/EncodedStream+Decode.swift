import Synchronization
import TamisDigest
import TamisBits
import TamisModel
import TamisSyntax
import TamisQuantization
import TamisThreads
import TamisZstd

extension EncodedStream {
    /// Decodes every file of the model.
    ///
    /// - Parameters:
    ///   - outputs: one region per file of the topology, each of exactly the file's `byteCount`.
    ///   - progress: called from any thread with the number of elements decoded so far, which rises to the model's number.
    /// - Throws: the error that lies first in the file. The outputs' bytes are then of no use.
    package func decode(
        into outputs: [ByteRegion], threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) {
        precondition(outputs.count == topology.files.count && zip(outputs, topology.files).allSatisfy { UInt64($0.count) == $1.byteCount })
        let coded = try parse(threads)
        try fillSkeletons(outputs, threads)
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

    /// Decodes one tensor, reading only its own unit.
    ///
    /// - Returns: its elements, little-endian, in C order.
    package func decode(tensor number: Int, threads: ThreadCount) throws(TamisError) -> [UInt8] {
        precondition(topology.tensors.indices.contains(number))
        let unit = units[Int(index.tensorUnits[number].unitNumber)]
        let byteCount = Int(topology.tensors[number].byteCount ?? 0)
        if unit.type == .group {
            let group = try CodedGroup(unit, of: self)
            guard let member = group.members.first(where: { $0.tensor == number }) else { throw missing(number, in: unit) }
            var bytes = [UInt8](repeating: 0, count: group.byteCount)
            try bytes.withRegion { (region) throws(TamisError) in
                try unit.naming { () throws(TamisError) in try group.decode(into: region) }
            }
            return Array(bytes[member.bytes])
        }
        let tensor = try CodedTensor(unit, of: self)
        if tensor.tensor != number { throw missing(number, in: unit) }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        try bytes.withRegion { (region) throws(TamisError) in
            try unit.naming { () throws(TamisError) in
                switch tensor.content {
                case .raw(let frame): try Zstandard.decompress(frame, into: region)
                case .index(let content):
                    let classes = try content.decodeClasses()
                    try firstError(content.slices.count, threads) { slice throws(TamisError) in
                        try content.decode(slice: slice, sliceElements: sliceElements, classes: classes, into: region)
                    }
                }
                try tensor.checkDigest(region.view)
            }
        }
        return bytes
    }

    private struct Job: Sendable {
        let unit: Int
        let slice: Int
    }

    private struct CodedUnit: Sendable {
        enum Content: Sendable {
            case tensor(CodedTensor)
            case group(CodedGroup)
        }

        let unit: StreamUnit
        let content: Content
        let classes: ScaleClasses
    }

    /// Takes all coded units apart, checks their payloads, and that they hold each tensor once.
    private func parse(_ threads: ThreadCount) throws(TamisError) -> [CodedUnit] {
        let coded = units.filter { $0.type == .data || $0.type == .group }
        let results = parallelMap(coded.count, threads: threads) { _, place -> Swift.Result<CodedUnit, TamisError> in
            let unit = coded[place]
            do throws(TamisError) {
                if unit.type == .group {
                    return .success(CodedUnit(unit: unit, content: .group(try CodedGroup(unit, of: self)), classes: ScaleClasses()))
                }
                let tensor = try CodedTensor(unit, of: self)
                var classes = ScaleClasses()
                if case .index(let content) = tensor.content {
                    classes = try unit.naming { () throws(TamisError) in try content.decodeClasses() }
                }
                return .success(CodedUnit(unit: unit, content: .tensor(tensor), classes: classes))
            } catch {
                return .failure(error)
            }
        }
        var parsed: [CodedUnit] = []
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

    private func missing(_ tensor: Int, in unit: StreamUnit) -> TamisError {
        TamisError(
            .missing, "the index places '\(topology.tensors[tensor].name)' in this unit, which does not hold it", unit: unit.label,
            element: "unit_number", byteOffset: unit.offset)
    }

    /// Decompresses each file's skeleton to the end of its output and moves its parts forward to where they belong.
    private func fillSkeletons(_ outputs: [ByteRegion], _ threads: ThreadCount) throws(TamisError) {
        let skeletons = units.filter { $0.type == .skeleton }
        var unitOfFile = [StreamUnit?](repeating: nil, count: topology.files.count)
        for unit in skeletons {
            let (header, _) = try unit.structure(SkeletonUnit.self)
            if header.fileIndex >= UInt64(topology.files.count) {
                throw TamisError(
                    .valueOutOfRange, "skeleton of file \(header.fileIndex), there are \(topology.files.count)", unit: unit.label,
                    element: "file_index", byteOffset: unit.payloadOffset)
            }
            if unitOfFile[Int(header.fileIndex)] != nil {
                throw TamisError(
                    .duplicate, "file \(header.fileIndex) has two skeletons", unit: unit.label, element: "file_index", byteOffset: unit.payloadOffset)
            }
            unitOfFile[Int(header.fileIndex)] = unit
        }
        for (number, file) in topology.files.enumerated() {
            guard let unit = unitOfFile[number] else {
                throw TamisError(.missing, "the file '\(file.name)' has no skeleton_unit", element: "file_index")
            }
            let (_, frame) = try unit.structure(SkeletonUnit.self)
            let output = outputs[number]
            let skeletonStart = output.count - Int(file.skeletonBytes)
            try unit.naming { () throws(TamisError) in
                try Topology.checkExpansion(file.skeletonBytes, frame: frame, "skeleton_bytes")
                try Zstandard.decompress(frame, into: output[skeletonStart..<output.count])
            }
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

/// Runs `body` for each index and throws the error of the lowest index that failed.
private func firstError(
    _ count: Int, _ threads: ThreadCount, _ body: @Sendable (_ index: Int) throws(TamisError) -> Void
) throws(TamisError) {
    let first = Mutex<(index: Int, error: TamisError)?>(nil)
    parallelFor(count, threads: threads) { _, index in
        do throws(TamisError) {
            try body(index)
        } catch {
            first.withLock { first in
                if index < first?.index ?? .max { first = (index, error) }
            }
        }
    }
    if let error = first.withLock({ $0?.error }) { throw error }
}

extension EncodedStream {
    /// Compares the SHA-256 of a decoded file with the one in the index.
    package func checkFile(_ number: Int, _ bytes: ByteView) throws(TamisError) {
        let computed = unsafe SHA256.of(bytes.buffer)
        let stored = index.files[number].sha256
        if computed != stored {
            throw TamisError(
                .fileDigest,
                "the SHA-256 of the decoded file '\(topology.files[number].name)' is \(Hexadecimal.text(computed)), the index says \(Hexadecimal.text(stored))",
                unit: "index_unit", element: "file_sha256", advice: "the file or this decoder is faulty; report it if other decoders agree with the file")
        }
    }
}
