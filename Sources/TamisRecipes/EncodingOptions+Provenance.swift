import TamisBits
import TamisDigest
import TamisEncoder

extension EncodingOptions {
    /// Somewhat below the 65 535 bytes that a stream has for a text.
    static let maximumProvenanceBytes = 60_000

    /// The options that shape the bytes, as the words of a command line in one form, whatever the way they were given: what a stream
    /// keeps about how it was made. No control characters.
    ///
    /// Rules for single tensors are a `--recipe` of one line of JSON, sensitivities are a `--sensitivity` of one; what does not fit
    /// is named by the SHA-256 of that line, as `sha256:…`; so are measured statistics, by that of their file.
    ///
    /// - Parameter statisticsDigest: in hexadecimal digits.
    /// - Throws: `invalid_argument` if the exclusions alone do not fit.
    func canonicalWords(statisticsDigest: String? = nil) throws(TamisError) -> String {
        let (key, value) = target.member
        let flag = "--" + key.map { $0 == "_" ? "-" : String($0) }.joined()
        var words = target == .lossless ? [flag] : ["--effort \(effort)", "\(flag) \(value)"]
        if allocation != .balanced { words.append("--allocation \(allocation.rawValue)") }
        if let quantizer = settings.quantizer { words.append("--quantizer \(QuantizerSpecification.text(quantizer))") }
        if let pruning = settings.pruning { words.append("--prune \(PruningSpecification.text(pruning))") }
        if let grid { words.append("--grid \(grid.rawValue)") }
        if let feedback { words.append("--feedback \(feedback.rawValue)") }
        if let statisticsDigest { words.append("--statistics sha256:\(statisticsDigest)") }
        for pattern in exclusions { words.append("--exclude \(Self.quoted(pattern))") }

        var text = words.joined(separator: " ")
        let tables = [("--recipe", rules.isEmpty ? nil : recipeText), ("--sensitivity", sensitivities.isEmpty ? nil : SensitivityFile.text(sensitivities))]
        // Room for the digests of both.
        let most = Self.maximumProvenanceBytes - 200
        if text.utf8.count > most {
            throw TamisError(
                .invalidArgument,
                "the patterns of excluded tensors are too long: the options are kept in the file, as \(text.utf8.count) bytes, expected at most \(most)",
                advice: "use * and ? to say the same in fewer patterns")
        }
        for case (let word, let table?) in tables {
            let whole = Self.quoted(table)
            let fits = text.utf8.count + whole.utf8.count + word.utf8.count + 2 <= most
            text += " \(word) " + (fits ? whole : "sha256:\(Self.digest(table))")
        }
        return text
    }

    /// The rules as a recipe of one line.
    private var recipeText: String {
        let tensors = rules.map { rule in
            var members: [(key: String, value: CanonicalJSON)] = [("match", .string(rule.pattern))]
            if let quantizer = rule.settings.quantizer { members.append(("quantizer", .string(QuantizerSpecification.text(quantizer)))) }
            if let pruning = rule.settings.pruning { members.append(("prune", .string(PruningSpecification.text(pruning)))) }
            if let weight = rule.settings.weight { members.append(("weight", .number(DecimalText.text(weight)))) }
            if let step = rule.settings.step { members.append(("step", .number(DecimalText.text(step)))) }
            return CanonicalJSON.object(members)
        }
        return CanonicalJSON.object([("tensors", .array(tensors))]).text
    }

    private static func quoted(_ text: String) -> String { "'" + text.unicodeScalars.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'" }

    private static func digest(_ text: String) -> String {
        Array(text.utf8).withUnsafeBytes { Hexadecimal.text(SHA256.of($0)) }
    }
}
