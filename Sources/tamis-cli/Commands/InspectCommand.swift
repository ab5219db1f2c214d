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
            let file = try TamisFile.open(input, memory: nil, access: .random, takesShards: true)
            let report = StreamReport(try file.summary())
            if reporting.quiet { return }
            if reporting.json { return try StandardOutput.text(JSONValue.object(report.members).text) }
            let name = FilePath.name(input.name)
            let source = file.fileNames.first ?? ""
            try StandardOutput.text(
                report.sizes(from: source, to: name) + "\n" + report.origin(showsDigests: reporting.verbose) + "\n" + report.table(showsTools: reporting.verbose) + "\n"
                    + report.content + report.whatLacks)
        case .safetensors, .safetensorsIndex:
            let model = try ModelFiles(input, path: self.input, storedName: StoredName.of(path: self.input))
            if reporting.quiet { return }
            let report = SourceReport(model)
            try StandardOutput.text(reporting.json ? JSONValue.object(report.members).text : report.text)
        case .onnx: try inspectONNX(input)
        }
    }

    private func inspectONNX(_ input: InputFile) throws(TamisError) {
        let summary: ONNXSummary
        let locations: [String]
        do throws(TamisError) {
            summary = try ONNXModel.summarize(input.view)
            locations = try ONNXModel.externalLocations(input.view)
        } catch {
            throw error.inFile(input.name)
        }
        var codedInFiles: Set<String> = []
        if !locations.isEmpty {
            // Without these files the rest can still be told.
            do throws(TamisError) {
                codedInFiles = Set(try ModelFiles(input, path: self.input, storedName: StoredName.of(path: self.input)).source.tensors.map(\.name))
            } catch {
                if !reporting.quiet { Diagnostics.warn("what lies in other files is not told: " + error.description) }
            }
        }
        if reporting.quiet { return }
        let report = ONNXReport(summary, fileByteCount: UInt64(input.view.count), locations: locations, codedInFiles: codedInFiles)
        try StandardOutput.text(reporting.json ? JSONValue.object(report.members).text : report.origin + "\n" + report.table)
    }
}
