/// How a tensor is coded (Spec §4.5).
package enum CodingMode: UInt8, Sendable {
    /// Its bytes as they are, in a zstd frame.
    case raw = 0
    /// Quantization indices in arithmetic codewords.
    case index = 1

    package static let range: ClosedRange<UInt8> = 0...1
}
