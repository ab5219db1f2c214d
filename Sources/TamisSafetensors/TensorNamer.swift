/// Makes the names of tensors in a stream from those in the files (Spec, "Names of safetensors tensors").
struct TensorNamer {
    static let maximumByteCount = 4096
    /// Room is kept for a suffix: `#` and at most 19 digits.
    private static let maximumStemByteCount = maximumByteCount - 20

    private var taken: Set<String> = []
    /// The last number appended to a stem.
    private var lastNumber: [String: Int] = [:]

    /// The name that a tensor called `name` in its file has in the stream; no earlier one is canonically equivalent to it.
    ///
    /// Over all calls together at most two numbers are tried for each name: a stem never tries a number again, and a name that is in
    /// the way is in the way of one stem only, the part before its last `#`.
    mutating func unique(_ name: String) -> String {
        let base = Self.fitted(name.isEmpty ? "unnamed" : name)
        // Compared as `String`s, so that no caller's dictionary or search can take one tensor for another.
        if taken.insert(base).inserted { return base }
        let stem = Self.fitted(base, Self.maximumStemByteCount)
        var number = lastNumber[stem] ?? 1
        while true {
            number += 1
            let numbered = "\(stem)#\(number)"
            if taken.insert(numbered).inserted {
                lastNumber[stem] = number
                return numbered
            }
        }
    }

    /// `text` with `_` for each byte of a control character, cut after the last whole character within `byteCount` bytes.
    static func fitted(_ text: String, _ byteCount: Int = maximumByteCount) -> String {
        var fitted = String.UnicodeScalarView()
        var room = byteCount
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case ..<0x20, 0x7F: fitted.append("_")
            case 0x80...0x9F:
                fitted.append("_")
                if room > 1 { fitted.append("_") }
            default:
                if UTF8.width(scalar) > room { return String(fitted) }
                fitted.append(scalar)
            }
            room -= min(UTF8.width(scalar), room)
            if room == 0 { break }
        }
        return String(fitted)
    }
}
