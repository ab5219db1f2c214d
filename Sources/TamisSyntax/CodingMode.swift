/// How a tensor is coded (Spec §4.5).
package enum CodingMode: UInt8, Sendable {
    /// Its bytes as they are, in a zstd frame.
    case raw = 0
    /// Indices in arithmetic codewords.
    case index = 1
    /// The bits of floating-point elements.
    case float = 2

    package static let range: ClosedRange<UInt8> = 0...2
    /// In a group.
    package static let groupedRange: ClosedRange<UInt8> = 0...1
}
