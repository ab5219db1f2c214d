/// How a tensor is coded (Spec §4.5).
package enum CodingMode: UInt8, Sendable {
    /// Its bytes as they are, in a zstd frame.
    case raw = 0
    /// Indices in arithmetic codewords.
    case index = 1
    /// The bits of floating-point elements.
    case float = 2
}

/// How a tensor of a group is coded (Spec §4.6).
package enum GroupedCodingMode: UInt8, Sendable {
    /// The bytes of the source, in the group's zstd frame.
    case raw = 0
    /// Indices in the group's codeword.
    case index = 1
    /// Other bytes than those of the source, in the group's zstd frame.
    case changed = 2
}
