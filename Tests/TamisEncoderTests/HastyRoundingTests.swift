import TamisBits
import TamisModel
import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("What effort 1 does in single precision")
struct HastyRoundingTests {
    private static let options = EncodingOptions(effort: 1)

    /// Two tensors whose sizes are no multiples of a vector, and rows of very different sizes.
    private static let model: ModelSource = {
        var model = ModelSource()
        model.add("plain", [61, 83], scale: 0.1, seed: 1)
        var random = SplitMix64(seed: 2)
        let values = (0..<8280).map { (place: Int) -> Float in
            let row = place / 207
            return random.laplacian(scale: 0.01 * Float(1 + row % 7 * 3))
        }
        model.add("rows", [40, 23, 3, 3], values)
        return model
    }()

    private static func quantizer(_ step: Float) -> TensorQuantizer { .rounding(DeadzoneQuantizer(step: step, deadzone: 0.5)) }

    @Test(arguments: [0.3, 0.01, 0.001, 0.0001] as [Float])
    func agreesWithTheQuantizer(_ step: Float) throws {
        try Self.model.analyzed(Self.options) { works in
            #expect(works.map(\.rowStepExponent) == [0, 1])
            for work in works {
                let classes = ScaleClasses(rows: work.rows, columns: work.columns, rowStepExponent: work.rowStepExponent)
                let hasty = try #require(HastyRounding(work, Self.quantizer(step), classes))
                var decoded = [UInt8](repeating: 0xAA, count: work.elementCount * 4)
                var plain = decoded
                for range in [0..<1, 1..<900, 900..<work.elementCount] {
                    var (indices, others) = ([Int32](repeating: .min, count: range.count), [Int32](repeating: .min, count: range.count))
                    let error = decoded.withUnsafeMutableBytes { bytes in
                        let region = ByteRegion(unsafe: bytes)
                        return indices.withUnsafeMutableBufferPointer { hasty.round(work.values, range, into: $0, decoded: region) }
                    }
                    others.withUnsafeMutableBufferPointer { Self.quantizer(step).round(work.values, range: range, of: work.view, classes, into: $0) }
                    #expect(zip(indices, others).allSatisfy { abs($0 - $1) <= 1 })
                    #expect(zip(indices, others).count { $0 != $1 } * 500 <= indices.count)
                    plain.withUnsafeMutableBytes { bytes in
                        let region = ByteRegion(unsafe: bytes)
                        indices.withUnsafeBufferPointer {
                            Reconstruction(step: step, offset: 0).write($0, range: range, of: work.view, classes: classes, to: region)
                        }
                    }
                    let expected = range.reduce(0.0) { (sum: Double, place: Int) -> Double in
                        let values = work.values
                        let value = Double(Float(bitPattern: values.load(place * 4, as: UInt32.self)))
                        let level = Double(decoded.withView { Float(bitPattern: $0.load(place * 4, as: UInt32.self)) })
                        let difference: Double = value - level
                        return sum + difference * difference
                    }
                    #expect(abs(error - expected) <= 1e-5 * expected + 1e-20)
                }
                #expect(decoded == plain)
            }
        }
    }

    @Test func refusesWhatItCannotDo() throws {
        try Self.model.analyzed(Self.options) { works in
            #expect(HastyRounding(works[0], Self.quantizer(1e-7), ScaleClasses()) == nil)
            #expect(HastyRounding(works[0], .rounding(DeadzoneQuantizer(step: 0.01, deadzone: 0.6)), ScaleClasses()) == nil)
        }
    }

    @Test func classesOfLines() throws {
        try Self.model.analyzed(EncodingOptions(effort: 2)) { works in
            for work in works {
                let plain = LineStatistics.classes(of: work.values, view: work.view)
                let hasty = LineStatistics.hastyClasses(of: work.values, view: work.view, largest: work.statistics.largestMagnitude)
                #expect(plain == hasty)
                #expect(plain == LineStatistics.hastyClasses(of: work.values, view: work.view, largest: 0x1p61))
            }
        }
    }
}
