import TamisBits
import TamisEncoder

/// Takes a recipe's document apart.
struct RecipeReader {
    /// The file's name, for errors.
    let file: String?

    private static let keys = ["effort"] + EncodingOptions.Target.keys + ["allocation", "quantizer", "prune", "feedback", "grid", "exclude", "tensors"]
    private static let ruleKeys = ["match", "quantizer", "prune", "weight", "step"]

    /// - Parameter root: nil if the document is empty.
    func recipe(_ root: DocumentNode?) throws(TamisError) -> Recipe {
        guard let root else {
            throw fault(1, nil, "is empty, expected keys such as 'quality: 15'", advice: "known keys: \(Self.keys.joined(separator: ", "))")
        }
        let members = try members(root, "", known: Self.keys)
        var recipe = Recipe()
        for member in members {
            switch member.key {
            case "effort": recipe.effort = try effort(member)
            case "allocation": recipe.allocation = try choice(member)
            case "feedback": recipe.feedback = try choice(member)
            case "grid": recipe.grid = try choice(member)
            case "quantizer": recipe.quantizer = try quantizer(member, "")
            case "prune": recipe.pruning = try pruning(member, "")
            case "exclude":
                for (number, item) in try items(member, "exclude", "a list of patterns, such as [\"head.*\"]").enumerated() {
                    recipe.exclusions.append(try pattern(item, "exclude[\(number)]"))
                }
            case "tensors":
                for (number, item) in try items(member, "tensors", "a list of entries that begin with '- match: '").enumerated() {
                    recipe.rules.append(try rule(item, "tensors[\(number)]"))
                }
            default:
                if let first = members.first(where: { EncodingOptions.Target.keys.contains($0.key) }), first.key != member.key {
                    throw fault(
                        member.line, member.key, "contradicts '\(first.key)' on line \(first.line): both say how fine the tensors are",
                        advice: "leave one of \(SettingParameters.list(EncodingOptions.Target.keys))")
                }
                recipe.target = try target(member)
            }
        }
        return recipe
    }

    // MARK: Values

