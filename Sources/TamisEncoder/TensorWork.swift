import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

/// A tensor and what is known of it before its step is chosen.
struct TensorWork: Sendable {
    /// Place in the list of tensors.
    let number: Int
    let description: TensorDescription
    var settings: TensorSettings
    /// As in the file.
    private(set) var original: ByteView
    /// The bytes in the file are not needed for a while.
    let release: @Sendable () -> Void
    /// nil unless weights are pruned, or corrected.
    private(set) var changed: ChangedValues?
    /// The values as float32, where the file has them as another type: only while they are needed (`loaded`).
    private var widened: ChangedValues?
    /// It is a bias that was corrected: what is exact is then the corrected values.
    private(set) var isCorrected = false
    /// Of the original.
    let statistics: TensorStatistics
    /// Of what is quantized.
    private(set) var valueStatistics: TensorStatistics
    /// Why it is kept bit-exact; nil if it is quantized.
    var exactReason: String?
    /// It was asked for as it is.
    let isExcluded: Bool
    /// It shares a group unit with other small tensors.
    let isGrouped: Bool
    /// How it is seen as a matrix; in a group, only its size matters.
    let view: MatrixView
    let rowAxis: UInt8
    let rowAxisCount: UInt8
    /// Candidates of the scale classes; empty where lines are too short.
    var rows: [Int8] = []
    var columns: [Int8] = []
    /// α of the steps of rows, in halves.
    var rowStepExponent = 0

    /// How errors of its weights meet at the layer's outputs; nil if each weight is quantized for itself.
    var coupling: ErrorCoupling?

    /// The largest magnitude of levels, and of values over their row's factor of the step; nil if neither is bounded.
    var bound: (levels: Int, magnitude: Double)?

    /// The quantizer whose parameters do not depend on the target; nil if they do.
    var fitted: FittedQuantizer?

    var elementCount: Int { statistics.count }
    /// What is quantized, as little-endian float32: the original, or a copy; valid while `self` is held. Those of a tensor that is not
    /// float32 must be loaded.
    var values: ByteView {
        if let changed { return changed.view }
        if let widened { return widened.view }
        precondition(description.elementType == .float32)
        return original
    }

    /// The mean over all elements of the square of their row's step, over that of the tensor's step.
    var rowStepGain: Double {
        if rowStepExponent == 0 || rows.isEmpty { return 1 }
        var sum = 0.0
        for row in rows {
            let factor = Double(Reconstruction.rowFactor(scaleClass: row, exponent: rowStepExponent))
            sum += factor * factor
        }
        return sum / Double(rows.count)
    }
}

extension TensorWork {
    init(
        number: Int, description: TensorDescription, settings: TensorSettings, original: ByteView, release: @escaping @Sendable () -> Void, statistics: TensorStatistics, isExcluded: Bool,
        isGrouped: Bool, view: MatrixView, rowAxis: UInt8, rowAxisCount: UInt8
    ) {
        self.number = number
        self.description = description
        self.settings = settings
        self.original = original
        self.release = release
        self.statistics = statistics
        valueStatistics = statistics
        self.isExcluded = isExcluded
        self.isGrouped = isGrouped
        self.view = view
        self.rowAxis = rowAxis
        self.rowAxisCount = rowAxisCount
    }

    /// The same tensor with its values at hand.
    func loaded() -> TensorWork {
        if changed != nil || description.elementType == .float32 || !description.elementType.isQuantizable { return self }
        var work = self
        work.widened = ChangedValues(widening: original, from: description.elementType)
        return work
    }

    /// Calls `body` with the values as the file has them, as little-endian float32, valid only during the call.
    func withOriginalValues<R>(_ body: (ByteView) -> R) -> R {
        if description.elementType == .float32 { return body(original) }
        let widened = ChangedValues(widening: original, from: description.elementType)
        return withExtendedLifetime(widened) { body(widened.view) }
    }

    /// The same tensor without memory of its own, unless its values were changed.
    func unloaded() -> TensorWork {
        var work = self
        work.widened = nil
        return work
    }

    /// The same tensor, pruned. Its values must be loaded.
    func pruned(_ pruning: Pruning) -> TensorWork {
        var work = self
        let pruned = ChangedValues(Pruner(pruning, values: values, shape: description.shape, statistics: statistics), of: values)
        work.changed = pruned
        work.valueStatistics = TensorStatistics(of: pruned.view)
        return work
    }
}

