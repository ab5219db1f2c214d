import TamisBits
import TamisModel
import TamisQuantization

/// Sums over the values of a floating-point tensor, in an order that does not depend on the number of threads.
struct TensorStatistics: Sendable {
    var count: Int = 0
    var sum: Double = 0
    var sumOfSquares: Double = 0
    var sumOfMagnitudes: Double = 0
    var largestMagnitude: Float = 0
    var isFinite: Bool = true

    /// The statistics of little-endian float32 values.
    init(of values: ByteView) {
        count = values.count / 4
        let lanes = 8
        var sums = SIMD8<Double>()
        var squares = SIMD8<Double>()
        var magnitudes = SIMD8<Double>()
        // Bit patterns of magnitudes, which are in the order of the magnitudes; those that are not finite are the largest.
        var largest = SIMD8<Int32>()
        let whole = count / lanes * lanes
        if let base = unsafe values.buffer.baseAddress {
            for start in stride(from: 0, to: whole, by: lanes) {
                let bits = unsafe base.loadUnaligned(fromByteOffset: start * 4, as: SIMD8<UInt32>.self)
                let pattern = SIMD8<Int32>(truncatingIfNeeded: bits & 0x7FFF_FFFF)
                largest.replace(with: pattern, where: pattern .> largest)
                let x = SIMD8<Float>(bitPattern: bits)
                let magnitude = SIMD8<Float>(bitPattern: bits & 0x7FFF_FFFF)
                let wide = SIMD8<Double>(x)
                sums += wide
                squares += wide * wide
                magnitudes += SIMD8<Double>(magnitude)
            }
        }
        sum = Self.sum(sums)
        sumOfSquares = Self.sum(squares)
        sumOfMagnitudes = Self.sum(magnitudes)
        largestMagnitude = Float(bitPattern: UInt32(largest.max()))
        isFinite = largestMagnitude.isFinite
        for place in whole..<count {
            let x = Float(bitPattern: values.load(place * 4, as: UInt32.self))
            if !x.isFinite { isFinite = false }
            sum += Double(x)
            sumOfSquares += Double(x) * Double(x)
            sumOfMagnitudes += Double(x.magnitude)
            largestMagnitude = max(largestMagnitude, x.magnitude)
        }
    }

    init() {}

    /// The statistics of elements of float32, float16 or bfloat16.
    init(of elements: ByteView, type: ElementType) {
        if type == .float32 {
            self.init(of: elements)
        } else {
            self = unsafe withUnsafeTemporaryAllocation(byteCount: elements.count * 2, alignment: 16) { memory in
                let region = unsafe ByteRegion(unsafe: memory)
                HalfPrecision.widen(elements, from: type, into: region)
                return TensorStatistics(of: region.view)
            }
        }
    }

    /// The lanes added in an order that no library decides.
    private static func sum(_ v: SIMD8<Double>) -> Double { ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7])) }

    mutating func add(_ other: TensorStatistics) {
        count += other.count
        sum += other.sum
        sumOfSquares += other.sumOfSquares
        sumOfMagnitudes += other.sumOfMagnitudes
        largestMagnitude = max(largestMagnitude, other.largestMagnitude)
        isFinite = isFinite && other.isFinite
    }

    var meanMagnitude: Double { count == 0 ? 0 : sumOfMagnitudes / Double(count) }

    /// σ about the mean.
    var standardDeviation: Double {
        if count == 0 { return 0 }
        let mean = sum / Double(count)
        return max(sumOfSquares / Double(count) - mean * mean, 0).squareRoot()
    }
}

extension SIMD8<Float> {
    init(bitPattern bits: SIMD8<UInt32>) { self = unsafe unsafeBitCast(bits, to: SIMD8<Float>.self) }
}

extension SIMD8<UInt32> {
    init(bitPattern floats: SIMD8<Float>) { self = unsafe unsafeBitCast(floats, to: SIMD8<UInt32>.self) }
}
