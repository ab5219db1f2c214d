import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax
import TamisArithmetic

/// What is in a stream, tensor by tensor: read from the units' headers, without decoding elements.
public struct StreamSummary: Sendable {
    /// A file of the model: what the encoder read and what decoding yields.
    public struct Source: Sendable {
        public let fileName: String
        public let byteCount: UInt64
        /// SHA-256 of the file the encoder read.
        public let sha256: [UInt8]
        /// SHA-256 of the file that decoding yields; empty if the stream, a shard, does not say.
        public let decodedSHA256: [UInt8]
    }

    /// A tensor and how it is coded.
    public struct Tensor: Sendable {
        public let description: TensorDescription
        /// Further names of it.
        public internal(set) var aliases: [String] = []
        /// `raw` or `float` (bit-exact), or `index` (quantized, or integers as they are).
        public let mode: String
        /// Bytes in the file; for a tensor in a group, its share of the group by estimated size.
        public let byteCount: UInt64
        /// True if it shares a unit with other small tensors.
        public let isGrouped: Bool
        /// `uniform`, `trellis`, `codebook`, `companded`, `minifloat` or `integer`, as in the Spec (§4.5); nil where there are no indices.
        public let quantizer: String?
        /// States of a trellis; values of a codebook, a companding or a minifloat, the signs counted once; else nil.
        public let levels: Int?
        /// Step size; nil for tensors without one.
        public let step: Float?
        /// Shift of the reconstruction away from zero, in steps, −½ … ½: the relative deadzone δ of a uniform quantizer less ½; nil for
        /// tensors without a step.
        public let reconstructionOffset: Double?
        /// α of the rows' steps, 0, ½ or 1: they follow the rows' scale.
        public let rowStepExponent: Double
        /// Independently decodable parts.
        public let sliceCount: Int
        /// Coding tools in use, by their names in the Spec.
        public let tools: [String]
        /// Root mean square of the differences from the source, as the encoder states it (Spec §8.4); nil for tensors of a group, which state
        /// one together.
        public let weightError: Float?
        /// Whether errors were hidden from the layer's outputs, as the encoder says; nil if it says nothing.
        public internal(set) var feedback: ErrorFeedback?
        /// It is a bias that took up the mean error of its layer's outputs, as the encoder says; nil if it says nothing.
        public internal(set) var isCorrected: Bool?

        /// Its elements are those that the encoder read, bit by bit.
        public var isExact: Bool { mode != "index" || quantizer == "integer" }
    }

    /// Of how many tensors the encoder says what it did.
    public struct TreatmentCounts: Sendable, Equatable {
        /// Errors were hidden from outputs, by the inputs that such layers have as a rule.
        public let syntheticFeedback: Int
        /// Errors were hidden from outputs, by measured inputs.
        public let measuredFeedback: Int
        /// Biases that took up the mean error of outputs.
        public let correctedBiases: Int
    }

    /// The part of the model that the stream holds; nil: all of it.
    public let shard: Shard?
    public let fileByteCount: UInt64
    public let formatVersion: Int
    public let level: String
    public let encoderName: String
    /// Options given to the encoder, without what it adds about single tensors.
    public let encoderOptions: String
    /// nil if the encoder says nothing of tensors.
    public let treatmentCounts: TreatmentCounts?
    public let sourceFormat: String
    /// Elements of all tensors of floating-point types in the source, coded or not, as the encoder counted them.
    public let sourceFloatElements: UInt64
    public let sources: [Source]
    /// Bytes of the files outside their tensors, as far as the stream holds them.
    public let skeletonByteCount: UInt64
    /// Bytes of the stream's units that hold these, compressed.
    public let skeletonUnitByteCount: UInt64
    /// Those that the stream holds.
    public let tensors: [Tensor]
    /// Bytes of skeletons, topology, index and framing: what is not tensors.
    public var otherByteCount: UInt64 { fileByteCount - min(fileByteCount, tensors.reduce(0) { $0 + $1.byteCount }) }
}

extension EncodedStream {
    /// - Parameter giveBack: called with the bytes of each unit that has been looked at.
    package func summary(givingBack giveBack: ((Range<Int>) -> Void)? = nil) throws(TamisError) -> StreamSummary {
        var tensors = [StreamSummary.Tensor?](repeating: nil, count: topology.tensors.count)
        for unit in units {
            switch unit.type {
            case .data:
                let tensor = try CodedTensor(unit, of: self)
                tensors[tensor.tensor] = Self.summary(tensor, unit)
            case .group:
                let group = try CodedGroup(unit, of: self)
                for (member, bytes) in zip(group.members, group.shares(of: unit.byteCount)) {
                    tensors[member.tensor] = summary(member, bytes)
                }
            default: break
            }
            giveBack?(Int(unit.offset)..<Int(unit.offset + unit.byteCount))
        }
        var sources: [StreamSummary.Source] = []
        for (number, file) in topology.files.enumerated() {
            sources.append(StreamSummary.Source(
                fileName: file.name, byteCount: parameters.sources[number].byteCount, sha256: parameters.sources[number].sha256,
                decodedSHA256: index.files.isEmpty ? [] : index.files[number].sha256))
        }
        var aliases = topology.tensors.map { _ in [String]() }
        for alias in topology.aliases { aliases[alias.tensor].append(alias.name) }
        let (options, note) = TreatmentNote.split(parameters.encoderOptions, tensorCount: tensors.count)
        return StreamSummary(
            shard: shard, fileByteCount: UInt64(bytes.count), formatVersion: Int(start.formatVersion), level: level.name, encoderName: parameters.encoderName,
            encoderOptions: options, treatmentCounts: note.map(StreamSummary.TreatmentCounts.init), sourceFormat: parameters.sourceFormat,
            sourceFloatElements: parameters.sourceFloatElements, sources: sources,
            skeletonByteCount: try skeletonByteCount,
            skeletonUnitByteCount: units.reduce(0) { $1.type == .skeleton ? $0 + $1.byteCount : $0 },
            tensors: try tensors.indices.filter(has).map { (number) throws(TamisError) in
                guard var tensor = tensors[number] else { throw codingScope.missing(number, in: units[Int(index.tensorUnits[number].unitNumber)]) }
                tensor.aliases = aliases[number]
                if let treatment = note?.tensors?[number] {
                    tensor.feedback = treatment.feedback
                    tensor.isCorrected = treatment.isCorrected
                }
                return tensor
            })
    }

