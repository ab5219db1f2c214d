import TamisBits
import TamisRecipes

extension Recipe {
    /// Bytes of a recipe file.
    public static let maximumByteCount = 1 << 20

    /// Reads a recipe file, which may be YAML or JSON.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8, at most `maximumByteCount`.
    ///   - file: its name, for errors.
    /// - Throws: `invalid_recipe`, with line and key, for anything that is not understood; `limit_exceeded` for too many bytes.
    public init(_ bytes: [UInt8], file: String? = nil) throws(TamisError) {
        if bytes.count > Self.maximumByteCount {
            throw TamisError(
                .limitExceeded, "holds more than \(Self.maximumByteCount) bytes, which is the limit for a recipe", file: file,
                advice: "use patterns with * and ? to say the same in fewer lines")
        }
        try self.init(YAMLDocument(file: file).root(try TextFile.text(bytes, .invalidRecipe, file: file)), file: file)
    }
}
