/// Writes protobuf messages for tests, sound and unsound ones.
package struct ProtobufWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// - Parameter byteCount: pads the varint to this length, not the shortest form.
    package mutating func varint(_ value: UInt64, byteCount: Int = 1) {
        var rest = value
        var written = 1
        while rest >= 0x80 || written < byteCount {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
            written += 1
        }
        bytes.append(UInt8(rest))
    }

    package mutating func tag(_ number: UInt64, _ kind: UInt64) { varint(number << 3 | kind) }

    package mutating func integer(_ number: UInt64, _ value: Int64) {
        tag(number, 0)
        varint(UInt64(bitPattern: value))
    }

    package mutating func message(_ number: UInt64, _ content: [UInt8]) {
        tag(number, 2)
        varint(UInt64(content.count))
        bytes += content
    }

    package mutating func text(_ number: UInt64, _ content: String) { message(number, Array(content.utf8)) }

    package mutating func fixed32(_ number: UInt64, _ value: UInt32) {
        tag(number, 5)
        bytes += littleEndian([value])
    }

    package mutating func fixed64(_ number: UInt64, _ value: UInt64) {
        tag(number, 1)
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }

    package mutating func append(_ more: [UInt8]) { bytes += more }
}

package func littleEndian(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> $0) } }
}

/// `count` different floats as bytes.
package func floats(_ count: Int) -> [UInt8] { littleEndian((0..<count).map { (Float($0) * 0.37 - 1).bitPattern }) }

package func protobuf(_ build: (inout ProtobufWriter) -> Void) -> [UInt8] {
    var writer = ProtobufWriter()
    build(&writer)
    return writer.bytes
}

/// `content` wrapped into messages, the last of `numbers` being the outermost field.
package func nested(_ content: [UInt8], in numbers: [UInt64]) -> [UInt8] {
    // Built back to front: wrapping costs the tag and the length only.
    var reversed: [UInt8] = content.reversed()
    for number in numbers {
        let header = protobuf {
            $0.tag(number, 2)
            $0.varint(UInt64(reversed.count))
        }
        reversed += header.reversed()
    }
    return reversed.reversed()
}
