import TamisBits

/// Moves the data of a model's tensors between its files, or gives weights another form, without copying them: what comes out is a
/// plan of what to write.
///
/// Only the records of the tensors that change, the lengths of the messages around them, and what stored forms need besides (initializers
/// and nodes at the front of graphs, versions) are written; every other byte stays.
public struct ONNXEditor: Sendable {
    /// Where the data are to lie.
    public enum Form: Sendable, Equatable {
        /// In the model's file, all of them.
        case singleFile
        /// Those of initializers of at least 1024 bytes, and all that lie in other files already and have so many bytes, in one file
        /// `name` beside the model; the others in the model's file.
        case external(name: String)
    }

    /// Protobuf has no longer messages.
    static let maximumModelBytes: UInt64 = 1 << 31 - 1
    /// Fewest bytes of a tensor that moves out of the model; the runtime takes smaller ones, such as shapes, only from there.
    static let minimumExternalBytes: UInt64 = 1024

    let bytes: ByteView
    private let fileName: String
    let walker: ModelWalker
    private let sideFiles: [ONNXModel.SideFile]
    /// For each file of the walk's locations its number among the files as given.
    let numbers: [Int]
    var edits: [MessageRewriter.Edit] = []
    var layout = ExternalLayout()
    /// Numbers in the walk of weights that are stored in another form.
    var changed: Set<Int> = []

    /// Plans the files that hold the model in `form`, see `plan(_:storing:)`.
    public static func plan(
        _ bytes: ByteView, fileName: String, sideFiles: [ONNXModel.SideFile], form: Form
    ) throws(TamisError) -> [FilePlan] {
        try ONNXEditor(bytes, fileName: fileName, sideFiles: sideFiles).plan(form)
    }

    /// Reads the model.
    ///
    /// - Parameters:
    ///   - bytes: the model's own file, valid as long as the editor is used. The data of tensors do not matter.
    ///   - fileName: the name that it is to have.
    ///   - sideFiles: the other files of the model; pieces name them by their place here, from 1.
    /// - Throws: as `ONNXModel.scan(_:)` with side files.
    public init(_ bytes: ByteView, fileName: String, sideFiles: [ONNXModel.SideFile]) throws(TamisError) {
        self.bytes = bytes
        self.fileName = fileName
        walker = try ONNXModel.walk(bytes, external: ExternalData(), sideByteCount: sideFiles.byteCount)
        self.sideFiles = try ONNXModel.ordered(sideFiles, walker, fileName)
        let places = Dictionary(sideFiles.enumerated().map { (Array($1.location.utf8), $0) }, uniquingKeysWith: { first, _ in first })
        numbers = self.sideFiles.map { (places[Array($0.location.utf8)] ?? 0) + 1 }
        if walker.omittedTensorCount > 0 {
            throw TamisError(
                .limitExceeded, "the model has \(walker.omittedTensorCount) tensors more than can be named, so that their data cannot be moved",
                file: fileName, advice: "keep the files as they are")
        }
    }

    /// Plans the files that hold the model in `form`.
    ///
    /// - Parameter stored: weights that are stored in another form, by their place; each must be one of `weights()`.
    /// - Returns: the model, then the file of its data if there is one.
    /// - Throws: `limit_exceeded` if the model's file would be longer than 2^31 − 1 bytes; `invalid_model` if data in another file are of a
    ///   tensor that readers could disagree about; `invalid_argument` if `name` cannot be the name of the file.
    public func plan(_ form: Form, storing stored: [WeightPlace: StoredWeight] = [:]) throws(TamisError) -> [FilePlan] {
        var editor = self
        if case .external(let name) = form { try editor.requireName(name) }
        try editor.store(stored, form)
        switch form {
        case .singleFile: try editor.moveIn()
        case .external(let name):
            try editor.moveOut(to: name)
            try editor.requireSize(of: name)
        }
        editor.edits.sort { first, second in
            (first.place.lowerBound, first.kind == .prefix ? 0 : 1) < (second.place.lowerBound, second.kind == .prefix ? 0 : 1)
        }
        let model = FilePlan(name: fileName, try MessageRewriter.rewrite(bytes, editor.edits))
        if model.byteCount > Self.maximumModelBytes {
            throw TamisError(
                .limitExceeded, "the model's file would have \(model.byteCount) bytes, but ONNX files have at most \(Self.maximumModelBytes)", file: fileName,
                advice: form == .singleFile ? "keep the data in files beside the model" : "its tensors cannot all move out of it; keep the files as they are")
        }
        guard case .external(let name) = form, editor.layout.list.byteCount > 0 else { return [model] }
        return [model, FilePlan(name: name, editor.layout.list)]
    }

