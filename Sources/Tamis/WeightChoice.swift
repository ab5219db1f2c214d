import TamisBits
import TamisDecoder
import TamisModel
import TamisONNX
import TamisQuantization
import TamisThreads

/// Decides which weights of a model are stored in another form, and in which.
struct WeightChoice {
    /// Tensors of fewer elements stay: their nodes would take more than they save.
    private static let fewestElements: UInt64 = 256
    private let tensors: [TensorDescription]
    private let weights: ONNXEditor.Weights
    /// Places in the files of each tensor.
    private let holes: [[WeightPlace]]
    private var candidates: [WeightConverter.Candidate] = []
    private var reasons: [Int: String] = [:]

    init(_ options: ExportOptions, of plan: DecodingPlan, _ weights: ONNXEditor.Weights) throws(TamisError) {
        self.weights = weights
        tensors = plan.topology.tensors
        var holes = [[WeightPlace]](repeating: [], count: tensors.count)
        for (number, file) in plan.topology.files.enumerated() {
            for hole in file.holes { holes[hole.tensor].append(WeightPlace(file: number, offset: hole.offset)) }
        }
        self.holes = holes
        for (number, tensor) in tensors.enumerated() where [.float32, .float16, .bfloat16].contains(tensor.elementType) {
            switch try conversion(number, tensor, options, plan) {
            case .success(let conversion):
                candidates.append(WeightConverter.Candidate(tensor: number, description: tensor, conversion: conversion))
            case .failure(let reason): reasons[number] = reason.text
            }
        }
    }

    private struct Reason: Error {
        let text: String
    }

    private func conversion(
        _ number: Int, _ tensor: TensorDescription, _ options: ExportOptions, _ plan: DecodingPlan
    ) throws(TamisError) -> Result<WeightConverter.Candidate.Conversion, Reason> {
        func stays(_ text: String) -> Result<WeightConverter.Candidate.Conversion, Reason> { .failure(Reason(text: text)) }
        if tensor.elementType != .float32 { return stays("its type is \(tensor.elementType.name)") }
        if tensor.shape.elementCount < Self.fewestElements { return stays("it has fewer than \(Self.fewestElements) elements") }
        for place in holes[number] {
            guard let reason = weights.places[place] else { return stays("the graph does not use it by itself") }
            if let reason { return stays(reason) }
        }
        var problem = "it is not asked for"
        if options.form == .qdq {
            if plan.isGrouped(tensor: number) {
                problem = "it is small"
            } else if let grid = try plan.grid(ofTensor: number) {
                let needed = Self.scales(grid, tensor.shape)?.operatorSet
                if let needed, needed <= weights.highestOperatorSet { return .success(.integers(grid)) }
                problem = needed.map { notRaised($0) } ?? "its rows have steps of their own along axes that no node can express"
            } else {
                problem = "its values are not integers times a step; 'encode --grid' makes them so"
            }
        }
        if let type = options.elementType {
            let needed = StoredWeight.Form.half(type).operatorSet
            if needed <= weights.highestOperatorSet { return .success(.half(type)) }
            problem = notRaised(needed)
        }
        return stays(problem)
    }

    private func notRaised(_ version: Int64) -> String {
        "the node needs version \(version) of the operators, and the model cannot be raised to it" + (weights.obstacle.map { ": \($0)" } ?? "")
    }

    /// Scales of DequantizeLinear that give the rows their steps; nil if there are none.
    static func scales(_ grid: GridSteps, _ shape: Shape) -> StoredWeight.Scales? {
        if grid.steps.count == 1 { return .tensor(grid.steps[0]) }
        let axes = (grid.rowAxis..<(grid.rowAxis + grid.rowAxisCount)).filter { shape.dimensions[$0] > 1 }
        if axes.count == 1 { return .axis(axes[0], grid.steps) }
        // The rows are all of the first axes: one block is all of the axis behind them, and what lies behind that repeats the scale.
        let end = grid.rowAxis + grid.rowAxisCount
        guard grid.rowAxis == 0, end == shape.rank - 1, let last = shape.dimensions.last else { return nil }
        return .blocks(axis: end, blockElements: last, shape: Array(shape.dimensions.dropLast()) + [1], grid.steps)
    }

