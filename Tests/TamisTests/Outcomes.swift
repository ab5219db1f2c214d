import Tamis
import TamisArithmetic
import TamisBits
import TamisQuantization
import Testing

/// What decoding all of a stream comes to.
func decoded(_ stream: [UInt8], limits: Limits = .standard) -> Result<[UInt8], TamisError> {
    do throws(TamisError) {
        return .success(try Tamis.decode(stream, limits: limits, threads: ThreadCount(1)))
    } catch {
        return .failure(error)
    }
}

func refusal(_ stream: [UInt8], limits: Limits = .standard) -> TamisError? {
    if case .failure(let error) = decoded(stream, limits: limits) { return error }
    return nil
}

func floats(in bytes: [UInt8]) -> [Float] {
    bytes.withView { view in (0..<(bytes.count / 4)).map { Float(bitPattern: view.load($0 * 4, as: UInt32.self)) } }
}

/// What quantizing by q = sgn(x) · ⌈|x| ⁄ Δ − δ⌉ and reconstructing in the middle of the cell makes of a value.
func quantized(_ value: Float, step: Float, deadzone: Double) -> Float {
    let scaled = Double(value).magnitude / Double(step)
    if scaled <= deadzone { return 0 }
    let magnitude = (scaled - deadzone).rounded(.up)
    let back = Float((magnitude + deadzone - 0.5) * Double(step))
    return value < 0 ? -back : back
}

/// Checks that every tensor came back as the summary promises: bit by bit, or as the nearest value of its grid.
func expectFaithful(
    _ stream: [UInt8], _ originals: [(name: String, bytes: [UInt8])], deadzone: Double = 0.5, _ place: SourceLocation = #_sourceLocation
) throws {
    let file = try TamisFile(bytes: stream)
    let summary = try file.summary()
    try #require(summary.tensors.map(\.description.name) == originals.map(\.name), sourceLocation: place)
    for (tensor, original) in zip(summary.tensors, originals) {
        let back = try file.tensor(named: original.name).1
        guard let step = tensor.step else {
            #expect(tensor.mode == "raw" && back == original.bytes, "\(original.name)", sourceLocation: place)
            continue
        }
        #expect(tensor.mode == "index" && tensor.deadzone == deadzone && tensor.quantizer == "deadzone", sourceLocation: place)
        var farthest = 0.0
        var isFormula = true
        for (value, restored) in zip(floats(in: original.bytes), floats(in: back)) {
            if (value.magnitude > step * Float(deadzone)) { farthest = max(farthest, (Double(value) - Double(restored)).magnitude - Double(restored.ulp)) }
            if restored != quantized(value, step: step, deadzone: deadzone) { isFormula = false }
        }
        #expect(isFormula, "\(original.name)", sourceLocation: place)
        #expect(farthest <= Double(step) / 2, "\(original.name)", sourceLocation: place)
    }
}
