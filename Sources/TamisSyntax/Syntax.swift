/// Constants of the stream that belong to no single structure.
package enum Syntax {
    /// The first bytes of every file (Spec §3): a byte no text begins with, "TMS", and the line ends that faulty transfers change.
    package static let signature: [UInt8] = [0xD4, 0x54, 0x4D, 0x53, 0x0D, 0x0A, 0x1A, 0x0A]
    /// A release candidate: it changes for a defect only.
    package static let formatVersion: UInt16 = 1
    /// The only profile so far.
    package static let mainProfile: UInt8 = 0
    package static let maximumRank: UInt8 = 16
    /// Selectors of tools (`level`, `coding_mode` …) have values up to here: those without a meaning are reserved for later (Spec §11).
    package static let maximumReserved: UInt8 = 15
    /// Bound of every text element, whatever the level.
    package static let maximumTextBytes: UInt64 = 65_535

    /// U+0000 … U+001F and U+007F … U+009F: what could steer a terminal.
    package static func hasControlCharacter(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }
}
