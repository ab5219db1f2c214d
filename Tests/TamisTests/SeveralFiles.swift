import Tamis
import TamisBits
import TamisEncoder
import TamisModel
import TamisTestSupport

/// A model of several files, with tensors of all kinds of units, some in two places, one empty; decoded as it was but for rounding.
struct SeveralFiles {
    private(set) var names: [String] = []
    private(set) var contents: [[UInt8]] = []
    private(set) var tensors: [TensorDescription] = []
    private(set) var holes: [SourceModel.Hole] = []
    var aliases: [SourceModel.Alias] = []

    mutating func addFile(_ name: String) {
        names.append(name)
        contents.append([])
    }

    mutating func addSkeleton(_ bytes: [UInt8]) { contents[contents.count - 1] += bytes }

    /// Adds a tensor, with a hole for it.
    @discardableResult
    mutating func add(_ tensor: TensorDescription, _ bytes: [UInt8]) -> Int {
        tensors.append(tensor)
        addHole(tensors.count - 1, bytes)
        return tensors.count - 1
    }

    @discardableResult
    mutating func add(_ tensor: SyntheticTensor) -> Int {
        guard let shape = Shape(tensor.dimensions.map(UInt64.init)) else { return 0 }
        return add(TensorDescription(name: tensor.name, elementType: .float32, shape: shape), tensor.bytes)
    }

    /// Adds a hole for a tensor that has one before.
    mutating func repeatTensor(_ tensor: Int) {
        guard let hole = holes.first(where: { $0.tensor == tensor }) else { return }
        addHole(tensor, Array(contents[hole.file][hole.range]))
    }

    private mutating func addHole(_ tensor: Int, _ bytes: [UInt8]) {
        let file = contents.count - 1
        holes.append(SourceModel.Hole(file: file, offset: UInt64(contents[file].count), byteCount: UInt64(bytes.count), tensor: tensor))
        contents[file] += bytes
    }

    func encoded(_ options: EncodingOptions) throws(TamisError) -> [UInt8] {
        let source = SourceModel(
            format: "plain", files: zip(names, contents).map { SourceModel.File(name: $0, byteCount: UInt64($1.count)) }, tensors: tensors,
            holes: holes, aliases: aliases, floatElementCount: 0)
        let sink = ByteSink()
        let views = contents.map { bytes in bytes.withView { $0 } }
        // The arrays' memory stays where it is: `contents` holds it.
        try withExtendedLifetime(self) { () throws(TamisError) in
            _ = try Tamis.encode(source, in: SourceBytes(views), options: options, threads: ThreadCount(2)) { (part) throws(TamisError) in sink.take(part) }
        }
        return sink.bytes
    }

    /// Six files: a main one, two with weights in folders, one of skeleton only, an empty one, one that only repeats tensors.
    static let model: SeveralFiles = {
        var model = SeveralFiles()
        model.addFile("model.bin")
        model.addSkeleton(Array("begin".utf8))
        model.add(SyntheticTensor("scale", [12], sigma: 1, seed: 1))
        model.addSkeleton(Array("|between|".utf8))
        model.add(SyntheticTensor("bias", [40], sigma: 0.1, seed: 2))
        if let none = Shape([0, 3]) { model.add(TensorDescription(name: "none", elementType: .float32, shape: none), []) }
        model.addFile("weights/a.data")
        let dense = model.add(SyntheticTensor("dense", [70, 50], sigma: 0.05, seed: 3))
        model.addSkeleton([UInt8](repeating: 0, count: 100))
        model.add(SyntheticTensor("constant", [600], [Float](repeating: 1, count: 600)))
        let small = model.add(SyntheticTensor("bias2", [33], sigma: 0.3, seed: 4))
        if let shape = Shape([5, 9]) {
            model.add(TensorDescription(name: "indices", elementType: .int64, shape: shape), (0..<45).flatMap { [UInt8($0), 0, 0, 0, 0, 0, 0, 0] })
        }
        model.addFile("weights/b.data")
        model.add(SyntheticTensor("head", [30, 64], sigma: 1, seed: 5))
        model.add(SyntheticTensor("bias3", [64], sigma: 1, seed: 6))
        model.addFile("notes.txt")
        model.addSkeleton(Array("only words".utf8))
        model.addFile("empty")
        model.addFile("again/copies")
        for tensor in [dense, small, dense, small] { model.repeatTensor(tensor) }
        model.aliases = [SourceModel.Alias(name: "tied", tensor: dense), SourceModel.Alias(name: "tied small", tensor: small)]
        return model
    }()

    static let stream = (try? model.encoded(EncodingOptions(target: .quality(decibels: 20), sliceElementsLog2: 10))) ?? []
}
