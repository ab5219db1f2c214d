import TamisBits

/// The bytes of a model's files, in the order of `SourceModel.files`.
public struct SourceBytes: Sendable {
    /// Must stay valid and unchanged as long as this value is used.
    public let files: [ByteView]
    /// Files as they were read, by number, that were rewritten since.
    private let originals: [Int: ByteView]
    private let giveBack: (@Sendable (_ file: Int, _ range: Range<Int>) -> Void)?

    /// - Parameters:
    ///   - originals: files as they were read, by number, where `files` has something else made of them.
    ///   - giveBack: called, from any thread, with bytes that are not needed for a while, such as pages of a mapped file.
    public init(
        _ files: [ByteView], asRead originals: [Int: ByteView] = [:], givingBack giveBack: (@Sendable (_ file: Int, _ range: Range<Int>) -> Void)? = nil
    ) {
        self.files = files
        self.originals = originals
        self.giveBack = giveBack
    }

    /// The bytes of a hole.
    public subscript(_ hole: SourceModel.Hole) -> ByteView { files[hole.file][hole.range] }

    /// The bytes of a file as they were read.
    public func asRead(_ file: Int) -> ByteView { originals[file] ?? files[file] }

    /// Whether a file is as it was read.
    public func isAsRead(_ file: Int) -> Bool { originals[file] == nil }

    /// The bytes of `range` in `file` are not needed for a while; they stay readable.
    public func release(_ range: Range<Int>, of file: Int) { giveBack?(file, range) }

    /// The bytes of `hole` are not needed for a while; they stay readable.
    public func release(_ hole: SourceModel.Hole) { giveBack?(hole.file, hole.range) }
}
