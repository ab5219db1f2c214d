@testable import TamisArithmetic
import TamisBits
import TamisTestSupport
import Testing

@Suite("Bins come back from their codeword, which is the only one they have")
struct ArithmeticCoderTests {
    @Test(arguments: [1, 64, 4096, 20_000, 32_768, 65_000, 65_500, 65_536] as [UInt64])
    func roundTripAgreesWithPlainEncoder(_ ones: UInt64) {
        var random = SplitMix64(seed: ones)
        for count in [0, 1, 2, 7, 33, 500, 4000] {
            let script = BinScript.random(count: count, ones: ones, limit: Int.random(in: 4...10, using: &random), &random)
            let codeword = script.encoded()
            #expect(codeword == script.plainlyEncoded(), "ones \(ones), count \(count)")
            #expect(script.decoded(codeword) == (count, true), "ones \(ones), count \(count)")
        }
    }

    /// A target of many equal bytes makes the interval lie across a carry for as long as they last.
    @Test(arguments: [4, 7, 10], [[0x7F, 0xFF], [0x80, 0x00], [0x3A, 0xFF], [0xFE, 0xFF]] as [[UInt8]])
    func longCarryChains(_ limit: Int, _ pattern: [UInt8]) {
        var random = SplitMix64(seed: UInt64(limit) << 8 | UInt64(pattern[0]))
        for length in [3, 4, 5, 60, 61, 62, 63, 900] {
            let tail = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let target = [UInt8(length & 127), pattern[0]] + [UInt8](repeating: pattern[1], count: length) + tail
            let contexts = (0..<(target.count * 9)).map { _ in Int.random(in: 0..<BinScript.contextCount, using: &random) }
            let script = BinScript.following(target, contexts: contexts, limit: limit)
            let codeword = script.encoded()
            #expect(codeword == script.plainlyEncoded(), "length \(length)")
            #expect(script.decoded(codeword) == (contexts.count, true), "length \(length)")
        }
    }

    @Test func otherLengthsAndTrailingBitsAreRefused() {
        var random = SplitMix64(seed: 3)
        for count in [1, 5, 100, 700, 2500] {
            for ones in [600, 32_768, 60_000] as [UInt64] {
                let script = BinScript.random(count: count, ones: ones, limit: 6, &random)
                let codeword = script.encoded()
                for byte in [0, 1, 255] as [UInt8] { #expect(!script.decoded(codeword + [byte]).isSound) }
                #expect(!script.decoded(codeword + [0, 0, 0, 0]).isSound)
                #expect(!script.decoded(codeword + [0, 0, 0, 0, 0, 0, 0, 0, 0]).isSound)
                if codeword.count > 1 { #expect(!script.decoded(Array(codeword.dropLast())).isSound) }
            }
        }
    }

    /// Whatever bytes a decoder calls sound must be what an encoder makes of the bins it reads.
    @Test func onlyTheCanonicalCodewordIsSound() {
        var random = SplitMix64(seed: 4)
        for round in 0..<40 {
            let script = BinScript.random(count: Int.random(in: 1...300, using: &random), ones: 30_000, limit: 5, &random)
            let codeword = script.encoded()
            for bit in 0..<(codeword.count * 8) where bit >= codeword.count * 8 - 24 || bit % 7 == round % 7 {
                var other = codeword
                other[bit / 8] ^= 128 >> UInt8(bit % 8)
                guard script.decoded(other).isSound else { continue }
                let own = BinScript.following(other, contexts: script.bins.map(\.context), limit: script.limit)
                #expect(own.encoded() == other, "round \(round), bit \(bit)")
                #expect(script.decoded(other).equal < script.bins.count)
            }
        }
    }

    /// Eight bytes of ones lie outside the first interval. The offset, computed modulo 2^64, forgets them at the second refill:
    /// if only zeros come before that, the rest of the codeword goes on as if nothing had happened.
    @Test func valueOutsideTheFirstIntervalIsRefused() {
        var random = SplitMix64(seed: 5)
        var script = BinScript()
        script.limit = 10
        for place in 0..<4000 { script.bins.append((place >= 2000 && random.next() & 7 == 0, place % 40)) }
        let codeword = script.encoded()
        #expect(script.decoded(codeword).isSound)
        let forged = [UInt8](repeating: 255, count: 8) + codeword[8...]
        #expect(!script.decoded(forged).isSound)
    }
}
