import Tamis

/// What is in a model whose format has no more than tensors, as a table for people and as JSON for programs.
struct SourceReport {
    private let source: SourceModel

    init(_ model: ModelFiles) { source = model.source }

    /// Its files, and one line per tensor.
    var text: String {
        var text = "\(source.format) model, \(source.tensors.count.counted("tensor")), \(Decimal.grouped(source.byteCount)) bytes\n"
        for file in source.files { text += "\(file.name.printable) \(Decimal.grouped(file.byteCount)) bytes\n" }
        var table = TextTable([("tensor", .left), ("shape", .left), ("type", .left), ("file", .left), ("bytes", .right)])
        for hole in source.holes {
            let tensor = source.tensors[hole.tensor]
            table.add([tensor.name, tensor.shape.description, tensor.elementType.name, source.files[hole.file].name, Decimal.grouped(hole.byteCount)])
        }
        let tensorBytes = source.holes.reduce(0) { $0 + $1.byteCount }
        table.add(["headers and everything else", "", "", "", Decimal.grouped(source.byteCount - tensorBytes)])
        table.add(["total", "", "", "", Decimal.grouped(source.byteCount)])
        return text + "\n" + table.text
    }

    var members: [(key: String, value: JSONValue)] {
        [
            ("file_bytes", .integer(source.byteCount)),
            ("format", .string(source.format)),
            ("elements", .integer(source.floatElementCount)),
            ("files", .array(source.files.map { .object([("name", .string($0.name)), ("bytes", .integer($0.byteCount))]) })),
            ("tensors", .array(source.holes.map { hole in
                let tensor = source.tensors[hole.tensor]
                return .object([
                    ("name", .string(tensor.name)), ("shape", .array(tensor.shape.dimensions.map { .integer($0) })),
                    ("element_type", .string(tensor.elementType.name)), ("elements", .integer(tensor.shape.elementCount)),
                    ("bytes", .integer(hole.byteCount)), ("file", .string(source.files[hole.file].name)),
                ])
            })),
        ]
    }
}
