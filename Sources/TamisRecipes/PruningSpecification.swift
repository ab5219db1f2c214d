import TamisEncoder

/// The text form of prunings: `sigma=γ`, `magnitude=m`, `keep=N:M` or `rows=f`. With 0, or with N = M, nothing is pruned.
public enum PruningSpecification {
    static let keys = ["sigma", "magnitude", "keep", "rows"]
    static let groupRange = 2...65536

    /// The pruning that `text` says.
    public static func pruning(_ text: String) throws(SettingProblem) -> Pruning {
        try pruning(SettingParameters(of: "pruning", pairs: text.split(separator: ",", omittingEmptySubsequences: false)))
    }

    /// The canonical text, which `pruning` reads as the same.
    public static func text(_ pruning: Pruning) -> String {
        let (key, value) = member(pruning)
        return "\(key)=\(value)"
    }

    static func pruning(_ parameters: SettingParameters) throws(SettingProblem) -> Pruning {
        try parameters.require(only: keys)
        let given = keys.filter(parameters.has)
        guard let key = given.first, given.count == 1 else {
            throw SettingProblem(
                given.isEmpty ? "is empty, expected \(SettingParameters.list(keys))" : "has \(given.joined(separator: " and ")), expected one of them")
        }
        switch key {
        case "sigma": return .deviations(try parameters.required(key, parameters.number(key, atLeast: 0)))
        case "magnitude": return .magnitude(try parameters.required(key, parameters.number(key, atLeast: 0)))
        case "rows": return .rows(try parameters.required(key, parameters.number(key, atLeast: 0)))
        default: return try pattern(parameters.text(key) ?? "")
        }
    }

    static func member(_ pruning: Pruning) -> (key: String, value: String) {
        switch pruning {
        case .deviations(let factor): ("sigma", DecimalText.text(factor))
        case .magnitude(let magnitude): ("magnitude", DecimalText.text(magnitude))
        case .pattern(let kept, let group): ("keep", "\(kept):\(group)")
        case .rows(let fraction): ("rows", DecimalText.text(fraction))
        }
    }

    private static func pattern(_ text: String) throws(SettingProblem) -> Pruning {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { DecimalText.integer(String($0)) }
        guard parts.count == 2, let kept = parts[0], let group = parts[1], kept >= 1, kept <= group, groupRange.contains(group) else {
            throw SettingProblem(
                "is \(text), expected N:M, such as 2:4, with 1 ≤ N ≤ M ≤ \(groupRange.upperBound): the N largest of every M stay", parameter: "keep")
        }
        return .pattern(kept: kept, group: group)
    }
}