    /// Of a shard, what its skeleton units say that they hold.
    private var skeletonByteCount: UInt64 {
        get throws(TamisError) {
            let held = shard == nil ? Array(topology.files.indices) : try findSkeletons(nil).enumerated().filter { $1 != nil }.map(\.offset)
            return held.reduce(0) { $0 + topology.files[$1].skeletonBytes }
        }
    }

    private static func summary(_ tensor: CodedTensor, _ unit: StreamUnit) -> StreamSummary.Tensor {
        func exact(_ mode: String, slices: Int = 1, tools: [String] = []) -> StreamSummary.Tensor {
            StreamSummary.Tensor(
                description: tensor.description, mode: mode, byteCount: unit.byteCount, isGrouped: false, quantizer: nil, levels: nil, step: nil,
                reconstructionOffset: nil, rowStepExponent: 0, sliceCount: slices, tools: tools, weightError: tensor.weightError)
        }
        let content: CodedTensor.IndexContent
        switch tensor.content {
        case .raw: return exact("raw")
        case .float(let content):
            let names: [(FloatCoding.Tools, String)] = [(.rowClasses, "row_classes"), (.columnClasses, "column_classes"), (.shortRows, "short_rows")]
            return exact("float", slices: content.slices.count, tools: names.filter { content.coding.tools.contains($0.0) }.map(\.1))
        case .index(let own): content = own
        }
        var tools: [String] = []
        if content.coding.tools.contains(.rowClasses) { tools.append("row_classes") }
        if content.coding.tools.contains(.columnClasses) { tools.append("column_classes") }
        if content.coding.tools.contains(.neighbourContexts) { tools.append("neighbour_contexts") }
        if content.coding.tools.contains(.signContexts) { tools.append("sign_contexts") }
        let coding = content.coding
        return StreamSummary.Tensor(
            description: tensor.description, mode: "index", byteCount: unit.byteCount, isGrouped: false, quantizer: coding.kind.name,
            levels: coding.levels, step: coding.kind.hasGrid ? coding.grid.step : nil,
            reconstructionOffset: coding.kind.hasGrid ? coding.grid.offset : nil, rowStepExponent: Double(coding.rowStepExponent) / 2,
            sliceCount: content.slices.count, tools: tools, weightError: tensor.weightError)
    }

    private func summary(_ member: CodedGroup.Member, _ bytes: UInt64) -> StreamSummary.Tensor {
        let isIndex = member.entry.isIndex
        return StreamSummary.Tensor(
            description: topology.tensors[member.tensor], mode: isIndex ? "index" : "raw", byteCount: bytes, isGrouped: true,
            quantizer: isIndex ? QuantizerKind.uniform.name : nil, levels: nil, step: isIndex ? member.entry.grid.step : nil,
            reconstructionOffset: isIndex ? member.entry.grid.offset : nil, rowStepExponent: 0, sliceCount: 1, tools: [], weightError: nil)
    }
}

extension StreamSummary.TreatmentCounts {
    fileprivate init(_ note: TreatmentNote) {
        self.init(syntheticFeedback: note.syntheticCount, measuredFeedback: note.measuredCount, correctedBiases: note.correctedCount)
    }
}

extension QuantizerGrid {
    /// In steps.
    fileprivate var offset: Double { Double(reconstructionOffset) / 256 }
}

extension QuantizerKind {
    /// As in the Spec.
    fileprivate var name: String {
        switch self {
        case .uniform: "uniform"
        case .trellis: "trellis"
        case .codebook: "codebook"
        case .companded: "companded"
        case .minifloat: "minifloat"
        case .integer: "integer"
        }
    }
}

extension IndexCoding {
    fileprivate var levels: Int? {
        switch kind {
        case .uniform, .integer: nil
        case .trellis: 1 << Int(trellisStatesLog2)
        case .codebook: codebook.entries.count
        case .companded: Int(companding.levels)
        case .minifloat: Int(minifloat.top)
        }
    }
}

extension CodedGroup {
    /// Divides `total` among the members by the bits their values take about.
    fileprivate func shares(of total: UInt64) -> [UInt64] {
        let weights = members.map { member -> UInt64 in
            if !member.entry.isIndex { return UInt64(member.bytes.count) * 8 + 1 }
            let halfOctaves = Int(header.magnitudeCode) + Int(member.entry.scaleClass) - IndexBinarization.magnitudeCodeBias - ScaleClasses.central
            return UInt64(member.elementCount) * UInt64(max(halfOctaves / 2 + 3, 1)) + 64
        }
        let sum = max(weights.reduce(0, +), 1)
        var shares = weights.map { sum.dividingFullWidth(total.multipliedFullWidth(by: $0)).quotient }
        if let last = shares.indices.last { shares[last] += total - shares.reduce(0, +) }
        return shares
    }
}
