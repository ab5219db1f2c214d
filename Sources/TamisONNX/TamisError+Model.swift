import TamisBits

extension TamisError {
    @inline(never)
    static func invalidModel(_ message: String, at offset: Int, advice: String? = nil) -> TamisError {
        TamisError(.invalidModel, message, byteOffset: UInt64(offset), advice: advice)
    }
}
