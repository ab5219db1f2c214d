import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

extension WeightError {
    /// The squared differences between a tensor and what it decodes to, summed up.
    ///
    /// - Parameters:
    ///   - source, decoded: elements of `type`, as many in both.
    static func squares(_ source: ByteView, decoded: ByteView, _ type: ElementType) -> Double {
        switch type {
        case .float32: return squares(source, decoded)
        case .float16, .bfloat16:
            let (wide, wideDecoded) = (ChangedValues(widening: source, from: type), ChangedValues(widening: decoded, from: type))
            return withExtendedLifetime((wide, wideDecoded)) { squares(wide.view, wideDecoded.view) }
        // No other type is ever changed (Spec §4.5).
        default: return .infinity
        }
    }

    /// Σ (a − b)², in a fixed order.
    ///
    /// - Parameters:
    ///   - a, b: little-endian float32, as many in both.
    private static func squares(_ a: ByteView, _ b: ByteView) -> Double {
        let count = a.count / 4
        let lanes = 8
        let whole = count / lanes * lanes
        let (left, right) = unsafe (a.buffer, b.buffer)
        var sums = SIMD8<Double>()
        for i in stride(from: 0, to: whole, by: lanes) {
            let x = unsafe left.loadUnaligned(fromByteOffset: i * 4, as: SIMD8<Float>.self)
            let y = unsafe right.loadUnaligned(fromByteOffset: i * 4, as: SIMD8<Float>.self)
            let difference = SIMD8<Double>(x) - SIMD8<Double>(y)
            sums += difference * difference
        }
        var sum = sums.sum()
        for i in whole..<count {
            let difference = unsafe Double(left.loadUnaligned(fromByteOffset: i * 4, as: Float.self)) - Double(right.loadUnaligned(fromByteOffset: i * 4, as: Float.self))
            sum += difference * difference
        }
        return sum
    }
}
