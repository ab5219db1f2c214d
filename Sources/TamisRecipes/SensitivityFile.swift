import TamisBits

/// The text form of sensitivities: a JSON object from tensor names to positive numbers.
public enum SensitivityFile {
    /// Bytes of a file.
    public static let maximumByteCount = 1 << 24

    /// Reads a file, which must be JSON (RFC 8259).
    ///
    /// - Parameters:
    ///   - bytes: UTF-8, at most `maximumByteCount`.
    ///   - file: its name, for errors.
    /// - Throws: `invalid_sensitivities`, with line and name, for anything else than an object of positive finite numbers, and for
    ///   names given twice; `limit_exceeded` for too many bytes.
    public static func table(_ bytes: [UInt8], file: String? = nil) throws(TamisError) -> [String: Double] {
        if bytes.count > maximumByteCount {
            throw TamisError(.limitExceeded, "holds more than \(maximumByteCount) bytes, which is the limit for a table of sensitivities", file: file)
        }
        let text = try TextFile.text(bytes, .invalidSensitivities, file: file)
        var reader = SensitivityReader(Array(text.utf8), file: file)
        return try reader.table()
    }

    /// The table in one line, names in the order of their bytes.
    public static func text(_ table: [String: Double]) -> String {
        CanonicalJSON.object(table.map { ($0.key, .number(DecimalText.text($0.value))) }).text
    }
}
