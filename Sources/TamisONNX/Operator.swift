import TamisBits

/// What a node does, as far as roles of tensors depend on it (github.com/onnx/onnx, "Operators.md").
enum Operator: String, Sendable, CaseIterable {
    // Layers.
    case conv = "Conv", convTranspose = "ConvTranspose", gemm = "Gemm", matMul = "MatMul", lstm = "LSTM", gru = "GRU", rnn = "RNN"
    case gather = "Gather"
    // Values in the file.
    case constant = "Constant"
    // The same elements in another order or shape.
    case identity = "Identity", transpose = "Transpose", reshape = "Reshape", squeeze = "Squeeze", unsqueeze = "Unsqueeze"
    case flatten = "Flatten"
    // No output is negative, whatever the input.
    case relu = "Relu", sigmoid = "Sigmoid", hardSigmoid = "HardSigmoid", softmax = "Softmax", exp = "Exp", abs = "Abs", sqrt = "Sqrt"
    case softplus = "Softplus", reduceL1 = "ReduceL1", reduceL2 = "ReduceL2", reduceSumSquare = "ReduceSumSquare", lpPool = "LpPool"
    case globalLpPool = "GlobalLpPool"
    // Outputs have the sign of the first input.
    case maxPool = "MaxPool", averagePool = "AveragePool", globalAveragePool = "GlobalAveragePool", globalMaxPool = "GlobalMaxPool"
    case maxRoiPool = "MaxRoiPool", roiAlign = "RoiAlign", lrn = "LRN", dropout = "Dropout", slice = "Slice", split = "Split"
    case gatherND = "GatherND", gatherElements = "GatherElements", compress = "Compress", topK = "TopK", expand = "Expand", tile = "Tile"
    case reduceMean = "ReduceMean", reduceMax = "ReduceMax", reduceMin = "ReduceMin", reduceSum = "ReduceSum", cumSum = "CumSum"
    case depthToSpace = "DepthToSpace", spaceToDepth = "SpaceToDepth", reverseSequence = "ReverseSequence", cast = "Cast"
    case floor = "Floor", ceil = "Ceil", round = "Round", quantizeLinear = "QuantizeLinear", dequantizeLinear = "DequantizeLinear"
    // The same, depending on attributes and constants.
    case imageScaler = "ImageScaler", clip = "Clip", pad = "Pad", resize = "Resize", upsample = "Upsample"
    // Outputs have a sign if all inputs have it.
    case concat = "Concat", add = "Add", mul = "Mul", div = "Div", sum = "Sum", mean = "Mean", min = "Min", max = "Max", sub = "Sub"
    case whereElse = "Where"
    // Their outputs come out of subgraphs.
    case ifElse = "If", loop = "Loop", scan = "Scan"
    /// Any other standard operator.
    case other = ""
    /// An operator of another domain, or a function of the model.
    case foreign = "?"

    private static let byName = [String: Operator](uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })
    private static let standardDomain = Array("ai.onnx".utf8)
    /// No name above is longer.
    private static let maximumByteCount = 20

    /// - Parameters: places of the node's operator and domain in `file`.
    init(_ name: Range<Int>, domain: Range<Int>, of file: ByteView) {
        if !domain.isEmpty && (domain.count != Self.standardDomain.count || file[domain].array != Self.standardDomain) {
            self = .foreign
        } else if name.count > Self.maximumByteCount {
            self = .other
        } else {
            let known = Self.byName[String(decoding: file[name].array, as: UTF8.self)] ?? .other
            self = known == .foreign ? .other : known
        }
    }
}
