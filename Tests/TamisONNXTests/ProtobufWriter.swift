/// Writes protobuf messages for tests, sound and unsound ones.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// - Parameter byteCount: pads the varint to this length, not the shortest form.
    mutating func varint(_ value: UInt64, byteCount: Int = 1) {
        var rest = value
        var written = 1
        while rest >= 0x80 || written < byteCount {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
            written += 1
        }
        bytes.append(UInt8(rest))
    }

    mutating func tag(_ number: UInt64, _ kind: UInt64) { varint(number << 3 | kind) }

    mutating func integer(_ number: UInt64, _ value: Int64) {
        tag(number, 0)
        varint(UInt64(bitPattern: value))
    }

    mutating func message(_ number: UInt64, _ content: [UInt8]) {
        tag(number, 2)
        varint(UInt64(content.count))
        bytes += content
    }

    mutating func text(_ number: UInt64, _ content: String) { message(number, Array(content.utf8)) }

    mutating func fixed32(_ number: UInt64, _ value: UInt32) {
        tag(number, 5)
        bytes += littleEndian([value])
    }

    mutating func fixed64(_ number: UInt64, _ value: UInt64) {
        tag(number, 1)
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }

    mutating func append(_ more: [UInt8]) { bytes += more }
}

func littleEndian(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> $0) } }
}

/// `count` different floats as bytes.
func floats(_ count: Int) -> [UInt8] { littleEndian((0..<count).map { (Float($0) * 0.37 - 1).bitPattern }) }

func protobuf(_ build: (inout ProtobufWriter) -> Void) -> [UInt8] {
    var writer = ProtobufWriter()
    build(&writer)
    return writer.bytes
}

/// `content` wrapped into messages, the last of `numbers` being the outermost field.
func nested(_ content: [UInt8], in numbers: [UInt64]) -> [UInt8] {
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

/// Builders for the messages of `onnx.proto3`; each gives the content of a message, without tag.
enum ONNX {
    enum Data {
        case raw([UInt8])
        case packedFloats([UInt8])
        case none
    }

    static func tensor(
        _ name: String = "", dims: [Int64], type: Int64 = 1, _ data: Data, more: (inout ProtobufWriter) -> Void = { _ in }
    ) -> [UInt8] {
        protobuf {
            for dim in dims { $0.integer(1, dim) }
            $0.integer(2, type)
            if case .packedFloats(let bytes) = data { $0.message(4, bytes) }
            if !name.isEmpty { $0.text(8, name) }
            if case .raw(let bytes) = data { $0.message(9, bytes) }
            more(&$0)
        }
    }

    /// A float tensor of one dimension in raw_data.
    static func weight(_ name: String = "", _ count: Int = 8) -> [UInt8] { tensor(name, dims: [Int64(count)], .raw(floats(count))) }

    static func sparse(_ values: [UInt8]) -> [UInt8] {
        protobuf {
            $0.message(1, values)
            $0.message(2, tensor("", dims: [8], type: 7, .raw([UInt8](repeating: 1, count: 64))))
            $0.integer(3, 100)
        }
    }

    /// - Parameter value: field number of the attribute, type number, and content of each entry.
    static func attribute(_ name: String, _ field: UInt64, type: Int64?, _ values: [[UInt8]]) -> [UInt8] {
        protobuf {
            $0.text(1, name)
            for value in values { $0.message(field, value) }
            if let type { $0.integer(20, type) }
        }
    }

    static func tensorAttribute(_ name: String, _ tensor: [UInt8]) -> [UInt8] { attribute(name, 5, type: 4, [tensor]) }
    static func graphAttribute(_ name: String, _ graph: [UInt8]) -> [UInt8] { attribute(name, 6, type: 5, [graph]) }

    static func node(_ opType: String, name: String = "", outputs: [String] = [], _ attributes: [[UInt8]] = []) -> [UInt8] {
        protobuf {
            $0.text(1, "x")
            for output in outputs { $0.text(2, output) }
            if !name.isEmpty { $0.text(3, name) }
            $0.text(4, opType)
            for attribute in attributes { $0.message(5, attribute) }
        }
    }

    static func graph(
        _ name: String = "g", nodes: [[UInt8]] = [], initializers: [[UInt8]] = [], sparse: [[UInt8]] = []
    ) -> [UInt8] {
        protobuf {
            for node in nodes { $0.message(1, node) }
            $0.text(2, name)
            for initializer in initializers { $0.message(5, initializer) }
            for tensor in sparse { $0.message(15, tensor) }
        }
    }

    static func function(_ domain: String, _ name: String, nodes: [[UInt8]], attributes: [[UInt8]] = []) -> [UInt8] {
        protobuf {
            $0.text(1, name)
            for node in nodes { $0.message(7, node) }
            $0.text(10, domain)
            for attribute in attributes { $0.message(11, attribute) }
        }
    }

    static func model(_ graph: [UInt8], more: (inout ProtobufWriter) -> Void = { _ in }) -> [UInt8] {
        protobuf {
            $0.integer(1, 8)
            $0.text(2, "tests")
            $0.text(3, "1.0")
            $0.message(7, graph)
            $0.message(8, protobuf { $0.integer(2, 17) })
            more(&$0)
        }
    }

    /// A model of a few hundred bytes that has a tensor in every place.
    static func everything() -> [UInt8] {
        let constant = node("Constant", outputs: ["c"], [tensorAttribute("value", weight())])
        let inner = graph("inner", nodes: [constant], initializers: [weight("weight")])
        let branch = node("If", name: "If_12", outputs: ["y"], [graphAttribute("then_branch", inner)])
        let lists = node(
            "Lists", outputs: ["l"],
            [attribute("ts", 10, type: 9, [weight(), weight()]), attribute("ss", 23, type: 12, [sparse(weight())])])
        let training = protobuf {
            $0.message(1, graph("init", initializers: [weight("start")]))
            $0.message(2, graph("algo", initializers: [weight("rate")]))
        }
        let main = graph(
            "main", nodes: [constant, branch, lists],
            initializers: [weight("w"), tensor("f", dims: [2, 2], .packedFloats(floats(4)))], sparse: [sparse(weight("s"))])
        return model(main) {
            $0.message(20, training)
            $0.message(25, function("d", "f", nodes: [constant], attributes: [tensorAttribute("default", weight())]))
        }
    }
}
