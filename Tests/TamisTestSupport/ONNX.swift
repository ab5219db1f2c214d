/// Builders for the messages of `onnx.proto3`; each gives the content of a message, without tag.
package enum ONNX {
    package enum Data {
        case raw([UInt8])
        case packedFloats([UInt8])
        case none
    }

    package static func tensor(
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
    package static func weight(_ name: String = "", _ count: Int = 8) -> [UInt8] { tensor(name, dims: [Int64(count)], .raw(floats(count))) }

    package static func sparse(_ values: [UInt8]) -> [UInt8] {
        protobuf {
            $0.message(1, values)
            $0.message(2, tensor("", dims: [8], type: 7, .raw([UInt8](repeating: 1, count: 64))))
            $0.integer(3, 100)
        }
    }

    /// - Parameter value: field number of the attribute, type number, and content of each entry.
    package static func attribute(_ name: String, _ field: UInt64, type: Int64?, _ values: [[UInt8]]) -> [UInt8] {
        protobuf {
            $0.text(1, name)
            for value in values { $0.message(field, value) }
            if let type { $0.integer(20, type) }
        }
    }

    package static func tensorAttribute(_ name: String, _ tensor: [UInt8]) -> [UInt8] { attribute(name, 5, type: 4, [tensor]) }
    package static func graphAttribute(_ name: String, _ graph: [UInt8]) -> [UInt8] { attribute(name, 6, type: 5, [graph]) }

    package static func integer(_ name: String, _ value: Int64) -> [UInt8] {
        protobuf {
            $0.text(1, name)
            $0.integer(3, value)
            $0.integer(20, 2)
        }
    }

    package static func integers(_ name: String, _ values: [Int64]) -> [UInt8] {
        protobuf {
            $0.text(1, name)
            for value in values { $0.integer(8, value) }
            $0.integer(20, 7)
        }
    }

    package static func float(_ name: String, _ value: Float) -> [UInt8] {
        protobuf {
            $0.text(1, name)
            $0.fixed32(2, value.bitPattern)
            $0.integer(20, 1)
        }
    }

    package static func text(_ name: String, _ value: String) -> [UInt8] {
        protobuf {
            $0.text(1, name)
            $0.text(4, value)
            $0.integer(20, 3)
        }
    }

    package static func node(
        _ opType: String, name: String = "", domain: String = "", inputs: [String] = ["x"], outputs: [String] = [],
        _ attributes: [[UInt8]] = []
    ) -> [UInt8] {
        protobuf {
            for input in inputs { $0.text(1, input) }
            for output in outputs { $0.text(2, output) }
            if !name.isEmpty { $0.text(3, name) }
            $0.text(4, opType)
            for attribute in attributes { $0.message(5, attribute) }
            if !domain.isEmpty { $0.text(7, domain) }
        }
    }

    /// - Parameters: names of the graph's inputs and outputs, whose types are left out.
    package static func graph(
        _ name: String = "g", nodes: [[UInt8]] = [], initializers: [[UInt8]] = [], sparse: [[UInt8]] = [], inputs: [String] = [],
        outputs: [String] = []
    ) -> [UInt8] {
        protobuf {
            for node in nodes { $0.message(1, node) }
            $0.text(2, name)
            for initializer in initializers { $0.message(5, initializer) }
            for input in inputs { $0.message(11, protobuf { $0.text(1, input) }) }
            for output in outputs { $0.message(12, protobuf { $0.text(1, output) }) }
            for tensor in sparse { $0.message(15, tensor) }
        }
    }

    package static func function(_ domain: String, _ name: String, nodes: [[UInt8]], attributes: [[UInt8]] = []) -> [UInt8] {
        protobuf {
            $0.text(1, name)
            for node in nodes { $0.message(7, node) }
            $0.text(10, domain)
            for attribute in attributes { $0.message(11, attribute) }
        }
    }

    package static func model(_ graph: [UInt8], more: (inout ProtobufWriter) -> Void = { _ in }) -> [UInt8] {
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
    package static func everything() -> [UInt8] {
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
