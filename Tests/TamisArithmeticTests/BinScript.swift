@testable import TamisArithmetic
import TamisBits
import TamisTestSupport

/// Bins and the contexts they are coded under.
struct BinScript {
    static let contextCount = 64
    var bins: [(isOne: Bool, context: Int)] = []
    var limit = 8

    /// - Parameter ones: how many of 65536 bins are 1.
    static func random(count: Int, ones: UInt64, limit: Int, _ random: inout SplitMix64) -> BinScript {
        var script = BinScript()
        script.limit = limit
        let contexts = Int.random(in: 1...contextCount, using: &random)
        for _ in 0..<count { script.bins.append((random.next() & 65535 < ones, Int.random(in: 0..<contexts, using: &random))) }
        return script
    }

    /// The bins a codeword says under the contexts given, so that the encoder's interval closes around that codeword.
    static func following(_ codeword: [UInt8], contexts: [Int], limit: Int) -> BinScript {
        var script = BinScript()
        script.limit = limit
        codeword.withView { view in
            var states = [UInt32](repeating: AdaptiveProbability.initial, count: contextCount)
            let adaptation = AdaptationTable(limit: limit)
            var decoder = ArithmeticDecoder(view)
            for context in contexts { script.bins.append((decoder.bin(&states[context], adaptation), context)) }
            _ = decoder.finish()
        }
        return script
    }

    func encoded() -> [UInt8] {
        var states = [UInt32](repeating: AdaptiveProbability.initial, count: Self.contextCount)
        let adaptation = AdaptationTable(limit: limit)
        var encoder = ArithmeticEncoder(reservingBytes: 16)
        for (isOne, context) in bins {
            encoder.reserve(bins: 1)
            encoder.bin(isOne ? 1 : 0, &states[context], adaptation)
        }
        return encoder.finish()
    }

    func plainlyEncoded() -> [UInt8] {
        var states = [PlainArithmeticEncoder.Context](repeating: .init(), count: Self.contextCount)
        var encoder = PlainArithmeticEncoder()
        for (isOne, context) in bins { encoder.bin(isOne, &states[context], limit: limit) }
        return encoder.finish()
    }

    /// The number of bins that come back as they were, and whether the codeword is exactly that of so many bins.
    func decoded(_ codeword: [UInt8]) -> (equal: Int, isSound: Bool) {
        codeword.withView { view in
            var states = [UInt32](repeating: AdaptiveProbability.initial, count: Self.contextCount)
            let adaptation = AdaptationTable(limit: limit)
            var decoder = ArithmeticDecoder(view)
            var equal = 0
            for (isOne, context) in bins where decoder.bin(&states[context], adaptation) == isOne { equal += 1 }
            return (equal, decoder.finish())
        }
    }
}
