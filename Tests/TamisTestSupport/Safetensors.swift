/// Safetensors files, written by hand.
package enum Safetensors {
    /// A tensor to be put into a file.
    package struct Tensor: Sendable {
        package let name: String
        package let type: String
        package let shape: [Int]
        package let bytes: [UInt8]

        package init(_ name: String, _ type: String, _ shape: [Int], _ bytes: [UInt8]) {
            self.name = name
            self.type = type
            self.shape = shape
            self.bytes = bytes
        }

        package init(_ name: String, _ shape: [Int], floats: [Float]) {
            self.init(name, "F32", shape, floats.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } })
        }

        package init(_ name: String, _ shape: [Int], integers: [Int64]) {
            self.init(name, "I64", shape, integers.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) } })
        }
    }

    /// What a file of statistics has in `__metadata__`.
    package static let statisticsMetadata = #""__metadata__":{"format":"tamis-statistics","version":"1"}"#

    /// A file with the tensors one after the other.
    ///
    /// - Parameters:
    ///   - metadata: a member of the header's object before the tensors, as JSON; nil for none.
    ///   - tensors: names must need no escapes.
    package static func file(metadata: String? = nil, _ tensors: [Tensor]) -> [UInt8] {
        var members = [metadata].compactMap { $0 }
        var data: [UInt8] = []
        for tensor in tensors {
            members.append(
                #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":\#(list(tensor.shape)),"data_offsets":\#(list([data.count, data.count + tensor.bytes.count]))}"#)
            data += tensor.bytes
        }
        return file(header: "{" + members.joined(separator: ",") + "}", data)
    }

    /// A file with any header, without padding.
    package static func file(header: String, _ data: [UInt8] = []) -> [UInt8] {
        let header = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
    }

    /// The index of a model in several files: pairs of a tensor and its file, whose names must need no escapes.
    package static func index(_ map: [(tensor: String, file: String)], metadata: String = #"{"total_size":1.5e3}"#) -> [UInt8] {
        Array("{\n  \"metadata\": \(metadata),\n  \"weight_map\": {\(map.map { "\"\($0.tensor)\": \"\($0.file)\"" }.joined(separator: ", "))}\n}\n".utf8)
    }

    private static func list(_ numbers: [Int]) -> String { "[" + numbers.map(String.init).joined(separator: ",") + "]" }
}
