import TamisBits

/// How much a streaming decoder may decode: units that are wanted in many places, far apart, are decoded again and again.
struct WorkBudget {
    /// Bytes decoded and bytes of units read, at the most, for each byte of the stream, of its decoded files and of the pieces.
    static let factor: UInt64 = 4

    private let most: UInt64
    private var spent: UInt64 = 0

    init(_ stream: EncodedStream, pieceBytes: UInt64) {
        // No level lets the first two come near the end of 64 bits.
        let (sum, isTooMany) = (stream.unitByteCount + stream.topology.outputBytes).addingReportingOverflow(pieceBytes)
        let (product, overflow) = sum.multipliedReportingOverflow(by: Self.factor)
        most = isTooMany || overflow ? .max : product
    }

    /// Notes that a unit is about to be read and decoded.
    mutating func spend(reading unit: StreamUnit, decoding byteCount: Int) throws(TamisError) {
        spent += unit.byteCount + UInt64(byteCount)
        if spent > most {
            throw TamisError(
                .limitExceeded,
                "the pieces take the same tensors apart again and again: \(spent) bytes of work, the limit is \(most), \(Self.factor) times stream, files and pieces",
                unit: unit.label, byteOffset: unit.offset, advice: "decode whole files, or tensor by tensor")
        }
    }
}
