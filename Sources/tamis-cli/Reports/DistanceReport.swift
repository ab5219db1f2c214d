import TamisSyntax

/// The distance between two models, as tables for people and as JSON for programs.
struct DistanceReport {
    private let distance: ModelDistance
    private let outputs: OutputDistance?

    /// - Parameter outputs: nil if nothing was measured of the layers' inputs.
    init(_ distance: ModelDistance, _ outputs: OutputDistance? = nil) {
        self.distance = distance
        self.outputs = outputs
    }

    /// Whether they differ, and by how much, in a line or two.
    var verdict: String {
        if distance.isIdentical { return "identical, byte for byte\n" }
        var parts: [String] = []
        let changed = distance.tensors.filter { !$0.isIdentical }.count
        parts.append("\(changed) of \(distance.tensors.count) tensors changed")
        if let decibels = distance.decibels { parts.append("weights at \(Decimal.fixed(decibels, 2)) dB") }
        if let decibels = outputs?.total.decibels { parts.append("outputs at \(Decimal.fixed(decibels, 2)) dB") }
        if changed > 0, let error = distance.largestError { parts.append("largest error \(Decimal.significant(error, 4))") }
        var text = "different: " + parts.joined(separator: ", ") + "\n"
        let others = [
            ("of another type or shape", distance.reshaped), ("in the first only", distance.onlyInFirst), ("in the second only", distance.onlyInSecond),
        ]
        for (place, names) in others where !names.isEmpty {
            text += "\(names.count.counted("tensor")) \(place): \(names.joined(separator: ", ").printable)\n"
        }
        return text + (distance.isRestIdentical ? "the graph and everything else is identical\n" : "the graph or something else differs\n")
    }

    /// One line per tensor that both have.
    var table: String {
        var columns: [(String, TextTable.Alignment)] = [("tensor", .left), ("shape", .left), ("type", .left), ("SNR (dB)", .right), ("largest error", .right)]
        if outputs != nil { columns.append(("output SNR (dB)", .right)) }
        var table = TextTable(columns)
        for tensor in distance.tensors {
            let output = outputs?.layers[tensor.description.name]?.decibels.map { Decimal.fixed($0, 2) } ?? ""
            table.add([
                tensor.description.name, tensor.description.shape.description, tensor.description.elementType.name,
                tensor.isIdentical ? "identical" : tensor.decibels.map { Decimal.fixed($0, 2) } ?? "none",
                tensor.isIdentical ? "" : tensor.largestError.map { Decimal.significant($0, 4) } ?? "",
            ] + (outputs == nil ? [] : [output]))
        }
        return table.text
    }

    var members: [(key: String, value: JSONValue)] {
        [
            ("identical", .bool(distance.isIdentical)),
            ("snr_db", JSONValue(distance.decibels)),
            ("max_abs_error", JSONValue(distance.largestError)),
        ] + (outputs.map { Self.members($0.total) } ?? []) + [
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
                ] + (outputs.map { Self.members($0.layers[tensor.description.name]) } ?? []))
            })),
        ]
    }

    /// - Parameter energies: nil if nothing is known of the outputs.
    private static func members(_ energies: OutputDistance.Energies?) -> [(key: String, value: JSONValue)] {
        [("output_error", JSONValue(energies?.relativeError)), ("output_snr_db", JSONValue(energies?.decibels))]
    }
}
