import TamisBits
import TamisQuantization
import TamisTestSupport
import Testing

@Suite("Writing values and measuring them at once does what both do apart")
struct ReconstructionErrorTests {
    @Test(arguments: [0, 1, 3, 4, 5, 1000], [-128, 0, 37, 128])
    func sameAsApart(count: Int, offset: Int) throws {
        var random = SplitMix64(seed: UInt64(count * 1000 + offset + 128))
        let reconstruction = Reconstruction(step: 0.0123, offset: offset)
        let largest: Int32 = (1 << 30) - 1
        let indices = (0..<count).map { i in i % 7 == 6 ? Int32.random(in: -largest...largest, using: &random) : Int32.random(in: -3...3, using: &random) }
        let originals = (0..<count).flatMap { _ in
            withUnsafeBytes(of: Float.random(in: -1...1, using: &random).bitPattern.littleEndian) { [UInt8]($0) }
        }
        var apart = [UInt8](repeating: 0, count: count * 4)
        var together = apart
        var sum = 0.0
        indices.withUnsafeBufferPointer { indices in
            apart.withUnsafeMutableBytes { reconstruction.write(indices, to: ByteRegion(unsafe: $0)) }
            originals.withUnsafeBytes { originals in
                together.withUnsafeMutableBytes { sum = reconstruction.write(indices, to: ByteRegion(unsafe: $0), against: ByteView(unsafe: originals)) }
            }
        }
        #expect(together == apart)
        var expected = 0.0
        for i in 0..<count {
            let exact = (Double(indices[i]) + Double(indices[i].signum()) * Double(offset) / 256) * Double(reconstruction.step)
            let original = Float(bitPattern: originals.withView { $0.load(i * 4, as: UInt32.self) })
            expected += (Double(original) - exact) * (Double(original) - exact)
        }
        #expect(abs(sum - expected) <= expected * 1e-12)
    }
}
