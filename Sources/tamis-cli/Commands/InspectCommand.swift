import ArgumentParser
import Tamis
import TamisFiles
import TamisONNX

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a .tamis file or a model, tensor by tensor.",
        discussion: """
            Decodes nothing, so it is quick; damaged units are refused; 'tamis verify' is what checks all the bytes. What kind of \
            file it is follows from its bytes, not from its name.

            Marks behind the coding say what it does not: * shares a unit, s and m errors hidden from the layer's outputs by \
            synthetic or measured statistics, c a bias that takes up errors.

              tamis inspect model.tamis         where the bytes went, how, and why there are not fewer
              tamis inspect model.onnx          which tensors 'tamis encode' compresses
              tamis inspect --json model.tamis  the same for programs
            """)

    @Argument(help: ArgumentHelp("A .tamis file, or an ONNX or safetensors model, or - for standard input.", valueName: "file"), completion: .file())
    var input: String

    @OptionGroup var reporting: ReportOptions

    func run() throws {
        let input = try InputFile(input, access: .random, limit: Limits.pipeBytes)
        switch ModelFormat(of: input.view) {
        case .tamis:
            let file = try TamisFile.open(input, memory: nil, access: .random)
            let report = StreamReport(try file.summary())
            if reporting.quiet { return }
            if reporting.json { return try StandardOutput.text(JSONValue.object(report.members).text) }
            let name = FilePath.name(input.name)
            let source = file.fileNames.first ?? ""
            try StandardOutput.text(
                report.sizes(from: source, to: name) + "\n" + report.origin(showsDigests: reporting.verbose) + "\n" + report.table(showsTools: reporting.verbose) + "\n"
                    + report.content)
        case .safetensors, .safetensorsIndex:
            let model = try ModelFiles(input, path: self.input, storedName: FilePath.storedName(FilePath.name(self.input)))
            if reporting.quiet { return }
            let report = SourceReport(model)
            try StandardOutput.text(reporting.json ? JSONValue.object(report.members).text : report.text)
        case .onnx:
            do throws(TamisError) {
                let report = try input.withView { (bytes) throws(TamisError) in
                    ONNXReport(try ONNXModel.summarize(bytes), fileByteCount: UInt64(bytes.count))
                }
                if reporting.quiet { return }
                try StandardOutput.text(reporting.json ? JSONValue.object(report.members).text : report.origin + "\n" + report.table)
            } catch {
                throw error.inFile(input.name)
            }
        }
    }
}