    // MARK: Conversion

    /// Decodes the candidates and gives them their forms.
    ///
    /// - Throws: an error of the stream; `limit_exceeded` for lack of memory.
    mutating func convert(
        _ file: TamisFile, threads: ThreadCount, progress: (@Sendable (_ bytes: UInt64) -> Void)?
    ) throws(TamisError) -> StoredWeights {
        var converter = try WeightConverter(candidates)
        let pieces = candidates.map { candidate in
            let place = holes[candidate.tensor][0]
            return FilePiece.range(file: place.file, place.offset..<(place.offset + (candidate.description.byteCount ?? 0)))
        }
        try file.decode(pieces, batchBytes: ModelExport.bufferBatchBytes, threads: threads, verifiesFiles: false, progress: progress) {
            (part) throws(TamisError) in converter.take(part)
        }
        let uses4Bits = uses4Bits(converter.outcomes)
        var stored: [StoredWeights.Weight] = []
        for outcome in converter.outcomes {
            if let problem = outcome.problem {
                reasons[outcome.candidate.tensor] = problem
            } else if let form = form(outcome, uses4Bits: uses4Bits) {
                stored.append(converter.stored(outcome, as: form))
            }
        }
        return StoredWeights(stored, in: converter.memory)
    }

    private static let operatorSetOf4Bits: Int64 = 21

    /// Integers of 4 bits are taken where the model's operators have them, and are worth raising it to these if they do for all.
    private func uses4Bits(_ outcomes: [WeightConverter.Outcome]) -> Bool {
        if weights.operatorSet >= Self.operatorSetOf4Bits { return true }
        let integers = outcomes.filter { $0.problem == nil && $0.levels != nil }
        return weights.highestOperatorSet >= Self.operatorSetOf4Bits && integers.allSatisfy(\.fits4Bits)
    }

    private func form(_ outcome: WeightConverter.Outcome, uses4Bits: Bool) -> StoredWeight.Form? {
        switch outcome.candidate.conversion {
        case .half(let type): return .half(type)
        case .integers(let grid):
            guard let levels = outcome.levels, let scales = Self.scales(grid, outcome.candidate.description.shape) else { return nil }
            let bits = uses4Bits && outcome.fits4Bits ? 4 : 8
            let least = -(1 << (bits - 1))
            let most = -least - 1
            // Integers and zero point are those of one signed type.
            var zeroPoint = 0
            if levels.lowerBound < least { zeroPoint = least - levels.lowerBound }
            if levels.upperBound > most { zeroPoint = most - levels.upperBound }
            return .integers(bits: bits, scales, zeroPoint: Int8(zeroPoint))
        }
    }

    // MARK: Results

    /// The weights by their places, as pieces are to name them.
    func places(of stored: StoredWeights, firstFile: Int) -> [WeightPlace: StoredWeight] {
        var places: [WeightPlace: StoredWeight] = [:]
        for (number, weight) in stored.weights.enumerated() {
            for place in holes[weight.tensor] {
                places[place] = StoredWeight(form: weight.form, file: firstFile + number, byteCount: weight.byteCount)
            }
        }
        return places
    }

    /// What stays as it is, and why.
    var notes: [ModelExport.Note] {
        reasons.sorted { $0.key < $1.key }.map { ModelExport.Note(tensor: tensors[$0.key].name, reason: $0.value) }
    }
}

extension WeightConverter.Outcome {
    fileprivate var fits4Bits: Bool {
        guard let levels else { return false }
        return levels.lowerBound >= -8 && levels.upperBound <= 7
    }
}
