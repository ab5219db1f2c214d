import TamisBits

/// Spec §9. What a stream of a level may ask of a decoder; level 0 is tiny, for tests.
package struct Level: Sendable, Equatable {
    package let number: UInt8
    package let name: String
    package let files: UInt64
    package let tensors: UInt64
    package let holes: UInt64
    /// Elements of one tensor.
    package let elements: UInt64
    package let rank: UInt64
    package let nameBytes: UInt64
    /// Decoded size of the topology's body.
    package let topologyBytes: UInt64
    /// All decoded files together.
    package let outputBytes: UInt64
    package let units: UInt64

    package static let all: [Level] = [
        Level(
            number: 0, name: "test", files: 2, tensors: 16, holes: 64, elements: 1 << 16, rank: 4, nameBytes: 64, topologyBytes: 1 << 8,
            outputBytes: 1 << 20, units: 64),
        Level(
            number: 1, name: "standard", files: 256, tensors: 1 << 16, holes: 1 << 18, elements: 1 << 31, rank: 8, nameBytes: 4096,
            topologyBytes: 1 << 26, outputBytes: 1 << 32, units: 1 << 18),
        Level(
            number: 2, name: "large", files: 1 << 16, tensors: 1 << 20, holes: 1 << 22, elements: 1 << 36, rank: 16, nameBytes: 4096,
            topologyBytes: 1 << 28, outputBytes: 1 << 44, units: 1 << 21),
    ]
}