    private func effort(_ member: DocumentNode.Member) throws(TamisError) -> Int {
        let range = EncodingOptions.effortRange
        guard case .scalar(let text, isQuoted: false) = member.value.content, let effort = DecimalText.integer(text), range.contains(effort) else {
            throw fault(member.value.line, member.key, "is \(member.value.kind), expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return effort
    }

    /// One of the words of `Choice`.
    private func choice<Choice: RawRepresentable & CaseIterable>(_ member: DocumentNode.Member) throws(TamisError) -> Choice where Choice.RawValue == String {
        let known = Choice.allCases.map(\.rawValue)
        let text = try text(member.value, member.key, expected: SettingParameters.list(known))
        guard let choice = Choice(rawValue: text) else {
            throw fault(
                member.value.line, member.key, "is '\(text)', expected \(SettingParameters.list(known))", advice: Suggestion.sentence(for: text, among: known))
        }
        return choice
    }

    private func target(_ member: DocumentNode.Member) throws(TamisError) -> EncodingOptions.Target {
        let target: EncodingOptions.Target
        switch member.key {
        case "quality": target = .quality(decibels: try number(member.value, member.key))
        case "bits_per_weight": target = .bitsPerWeight(try number(member.value, member.key))
        case "snr": target = .snr(decibels: try number(member.value, member.key))
        case "step": target = .step(Float(try number(member.value, member.key)))
        case "lossless":
            guard case .scalar("true", isQuoted: false) = member.value.content else {
                throw fault(member.value.line, member.key, "is \(member.value.kind), expected true", advice: "leave the key out for anything but lossless")
            }
            target = .lossless
        default:
            guard case .scalar(let text, _) = member.value.content, let bytes = ByteCountText.parse(text) else {
                throw fault(member.value.line, member.key, "is \(member.value.kind), expected a number of bytes, such as 600000, 600K or 1.5M")
            }
            target = .size(bytes: bytes)
        }
        if let problem = target.problem { throw fault(member.value.line, member.key, problem) }
        return target
    }

    private func rule(_ node: DocumentNode, _ path: String) throws(TamisError) -> TensorRule {
        var rule: TensorRule?
        var settings = TensorSettings()
        for member in try members(node, path, known: Self.ruleKeys) {
            switch member.key {
            case "match": rule = TensorRule(pattern: try pattern(member.value, path + ".match"), settings: settings)
            case "quantizer": settings.quantizer = try quantizer(member, path)
            case "prune": settings.pruning = try pruning(member, path)
            case "weight":
                let weight = try number(member.value, path + ".weight")
                if weight <= 0 { throw fault(member.value.line, path + ".weight", "is \(DecimalText.text(weight)), expected a positive number") }
                settings.weight = weight
            default:
                let step = Float(try number(member.value, path + ".step"))
                if let problem = EncodingOptions.Target.step(step).problem { throw fault(member.value.line, path + ".step", problem) }
                settings.step = step
            }
        }
        guard var rule else {
            throw fault(node.line, path, "has no key 'match', expected a pattern over tensor names", advice: "add, for example, match: \"conv1*\"")
        }
        if settings == TensorSettings() {
            throw fault(
                node.line, path, "says nothing about the tensors that match '\(rule.pattern)'", advice: "add quantizer, prune, weight or step, or remove the entry")
        }
        if settings.step != nil, let quantizer = settings.quantizer, !quantizer.hasStep {
            throw fault(
                node.line, path, "gives a step to the quantizer \(QuantizerSpecification.members(quantizer).name), which has a fineness of its own",
                advice: "leave one of 'step' and 'quantizer'")
        }
        rule.settings = settings
        return rule
    }

    /// Text as on a command line, or a mapping with the key `name`.
    private func quantizer(_ member: DocumentNode.Member, _ path: String) throws(TamisError) -> QuantizerChoice {
        let path = Self.joined(path, member.key)
        guard case .mapping(let members) = member.value.content else {
            let text = try text(member.value, path, expected: "a quantizer such as trellis, or a mapping with the key 'name'")
            return try described(member.value, path) { () throws(SettingProblem) in try QuantizerSpecification.choice(text) }
        }
        try refuseDuplicates(members, path)
        guard let first = members.first(where: { $0.key == "name" }) else {
            throw fault(
                member.value.line, path, "has no key 'name', expected \(SettingParameters.list(QuantizerSpecification.names))", advice: "add, for example, name: trellis")
        }
        let name = try text(first.value, path + ".name", expected: SettingParameters.list(QuantizerSpecification.names))
        try described(first.value, path + ".name") { () throws(SettingProblem) in try QuantizerSpecification.requireName(name) }
        let parameters = SettingParameters(of: name, try parameters(members.filter { $0.key != "name" }, path))
        return try described(member.value, path) { () throws(SettingProblem) in try QuantizerSpecification.choice(name, parameters) }
    }

    /// Text as on a command line, or a mapping with one key.
    private func pruning(_ member: DocumentNode.Member, _ path: String) throws(TamisError) -> Pruning {
        let path = Self.joined(path, member.key)
        guard case .mapping(let members) = member.value.content else {
            let text = try text(member.value, path, expected: "a mapping such as {sigma: 0.5}")
            return try described(member.value, path) { () throws(SettingProblem) in try PruningSpecification.pruning(text) }
        }
        let parameters = SettingParameters(of: "pruning", try parameters(members, path))
        return try described(member.value, path) { () throws(SettingProblem) in try PruningSpecification.pruning(parameters) }
    }

    private func parameters(_ members: [DocumentNode.Member], _ path: String) throws(TamisError) -> [SettingParameters.Parameter] {
        var parameters: [SettingParameters.Parameter] = []
        for member in members {
            guard case .scalar(let value, let isQuoted) = member.value.content, !value.isEmpty else {
                throw fault(member.value.line, Self.joined(path, member.key), "is \(member.value.kind), expected a number or a word")
            }
            parameters.append(SettingParameters.Parameter(key: member.key, value: value, isQuoted: isQuoted))
        }
        return parameters
    }

    // MARK: Kinds

    /// The members of a mapping, each with a known key.
    private func members(_ node: DocumentNode, _ path: String, known: [String]) throws(TamisError) -> [DocumentNode.Member] {
        guard case .mapping(let members) = node.content else {
            throw fault(
                node.line, path.isEmpty ? nil : path, "is \(node.kind), expected a mapping with keys such as '\(known.first ?? ""):'",
                advice: "known keys: \(known.joined(separator: ", "))")
        }
        for member in members where !known.contains(member.key) {
            throw fault(
                member.line, path.isEmpty ? nil : path, "has the unknown key '\(member.key)', expected one of \(known.joined(separator: ", "))",
                advice: Suggestion.sentence(for: member.key, among: known) ?? "if the recipe is for a later version of tamis, use that")
        }
        try refuseDuplicates(members, path)
        return members
    }

    private func refuseDuplicates(_ members: [DocumentNode.Member], _ path: String) throws(TamisError) {
        var lines: [String: Int] = [:]
        for member in members {
            if let line = lines.updateValue(member.line, forKey: member.key) {
                throw fault(member.line, Self.joined(path, member.key), "is given a second time, after line \(line)", advice: "leave one")
            }
        }
    }

    private func items(_ member: DocumentNode.Member, _ path: String, _ expected: String) throws(TamisError) -> [DocumentNode] {
        guard case .sequence(let items) = member.value.content else {
            throw fault(member.value.line, path, "is \(member.value.kind), expected \(expected)")
        }
        return items
    }

    private func text(_ node: DocumentNode, _ path: String, expected: String) throws(TamisError) -> String {
        guard case .scalar(let text, let isQuoted) = node.content, !text.isEmpty else {
            throw fault(node.line, path, "is \(node.kind), expected \(expected)")
        }
        if !isQuoted && ["null", "Null", "NULL", "~", "true", "True", "TRUE", "false", "False", "FALSE"].contains(text) {
            throw fault(node.line, path, "is \(text), expected \(expected)", advice: "if it is meant as a name, put it in quotation marks")
        }
        return text
    }

    private func pattern(_ node: DocumentNode, _ path: String) throws(TamisError) -> String {
        let text = try text(node, path, expected: "a pattern over tensor names, such as \"conv1*\"")
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
            throw fault(node.line, path, "holds a control character", advice: "use ? in its place")
        }
        return text
    }

    private func number(_ node: DocumentNode, _ path: String) throws(TamisError) -> Double {
        guard case .scalar(let text, let isQuoted) = node.content, let value = DecimalText.number(text) else {
            throw fault(node.line, path, "is \(node.kind), expected a number")
        }
        if isQuoted { throw fault(node.line, path, "is \(node.kind), expected a number", advice: "remove the quotation marks") }
        return value
    }

    // MARK: Faults

    /// Calls `body`; a problem gets the place of the parameter it is about, or of `node`.
    @discardableResult
    private func described<R>(_ node: DocumentNode, _ path: String, _ body: () throws(SettingProblem) -> R) throws(TamisError) -> R {
        do throws(SettingProblem) { return try body() } catch {
            var line = node.line
            if let parameter = error.parameter, case .mapping(let members) = node.content, let member = members.first(where: { $0.key == parameter }) {
                line = member.line
            }
            throw fault(line, error.parameter.map { Self.joined(path, $0) } ?? path, error.message, advice: error.advice)
        }
    }

    private func fault(_ line: Int, _ path: String?, _ message: String, advice: String? = nil) -> TamisError {
        TamisError(.invalidRecipe, message, file: file, unit: "line \(line)", element: path, advice: advice)
    }

    private static func joined(_ path: String, _ key: String) -> String { path.isEmpty ? key : path + "." + key }
}
