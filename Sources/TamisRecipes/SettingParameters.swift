/// The `key=value` pairs of one setting, taken one by one.
struct SettingParameters {
    struct Parameter {
        let key: String
        let value: String
        /// Whether quotation marks say that the value is text even if it looks like a number.
        let isQuoted: Bool

        init(key: String, value: String, isQuoted: Bool = false) {
            self.key = key
            self.value = value
            self.isQuoted = isQuoted
        }
    }

    /// Of what the parameters are, for messages: `trellis`.
    private let owner: String
    private let parameters: [Parameter]

    init(of owner: String, _ parameters: [Parameter]) {
        self.owner = owner
        self.parameters = parameters
    }

    /// - Parameter pairs: `key=value`, each.
    init(of owner: String, pairs: [Substring]) throws(SettingProblem) {
        var parameters: [Parameter] = []
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let key = parts.first, let value = parts.last, !key.isEmpty, !value.isEmpty else {
                throw SettingProblem("has '\(pair)' after \(owner), expected key=value")
            }
            parameters.append(Parameter(key: String(key), value: String(value)))
        }
        self.init(of: owner, parameters)
    }

    /// Refuses keys outside `known`, and keys given twice.
    func require(only known: [String]) throws(SettingProblem) {
        var seen: Set<String> = []
        for parameter in parameters {
            if !known.contains(parameter.key) {
                throw SettingProblem(
                    known.isEmpty ? "is unknown: \(owner) takes no parameters" : "is unknown, expected \(Self.list(known)) for \(owner)",
                    parameter: parameter.key, advice: Suggestion.sentence(for: parameter.key, among: known))
            }
            if !seen.insert(parameter.key).inserted { throw SettingProblem("is given more than once", parameter: parameter.key, advice: "leave one") }
        }
    }

    func has(_ key: String) -> Bool { parameters.contains { $0.key == key } }

    func word(_ key: String, among known: [String]) throws(SettingProblem) -> String? {
        guard let parameter = parameter(key) else { return nil }
        if !known.contains(parameter.value) {
            throw SettingProblem(
                "is '\(parameter.value)', expected \(Self.list(known))", parameter: key, advice: Suggestion.sentence(for: parameter.value, among: known))
        }
        return parameter.value
    }

    func text(_ key: String) -> String? { parameter(key)?.value }

    func number(_ key: String, _ range: ClosedRange<Double>) throws(SettingProblem) -> Double? {
        try value(key, "\(DecimalText.text(range.lowerBound)) to \(DecimalText.text(range.upperBound))") { DecimalText.number($0) } isSound: { range.contains($0) }
    }

    func positiveNumber(_ key: String) throws(SettingProblem) -> Double? {
        try value(key, "a positive number") { DecimalText.number($0) } isSound: { $0 > 0 }
    }

    func number(_ key: String, atLeast least: Double) throws(SettingProblem) -> Double? {
        try value(key, "a number of at least \(DecimalText.text(least))") { DecimalText.number($0) } isSound: { $0 >= least }
    }

    func integer(_ key: String, _ range: ClosedRange<Int>) throws(SettingProblem) -> Int? {
        try value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { DecimalText.integer($0) } isSound: { range.contains($0) }
    }

    func integer(_ key: String, among known: [Int]) throws(SettingProblem) -> Int? {
        try value(key, Self.list(known.map { "\($0)" })) { DecimalText.integer($0) } isSound: { known.contains($0) }
    }

    /// `value`, or a complaint that the parameter `key` is missing.
    func required<T>(_ key: String, _ value: T?) throws(SettingProblem) -> T {
        guard let value else { throw SettingProblem("is missing: \(owner) needs it", parameter: key) }
        return value
    }

    static func list(_ words: [String]) -> String {
        words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
    }

    private func parameter(_ key: String) -> Parameter? { parameters.first { $0.key == key } }

    private func value<T>(_ key: String, _ expected: String, _ parse: (String) -> T?, isSound: (T) -> Bool) throws(SettingProblem) -> T? {
        guard let parameter = parameter(key) else { return nil }
        if parameter.isQuoted && parse(parameter.value) != nil {
            throw SettingProblem("is the text \"\(parameter.value)\", expected \(expected)", parameter: key, advice: "remove the quotation marks")
        }
        guard let value = parse(parameter.value), isSound(value) else {
            throw SettingProblem("is \(parameter.value), expected \(expected)", parameter: key)
        }
        return value
    }
}
