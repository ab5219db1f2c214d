import TamisBits
import TamisDigest
import TamisModel
import TamisSyntax
import TamisThreads

/// Decodes a stream while it arrives (Spec §3.9): bytes are pushed as they come, tensors and parts of files are taken as they come to be.
///
/// Each check is made as soon as its unit is there, so the verdict is on the fault that comes first in the stream. It does not depend on
/// how the bytes are cut. Until `finish` has returned, all that was handed out is a preview: sound as far as the digests of tensors tell.
///
/// Memory: the unit that is arriving (less than twice its bytes so far), a batch of units with what they decode to (24 MiB, or one unit), 24
/// MiB for the digests of files, and lists of units, tensors and holes. Nothing is reserved because the stream says so: what a unit decodes to
/// is bounded by the bytes of it that are there (Spec §9).
package final class StreamingDecoder {
    private let limits: Limits
    private let threads: ThreadCount
    private let verifiesFiles: Bool
    private var input: StreamingInput
    private var batch: StreamingBatch
    private var results: StreamingResults
    var frame: FrameReader
    /// All units before the end unit, without their payloads.
    private(set) var units: [StreamUnit] = []
    private(set) var hash = XXH64()
    private(set) var endUnit: StreamUnit?
    /// Of the parameter set, the index and the end unit, which may be at fault later.
    private var framePayloads: [any WorkingMemory] = []
    private var payloadLimits: StreamingPayloadLimits?
    /// From the topology on.
    private(set) var scope: CodingScope?
    private(set) var contents = StreamingContents()
    private(set) var digests: StreamingFileDigests?
    /// What every later call throws again.
    private var failure: TamisError?
    private var isFinished = false

    /// - Parameters:
    ///   - results: what is to be handed out, and must be taken before more bytes are.
    ///   - verifiesFiles: whether to compare the SHA-256 of files.
    ///   - memory: makes room for large units and what they decode to.
    package init(
        limits: Limits, results: StreamingResults.Kinds, threads: ThreadCount, verifiesFiles: Bool, memory: @escaping MemorySource
    ) {
        self.limits = limits
        self.threads = threads
        self.verifiesFiles = verifiesFiles
        self.results = StreamingResults(results)
        frame = FrameReader(limits: limits)
        input = StreamingInput(source: memory)
        batch = StreamingBatch(source: memory)
    }

    /// Bytes of the stream taken so far.
    package var byteCount: UInt64 { input.position }
    /// nil until it has arrived.
    package var topology: Topology? { frame.topology }
    /// nil until it has arrived.
    package var index: IndexUnit? { frame.index }

    /// Takes bytes off the front of `bytes`, all of them unless results of about 24 MiB are ready before.
    ///
    /// - Returns: how many bytes were taken: at least one, if there is one.
    /// - Throws: the error of the stream that comes first, of which every later call throws the same; results of units before it may be there
    ///   to be taken. `invalid_argument` if results wait, which changes nothing.
    package func push(_ bytes: ByteView) throws(TamisError) -> Int {
        try requireTaken()
        return try failing { () throws(TamisError) in
            var rest = bytes
            var fault: TamisError?
            do throws(TamisError) {
                while rest.count > 0 && !batch.isFull { try step(&rest) }
            } catch {
                fault = error
            }
            // What came before the fault is decoded first, and refused first.
            try decode()
            if let fault { throw fault }
            return bytes.count - rest.count
        }
    }

    /// The next tensor, by its number in the topology; nil if none is there.
    package func nextTensor() -> (number: Int, bytes: StreamedBytes)? { results.nextTensor() }

    /// The next part of a file; nil if none is there. In the end all parts together are all bytes of all files.
    package func nextPiece() -> StreamingResults.Piece? { results.nextPiece() }

    /// Makes the checks that need the whole stream, when all its bytes have been pushed.
    ///
    /// - Throws: as `push`; `truncated` if bytes lack; `file_digest` for a file whose parts came in order.
    package func finish() throws(TamisError) {
        try requireTaken()
        if isFinished { return }
        try failing { () throws(TamisError) in
            guard let endUnit else { throw input.truncation }
            try frame.finish(units: units, end: endUnit, hash: hash.value, byteCount: input.position, payloadsAreChecked: true)
            if let scope { try contents.check(against: frame.index, scope, units) }
            if let digests, let topology {
                for file in topology.files.indices { if let value = digests.value(of: file) { try check(file: file, sha256: value) } }
            }
        }
        isFinished = true
    }

    /// After `finish`, the files whose SHA-256 has not been compared, since their parts came too far from their places.
    package var uncheckedFiles: [Int] {
        guard let digests, let topology else { return [] }
        return topology.files.indices.filter { digests.value(of: $0) == nil }
    }

    /// Compares the SHA-256 of a file with the one in the index; only after `finish`.
    ///
    /// - Parameter bytes: all of the file.
    /// - Throws: `file_digest`.
    package func check(file: Int, _ bytes: ByteView) throws(TamisError) { try check(file: file, sha256: unsafe SHA256.of(bytes.buffer)) }

    private func check(file: Int, sha256: [UInt8]) throws(TamisError) {
        guard let index = frame.index, let topology, let unit = frame.indexUnit else { return }
        if index.files[file].sha256 != sha256 {
            throw unit.wrongFile(file, sha256: sha256, stored: index.files[file].sha256, name: topology.files[file].name)
        }
    }

    private func requireTaken() throws(TamisError) {
        if let failure { throw failure }
        if results.areWaiting {
            throw TamisError(.invalidArgument, "tensors or pieces of files wait to be taken", advice: "take them before you push more bytes, or finish")
        }
    }

    /// Runs `body`, after whose failure there is no going on.
    private func failing<R>(_ body: () throws(TamisError) -> R) throws(TamisError) -> R {
        do {
            return try body()
        } catch {
            failure = error
            throw error
        }
    }

    private func step(_ rest: inout ByteView) throws(TamisError) {
        if let endUnit { throw FrameReader.trailing(UInt64(rest.count), behind: endUnit) }
        switch try input.take(&rest) {
        case .wait: break
        case .header(let unit): try accept(unit)
        case .unit(let unit, let payload): try take(unit, payload)
        }
    }

    /// Makes the checks of a unit that its header allows.
    private func accept(_ unit: StreamUnit) throws(TamisError) {
        try unit.requireKnownType()
        if unit.type != .end {
            try unit.naming { () throws(TamisError) in
                try Limits.check(
                    UInt64(units.count) + 1, level: frame.level?.units ?? .max, limit: limits.units, nil, "the stream has, before its end unit, at least",
                    "units")
            }
        }
        try frame.checkOrder(of: unit)
        let payloadLimits = payloadLimits ?? StreamingPayloadLimits(limits, frame.level ?? Level.all[0], nil)
        try payloadLimits.check(unit, unitCount: units.count)
    }

    /// Takes a unit that is all there.
    private func take(_ unit: StreamUnit, _ payload: any WorkingMemory) throws(TamisError) {
        defer { withExtendedLifetime(payload) {} }
        switch unit.type {
        case .start, .modelParameterSet, .topology, .index:
            try frame.take(unit)
            if unit.type == .topology { try setUp() } else { framePayloads.append(payload) }
        case .skeleton, .data, .group: try takeContent(unit, payload)
        case .end:
            _ = try unit.wholeStructure(EndUnit.self)
            framePayloads.append(payload)
            endUnit = unit
            return
        // It has been checked as it arrived.
        case nil: break
        }
        unit.hash(into: &hash)
        units.append(StreamUnit(unit.header, at: unit.offset, number: unit.number))
    }

    private func setUp() throws(TamisError) {
        guard let topology, let level = frame.level, let parameters = frame.parameters else { return }
        payloadLimits = StreamingPayloadLimits(limits, level, topology)
        scope = CodingScope(topology: topology, sliceElements: 1 << Int(parameters.sliceElementsLog2), places: nil)
        contents = StreamingContents(topology)
        let places = TensorPlaces(topology)
        results.setUp(topology, places)
        if verifiesFiles { digests = StreamingFileDigests(topology, places) }
    }

    /// Takes a skeleton or coded unit.
    private func takeContent(_ unit: StreamUnit, _ payload: any WorkingMemory) throws(TamisError) {
        guard let scope else { return }
        switch unit.type {
        case .skeleton:
            let (file, frame) = try scope.skeleton(in: unit) { contents.hasSkeleton(of: $0) }
            contents.takeSkeleton(of: file)
            try batch.add(skeletonOf: file, frame, byteCount: Int(scope.topology.files[file].skeletonBytes), unit, payload)
        case .group:
            let group = try CodedGroup(unit, in: scope)
            try contents.take(group, unit, scope)
            try batch.add(group, unit, payload)
        default:
            let tensor = try CodedTensor(unit, in: scope)
            try contents.take(tensor, unit, scope)
            try batch.add(tensor, unit, payload)
        }
    }

    private func decode() throws(TamisError) {
        guard let scope else { return }
        let items = try batch.decode(sliceElements: scope.sliceElements, threads: threads)
        if digests != nil {
            for item in items {
                switch item {
                case .skeleton(let file, let bytes): digests?.take(skeleton: bytes, of: file)
                case .tensor(let tensor, let bytes): digests?.take(bytes.view, of: tensor)
                }
            }
        }
        results.replace(by: items)
    }
}
