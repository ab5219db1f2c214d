import TamisBits
import TamisDecoder
import TamisFiles
import TamisModel
import TamisONNX
import TamisQuantization
import TamisThreads

extension TamisFile {
    /// Makes ready to decode the model to other files or types than it was encoded from.
    ///
    /// Reads the graph; weights that get another form are decoded here, each held against its digest. Memory is that of the weights in
    /// their new form, of the skeleton, and 32 MiB or the largest tensor.
    ///
    /// - Parameters:
    ///   - verifiesFiles: whether to compare the SHA-256 of files that come out as they were; checksums and digests of units and tensors
    ///     always are.
    ///   - progress: called from any thread with the number of bytes of weights decoded so far.
    /// - Throws: an error of the stream; `invalid_argument` if the options are for ONNX models and this is none, or if the element type is
    ///   neither float16 nor bfloat16; `limit_exceeded` if a file would be longer than ONNX allows, or for lack of memory.
    public func export(
        _ options: ExportOptions = ExportOptions(), threads: ThreadCount = ThreadCount(), verifiesFiles: Bool = true,
        progress: (@Sendable (_ bytes: UInt64) -> Void)? = nil
    ) throws(TamisError) -> ModelExport {
        if let type = options.elementType, type != .float16 && type != .bfloat16 {
            throw TamisError(.invalidArgument, "weights cannot be stored as \(type.name), expected float16 or bfloat16")
        }
        if options.layout == .asStored && !options.changesWeights {
            let plans = files.enumerated().map { (name: $1.name, pieces: [FilePiece.range(file: $0, 0..<$1.byteCount)]) }
            return ModelExport(self, plans, weights: try .none(), notes: [], verifiesFiles: verifiesFiles)
        }
        return try naming { () throws(TamisError) in
            let plan = try plan(threads: threads)
            let image = try ReservedMemory(byteCount: files.first?.byteCount ?? 0)
            if !files.isEmpty { try plan.fillSkeleton(ofFile: 0, into: image.region) }
            if ModelFormat(of: image.view) != .onnx {
                throw TamisError(
                    .invalidArgument, "layouts and forms other than the model's own are for ONNX models, this is another",
                    advice: "decode it as it is")
            }
            return try image.withView { (model) throws(TamisError) in
                let sides = files.dropFirst().map { ONNXModel.SideFile(location: $0.name, byteCount: $0.byteCount) }
                let editor = try ONNXEditor(model, fileName: files[0].name, sideFiles: sides)
                let form = editorForm(options.layout)
                if !options.changesWeights {
                    let plans = try editor.plan(form)
                    return ModelExport(self, plans.map { ($0.name, $0.pieces) }, weights: try .none(), notes: [], verifiesFiles: verifiesFiles)
                }
                var choice = try WeightChoice(options, of: plan, editor.weights())
                let weights = try choice.convert(self, threads: threads, progress: progress)
                let plans = try editor.plan(form, storing: choice.places(of: weights, firstFile: files.count))
                return ModelExport(self, plans.map { ($0.name, $0.pieces) }, weights: weights, notes: choice.notes, verifiesFiles: verifiesFiles)
            }
        }
    }

    private func editorForm(_ layout: ExportOptions.Layout) -> ONNXEditor.Form {
        switch layout {
        case .singleFile: .singleFile
        case .external(let name): .external(name: name ?? files[0].name + ".data")
        case .asStored: files.count == 1 ? .singleFile : .external(name: files[0].name + ".data")
        }
    }
}
