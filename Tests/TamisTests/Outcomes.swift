import Tamis
import TamisArithmetic
import TamisBits
import TamisQuantization
import TamisSyntax
import TamisTestSupport
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

/// Checks that every tensor came back as its unit promises: bit by bit, or as a value of its grid.
///
/// - Parameter deadzone: that of all tensors, which are rounded each by itself; nil if indices may have been searched.
func expectFaithful(
    _ stream: [UInt8], _ originals: [(name: String, bytes: [UInt8])], deadzone: Double? = nil, _ place: SourceLocation = #_sourceLocation
) throws {
    let file = try TamisFile(bytes: stream)
    let codings = try TensorCoding.all(of: stream)
    try #require(file.tensors.map(\.name) == originals.map(\.name), sourceLocation: place)
    for (coding, original) in zip(codings, originals) {
        let back = try file.tensor(named: original.name).1
        guard let grid = coding.grid, let kind = coding.kind else {
            #expect(coding.isExact && back == original.bytes, "\(original.name)", sourceLocation: place)
            continue
        }
        let values = floats(in: original.bytes)
        let steps = coding.steps(count: values.count)
        let offset = Double(grid.reconstructionOffset) / 256
        if let deadzone { #expect(kind == .uniform && offset + 0.5 == deadzone, sourceLocation: place) }
        var strays = 0
        for (number, (value, restored)) in zip(values, floats(in: back)).enumerated() {
            let step = steps[number]
            let distance = (Double(value) - Double(restored)).magnitude - Double(restored.ulp)
            if let deadzone {
                if restored != quantized(value, step: step, deadzone: deadzone) { strays += 1 }
                if value.magnitude > step * Float(deadzone) && distance > Double(step) / 2 { strays += 1 }
            } else {
                // Levels but zero may lie where their values' centre is.
                let level = restored == 0 ? 0 : (Double(restored.magnitude) / Double(step) - offset).rounded()
                if restored.magnitude != (level == 0 ? 0 : Float((level + offset) * Double(step))) || (value < 0 ? restored > 0 : restored < 0) { strays += 1 }
                // A trellis chooses between the levels around the value that are four steps apart; rounding goes down, or to zero.
                if restored != 0 && distance > Double(step) * ((kind == .trellis ? 4 : 1.5) + offset.magnitude) { strays += 1 }
            }
        }
        #expect(strays == 0, "\(original.name)", sourceLocation: place)
    }
}
