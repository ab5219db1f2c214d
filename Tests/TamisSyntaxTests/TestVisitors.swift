import TamisBits
import TamisTestSupport

@testable import TamisSyntax

/// Notes the range each element is held to.
struct RangeRecorder: SyntaxVisitor {
    struct Entry: Equatable {
        let structure: String
        let element: String
        let range: SpecTable.Range
    }

    private(set) var entries: [Entry] = []
    private var structures: [String] = []

    var isReading: Bool { false }
    mutating func begin(_ structure: StaticString) { structures.append("\(structure)") }
    mutating func end() { structures.removeLast() }

    private mutating func note(_ element: StaticString, _ range: SpecTable.Range) {
        entries.append(Entry(structure: structures.last ?? "", element: "\(element)", range: range))
    }

    mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) { note(element, integers(range)) }
    mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) { note(element, integers(range)) }
    mutating func u32(_ element: StaticString, _ value: inout UInt32) { note(element, integers(0...UInt32.max)) }
    mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) { note(element, integers(range)) }
    mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) { note(element, integers(range)) }
    mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) { note(element, integers(range)) }
    mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) {
        note(element, .numbers(Double(range.lowerBound), Double(range.upperBound)))
    }
    mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) { note(element, integers(0...maximumBytes)) }
    mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) { note(element, .byteCount(UInt64(count))) }
    mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) {}
    func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        TamisError(code, message, element: "\(element)")
    }

    private func integers<T: BinaryInteger>(_ range: ClosedRange<T>) -> SpecTable.Range { .integers(Int128(range.lowerBound), Int128(range.upperBound)) }
}

/// Writes like `SyntaxWriter`, but holds no range, and puts other bytes in the place of one element.
struct SubstitutingWriter: SyntaxVisitor {
    /// An element as it comes: its number counts all elements written.
    struct Element: Sendable {
        let name: String
        let descriptor: String
        let lower: Int128
        let upper: Int128
        let offset: UInt64
        /// True if items of a list follow, as many as the element says.
        var countsItems = false
    }

    var writer = ByteWriter()
    private(set) var elements: [Element] = []
    private let substitute: (number: Int, bytes: [UInt8])?

    init(_ substitute: (number: Int, bytes: [UInt8])? = nil) { self.substitute = substitute }

    var isReading: Bool { false }
    mutating func begin(_ structure: StaticString) {}
    mutating func end() {}

    private mutating func put(_ element: StaticString, _ descriptor: String, _ lower: Int128, _ upper: Int128, _ write: (inout ByteWriter) -> Void) {
        elements.append(Element(name: "\(element)", descriptor: descriptor, lower: lower, upper: upper, offset: UInt64(writer.count)))
        if let substitute, substitute.number == elements.count - 1 { writer.append(substitute.bytes) } else { write(&writer) }
    }

    mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) {
        put(element, "u8", Int128(range.lowerBound), Int128(range.upperBound)) { $0.u8(value) }
    }
    mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) {
        put(element, "u16", Int128(range.lowerBound), Int128(range.upperBound)) { $0.u16(value) }
    }
    mutating func u32(_ element: StaticString, _ value: inout UInt32) { put(element, "u32", 0, Int128(UInt32.max)) { $0.u32(value) } }
    mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) {
        put(element, "u64", Int128(range.lowerBound), Int128(range.upperBound)) { $0.u64(value) }
    }
    mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) {
        put(element, "uv", Int128(range.lowerBound), Int128(range.upperBound)) { $0.uv(value) }
    }
    mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) {
        put(element, "sv", Int128(range.lowerBound), Int128(range.upperBound)) { $0.append(Self.zigzag(Int128(value))) }
    }
    mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) {
        put(element, "f32", Self.rank(range.lowerBound), Self.rank(range.upperBound)) { $0.u32(value.bitPattern) }
    }
    mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) {
        put(element, "text", 0, Int128(maximumBytes)) { $0.append(Self.text(Array(value.utf8))) }
    }
    mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) {
        put(element, "bytes", Int128(count), Int128(count)) { $0.append(value) }
    }
    mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) {
        if let last = elements.indices.last, elements[last].name == "\(element)" { elements[last].countsItems = true }
    }
    func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        TamisError(code, message, element: "\(element)")
    }

    static func unsigned(_ value: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.uv(value)
        return writer.bytes
    }

    static func zigzag(_ value: Int128) -> [UInt8] { unsigned(UInt64(truncatingIfNeeded: value >= 0 ? 2 * value : -2 * value - 1)) }

    static func text(_ bytes: [UInt8]) -> [UInt8] { unsigned(UInt64(bytes.count)) + bytes }

    /// A number in the order of float32 numbers, their bits if they are positive; both zeros are 0.
    static func rank(_ value: Float) -> Int128 {
        let magnitude = Int128(value.magnitude.bitPattern)
        return value.sign == .minus ? -magnitude : magnitude
    }

    static func float(rank: Int128) -> Float? {
        guard let magnitude = UInt32(exactly: rank.magnitude), magnitude < 1 << 31 else { return nil }
        return Float(bitPattern: magnitude | (rank < 0 ? 1 << 31 : 0))
    }

    /// `value` as the descriptor writes it, or nil if it cannot; an f32 is given by its rank.
    static func form(of value: Int128, as descriptor: String) -> [UInt8]? {
        func fixed(_ count: Int) -> [UInt8]? {
            value >= 0 && value >> Int128(8 * count) == 0 ? (0..<count).map { UInt8(truncatingIfNeeded: value >> Int128(8 * $0)) } : nil
        }
        switch descriptor {
        case "u8": return fixed(1)
        case "u16": return fixed(2)
        case "u32": return fixed(4)
        case "f32": return float(rank: value).map { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) } }
        case "u64": return fixed(8)
        case "uv": return value >= 0 && value <= Int128(UInt64.max) ? unsigned(UInt64(value)) : nil
        case "sv": return value >= Int128(Int64.min) && value <= Int128(Int64.max) ? zigzag(value) : nil
        default: return nil
        }
    }
}

