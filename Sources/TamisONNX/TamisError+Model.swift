import TamisBits

extension TamisError {
    @inline(never)
    static func invalidModel(_ message: String, at offset: Int, advice: String? = nil) -> TamisError {
        TamisError(.invalidModel, message, byteOffset: UInt64(offset), advice: advice)
    }

    /// The same error, saying which tensor it is about.
    func about(tensor name: String) -> TamisError {
        var error = self
        error.element = "tensor '\(name)'"
        return error
    }
}
