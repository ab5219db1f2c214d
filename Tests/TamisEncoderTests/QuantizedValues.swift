import Foundation
import TamisQuantization
import TamisSyntax
import TamisTestSupport
import Testing

@testable import TamisEncoder

/// What a quantizer by its definition may make of a tensor's values, against what came back.
struct QuantizedValues {
    let name: String
    let choice: QuantizerChoice
    /// As they were quantized: after pruning.
    let source: [Float]
    let decoded: [Float]
    let coding: TensorCoding
    /// β, if smaller magnitudes were pruned.
    var prunedBelow = 0.0

    private var largest: Float { source.map(\.magnitude).max() ?? 0 }

    func expectSound(_ place: SourceLocation = #_sourceLocation) {
        let problem = problem()
        #expect(problem == nil, "\(name), \(choice): \(problem ?? "")", sourceLocation: place)
    }

    private func problem() -> String? {
        switch choice {
        case .uniform(let deadzone): uniform((deadzone * 256).rounded(.toNearestOrEven) / 256)
        case .rateDistortion, .trellis: searched()
        case .symmetric(let bits): symmetric(bits)
        case .affine(let bits, let calibration): affine(bits, calibration)
        case .codebook(let levels): codebook(levels)
        case .minifloat(let exponentBits, let mantissaBits): minifloat(exponentBits, mantissaBits)
        case .half: half()
        case .muLaw(let mu, let range, let levels): companded(mu, range ?? Double(largest), levels)
        case .exact: "it should be exact"
        }
    }

    private func first(_ isWrong: (_ value: Float, _ back: Float, _ step: Float) -> Bool) -> String? {
        let steps = coding.steps(count: source.count)
        for place in source.indices where isWrong(source[place], decoded[place], steps.isEmpty ? 0 : steps[place]) {
            return "\(source[place]) became \(decoded[place]) at \(place)" + (steps.isEmpty ? "" : " with the step \(steps[place])")
        }
        return nil
    }

    private static func isMultiple(_ value: Float, of step: Float) -> Bool { Float((Double(value) / Double(step)).rounded() * Double(step)) == value }

    /// Half a step away, but for the roundings of quotient and value.
    private static func isNear(_ value: Float, _ back: Float, _ distance: Double) -> Bool {
        (Double(value) - Double(back)).magnitude <= distance + Double(back.magnitude.ulp) + Double(value.magnitude) * 0x1p-50
    }

    private func uniform(_ deadzone: Double) -> String? {
        if coding.kind != .uniform { return "its kind is \(String(describing: coding.kind))" }
        return first { value, back, step in
            let scaled = Double(value.magnitude) / Double(step) - deadzone
            func level(_ index: Double) -> Float { index <= 0 ? 0 : Float((index + deadzone - 0.5) * Double(step)) }
            let index = scaled.rounded(.up)
            // The quotient is rounded: beside a border, either cell will do.
            let isBorder = (scaled - scaled.rounded()).magnitude <= max(scaled.magnitude, 1) * 0x1p-50
            return back.magnitude != level(index) && !(isBorder && [index - 1, index + 1].map(level).contains(back.magnitude)) || (back != 0 && (back < 0) != (value < 0))
        }
    }

    private func searched() -> String? {
        let isTrellis = coding.kind == .trellis
        // Levels but zero may lie where their values' centre is.
        let offset = Double(coding.grid?.reconstructionOffset ?? 0) / 256
        if case .trellis(let states) = choice, isTrellis, coding.coding.map({ 1 << $0.trellisStatesLog2 }) != states { return "the trellis has other states" }
        return first { value, back, step in
            let level = back == 0 ? 0 : (Double(back.magnitude) / Double(step) - offset).rounded()
            if back.magnitude != (level == 0 ? 0 : Float((level + offset) * Double(step))) || (back != 0 && (back < 0) != (value.sign == .minus)) { return true }
            return back != 0 && !Self.isNear(value, back, Double(step) * ((isTrellis ? 4 : 1.5) + offset.magnitude))
        }
    }

    private func symmetric(_ bits: Int) -> String? {
        let highest = Double(1 << (bits - 1) - 1)
        let step = Float((Double(largest) - prunedBelow) / highest)
        if coding.grid?.step != step || coding.kind != .uniform { return "its step is \(String(describing: coding.grid?.step)), not \(step)" }
        let end = Float(highest * Double(step))
        return first { value, back, step in
            if !Self.isMultiple(back, of: step) || back.magnitude > end { return true }
            return value.magnitude > end ? back.magnitude != end : !Self.isNear(value, back, Double(step) / 2)
        }
    }

