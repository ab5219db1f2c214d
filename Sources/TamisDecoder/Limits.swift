import TamisBits
import TamisSyntax

/// What a decoder is willing to spend on a stream; a stream that asks for more is refused before anything is allocated for it.
///
/// Who decodes into memory reserves `outputBytes` at the most, besides a small constant. Who decodes piece by piece, to write to a
/// disk, reserves room for the largest tensor, for the largest skeleton, for lists and names (`topologyBytes`, `tensors`, `holes`,
/// `files`, `units`), and for two batches: there `outputBytes` bounds the work and the disk, and may be much more than there is memory.
public struct Limits: Sendable, Equatable {
    /// All decoded files together, in bytes.
    public var outputBytes: UInt64
    /// Bytes of one tensor.
    public var tensorBytes: UInt64
    /// Bytes of one file besides its tensors.
    public var skeletonBytes: UInt64
    public var tensors: UInt64
    /// Places in files that tensors fill.
    public var holes: UInt64
    public var files: UInt64
    /// Decoded size of the topology's body, in bytes.
    public var topologyBytes: UInt64
    public var units: UInt64

    public init(
        outputBytes: UInt64 = 1 << 32, tensorBytes: UInt64 = 1 << 31, skeletonBytes: UInt64 = 1 << 32, tensors: UInt64 = 1 << 16, holes: UInt64 = 1 << 18,
        files: UInt64 = 1 << 8, topologyBytes: UInt64 = 1 << 26, units: UInt64 = 1 << 18
    ) {
        self.outputBytes = outputBytes
        self.tensorBytes = tensorBytes
        self.skeletonBytes = skeletonBytes
        self.tensors = tensors
        self.holes = holes
        self.files = files
        self.topologyBytes = topologyBytes
        self.units = units
    }

    /// Defaults for a library that decodes what strangers send: 4 GiB of output.
    public static let standard = Limits()

    /// For callers that decode piece by piece and keep nothing: 16 TiB of output and the longest lists, as the largest level of the format
    /// has them (Spec §9.1); 16 GiB of memory for one tensor, 4 GiB for one skeleton.
    public static let streaming = Limits(
        outputBytes: 1 << 44, tensorBytes: 1 << 34, tensors: 1 << 20, holes: 1 << 22, files: 1 << 16, topologyBytes: 1 << 28, units: 1 << 21)

    /// Refuses `value` if it is above `level` (the stream breaks its own word) or above `limit` (it asks too much of this decoder).
    ///
    /// - Parameters:
    ///   - element: nil if none has the value.
    ///   - subject, unit: words around the value in the message.
    static func check(
        _ value: UInt64, level: UInt64, limit: UInt64 = .max, _ element: StaticString?, _ subject: String = "the value is", _ unit: String = ""
    ) throws(TamisError) {
        let found = unit.isEmpty ? "\(subject) \(value)" : "\(subject) \(value) \(unit)"
        if value > level {
            throw TamisError(.levelExceeded, "\(found), the stream's level allows \(level)", element: element?.description)
        }
        if value > limit {
            throw TamisError(
                .limitExceeded, "\(found), the limit is \(limit)", element: element?.description,
                advice: "raise the limit if you trust the file")
        }
    }

    /// The bounds of lists under `level`, or before the level is known.
    func bounds(_ level: Level?) -> CountBounds {
        var bounds = CountBounds()
        bounds.files = .init(level: level?.files ?? .max, limit: files)
        bounds.tensors = .init(level: level?.tensors ?? .max, limit: tensors)
        bounds.holes = .init(level: level?.holes ?? .max, limit: holes)
        bounds.units = .init(level: level?.units ?? .max, limit: units)
        return bounds
    }
}