/// Gives each element a value from its range, the ends more often than others.
struct RandomFiller: SyntaxVisitor {
    private var state: UInt64
    /// The bits of a rank of a minifloat.
    private var rankBits: UInt8 = 0
    private var shardNumber: UInt16 = 0

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    private static let last: [String: UInt8] = ["level": 2, "coding_mode": 2, "entry_coding_mode": 2, "quantizer_kind": 5, "element_type": 28]

    private mutating func pick(_ lower: Int128, _ upper: Int128) -> Int128 {
        switch next() % 8 {
        case 0: return lower
        case 1: return upper
        case 2, 3:
            let small = Int128(next() >> (next() % 64))
            return min(lower + small, upper)
        default: return lower + Int128(next()) % (upper - lower + 1)
        }
    }

    var isReading: Bool { true }
    mutating func begin(_ structure: StaticString) {}
    mutating func end() {}

    mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) {
        value = UInt8(pick(Int128(range.lowerBound), Int128(range.upperBound)))
        if "\(element)" == "element_type" && [8, 14, 15].contains(value) { value = 1 }
        // Of what is reserved for later versions, none.
        if let last = Self.last["\(element)"] { value = min(value, last) }
        if "\(element)" == "minifloat_exponent_bits" { rankBits = value }
        if "\(element)" == "minifloat_mantissa_bits" { rankBits += value }
    }
    mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) {
        value = UInt16(pick(Int128(range.lowerBound), Int128(range.upperBound)))
        if "\(element)" == "shard_number" { shardNumber = value }
        if "\(element)" == "shard_count" { value = max(value, shardNumber + 1) }
    }
    mutating func u32(_ element: StaticString, _ value: inout UInt32) { value = UInt32(pick(0, Int128(UInt32.max))) }
    mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) {
        value = UInt64(pick(Int128(range.lowerBound), Int128(range.upperBound)))
    }
    mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) {
        // The length of a list is kept small; it is the only element whose name ends so.
        if "\(element)".hasSuffix("_count") { value = range.lowerBound + next() % 5; return }
        let upper = "\(element)" == "minifloat_top" ? 1 << UInt64(rankBits) : range.upperBound
        value = UInt64(pick(Int128(range.lowerBound), Int128(upper)))
    }
    mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) {
        // A codebook, however short, has the index 0.
        value = "\(element)" == "codebook_first" ? 0 : Int64(pick(Int128(range.lowerBound), Int128(range.upperBound)))
    }
    mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) {
        value = SubstitutingWriter.float(rank: pick(SubstitutingWriter.rank(range.lowerBound), SubstitutingWriter.rank(range.upperBound))) ?? range.lowerBound
    }
    mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) {
        let alphabet: [Character] = ["a", " ", "~", "/", "é", "e\u{301}", "漢", "🧂", "\u{A0}", "\u{FFFF}", "\u{10FFFF}"]
        value = ""
        for _ in 0..<(next() % 12) { value.append(alphabet[Int(next() % UInt64(alphabet.count))]) }
        if next() % 8 == 0 { value = String(repeating: "x", count: Int(maximumBytes)) }
    }
    mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) { value = (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
    mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) {}
    func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        TamisError(code, message, element: "\(element)")
    }
}
