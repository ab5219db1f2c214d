import TamisBits
import TamisTestSupport
import Testing

@testable import TamisZstd

struct ZstandardTests {
    static func frame(_ bytes: [UInt8], level: Int = 3) throws(TamisError) -> [UInt8] {
        try ByteView.of(bytes) { view throws(TamisError) in try Zstandard.compress(view, level: level) }
    }

    static func content(_ frame: [UInt8], count: Int) throws(TamisError) -> [UInt8] {
        var result = [UInt8](repeating: 0xA5, count: count)
        let outcome: Result<Void, TamisError> = result.withUnsafeMutableBytes { target in
            frame.withUnsafeBytes { source in
                do throws(TamisError) {
                    return .success(try Zstandard.decompress(ByteView(unsafe: source), into: ByteRegion(unsafe: target)))
                } catch { return .failure(error) }
            }
        }
        try outcome.get()
        return result
    }

    static func random(_ count: Int, seed: UInt64, symbols: UInt8 = 255) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...symbols, using: &generator) }
    }

    static func code(_ body: () throws -> Void) -> TamisError.Code? {
        do { try body() } catch { return (error as? TamisError)?.code }
        return nil
    }

    @Test(arguments: [0, 1, 2, 255, 256, 257, 1023, 1024, 1025, 65_791, 65_792, 200_000], [-5, 1, 3, 19, 22])
    func roundTrip(count: Int, level: Int) throws {
        for symbols in [UInt8(0), 3, 255] {
            let bytes = Self.random(count, seed: UInt64(count), symbols: symbols)
            #expect(try Self.content(Self.frame(bytes, level: level), count: count) == bytes)
        }
    }

    @Test func headerIsPlain() throws {
        for count in [0, 1, 300, 100_000] {
            let frame = try Self.frame(Self.random(count, seed: 1))
            let header = try ByteView.of(frame) { view throws(TamisError) in try ZstandardFrameHeader(view) }
            #expect(header.contentSize == UInt64(count))
            #expect(!header.hasDictionary)
            #expect(frame[4] & 0x04 == 0, "a checksum")
        }
    }

    @Test func matchesReachAcrossTheWholeContent() throws {
        let half = Self.random(5 << 20, seed: 2)
        let frame = try Self.frame(half + half, level: 12)
        #expect(frame.count < half.count + half.count / 100)
        #expect(try Self.content(frame, count: 2 * half.count) == half + half)
    }

    @Test func windowIsCapped() throws {
        let frame = try Self.frame([UInt8](repeating: 1, count: (1 << 27) + 1), level: 1)
        let header = try ByteView.of(frame) { view throws(TamisError) in try ZstandardFrameHeader(view) }
        #expect(header.windowSize == 1 << 27)
    }

    @Test func levelOutOfRange() {
        #expect(Self.code { _ = try Self.frame([1], level: 23) } == .invalidArgument)
        #expect(Self.code { _ = try Self.frame([1], level: .min) } == .invalidArgument)
    }

    @Test func contentSizeMustBeTheExpectedOne() throws {
        let frame = try Self.frame(Self.random(1000, seed: 3))
        for count in [0, 999, 1001, 5000] {
            #expect(Self.code { _ = try Self.content(frame, count: count) } == .invalidCompressedData)
        }
    }

    @Test func onlyOneFrame() throws {
        let frame = try Self.frame(Self.random(1000, seed: 4))
        let empty = try Self.frame([])
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 9]
        for bytes in [frame + [0], frame + empty, empty + frame, frame + skippable, skippable + frame, skippable] {
            #expect(Self.code { _ = try Self.content(bytes, count: 1000) } == .invalidCompressedData)
        }
    }

    @Test func everyPrefixIsRefused() throws {
        let frame = try Self.frame(Self.random(3000, seed: 5, symbols: 7))
        for count in 0..<frame.count {
            let code = Self.code { _ = try Self.content(Array(frame.prefix(count)), count: 3000) }
            #expect(code == .invalidCompressedData || code == .truncated, "prefix of \(count)")
        }
    }

    /// Raw blocks of one byte each, in headers written by hand.
    @Test func headerForms() throws {
        let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        let block: [UInt8] = [0x09, 0, 0, 0x41]
        #expect(try Self.content(magic + [0x20, 1] + block, count: 1) == [0x41])
        #expect(try Self.content(magic + [0x80, 0x00, 1, 0, 0, 0] + block, count: 1) == [0x41])
        #expect(try Self.content(magic + [0xC0, 0x88, 1, 0, 0, 0, 0, 0, 0, 0] + block, count: 1) == [0x41])
        let refused: [(String, [UInt8])] = [
            ("content size missing", magic + [0x00, 0x00] + block),
            ("reserved bit", magic + [0x28, 1] + block),
            ("dictionary", magic + [0x21, 7, 1] + block),
            ("dictionary number 0", magic + [0x21, 0, 1] + block),
            ("window above 128 MiB", magic + [0x80, 0x89, 1, 0, 0, 0] + block),
            ("largest window", magic + [0x80, 0xFF, 1, 0, 0, 0] + block),
            ("reserved block type", magic + [0x20, 1, 0x0F, 0, 0, 0x41]),
            ("content shorter than stated", magic + [0x20, 1, 0x01, 0, 0]),
            ("content longer than stated", magic + [0x20, 1, 0x11, 0, 0, 0x41, 0x42]),
            ("wrong magic", [0x27, 0xB5, 0x2F, 0xFD, 0x20, 1] + block),
        ]
        for (name, bytes) in refused {
            #expect(Self.code { _ = try Self.content(bytes, count: 1) } == .invalidCompressedData, "\(name)")
        }
        let huge = magic + [0xE0] + [UInt8](repeating: 0xFF, count: 8) + block
        #expect(Self.code { _ = try Self.content(huge, count: 1) } == .invalidCompressedData)
    }

    /// Changed bytes are decoded to something of the right size or refused; nothing else may happen.
    @Test func damagedFramesAreContained() throws {
        var generator = SplitMix64(seed: 6)
        let frames = try [Self.random(4000, seed: 8, symbols: 3), Self.random(4000, seed: 9, symbols: 40)].map { try Self.frame($0, level: 19) }
        for round in 0..<4000 {
            var bytes = frames[round % 2]
            for _ in 0...Int.random(in: 0...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let code = Self.code { _ = try Self.content(bytes, count: 4000) }
            #expect(code == nil || code == .invalidCompressedData || code == .truncated)
        }
    }
}
