import TamisModel

extension FloatLayout {
    /// nil for types that float mode does not code (Spec §6.9).
    package init?(_ type: ElementType) {
        switch type {
        case .float64: self = .float64
        case .float32: self = .float32
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        case .float8e4m3fn, .float8e4m3fnuz: self = .float8E4M3
        case .float8e5m2, .float8e5m2fnuz: self = .float8E5M2
        case .float8e8m0: self = .float8E8M0
        default: return nil
        }
    }
}
