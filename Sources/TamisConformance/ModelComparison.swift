import Tamis
import TamisBits
import TamisDecoder
import TamisModel

/// The decoded files of a stream beside those of the model it was made from.
struct ModelComparison {
    typealias Fault = EncoderCheck.Fault

    private let topology: Topology
    private let decoded: [ByteView]
    /// The bytes of each tensor, from its first hole.
    private let tensors: [ByteView]
    private let stated: [StatedError]
    /// Tensors that may have changed, as far as is stated.
    private var mayChange: Set<Int>
    private let source: ModelFiles
    private let rewritten: ModelFiles?
    /// By their bytes.
    private let namesLeftAlone: Set<[UInt8]>

    /// - Parameters:
    ///   - decoded: the files that the stream decodes to.
    ///   - namesLeftAlone: of tensors that the model has besides those of `source`.
    init(topology: Topology, decoded: [ByteView], stated: [StatedError], source: ModelFiles, rewritten: ModelFiles?, namesLeftAlone: [String]) {
        self.namesLeftAlone = Set(namesLeftAlone.map { Array($0.utf8) })
        self.topology = topology
        self.decoded = decoded
        self.stated = stated
        self.source = source
        self.rewritten = rewritten
        mayChange = Set(stated.flatMap(\.tensors))
        var tensors = [ByteView?](repeating: nil, count: topology.tensors.count)
        for (file, view) in zip(topology.files, decoded) {
            for hole in file.holes where tensors[hole.tensor] == nil { tensors[hole.tensor] = view[Int(hole.offset)..<Int(hole.offset + hole.byteCount)] }
        }
        self.tensors = tensors.map { $0 ?? ByteView() }
    }

    /// Tensors that an importer has found, by the bytes of their names.
    private struct ImportedTensors {
        struct Tensor {
            let name: String
            let description: TensorDescription
            let bytes: ByteView
        }

        private var byName: [[UInt8]: Tensor] = [:]

        init(_ model: ModelFiles) {
            var bytes: [Int: ByteView] = [:]
            for hole in model.source.holes where bytes[hole.tensor] == nil { bytes[hole.tensor] = model.bytes[hole] }
            let names = model.source.tensors.enumerated().map { ($0, $1.name) } + model.source.aliases.map { ($0.tensor, $0.name) }
            for (number, name) in names {
                byName[Array(name.utf8)] = Tensor(name: name, description: model.source.tensors[number], bytes: bytes[number] ?? ByteView())
            }
        }

        subscript(name: String) -> Tensor? { byName[Array(name.utf8)] }

