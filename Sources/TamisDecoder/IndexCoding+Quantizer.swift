import TamisArithmetic
import TamisQuantization
import TamisSyntax

extension IndexCoding {
    /// The range of `quantizer_kind` admits no other value.
    var kind: QuantizerKind { QuantizerKind(rawValue: quantizerKind) ?? .uniform }

    /// nil unless the quantizer is a trellis.
    var trellis: Trellis? { kind == .trellis ? Trellis(statesLog2: Int(trellisStatesLog2)) : nil }

    /// The states that the coder follows.
    var states: StateTransition {
        trellis.map { StateTransition(oddStateMask: $0.oddStateMask, oddIndexMask: $0.oddIndexMask) } ?? .none
    }

    /// The values of a quantizer without a grid; nil for one that has a grid, or if its parameters contradict each other.
    var reconstructionTable: ReconstructionTable? {
        switch kind {
        case .uniform, .trellis, .integer: nil
        case .codebook: ReconstructionTable(first: Int(codebook.first), values: codebook.entries.map(\.value))
        case .companded:
            ReconstructionTable(amplitude: companding.amplitude, growth: companding.growth, levels: Int(companding.levels))
        case .minifloat:
            Minifloat(
                exponentBits: Int(minifloat.exponentBits), mantissaBits: Int(minifloat.mantissaBits), bias: Int(minifloat.bias),
                hasSubnormals: minifloat.subnormals != 0
            ).flatMap { ReconstructionTable($0, top: Int(minifloat.top)) }
        }
    }
}
