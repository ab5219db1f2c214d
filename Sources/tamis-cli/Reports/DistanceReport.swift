/// The distance between two models, as tables for people and as JSON for programs.
struct DistanceReport {
    private let distance: ModelDistance

    init(_ distance: ModelDistance) { self.distance = distance }

    /// Whether they differ, and by how much, in a line or two.
    var verdict: String {
        if distance.isIdentical { return "identical, byte for byte\n" }
        var parts: [String] = []
        let changed = distance.tensors.filter { !$0.isIdentical }.count
        parts.append("\(changed) of \(distance.tensors.count) tensors changed")
        if let decibels = distance.decibels { parts.append("weights at \(Decimal.fixed(decibels, 2)) dB") }
        if changed > 0, let error = distance.largestError { parts.append("largest error \(Decimal.significant(error, 4))") }
        var text = "different: " + parts.joined(separator: ", ") + "\n"
        let others = [
            ("of another type or shape", distance.reshaped), ("in the first only", distance.onlyInFirst), ("in the second only", distance.onlyInSecond),
        ]
        for (place, names) in others where !names.isEmpty {
            text += "\(names.count) tensors \(place): \(names.joined(separator: ", ").printable)\n"
        }
        return text + (distance.isRestIdentical ? "the graph and everything else is identical\n" : "the graph or something else differs\n")
    }

    /// One line per tensor that both have.
    var table: String {
        var table = TextTable([("tensor", .left), ("shape", .left), ("type", .left), ("SNR (dB)", .right), ("largest error", .right)])
        for tensor in distance.tensors {
            table.add([
                tensor.description.name, tensor.description.shape.description, tensor.description.elementType.name,
                tensor.isIdentical ? "identical" : tensor.decibels.map { Decimal.fixed($0, 2) } ?? "none",
                tensor.isIdentical ? "" : tensor.largestError.map { Decimal.significant($0, 4) } ?? "",
            ])
        }
        return table.text
    }

    var members: [(key: String, value: JSONValue)] {
        [
            ("identical", .bool(distance.isIdentical)),
            ("snr_db", JSONValue(distance.decibels)),
            ("max_abs_error", JSONValue(distance.largestError)),
            ("rest_identical", .bool(distance.isRestIdentical)),
            ("reshaped", .array(distance.reshaped.map { .string($0) })),
            ("only_in_first", .array(distance.onlyInFirst.map { .string($0) })),
            ("only_in_second", .array(distance.onlyInSecond.map { .string($0) })),
            ("tensors", .array(distance.tensors.map { tensor in
                .object([
                    ("name", .string(tensor.description.name)),
                    ("identical", .bool(tensor.isIdentical)),
                    ("snr_db", JSONValue(tensor.decibels)),
                    ("max_abs_error", JSONValue(tensor.largestError)),
                ])
            })),
        ]
    }
}
