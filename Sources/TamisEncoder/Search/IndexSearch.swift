import TamisArithmetic
import TamisBits
import TamisQuantization

/// Finds the indices of parts of a tensor, each by itself.
struct IndexSearch: Sendable {
    /// Holds the values.
    var work: TensorWork
    let quantizer: TensorQuantizer
    /// Of lines, as the coder will see them.
    var classes = ScaleClasses()
    let binarization: IndexBinarization
    var usesNeighbours = false
    /// What is added to the magnitude of levels that are not zero, in 256ths of a step.
    var offset: Int

    init(_ work: TensorWork, _ quantizer: TensorQuantizer, _ binarization: IndexBinarization) {
        self.work = work
        self.quantizer = quantizer
        self.binarization = binarization
        offset = quantizer.reconstruction.offset
    }

    /// Searches indices with these rates, or rounds if there are none.
    ///
    /// - Parameters:
    ///   - range: of the coding order.
    ///   - indices: as many as `range` has places.
    /// - Returns: in steps, what was quantized in place of the values to hide errors; nil if it was the values.
    func find(_ range: Range<Int>, _ rates: IndexRates?, into indices: UnsafeMutableBufferPointer<Int32>) -> [Float]? {
        let targets = unsafe findUnbounded(range, rates, into: indices)
        // A step that was asked for may need more levels.
        if let bound = work.bound, quantizer.step >= work.finestStep(spacing: quantizer.spacing) {
            unsafe quantizer.bound(indices, levels: Int32(bound.levels), isSearched: rates != nil)
        }
        return targets
    }

    private func findUnbounded(_ range: Range<Int>, _ rates: IndexRates?, into indices: UnsafeMutableBufferPointer<Int32>) -> [Float]? {
        precondition(RateRow.agreesWithRates && indices.count == range.count)
        // A search without rates starts from rounding; what it finds is not kept.
        let coupling = rates == nil && quantizer.lambda != nil ? nil : work.coupling
        if rates == nil && coupling == nil {
            unsafe quantizer.round(work.values, range: range, of: work.view, classes, into: indices)
            return nil
        }
        if let coupling {
            return unsafe coupling.layout == .along ? along(range, rates, coupling, into: indices) : across(range, rates, coupling, into: indices)
        }
        let window = window(range)
        if let rates { unsafe search(window, rates, from: 0, into: indices) }
        return nil
    }

    private func window(_ range: Range<Int>) -> SearchWindow {
        var window = SearchWindow(capacity: range.count)
        window.load(work.values, range: range, of: work.view, classes, step: quantizer.step)
        return window
    }

    private func search(_ window: consuming SearchWindow, _ rates: IndexRates, from state: Int, into indices: UnsafeMutableBufferPointer<Int32>) {
        if case .trellis(let trellis, _, _) = quantizer {
            window.selectRows(binarization, usesNeighbours: usesNeighbours, spacing: quantizer.spacing)
            unsafe TrellisSearch.search(window, rates, trellis, from: state, into: indices)
        } else {
            unsafe ScalarSearch.search(window, rates, binarization, usesNeighbours: usesNeighbours, into: indices)
        }
    }

    /// The weights of an output are next to each other.
    private func along(
        _ range: Range<Int>, _ rates: IndexRates?, _ coupling: ErrorCoupling, into indices: UnsafeMutableBufferPointer<Int32>
    ) -> [Float] {
        var window = window(range)
        return unsafe [Float](unsafeUninitializedCapacity: range.count) { targets, count in
            count = range.count
            let targets = unsafe UnsafeMutableBufferPointer(rebasing: targets[..<count])
            unsafe window.copyValues(to: targets)
            if case .trellis(let trellis, _, _) = quantizer, let rates {
                window.selectRows(binarization, usesNeighbours: usesNeighbours, spacing: quantizer.spacing)
                unsafe TrellisFeedback.search(
                    window, rates, trellis, coupling, range: range, offset: Float(offset) / 256, targets: targets, into: indices)
            } else {
                unsafe ScalarFeedback.round(targets, coupling, range: range, into: indices)
            }
        }
    }

