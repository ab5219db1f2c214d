import TamisBits
import TamisSyntax

/// How long the payload of a unit may be that a streaming decoder takes into memory: generous bounds, from level, limits and topology, of
/// what an encoder has reason to write.
///
/// A Zstandard frame may be padded with empty blocks, and a codeword may be worse than none, without end: such units are sound, and are
/// read from a file, but not from a pipe.
struct StreamingPayloadLimits {
    /// Any unit may have so many bytes: its faults, if it has any, then have their own names.
    private static let slack: UInt64 = 1 << 20
    /// No sum of numbers up to this overflows.
    private static let most: UInt64 = 1 << 60

    private let limits: Limits
    private let level: Level
    private let tensors: UInt64
    private let largestTensor: UInt64
    private let largestSkeleton: UInt64

    /// - Parameter topology: nil before there is one.
    init(_ limits: Limits, _ level: Level, _ topology: Topology?) {
        self.limits = limits
        self.level = level
        tensors = UInt64(topology?.tensors.count ?? 0)
        largestTensor = topology?.tensors.reduce(0) { max($0, $1.byteCount ?? 0) } ?? 0
        largestSkeleton = topology?.files.reduce(0) { max($0, $1.skeletonBytes) } ?? 0
    }

    /// Refuses a unit, by its header, if its payload is to be kept and longer than all those that may be needed.
    ///
    /// - Parameter unitCount: of the units so far.
    func check(_ unit: StreamUnit, unitCount: Int) throws(TamisError) {
        let files = min(limits.files, level.files)
        let most: UInt64
        switch unit.type {
        case .start, .end: most = 0
        case .modelParameterSet: most = Self.bytes(files, each: 64)
        case .topology: most = Self.frame(min(limits.topologyBytes, level.topologyBytes))
        case .skeleton: most = Self.frame(largestSkeleton)
        case .data: most = Self.bytes(largestTensor, each: 4)
        case .group: most = Self.bytes(CodedGroup.mostBytes, each: 4) + Self.bytes(tensors, each: 16)
        case .index: most = Self.bytes(UInt64(unitCount), each: 12) + Self.bytes(tensors, each: 8) + Self.bytes(files, each: 32)
        case nil: return
        }
        if unit.header.payloadLength > most + Self.slack {
            throw TamisError(
                .limitExceeded, "the payload has \(unit.header.payloadLength) bytes, the limit for such a unit of a stream that is decoded as it arrives is \(most + Self.slack)",
                unit: unit.label, element: "payload_length", byteOffset: unit.offset + 1, advice: "decode it from a file if you trust it")
        }
    }

    private static func bytes(_ count: UInt64, each: UInt64) -> UInt64 {
        let (product, overflow) = count.multipliedReportingOverflow(by: each)
        return overflow ? most : min(product, most)
    }

    /// Of a Zstandard frame of so many bytes that do not shrink.
    private static func frame(_ content: UInt64) -> UInt64 { min(content, most) + min(content, most) / 64 }
}
