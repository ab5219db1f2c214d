import TamisBits
import TamisDigest
import TamisSyntax

/// Cuts a stream that arrives in portions of any size into units, and keeps the one that is arriving.
struct StreamingInput {
    enum Step {
        /// All bytes are used up.
        case wait
        /// The header of the next unit, which is sound by itself; its payload follows.
        case header(StreamUnit)
        /// All of it, and what holds its payload. That of an ancillary unit is held against its checksum, and not kept.
        case unit(StreamUnit, any WorkingMemory)
    }

    private enum Stage { case signature, header, payload, checksum }

    private let source: MemorySource
    /// Bytes taken so far.
    private(set) var position: UInt64 = 0
    private var stage = Stage.signature
    /// What has arrived of a signature, a header or a checksum.
    private var gathered: [UInt8] = []
    /// Of the unit that is arriving.
    private var number = 0
    private var offset = UInt64(Syntax.signature.count)
    private var header = UnitHeader()
    private var payload: StreamingPayload
    /// Of the payload, if it is not kept.
    private var crc = CRC32C()
    private var skippedBytes: UInt64 = 0

    init(source: @escaping MemorySource) {
        self.source = source
        payload = StreamingPayload(byteCount: 0, source)
    }

    private var isKept: Bool { !header.isAncillary }
    private var payloadBytes: UInt64 { isKept ? UInt64(payload.count) : skippedBytes }

    /// Takes bytes off the front of `bytes`, until the next step or the last of them.
    ///
    /// - Throws: what the stream's first bytes, a header or the payload of an ancillary unit are refused for; `limit_exceeded` where there is
    ///   no memory.
    mutating func take(_ bytes: inout ByteView) throws(TamisError) -> Step {
        while true {
            switch stage {
            case .signature:
                let isWhole = gather(Syntax.signature.count, &bytes)
                try checkSignature()
                if !isWhole { return .wait }
                go(to: .header)
            case .header:
                if !gather(UnitHeader.byteCount, &bytes) { return .wait }
                try readHeader()
                go(to: .payload)
                return .header(StreamUnit(header, at: offset, number: number))
            case .payload:
                if !(try takePayload(&bytes)) { return .wait }
                go(to: .checksum)
            case .checksum:
                if !gather(UnitHeader.payloadCRCByteCount, &bytes) { return .wait }
                let stored = gathered.withView { $0.load(0, as: UInt32.self) }
                let memory = payload.take()
                let view = memory.region[0..<(isKept ? Int(header.payloadLength) : 0)].view
                let unit = StreamUnit(header, at: offset, number: number, payload: view, payloadCRC: stored)
                if !isKept { try unit.checkPayload(computed: crc.value) }
                number += 1
                offset += unit.byteCount
                go(to: .header)
                return .unit(unit, memory)
            }
        }
    }

    /// What is wrong with a stream that ends here, if not behind a unit's last byte.
    var truncation: TamisError {
        switch stage {
        case .signature:
            do throws(TamisError) { try ByteView.of(gathered) { (view) throws(TamisError) in try EncodedStream.checkSignature(view) } } catch { return error }
            return StreamUnit.truncated(left: 0, at: offset, number: number)
        case .header: return StreamUnit.truncated(left: UInt64(gathered.count), at: offset, number: number)
        case .payload, .checksum: return StreamUnit.truncated(header, left: payloadBytes + UInt64(gathered.count), at: offset, number: number)
        }
    }

    private mutating func go(to next: Stage) {
        stage = next
        gathered.removeAll(keepingCapacity: true)
    }

    /// - Returns: whether `count` bytes are gathered.
    private mutating func gather(_ count: Int, _ bytes: inout ByteView) -> Bool {
        let part = pass(min(count - gathered.count, bytes.count), &bytes)
        gathered += part.array
        return gathered.count == count
    }

    private mutating func pass(_ count: Int, _ bytes: inout ByteView) -> ByteView {
        let part = bytes[0..<count]
        bytes = bytes[count..<bytes.count]
        position += UInt64(count)
        return part
    }

    /// A byte that is wrong is refused as soon as it is there; those that are not there may still come.
    private func checkSignature() throws(TamisError) {
        do throws(TamisError) {
            try ByteView.of(gathered) { (view) throws(TamisError) in try EncodedStream.checkSignature(view) }
        } catch {
            if error.code != .truncated && !gathered.isEmpty { throw error }
        }
    }

    private mutating func readHeader() throws(TamisError) {
        let (offset, number) = (offset, number)
        header = try ByteView.of(gathered) { (view) throws(TamisError) in try StreamUnit.header(view, at: offset, number: number) }
        let before = offset + UInt64(UnitHeader.byteCount + UnitHeader.payloadCRCByteCount)
        if header.payloadLength > UInt64(Int64.max) - before {
            throw TamisError(
                .truncated, "the unit needs \(header.payloadLength) bytes, which no stream has", unit: "unit[\(number)]", element: "payload_length",
                byteOffset: offset + 1, advice: "the file is damaged; fetch it again")
        }
        payload = StreamingPayload(byteCount: isKept ? Int(header.payloadLength) : 0, source)
        crc = CRC32C()
        skippedBytes = 0
    }

    /// - Returns: whether the payload is whole.
    private mutating func takePayload(_ bytes: inout ByteView) throws(TamisError) -> Bool {
        let part = pass(Int(min(header.payloadLength - payloadBytes, UInt64(bytes.count))), &bytes)
        if isKept {
            try payload.append(part)
        } else {
            crc.update(part)
            skippedBytes += UInt64(part.count)
        }
        return payloadBytes == header.payloadLength
    }
}
