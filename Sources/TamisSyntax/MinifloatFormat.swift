import TamisBits

/// Spec §4.5. A small floating-point format, and how many of its ranks have an index.
package struct MinifloatFormat: SyntaxStructure, Equatable, Sendable {
    package var exponentBits: UInt8 = 0
    package var mantissaBits: UInt8 = 0
    package var bias: Int64 = 0
    package var subnormals: UInt8 = 0
    package var top: UInt64 = 1

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("minifloat")
        try visitor.u8("minifloat_exponent_bits", &exponentBits, 0...5)
        try visitor.u8("minifloat_mantissa_bits", &mantissaBits, 0...10)
        try visitor.sv("minifloat_bias", &bias, -80...100)
        try visitor.u8("minifloat_subnormals", &subnormals, 0...1)
        try visitor.uv("minifloat_top", &top, 1...(1 << 15))
        if top > 1 << UInt64(exponentBits + mantissaBits) {
            throw visitor.contradiction(
                "minifloat_top", .valueOutOfRange, "\(top) ranks of \(exponentBits + mantissaBits) bits, expected at most \(1 << UInt64(exponentBits + mantissaBits))")
        }
        visitor.end()
    }
}
