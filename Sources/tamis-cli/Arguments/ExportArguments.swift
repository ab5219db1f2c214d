import ArgumentParser
import Tamis

/// What files and types a model is decoded to.
struct ExportArguments: ParsableArguments {
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case float, qdq
    }

    enum NumberType: String, ExpressibleByArgument, CaseIterable {
        case float16, bfloat16
    }

    @Flag(help: "One ONNX file with all data inside, also where they lay in files beside it; up to 2 GiB.")
    var singleFile = false

    @Flag(help: "The ONNX file, and one file beside it, named like it with .data appended, with the data of its larger tensors.")
    var external = false

    @Option(
        help: ArgumentHelp(
            "qdq: weights that are integers times a step (see 'encode --grid') are stored as integers of 8 or 4 bits, with a DequantizeLinear node that gives the same values; the others stay as they are.",
            valueName: "form"))
    var form: Form = .float

    @Option(
        help: ArgumentHelp(
            "Store float32 weights rounded to float16 or bfloat16, with a Cast node that gives float32 again.", valueName: "type"))
    var dtype: NumberType?

    func validate() throws {
        if singleFile && external { throw ValidationError("--single-file and --external contradict each other; give one of them") }
    }

    /// - Parameter name: of the model's file.
    func options(named name: String) -> ExportOptions {
        ExportOptions(
            layout: singleFile ? .singleFile : external ? .external(name: name + ".data") : .asStored, form: form == .qdq ? .qdq : .float,
            elementType: dtype.map { $0 == .float16 ? .float16 : .bfloat16 })
    }

    /// The files that were encoded come out.
    var isAsStored: Bool { !singleFile && !external && form == .float && dtype == nil }

    /// What was asked for, in the words of the command line.
    var words: String {
        [singleFile ? "--single-file" : nil, external ? "--external" : nil, form == .qdq ? "--form qdq" : nil, dtype.map { "--dtype \($0.rawValue)" }]
            .compactMap { $0 }.joined(separator: " ")
    }
}