    private mutating func moveIn() throws(TamisError) {
        for place in walker.external?.tensors ?? [] where !changed.contains(place.tensor) {
            let found = walker.tensors[place.tensor]
            let (file, range) = try source(place)
            edits.append(try TensorRewriter.edit(bytes, found.place, data: TensorRewriter.rawData(file: file, range)))
        }
    }

    private func requireName(_ name: String) throws(TamisError) {
        if !ExternalReference.isRelativePath(Array(name.utf8)) || name.utf8.elementsEqual(fileName.utf8) {
            throw TamisError(
                .invalidArgument, "'\(name)' cannot be the name of the file of the tensors' data",
                advice: "use a plain name that differs from that of the model, \(fileName)")
        }
    }

    private mutating func moveOut(to name: String) throws(TamisError) {
        var external = (walker.external?.tensors ?? [])[...]
        for (number, found) in walker.tensors.enumerated() {
            let data: PieceList
            if let place = external.first, place.tensor == number {
                external.removeFirst()
                if changed.contains(number) { continue }
                let (file, range) = try source(place)
                if range.byteCount >= Self.minimumExternalBytes {
                    data = TensorRewriter.externalData(location: name, offset: layout.place(file: file, range), length: range.byteCount)
                } else {
                    data = TensorRewriter.rawData(file: file, range)
                }
            } else if !changed.contains(number), found.isInitializer, found.location == .initializer || found.location == .subgraph, let range = found.coded?.range, range.byteCount >= Self.minimumExternalBytes {
                data = TensorRewriter.externalData(location: name, offset: layout.place(file: 0, range), length: range.byteCount)
            } else {
                continue
            }
            edits.append(try TensorRewriter.edit(bytes, found.place, data: data))
        }
    }

    /// Ranges that overlap are written once each, so that a small file could ask for any number of bytes.
    private func requireSize(of name: String) throws(TamisError) {
        let room = UInt64(walker.tensors.count) << 12
        let (total, overflow) = sideFiles.byteCount.addingReportingOverflow(UInt64(bytes.count))
        let (twice, carry) = total.multipliedReportingOverflow(by: 2)
        if overflow || carry || layout.list.byteCount > twice + min(room, .max - twice) {
            throw TamisError(
                .limitExceeded, "the data would take \(layout.list.byteCount) bytes, more than twice those of all files of the model", file: name,
                advice: "its tensors share bytes; keep the files as they are")
        }
    }

    /// The bytes of a tensor that lie in another file.
    private func source(_ place: ExternalData.Tensor) throws(TamisError) -> (file: Int, range: Range<UInt64>) {
        let found = walker.tensors[place.tensor]
        let range = try HolePlan.range(of: place, found, in: sideFiles[place.file])
        let isEmpty = found.record.dimensions.contains(0)
        guard !found.isAmbiguous, found.record.isPurelyExternal, let bytes = range ?? (isEmpty ? 0..<0 : nil) else {
            throw TamisError.invalidModel(
                "readers could disagree about its data, which lie in another file, so that they cannot be moved", at: found.place.lowerBound,
                advice: "keep the files as they are"
            ).about(tensor: found.name)
        }
        return (numbers[place.file], bytes)
    }
}
