import TamisBits
import TamisDecoder
import TamisFiles
import TamisThreads

/// Decoding into memory.
extension TamisFile {
    /// Decodes the model's only file.
    ///
    /// - Parameters:
    ///   - verifiesFile: whether to compare the SHA-256 of the whole file; checksums and digests of units and tensors always are.
    ///   - progress: called from any thread with the number of tensor elements decoded so far.
    /// - Returns: the bytes of the model file.
    /// - Throws: an error of the stream; `unsupported_feature` if it holds several files.
    public func decode(
        threads: ThreadCount = ThreadCount(), verifiesFile: Bool = true, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) -> [UInt8] {
        try decode(file: try onlyFile(), threads: threads, verifiesFile: verifiesFile, progress: progress)
    }

    /// As `decode`, into memory whose lack is an error, where an array would end the process.
    ///
    /// - Throws: as `decode`; also `limit_exceeded` if there is no memory for the file.
    public func decodeBuffer(
        threads: ThreadCount = ThreadCount(), verifiesFile: Bool = true, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) -> ReservedMemory {
        try decodeBuffer(file: try onlyFile(), threads: threads, verifiesFile: verifiesFile, progress: progress)
    }

    /// Decodes one of the files, and only the tensors in it.
    ///
    /// - Parameter file: its place in `files`.
    /// - Throws: an error of the stream; `invalid_argument` if there is no such file.
    public func decode(
        file: Int, threads: ThreadCount = ThreadCount(), verifiesFile: Bool = true, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) -> [UInt8] {
        try decode(file: file, threads: threads, verifiesFile: verifiesFile, progress: progress) { (byteCount, fill) throws(TamisError) in
            var failure: TamisError?
            let output = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
                let region = unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<byteCount]))
                do throws(TamisError) {
                    try fill(region)
                    count = byteCount
                } catch {
                    failure = error
                    count = 0
                }
            }
            if let failure { throw failure }
            return output
        }
    }

    /// As `decode(file:)`, into memory whose lack is an error, where an array would end the process.
    ///
    /// - Throws: as `decode(file:)`; also `limit_exceeded` if there is no memory for the file.
    public func decodeBuffer(
        file: Int, threads: ThreadCount = ThreadCount(), verifiesFile: Bool = true, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) -> ReservedMemory {
        try decode(file: file, threads: threads, verifiesFile: verifiesFile, progress: progress) { (byteCount, fill) throws(TamisError) in
            let memory = try ReservedMemory(byteCount: UInt64(byteCount))
            try fill(memory.region)
            return memory
        }
    }

    /// Decodes all files at once; what they share is decoded once.
    ///
    /// - Returns: their bytes, in the order of `files`.
    /// - Throws: an error of the stream; `limit_exceeded` if there is no memory for the files.
    public func decodeFiles(
        threads: ThreadCount = ThreadCount(), verifiesFiles: Bool = true, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) -> [ReservedMemory] {
        try naming { () throws(TamisError) in
            let plan = try plan(threads: threads)
            var memories: [ReservedMemory] = []
            for file in stream.topology.files { memories.append(try ReservedMemory(byteCount: file.byteCount)) }
            try plan.decode(into: memories.map(\.region), threads: threads, progress: progress)
            if verifiesFiles { for (number, memory) in memories.enumerated() { try stream.checkFile(number, memory.view) } }
            return memories
        }
    }

    /// As `decode(file:)`, into memory that the caller has.
    ///
    /// - Parameter output: of the file's size.
    package func decode(
        file: Int, into output: ByteRegion, threads: ThreadCount, verifiesFile: Bool, progress: (@Sendable (_ elements: UInt64) -> Void)?
    ) throws(TamisError) {
        try decode(file: file, threads: threads, verifiesFile: verifiesFile, progress: progress) { (_, fill) throws(TamisError) in try fill(output) }
    }

    private func onlyFile() throws(TamisError) -> Int {
        if stream.topology.files.count == 1 { return 0 }
        return try naming { () throws(TamisError) in
            throw TamisError(
                .unsupportedFeature, "the stream holds \(stream.topology.files.count) files, expected one", advice: "decode the files one by one")
        }
    }

    /// - Parameter making: makes the memory, of the size given, and calls its second argument to fill it.
    private func decode<Output>(
        file: Int, threads: ThreadCount, verifiesFile: Bool, progress: (@Sendable (_ elements: UInt64) -> Void)?,
        making: (_ byteCount: Int, _ fill: (ByteRegion) throws(TamisError) -> Void) throws(TamisError) -> Output
    ) throws(TamisError) -> Output {
        try naming { () throws(TamisError) in
            let files = stream.topology.files
            try require(file)
            // Everything that can be checked without room for the output is checked before there is any.
            let plan = try plan(threads: threads)
            return try making(Int(files[file].byteCount)) { (region) throws(TamisError) in
                try plan.decode(into: files.indices.map { $0 == file ? region : nil }, threads: threads, progress: progress)
                if verifiesFile { try stream.checkFile(file, region.view) }
            }
        }
    }

    /// Refuses the number of a file that does not exist.
    func require(_ file: Int) throws(TamisError) {
        if !stream.topology.files.indices.contains(file) {
            throw TamisError(.invalidArgument, "there is no file \(file), the stream holds \(stream.topology.files.count)")
        }
    }
}