extension TensorWork {
    /// It need not come back as it is.
    var mayBeChanged: Bool { !isExcluded && statistics.isFinite && description.elementType == .float32 }

    /// The same tensor with other values.
    func changed(by correction: [Double]) -> TensorWork {
        var work = self
        let changed = ChangedValues(adding: correction, to: values)
        work.changed = changed
        work.original = changed.view
        work.isCorrected = true
        return work
    }

    /// The largest magnitude of a value over its row's factor of the step. Its values must be loaded.
    var largestRowMagnitude: Double {
        if rowStepExponent == 0 || rows.isEmpty { return Double(valueStatistics.largestMagnitude) }
        var largest = [Float](repeating: 0, count: view.rows)
        view.forEachRun(in: 0..<view.elementCount) { run in
            for i in 0..<run.count {
                let row = run.alongRows ? run.row + i : run.row
                let bits = values.load((run.element + i * run.stride) * 4, as: UInt32.self)
                largest[row] = max(largest[row], Float(bitPattern: bits & 0x7FFF_FFFF))
            }
        }
        return zip(largest, rows).reduce(0) { max($0, Double($1.0) / Double(Reconstruction.rowFactor(scaleClass: $1.1, exponent: rowStepExponent))) }
    }

    /// The finest step with which levels stay within their bound; 0 if there is none.
    ///
    /// - Parameter spacing: of the quantizer, see `TensorQuantizer`: of two steps, the nearest level may lie two beyond.
    func finestStep(spacing: Float) -> Float {
        guard let bound else { return 0 }
        return Float(bound.magnitude / Double(bound.levels - (spacing > 1 ? 2 : 0))).nextUp
    }

    /// It is quantized as finely as the target asks.
    var followsScale: Bool { exactReason == nil && fitted == nil && settings.step == nil }

    /// The smallest factor of a row's step.
    var smallestRowFactor: Double {
        if rowStepExponent == 0 { return 1 }
        return Double(Reconstruction.rowFactor(scaleClass: rows.min() ?? 0, exponent: rowStepExponent))
    }
}

extension TensorWork {
    /// The largest factor of a row's step.
    var largestRowFactor: Double {
        if rowStepExponent == 0 { return 1 }
        return Double(Reconstruction.rowFactor(scaleClass: rows.max() ?? 0, exponent: rowStepExponent))
    }
}

extension TensorWork {
    /// What is done to it, once it has a plan.
    func treatment(_ plan: TensorPlan) -> TensorTreatment {
        TensorTreatment(feedback: plan.quantizer == nil ? ErrorFeedback.none : coupling?.feedback ?? ErrorFeedback.none, isCorrected: isCorrected)
    }

    /// β, if just the magnitudes below it were pruned.
    var prunedBelow: Double? { changed?.threshold }
}

extension QuantizerChoice {
    /// Parameters do not depend on the target.
    var isFixed: Bool {
        switch self {
        case .uniform, .rateDistortion, .trellis, .exact: false
        case .muLaw(_, _, let levels): levels != nil
        case .minifloat, .half, .symmetric, .affine, .codebook: true
        }
    }

    /// Indices are searched along a slice, which the small tensors of a group are not.
    var isSearched: Bool {
        switch self {
        case .rateDistortion, .trellis: true
        case .uniform, .muLaw, .minifloat, .half, .symmetric, .affine, .codebook, .exact: false
        }
    }

    /// Whether a tensor for which it was asked by name takes part in error feedback: where the nearest value is taken, or a trellis
    /// weighs what is left. Judging single indices by their rate gains nothing then (Spec/rationale/0014).
    var feedsErrorsBack: Bool {
        switch self {
        case .uniform(let deadzone): deadzone == 0.5
        case .trellis: true
        case .rateDistortion, .muLaw, .minifloat, .half, .symmetric, .affine, .codebook, .exact: false
        }
    }

    /// Indices stand for a table of values: such tensors cannot share a group unit.
    var needsTable: Bool {
        switch self {
        case .muLaw, .minifloat, .half, .codebook: true
        case .uniform, .rateDistortion, .trellis, .exact, .symmetric, .affine: false
        }
    }
}

extension ElementType {
    /// Values may be quantized (Spec §4.5).
    var isQuantizable: Bool { self == .float32 || self == .float16 || self == .bfloat16 }
}
