import Tamis
import TamisFiles

extension ModelFiles {
    /// Opens the model at `path`; a `.tamis` file is decoded, and all its digests are checked.
    static func load(_ path: String, memory: MemoryOptions, threads: ThreadCount, isQuiet: Bool) throws(TamisError) -> ModelFiles {
        let input = try InputFile(path, limit: Limits.pipeBytes)
        if ModelFormat(of: input.view) == .tamis {
            let file = try TamisFile.open(input, memory: memory)
            return try ModelFiles(decoded: file.decodeFiles(threads: threads, isQuiet: isQuiet), names: file.fileNames, of: input.name)
        }
        return try ModelFiles(input, path: path, storedName: StoredName.of(path: path))
    }
}
