import Tamis
import TamisTestSupport

/// A stream of less than 2500 bytes with every kind of unit, and every way to code a tensor.
enum SmallStream {
    static let stream: [UInt8] = {
        let tensors = [
            SyntheticTensor("w", [64, 40], sigma: 0.2, seed: 1), SyntheticTensor("b", [70], sigma: 0.1, seed: 2),
            SyntheticTensor("constant", [2048], [Float](repeating: 1, count: 2048)), SyntheticTensor("shape", [4], [1, 2, 3, 4]),
        ]
        let options = EncodingOptions(target: .quality(decibels: 4), settings: .rounding(0.55), sliceElementsLog2: 11, provenance: "small")
        do {
            return try Tamis.encode(SyntheticTensor.model(tensors), options: options, threads: ThreadCount(1))
        } catch {
            return []
        }
    }()
    static let file = (try? Tamis.decode(stream, threads: ThreadCount(1))) ?? []
}
