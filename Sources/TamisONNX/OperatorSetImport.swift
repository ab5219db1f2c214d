import TamisBits

/// An `OperatorSetIdProto`: a set of operators that a model uses.
struct OperatorSetImport {
    /// Place of the domain in the file; empty for the standard operators.
    private(set) var domain = 0..<0
    private(set) var version: Int64 = 0

    /// - Parameter range: place of the message in `bytes`.
    init(_ bytes: ByteView, _ range: Range<Int>) throws(TamisError) {
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.kind) {
            case (ONNXField.OperatorSetId.domain, .lengthDelimited): domain = field.value
            case (ONNXField.OperatorSetId.version, .varint): version = Int64(bitPattern: field.integer)
            default: break
            }
        }
    }
}
