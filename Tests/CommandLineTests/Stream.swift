import TamisBits

/// Changes to streams that keep their checksums right.
enum Stream {
    /// Bytes before the payload of the first unit: signature and header.
    private static let firstPayload = 8 + 13

    /// The stream with `change` made to the payload of its first unit, the start unit.
    static func changingStart(of stream: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
        let length = Int(stream[9])
        var payload = Array(stream[firstPayload..<(firstPayload + length)])
        change(&payload)
        let crc = payload.withView { CRC32C.of($0) }
        let checksum = [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: crc >> UInt32($0)) }
        return Array(stream[..<firstPayload]) + payload + checksum + Array(stream[(firstPayload + length + 4)...])
    }
}
