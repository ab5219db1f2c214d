import TamisBits

/// Spec §4.5. How the elements of an integer tensor become indices.
package struct IntegerCoding: SyntaxStructure, Equatable, Sendable {
    /// What an index of 0 stands for.
    package var offset: Int64 = 0
    /// Binary logarithm of the number of indices that an element is divided into, lowest bits first: uint8 elements may be pairs of
    /// numbers of four bits, or four of two bits.
    package var fieldsLog2: UInt8 = 0

    package static let offsetRange: ClosedRange<Int64> = -(1 << 31)...(1 << 32)

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("integer_coding")
        try visitor.sv("integer_offset", &offset, Self.offsetRange)
        try visitor.u8("fields_log2", &fieldsLog2, 0...2)
        visitor.end()
    }
}