    /// The weights of an output are a line apart: lines are searched one after the other, each with the errors of those before it in
    /// the slice.
    private func across(
        _ range: Range<Int>, _ rates: IndexRates?, _ coupling: ErrorCoupling, into indices: UnsafeMutableBufferPointer<Int32>
    ) -> [Float] {
        var targets: [Float] = []
        targets.reserveCapacity(range.count)
        var lines = LineErrors(coupling, range: range)
        var state = 0
        let offset = Float(offset) / 256
        for line in lines.lines {
            let window = window(line)
            var errors = lines.added()
            let start = targets.count
            for i in 0..<line.count {
                let x = window.value(at: i)
                // A zero stays zero.
                let target = x == 0 ? 0 : x + errors[i]
                targets.append(target)
                errors[i] = x
                window.setValue(target, at: i)
            }
            let found = unsafe UnsafeMutableBufferPointer(rebasing: indices[start..<(start + line.count)])
            if let rates {
                unsafe search(window, rates, from: state, into: found)
            } else {
                for i in 0..<line.count { unsafe found[i] = Int32(targets[start + i].rounded(.toNearestOrEven)) }
            }
            for i in 0..<line.count {
                let index = unsafe found[i]
                var level = index
                if case .trellis(let trellis, _, _) = quantizer {
                    level = Trellis.level(of: index, in: state)
                    state = trellis.next(state, isOdd: index & 1 != 0)
                }
                errors[i] -= Float(level) + Float(level.signum()) * offset
            }
            lines.take(errors)
        }
        return targets
    }

    /// The values in steps, as the layer's output sees them: Uᵀ · x in place of x; nil if that is the same.
    func seen(_ range: Range<Int>) -> [Float]? {
        guard let coupling = work.coupling else { return nil }
        let window = window(range)
        if coupling.layout == .along {
            return unsafe [Float](unsafeUninitializedCapacity: range.count) { values, count in
                count = range.count
                let values = unsafe UnsafeMutableBufferPointer(rebasing: values[..<count])
                unsafe window.copyValues(to: values)
                unsafe ScalarFeedback.follow(values, coupling, range: range, levels: nil)
            }
        }
        var seen: [Float] = []
        var lines = LineErrors(coupling, range: range)
        for line in lines.lines {
            let values = (0..<line.count).map { window.value(at: line.lowerBound - range.lowerBound + $0) }
            seen += zip(values, lines.added()).map { $0 + $1 }
            lines.take(values)
        }
        return seen
    }

    /// The sum of the squared differences of the values, pruned if they are, and what levels stand for.
    ///
    /// - Parameters:
    ///   - levels: as the decoder will have them.
    ///   - targets: what `find` returned.
    ///   - seen: see `seen`; nil if gains do not matter.
    func squaredError(_ levels: UnsafeBufferPointer<Int32>, _ range: Range<Int>, of targets: [Float]?, seen: [Float]? = nil) -> SquaredError {
        var error = SquaredError()
        guard let base = unsafe work.values.buffer.baseAddress else { return error }
        let step = quantizer.step
        let offset = Double(offset) * 0x1p-8
        let followsRows = classes.rowStepExponent > 0 && !classes.rows.isEmpty
        let weights = targets == nil ? nil : work.coupling?.weights(of: range)
        var place = 0
        work.view.forEachRun(in: range) { run in
            var rowStep = Double(step)
            var own = SquaredError()
            for i in 0..<run.count {
                if followsRows && (i == 0 || run.alongRows) {
                    let row = run.alongRows ? run.row + i : run.row
                    rowStep = Double(step * Reconstruction.rowFactor(scaleClass: classes.rows[row], exponent: classes.rowStepExponent))
                }
                let bits = unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: (run.element &+ i &* run.stride) &* 4, as: UInt32.self))
                let level = unsafe levels[place &+ i]
                let sign = Double(level.signum())
                let value = (Double(level) + sign * offset) * rowStep
                let original = Double(Float(bitPattern: bits))
                let difference = original - value
                own.add(
                    targets.map { Double($0[place &+ i]) * rowStep - value } ?? difference, ofValue: difference, towards: sign * rowStep,
                    weight: weights.map { Double($0[place &+ i]) } ?? 1, value: original, seen: seen.map { Double($0[place &+ i]) * rowStep } ?? original)
            }
            error.add(own)
            place += run.count
        }
        return error
    }
}