    private func affine(_ bits: Int, _ calibration: QuantizerChoice.Calibration) -> String? {
        let (low, high) = (decoded.min() ?? 0, decoded.max() ?? 0)
        guard let step = coding.grid?.step, coding.kind == .uniform else { return "it has no step" }
        if ((Double(high) - Double(low)) / Double(step)).rounded() > Double(1 << bits - 1) { return "\(low) … \(high) are more than 2^\(bits) levels" }
        if calibration == .minMax {
            let range = Double(max(source.max() ?? 0, 0)) - Double(min(source.min() ?? 0, 0))
            if step != Float(range / Double(1 << bits - 1)) { return "its step is \(step)" }
        }
        return first { value, back, step in
            if !Self.isMultiple(back, of: step) { return true }
            let isClamped = (back == low && value < low) || (back == high && value > high)
            return !isClamped && !Self.isNear(value, back, Double(step) / 2)
        }
    }

    /// - Parameter levels: all there are.
    private func nearest(_ levels: [Float]) -> String? {
        let levels = levels.map(Double.init).sorted()
        return first { value, back, _ in
            var (low, high) = (0, levels.count)
            while low < high {
                let middle = (low + high) / 2
                if levels[middle] < Double(value) { low = middle + 1 } else { high = middle }
            }
            let distances = levels[max(low - 1, 0)...min(low, levels.count - 1)].map { ($0 - Double(value)).magnitude }
            let isLevel = [low - 1, low].contains { levels.indices.contains($0) && levels[$0] == Double(back) }
            return !isLevel || (Double(back) - Double(value)).magnitude > (distances.min() ?? 0) + Double(value.magnitude) * 0x1p-45
        }
    }

    private func codebook(_ levels: Int) -> String? {
        guard let codebook = coding.coding?.codebook, coding.kind == .codebook else { return "it has no codebook" }
        if codebook.entries.count > levels { return "\(codebook.entries.count) entries" }
        return nearest(codebook.entries.map(\.value))
    }

    private func minifloat(_ exponentBits: Int, _ mantissaBits: Int) -> String? {
        guard let format = coding.coding?.minifloat, coding.kind == .minifloat else { return "it is no minifloat" }
        if Int(format.exponentBits) != exponentBits || Int(format.mantissaBits) != mantissaBits || format.subnormals != 0 { return "the format is another one" }
        var levels: [Float] = []
        for exponent in 0..<(1 << exponentBits) {
            for mantissa in 0..<(1 << mantissaBits) {
                let magnitude = Float(sign: .plus, exponent: exponent - Int(format.bias), significand: 1 + Float(mantissa) / Float(1 << mantissaBits))
                levels += [magnitude, -magnitude]
            }
        }
        let zeros = zip(source, decoded).filter { $0.0 == 0 }
        if !zeros.allSatisfy({ $0.1 == 0 }) { return "a zero did not stay zero" }
        return QuantizedValues(
            name: name, choice: choice, source: source.filter { $0 != 0 }, decoded: zip(source, decoded).filter { $0.0 != 0 }.map(\.1), coding: coding).nearest(levels)
    }

    private func half() -> String? {
        first { value, back, _ in
            let half = Float(Float16(value))
            return back != (half.isInfinite ? (value < 0 ? -65504 : 65504) : half)
        }
    }

    /// Nearest in y = Xmax · ln(1 + μ|x| ⁄ Xmax) ⁄ ln(1 + μ), to about the precision of the growth.
    private func companded(_ mu: Double, _ range: Double, _ levels: Int?) -> String? {
        guard let companding = coding.coding?.companding, coding.kind == .companded else { return "it is not companded" }
        if let levels, companding.levels != UInt64(levels / 2) { return "\(companding.levels) magnitudes" }
        if companding.amplitude != Float(range / mu) { return "the amplitude is \(companding.amplitude)" }
        func y(_ magnitude: Double) -> Double { log1p(magnitude / (range / mu)) / log1p(Double(companding.growth)) }
        let end = Double(companding.levels)
        return first { value, back, _ in
            let level = y(Double(back.magnitude))
            if (level - level.rounded()).magnitude > 1e-3 + level * 1e-6 || level > end + 1e-2 || (back != 0 && (back < 0) != (value < 0)) { return true }
            let wanted = y(Double(value.magnitude))
            return wanted > end ? (level - end).magnitude > 1e-2 : (wanted - level).magnitude > 0.5 + 1e-3 + wanted * 1e-6
        }
    }
}
