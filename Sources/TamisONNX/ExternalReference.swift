import TamisBits

/// Where in another file the data of a tensor lie: the entries of `TensorProto.external_data` that mean something.
///
/// Entries with other keys, such as `checksum`, are carried in the skeleton and not used: no key of a file becomes anything here.
struct ExternalReference: Sendable {
    /// The path as written, checked by `isRelativePath`; empty if there is none.
    private(set) var location: [UInt8] = []
    /// Bytes of the file before the data.
    private(set) var offset: UInt64 = 0
    /// Bytes of the data; nil if the file does not say.
    private(set) var length: UInt64?

    /// - Parameter place: the tensor's message in `bytes`.
    /// - Throws: `invalid_model` without a tensor's name if a path leads anywhere but down, a number is none, or a key is there twice.
    init(_ bytes: ByteView, _ place: Range<Int>) throws(TamisError) {
        var hasLocation = false
        var hasOffset = false
        var reader = WireReader(bytes, place)
        while let field = try reader.next() {
            guard field.number == ONNXField.Tensor.externalData, field.kind == .lengthDelimited else { continue }
            let (key, value) = try Self.entry(bytes, field.value)
            if bytes.holds(key, "location") {
                if hasLocation { throw Self.repeated("location", field) }
                hasLocation = true
                location = try Self.path(bytes, value)
            } else if bytes.holds(key, "offset") {
                if hasOffset { throw Self.repeated("offset", field) }
                hasOffset = true
                offset = try Self.number(bytes, value, "offset")
            } else if bytes.holds(key, "length") {
                if length != nil { throw Self.repeated("length", field) }
                length = try Self.number(bytes, value, "length")
            }
        }
    }

    private static func repeated(_ key: String, _ field: WireField) -> TamisError { fault("has the key \(key) twice", at: field.value.lowerBound) }

    private static func entry(_ bytes: ByteView, _ place: Range<Int>) throws(TamisError) -> (key: Range<Int>, value: Range<Int>) {
        var key = 0..<0
        var value = place.upperBound..<place.upperBound
        var reader = WireReader(bytes, place)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.StringStringEntry.key: key = field.value
            case ONNXField.StringStringEntry.value: value = field.value
            default: break
            }
        }
        return (key, value)
    }

    // MARK: Values

    private static let maximumPathBytes = 4096
    private static let maximumComponents = 16
    private static let maximumComponentBytes = 255

    private static func path(_ bytes: ByteView, _ place: Range<Int>) throws(TamisError) -> [UInt8] {
        if place.count <= maximumPathBytes {
            let path = bytes[place].array
            if isRelativePath(path) { return path }
        }
        throw fault(
            "has the location '\(NameBuilder.text(place, of: bytes))', expected a path that leads downwards from the folder of the model: at most "
                + "\(maximumComponents) names of at most \(maximumComponentBytes) bytes, separated by /, none of them . or .., and no \\",
            at: place.lowerBound, advice: "such a path can be an attack; if you trust the model, move its data beside it and correct the location")
    }

    /// True if `path` is text without control characters, made of names that lead downwards whatever system reads it.
    static func isRelativePath(_ path: [UInt8]) -> Bool {
        guard path.count <= maximumPathBytes, path.withView({ NameBuilder.isClean($0) }), !path.contains(UInt8(ascii: "\\")) else { return false }
        let components = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return components.count <= maximumComponents
            && components.allSatisfy { component in
                !component.isEmpty && component.count <= maximumComponentBytes && !component.elementsEqual(".".utf8)
                    && !component.elementsEqual("..".utf8)
            }
    }

    /// Only digits make a number: no sign, no space, no other base.
    private static func number(_ bytes: ByteView, _ place: Range<Int>, _ key: String) throws(TamisError) -> UInt64 {
        var value: UInt64 = 0
        var isNumber = !place.isEmpty
        for position in place where isNumber {
            let digit = bytes[position] &- UInt8(ascii: "0")
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            isNumber = digit <= 9 && !overflow && !carry
            value = sum
        }
        if isNumber { return value }
        throw fault("has the \(key) '\(NameBuilder.text(place, of: bytes))', expected a decimal number below 2^64", at: place.lowerBound)
    }

    private static func fault(_ message: String, at offset: Int, advice: String? = nil) -> TamisError {
        .invalidModel("external_data " + message, at: offset, advice: advice ?? "the file is damaged or made to do harm; write the model anew")
    }
}
