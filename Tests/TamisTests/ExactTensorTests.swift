import Tamis
import TamisBits
import TamisEncoder
import TamisModel
import TamisTestSupport
import Testing

/// Tensors that come back bit by bit, whatever their type.
@Suite struct ExactTensorTests {
    private static let lossless = EncodingOptions(target: .lossless)

    /// Elements of a type, with small values that a coder can make something of.
    private static func elements(_ type: ElementType, _ count: Int, seed: UInt64) throws -> [UInt8] {
        var random = SplitMix64(seed: seed)
        let shape = try #require(Shape([UInt64(count)]))
        let byteCount = Int(try #require(TensorDescription(name: "", elementType: type, shape: shape).byteCount))
        let width = max(type.bitCount / 8, 1)
        var bytes: [UInt8] = []
        for _ in 0..<(byteCount / width) {
            let value = Int64(random.laplacian(scale: 9))
            switch type {
            case .float64: bytes += bytesOf(Double(random.laplacian(scale: 0.1)).bitPattern)
            case .float32: bytes += bytesOf(random.laplacian(scale: 0.1).bitPattern)
            case .bfloat16: bytes += bytesOf(UInt16(truncatingIfNeeded: random.laplacian(scale: 0.1).bitPattern >> 16))
            case .float16: bytes += bytesOf(Float16(random.laplacian(scale: 0.1)).bitPattern)
            case .bool: bytes.append(UInt8(random.next() & 1))
            default: for byte in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> Int64(min(8 * byte, 63)))) }
            }
        }
        // Bits behind the last element are 0.
        let used = count * type.bitCount % 8
        if used != 0, let last = bytes.popLast() { bytes.append(last & (1 << UInt8(used) - 1)) }
        return bytes
    }

    private static func bytesOf<T: FixedWidthInteger>(_ value: T) -> [UInt8] { (0..<(T.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> T(8 * $0)) } }

    @Test(arguments: ElementType.allCases) func comeBack(_ type: ElementType) throws {
        for (number, count) in [1, 5, 100, 1999, 70_001].enumerated() {
            var source = PlainSource()
            try source.add("w", type, [count], Self.elements(type, count, seed: UInt64(number)))
            let stream = try source.encoded(Self.lossless)
            #expect(try Tamis.decode(stream) == source.bytes, "\(count) elements")
        }
    }

    /// Integers of Laplacian distribution take about as many bits as their entropy.
    @Test(arguments: [ElementType.int8, .int16, .int32, .int64]) func integersShrink(_ type: ElementType) throws {
        let count = 100_000
        var source = PlainSource()
        try source.add("w", type, [100, count / 100], Self.elements(type, count, seed: 3))
        let stream = try source.encoded(Self.lossless)
        let tensor = try TamisFile(bytes: stream).summary().tensors[0]
        #expect(tensor.mode == "index" && tensor.quantizer == "integer")
        // Scale 9: log2(2 · e · 9) bits.
        #expect(8 * Double(tensor.byteCount) / Double(count) < 5.7)
    }

    /// Bytes that are pairs of four-bit numbers, as of weights that were quantized in blocks.
    @Test func pairsInBytesShrink() throws {
        var random = SplitMix64(seed: 9)
        func nibble() -> UInt8 { UInt8(min(max(8 + random.laplacian(scale: 1.2).rounded(), 0), 15)) }
        let bytes = (0..<60_000).map { _ in nibble() | nibble() << 4 }
        var source = PlainSource()
        try source.add("w", .uint8, [60, 1000], bytes)
        let stream = try source.encoded(Self.lossless)
        #expect(try Tamis.decode(stream) == source.bytes)
        let summary = try TamisFile(bytes: stream).summary()
        #expect(summary.tensors[0].quantizer == "integer")
        #expect(Double(summary.tensors[0].byteCount) < 0.75 * Double(bytes.count))
    }

    /// What is no number of the type still comes back.
    @Test func oddBitsComeBack() throws {
        var source = PlainSource()
        try source.add("a bool of 2", .bool, [4], [0, 1, 2, 255])
        try source.add("bits behind the last element", .int4, [3], [0x21, 0xF3])
        try source.add("the same, longer", .uint2, [2001], [UInt8](repeating: 0x1B, count: 500) + [0xFF])
        try source.add("numbers too far apart", .int64, [200], (0..<200).flatMap { Self.bytesOf(Int64.max / 200 * Int64($0)) })
        try source.add("beyond the sign", .uint64, [200], (0..<200).flatMap { _ in Self.bytesOf(UInt64.max) })
        try source.add("the least", .int64, [200], (0..<200).flatMap { _ in Self.bytesOf(Int64.min) })
        #expect(try Tamis.decode(source.encoded(Self.lossless)) == source.bytes)
    }

    @Test func equalTensorsAreCodedOnce() throws {
        var source = PlainSource()
        let content = try Self.elements(.float32, 40_000, seed: 1)
        var other = content
        other[other.count / 3] ^= 1
        try source.add("first", .float32, [200, 200], content)
        try source.add("other", .float32, [200, 200], other)
        try source.add("again", .float32, [200, 200], content)
        try source.add("of another shape", .float32, [40_000], content)
        try source.add("and again", .float32, [200, 200], content)
        for options in [Self.lossless, EncodingOptions(), EncodingOptions(exclusions: ["again"])] {
            let file = try TamisFile(bytes: source.encoded(options))
            #expect(file.tensors.map(\.name) == ["first", "other", "of another shape"])
            let decoded = try file.decode()
            #expect(decoded.count == source.bytes.count)
            #expect(decoded[Int(source.holes[0].offset)..<Int(source.holes[0].offset) + content.count].elementsEqual(
                decoded[Int(source.holes[2].offset)..<Int(source.holes[2].offset) + content.count]))
            if options.target == .lossless { #expect(decoded == source.bytes) }
            // An alias that is excluded is one tensor with its original.
            let isExact = try file.tensor(named: "first").1 == content
            #expect(isExact == (options.target == .lossless || !options.exclusions.isEmpty))
        }
    }

    @Test(arguments: [ElementType.float16, .bfloat16]) func halfPrecisionIsQuantized(_ type: ElementType) throws {
        let count = 90_000
        var source = PlainSource()
        try source.add("w", type, [300, count / 300], Self.elements(type, count, seed: 7))
        try source.add("b", type, [300], Self.elements(type, 300, seed: 8))
        for effort in [1, 3, 5] {
            let stream = try source.encoded(EncodingOptions(target: .quality(decibels: 20), effort: effort))
            let summary = try TamisFile(bytes: stream).summary()
            #expect(summary.tensors.allSatisfy { $0.mode == "index" })
            #expect(stream.count < source.bytes.count / 3)
            let decoded = try Tamis.decode(stream)
            var noise = 0.0
            var signal = 0.0
            for i in 0..<count {
                func value(_ bytes: [UInt8]) -> Double {
                    let place = Int(source.holes[0].offset) + 2 * i
                    let bits = UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
                    return type == .float16 ? Double(Float16(bitPattern: bits)) : Double(Float(bitPattern: UInt32(bits) << 16))
                }
                noise += (value(source.bytes) - value(decoded)) * (value(source.bytes) - value(decoded))
                signal += value(source.bytes) * value(source.bytes)
            }
            #expect(noise < 0.02 * signal && noise > 0)
        }
    }

    /// Near the largest number of the type a level could be infinite.
    @Test func hugeHalvesStayExact() throws {
        var source = PlainSource()
        try source.add("w", .float16, [50, 50], (0..<2500).flatMap { Self.bytesOf(Float16(Float($0 % 2 == 0 ? 60000 : -50000 + $0)).bitPattern) })
        #expect(try Tamis.decode(source.encoded()) == source.bytes)
    }
}