        /// In the order of the bytes of their names.
        var all: [Tensor] { byName.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value) }
    }

    /// The names of each tensor of the stream, its own first.
    private var names: [[String]] {
        var names = topology.tensors.map { [$0.name] }
        for alias in topology.aliases { names[alias.tensor].append(alias.name) }
        return names
    }

    // MARK: Tensors

    /// Each tensor of the stream is one of the model, as far from it as the stream states.
    ///
    /// An encoder may code tensors whose bytes the importer has left alone, such as scalars: those must not change.
    mutating func checkTensors() throws(Fault) {
        let own = ImportedTensors(source)
        let further = rewritten.map(ImportedTensors.init)
        var originals = tensors
        for (tensor, names) in names.enumerated() {
            let found = names.map { own[$0] ?? further?[$0] }
            guard let first = found.compactMap(\.self).first else {
                if let unknown = names.first(where: { !namesLeftAlone.contains(Array($0.utf8)) }) {
                    throw Fault(.wrongTensors, "the model has no tensor '\(unknown)'")
                }
                mayChange.remove(tensor)
                continue
            }
            for (name, found) in zip(names, found) {
                guard let found else { throw Fault(.wrongTensors, "the model has no tensor '\(name)', another name of '\(names[0])' in the stream") }
                try Self.checkDescription(name, expected: found.description, topology.tensors[tensor], "the stream")
                if !found.bytes.isEqual(to: first.bytes) { throw Fault(.wrongTensors, "'\(names[0])' and '\(name)' are one tensor in the stream, and differ in the model") }
            }
            originals[tensor] = first.bytes
            if !mayChange.contains(tensor) && !first.bytes.isEqual(to: tensors[tensor]) {
                throw Fault(.changedBits, "'\(names[0])' is not as it was, and its coding mode says that it is")
            }
        }
        for stated in stated {
            if stated.value > 0, let unknown = stated.tensors.first(where: { !mayChange.contains($0) }) {
                throw Fault(.wrongTensors, "'\(topology.tensors[unknown].name)' states a weight error, and is a tensor that must not change")
            }
            var measured = MeasuredError()
            for tensor in stated.tensors { measured.add(topology.tensors[tensor], source: originals[tensor], decoded: tensors[tensor]) }
            if measured.agrees(with: stated.value) { continue }
            let about = stated.tensors.first.map { "'\(topology.tensors[$0].name)'" + (stated.tensors.count > 1 ? " and \(stated.tensors.count - 1) more" : "") } ?? "no tensor"
            throw Fault(
                .wrongWeightError, "the unit of \(about) states a weight error of \(stated.value), measured \(Float(measured.value)); expected the same to one part in 65536")
        }
    }

    private static func checkDescription(
        _ name: String, expected: TensorDescription, _ found: TensorDescription, _ place: String
    ) throws(Fault) {
        if expected.elementType != found.elementType || expected.shape != found.shape {
            throw Fault(
                .wrongTensors,
                "'\(name)' is \(expected.elementType.name) \(expected.shape) in the model, \(found.elementType.name) \(found.shape) in \(place)")
        }
    }

    // MARK: Files

    /// Outside of the tensors that say so nothing has changed.
    func checkFiles() throws(Fault) {
        for (number, file) in topology.files.enumerated() {
            let candidates = [source.bytes.asRead(number)] + (rewritten.map { [$0.bytes.files[number]] } ?? [])
            guard let original = candidates.first(where: { $0.count == decoded[number].count }) else {
                throw Fault(.changedBits, "'\(file.name)' decodes to \(decoded[number].count) bytes, the model's has \(candidates[0].count)")
            }
            var start = 0
            func compare(upTo end: Int) throws(Fault) {
                if !original[start..<end].isEqual(to: decoded[number][start..<end]) {
                    let place = (start..<end).first { original[$0] != decoded[number][$0] } ?? start
                    throw Fault(.changedBits, "byte \(place) of '\(file.name)' is not as it was, and lies in no tensor that may change")
                }
            }
            for hole in file.holes where mayChange.contains(hole.tensor) {
                try compare(upTo: Int(hole.offset))
                start = Int(hole.offset + hole.byteCount)
            }
            try compare(upTo: original.count)
        }
    }

    /// Read as a model again, the decoded files have the tensors of the model.
    func checkImport(of files: [ReservedMemory]) throws(Fault) {
        let model: ModelFiles
        do throws(TamisError) {
            model = try ModelFiles(decoded: files, names: topology.files.map(\.name), of: "the decoded model")
        } catch {
            throw Fault(.wrongTensors, "the decoded files are no model: \(error.description)")
        }
        let found = ImportedTensors(model)
        var own: [[UInt8]: Int] = [:]
        for (tensor, names) in names.enumerated() { for name in names { own[Array(name.utf8)] = tensor } }
        for tensor in ImportedTensors(source).all {
            guard let decoded = found[tensor.name] else { throw Fault(.wrongTensors, "the decoded model has no tensor '\(tensor.name)'") }
            try Self.checkDescription(tensor.name, expected: tensor.description, decoded.description, "the decoded model")
            // A tensor that may have changed has been held against the model: it only has to be in its place.
            let expected = own[Array(tensor.name.utf8)].flatMap { mayChange.contains($0) ? tensors[$0] : nil } ?? tensor.bytes
            if !decoded.bytes.isEqual(to: expected) { throw Fault(.changedBits, "'\(tensor.name)' of the decoded model has other bytes than expected") }
        }
    }
}
