import Tamis
import TamisFiles
import TamisRecipes

/// A file of measured statistics, with the memory that they refer to.
struct LoadedStatistics: Sendable {
    /// Valid as long as this value exists.
    let content: StatisticsFile
    private let file: InputFile

    /// Of the file, which must not be replaced; nil if it is standard input.
    var identity: FileIdentity? { file.identity }

    /// - Parameter path: a path, or `-`.
    init(_ path: String) throws(TamisError) {
        let file = try InputFile(path, limit: Limits.pipeBytes)
        content = try file.withView { (bytes) throws(TamisError) in try StatisticsFile(bytes, file: file.name) }
        self.file = file
    }
}
