import TamisBits
import TamisModel
import TamisTestSupport
import Testing

/// A tensor of ones in raw_data; no element is negative.
func ones(_ name: String, _ dimensions: [Int64]) -> [UInt8] {
    let count = Int(dimensions.reduce(1, *))
    return ONNX.tensor(name, dims: dimensions, .raw(littleEndian([UInt32](repeating: Float(1).bitPattern, count: count))))
}

func scalar(_ name: String, _ value: Float) -> [UInt8] { ONNX.tensor(name, dims: [], .raw(littleEndian([value.bitPattern]))) }

func integerList(_ name: String, _ values: [Int64]) -> [UInt8] {
    let words = values.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32(truncatingIfNeeded: $0 >> 32)] }
    return ONNX.tensor(name, dims: [Int64(values.count)], type: 7, .raw(littleEndian(words)))
}

/// The roles of the tensors by their names, for a graph whose input is `x` and whose output is `y`.
func roles(
    _ nodes: [[UInt8]], _ initializers: [[UInt8]], inputs: [String] = ["x"], outputs: [String] = ["y"],
    _ place: SourceLocation = #_sourceLocation
) throws(TamisError) -> [String: LayerRole] {
    try roles(ofModel: ONNX.model(ONNX.graph(nodes: nodes, initializers: initializers, inputs: inputs, outputs: outputs)), place)
}

func roles(ofModel file: [UInt8], _ place: SourceLocation = #_sourceLocation) throws(TamisError) -> [String: LayerRole] {
    let model = try scanChecked(file, place)
    #expect(model.roles.count == model.tensors.count, sourceLocation: place)
    var result: [String: LayerRole] = [:]
    for (tensor, role) in zip(model.tensors, model.roles) { result[tensor.name] = role }
    return result
}

/// The sign of a convolution's input `v`, which `nodes` compute from the model's input `x` or from `s`, which is of both signs.
func inputSign(
    _ nodes: [[UInt8]], _ initializers: [[UInt8]] = [], inputs: [String] = ["x"], _ place: SourceLocation = #_sourceLocation
) throws(TamisError) -> LayerRole.InputSign? {
    let before = ONNX.node("Tanh", inputs: ["x"], outputs: ["s"])
    let rectifier = ONNX.node("Relu", inputs: ["x"], outputs: ["r"])
    let layer = ONNX.node("Conv", inputs: ["v", "w"], outputs: ["y"])
    return try roles([before, rectifier] + nodes + [layer], [ones("w", [4, 2, 3, 3])] + initializers, inputs: inputs, place)["w"]?.inputSign
}
