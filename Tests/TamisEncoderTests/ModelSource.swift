import TamisBits
import TamisDecoder
import TamisModel
import TamisTestSupport
import TamisThreads
import Testing

@testable import TamisEncoder

/// A model file of no format: float32 tensors one after the other, with words between them.
struct ModelSource {
    private(set) var bytes = Array("model".utf8)
    private(set) var names: [String] = []
    private(set) var dimensions: [[Int]] = []
    private(set) var values: [[Float]] = []
    private var holes: [SourceModel.Hole] = []
    private var roles: [LayerRole?] = []

    /// - Parameter role: numbers of biases are those of tensors in the order in which they are added.
    mutating func add(_ name: String, _ dimensions: [Int], _ values: [Float], role: LayerRole? = nil) {
        #expect(dimensions.reduce(1, *) == values.count)
        holes.append(SourceModel.Hole(offset: UInt64(bytes.count), byteCount: UInt64(values.count * 4), tensor: names.count))
        names.append(name)
        roles.append(role)
        self.dimensions.append(dimensions)
        self.values.append(values)
        bytes += littleEndian(values.map(\.bitPattern)) + Array(";".utf8)
    }

    /// Adds a tensor of Laplacian values.
    mutating func add(_ name: String, _ dimensions: [Int], scale: Float, seed: UInt64, role: LayerRole? = nil) {
        var random = SplitMix64(seed: seed)
        add(name, dimensions, (0..<dimensions.reduce(1, *)).map { _ in random.laplacian(scale: scale) }, role: role)
    }

    var source: SourceModel {
        get throws {
            let tensors = try zip(names, dimensions).map { name, dimensions in
                TensorDescription(name: name, elementType: .float32, shape: try #require(Shape(dimensions.map(UInt64.init))))
            }
            return SourceModel(
                format: "plain", files: [.init(name: "m", byteCount: UInt64(bytes.count))], tensors: tensors, holes: holes, floatElementCount: UInt64(values.reduce(0) { $0 + $1.count }), roles: roles)
        }
    }

    var elementCount: Int { values.reduce(0) { $0 + $1.count } }

    /// Collects what reaches the sink.
    final class Sink {
        var bytes: [UInt8] = []
    }

    /// - Parameter sink: holds what was written, also if an error is thrown.
    func encoded(_ options: EncodingOptions, threads: Int = 2, into sink: Sink = Sink()) throws -> (stream: [UInt8], report: EncodingReport) {
        let source = try source
        let report = try ByteView.of(bytes) { (view) throws(TamisError) in
            let encoder = try ModelEncoder(source: source, bytes: SourceBytes([view]), options: options, threads: ThreadCount(threads))
            return try encoder.encode { (part) throws(TamisError) in sink.bytes += part.array }
        }
        return (sink.bytes, report)
    }

    /// The analysis that the encoder starts from.
    func analyzed<R>(_ options: EncodingOptions = EncodingOptions(), _ body: ([TensorWork]) throws -> R) throws -> R {
        let source = try source
        return try bytes.withUnsafeBytes { buffer in
            let analysis = try ModelAnalysis(
                source, bytes: SourceBytes([ByteView(unsafe: buffer)]), options: options, sliceElements: 1 << options.sliceElementsLog2, threads: ThreadCount(1))
            return try body(analysis.tensors)
        }
    }

    /// The tensors that a stream decodes to; every digest is checked.
    static func decoded(_ stream: [UInt8]) throws -> [[Float]] {
        try ByteView.of(stream) { (view) throws(TamisError) in
            let opened = try EncodedStream.scan(view, limits: .standard)
            return try opened.topology.tensors.indices.map { (number) throws(TamisError) in
                let bytes = try opened.decode(tensor: number, threads: ThreadCount(2))
                return bytes.withView { view in (0..<(bytes.count / 4)).map { Float(bitPattern: view.load($0 * 4, as: UInt32.self)) } }
            }
        }
    }

    /// About 300 000 Laplacian weights of several shapes and scales.
    static let large: ModelSource = {
        var model = ModelSource()
        model.add("conv.weight", [64, 32, 3, 3], scale: 0.05, seed: 1)
        model.add("conv.bias", [64], scale: 0.1, seed: 2)
        model.add("dense.weight", [600, 400], scale: 0.02, seed: 3)
        model.add("dense.bias", [600], scale: 0.01, seed: 4)
        model.add("head.weight", [200, 210], scale: 0.2, seed: 5)
        model.add("norm", [2500], scale: 1, seed: 6)
        return model
    }()

    /// A few thousand, among them a tensor in a group.
    static let tiny: ModelSource = {
        var model = ModelSource()
        model.add("conv.weight", [24, 16, 3, 3], scale: 0.05, seed: 11)
        model.add("conv.bias", [96], scale: 0.1, seed: 12)
        model.add("dense.weight", [60, 50], scale: 0.02, seed: 13)
        return model
    }()
}

/// Distortion by its definition, over the tensors that did not come back bit by bit or were not exact.
struct PlainDistortion {
    private(set) var relativeError = 0.0
    private(set) var squaredError = 0.0
    private(set) var energy = 0.0

    init(_ model: ModelSource, _ decoded: [[Float]], exact: Set<String> = []) {
        for (number, values) in model.values.enumerated() {
            let source = values.map(Double.init)
            let count = Double(source.count)
            let mean = source.reduce(0, +) / count
            let variance = source.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
            let error = zip(source, decoded[number]).reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) }
            if !exact.contains(model.names[number]) { relativeError += error / count / variance }
            if model.dimensions[number].count >= 2 {
                squaredError += error
                energy += source.reduce(0) { $0 + $1 * $1 }
            }
        }
    }
}
