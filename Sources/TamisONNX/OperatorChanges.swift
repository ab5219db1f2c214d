/// Which versions of the standard operators mean something else than the ones before (github.com/onnx/onnx, "Changelog.md", versions
/// 8 … 21 of `ai.onnx`).
///
/// A version that only takes more types, or more attributes whose defaults say what was so before, is no change. What is listed was
/// found by comparing the schemas of neighbouring versions, and by reading those whose meaning a schema does not tell.
enum OperatorChanges {
    /// Nodes that a new version treats in another way.
    private enum Nodes {
        case all
        /// Those that have an attribute of this name, which became an input, or went away.
        case withAttribute(String)
        /// Those with more than one output.
        case withSeveralOutputs
    }

    /// Models of older versions are not raised: operators then had rules of broadcasting that are forgotten.
    static let oldest: Int64 = 7
    /// The last version that the table knows.
    static let newest: Int64 = 21

    private static let changes: [String: [(version: Int64, nodes: Nodes)]] = {
        var changes: [String: [(version: Int64, nodes: Nodes)]] = [
            "BatchNormalization": [(9, .withAttribute("spatial")), (14, .withSeveralOutputs)],
            "Clip": [(11, .withAttribute("min")), (11, .withAttribute("max"))],
            "DFT": [(20, .all)],
            "Dropout": [(10, .withSeveralOutputs), (12, .withAttribute("ratio"))],
            "GridSample": [(20, .all)],
            "GroupNormalization": [(21, .all)],
            "Hardmax": [(13, .all)], "LogSoftmax": [(13, .all)], "Softmax": [(13, .all)],
            "Pad": [(11, .all)],
            "ReduceSum": [(13, .withAttribute("axes"))],
            "Resize": [(11, .all)],
            "RoiAlign": [(16, .all)],
            "Scan": [(9, .all)],
            "Scatter": [(11, .all)],
            "Slice": [(10, .all)],
            "Split": [(13, .withAttribute("split")), (18, .all)],
            "Squeeze": [(13, .withAttribute("axes"))], "Unsqueeze": [(13, .all)],
            "TopK": [(10, .all)],
            "Upsample": [(9, .all), (10, .all)],
        ]
        for name in ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare"] {
            changes["Reduce" + name] = [(18, .withAttribute("axes"))]
        }
        // Experimental operators, which are gone.
        for name in [
            "ATen", "Affine", "ConstantFill", "Crop", "DynamicSlice", "GRUUnit", "GivenTensorFill", "ImageScaler", "ParametricSoftplus", "Scale", "ScaledTanh",
        ] { changes[name] = [(10, .all)] }
        return changes
    }()

    /// The first version after `version` in which a node means something else; nil if none of those known does.
    ///
    /// - Parameters:
    ///   - name: `op_type` of a node of the standard domain.
    ///   - attributes: names of its attributes.
    static func next(after version: Int64, of name: String, attributes: [String], outputCount: Int) -> Int64? {
        changes[name]?.first { change in
            if change.version <= version { return false }
            switch change.nodes {
            case .all: return true
            case .withAttribute(let attribute): return attributes.contains(attribute)
            case .withSeveralOutputs: return outputCount > 1
            }
        }?.version
    }

    /// The oldest `ir_version` that files with this version of the operators have.
    static func irVersion(for version: Int64) -> Int64 {
        switch version {
        case ..<9: 3
        case 9: 4
        case 10: 5
        case 11: 6
        case 12...14: 7
        case 15...18: 8
        case 19...20: 9
        default: 10
        }
    }
}
