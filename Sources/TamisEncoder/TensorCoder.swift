import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

/// Codes the slices of one tensor: quantizer, tools and rates are chosen from a sample, then every slice goes by itself.
struct TensorCoder: Sendable {
    private var search: IndexSearch
    /// May be replaced by the same tensor with other values.
    var work: TensorWork {
        get { search.work }
        set { search.work = newValue }
    }
    private var quantizer: TensorQuantizer { search.quantizer }
    private let profile: EffortProfile
    private let preservesGain: Bool
    private(set) var coding = IndexCoding()
    /// The codeword of the classes; empty if none are sent.
    private(set) var lineClasses: [UInt8] = []
    private var classes: ScaleClasses { search.classes }
    private let table: ReconstructionTable?
    private var binarization: IndexBinarization { search.binarization }
    private var rates: IndexRates?
    /// Does all there is to do for the values of a slice, if that is possible and no more is wanted.
    private var hasty: HastyRounding?
    /// Of the sample, per element: error and estimated bits.
    private(set) var meanError = SquaredError()
    private(set) var bitsPerElement = 0.0

    /// Elements from which the tools and rates of a tensor are chosen.
    static let fullSample = Sample(elements: 1 << 17, run: 1 << 14)

    /// Which part of a tensor stands for all of it.
    struct Sample: Sendable {
        /// Elements at the most.
        var elements: Int
        /// Elements in a run.
        var run: Int

        /// Less of the tensor, in shorter runs.
        var short: Sample { Sample(elements: min(elements, 1 << 15), run: min(run, 1 << 9)) }

        /// Runs spread over `count` elements.
        func ranges(of count: Int) -> [Range<Int>] {
            if count <= elements { return stride(from: 0, to: count, by: run).map { $0..<min($0 + run, count) } }
            let runs = max(elements / run, 1)
            if runs == 1 { return [0..<min(run, count)] }
            return (0..<runs).map { number in
                let start = (count - run) * number / (runs - 1)
                return start..<(start + run)
            }
        }
    }

    /// `magnitude_code` for indices of a mean magnitude.
    static func magnitudeCode(mean: Double) -> UInt8 {
        let halfOctaves = LineScale.halfOctaves(of: mean, against: 1) + IndexBinarization.magnitudeCodeBias
        let range = IndexCoding.magnitudeCodeRange
        return UInt8(min(max(halfOctaves, Int(range.lowerBound)), Int(range.upperBound)))
    }

    /// - Parameter preservesGain: levels are moved to where outputs keep their size, not to where the error is least.
    init(_ work: TensorWork, _ quantizer: TensorQuantizer, _ profile: EffortProfile, preservesGain: Bool, sample: Sample, sliceElements: Int) {
        var work = work
        self.profile = profile
        self.preservesGain = preservesGain
        table = quantizer.table
        var meanMagnitude = work.valueStatistics.meanMagnitude / Double(quantizer.step * quantizer.spacing)
        if table != nil {
            // Indices do not grow with the values: lines are described by the indices themselves.
            let magnitudes = Self.magnitudes(of: work, quantizer)
            meanMagnitude = magnitudes.withView { TensorStatistics(of: $0).meanMagnitude }
            (work.rows, work.columns) = magnitudes.withView { LineStatistics.classes(of: $0, view: work.view) }
        }
        coding.magnitudeCode = Self.magnitudeCode(mean: meanMagnitude)
        coding.rowAxis = work.rowAxis
        coding.rowAxisCount = work.rowAxisCount
        coding.rowStepExponent = UInt8(work.rowStepExponent)
        search = IndexSearch(work, quantizer, IndexBinarization(magnitudeCode: coding.magnitudeCode))
        quantizer.fill(&coding)
        let ranges = sample.ranges(of: work.view.elementCount)
        let fewer = profile.isHasty ? sample.short.ranges(of: work.view.elementCount) : ranges
        chooseTools(fewer, sliceElements)
        if profile.isHasty { hasty = HastyRounding(work, quantizer, classes) }
        if let hasty { measure(hasty, ranges, countedIn: fewer) } else { refineRates(ranges) }
        chooseLimit(ranges)
    }

    /// The magnitudes of all indices, as little-endian float32.
    private static func magnitudes(of work: TensorWork, _ quantizer: TensorQuantizer) -> [UInt8] {
        var magnitudes = [UInt8](repeating: 0, count: work.elementCount * 4)
        let part = 1 << 14
        for start in stride(from: 0, to: work.elementCount, by: part) {
            let range = start..<min(start + part, work.elementCount)
            unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
                unsafe quantizer.round(work.values, range: range, of: work.view, ScaleClasses(), into: indices)
                unsafe magnitudes.withUnsafeMutableBytes { bytes in
                    for i in 0..<range.count {
                        let place = range.lowerBound + i
                        let index = unsafe indices[i]
                        unsafe bytes.storeBytes(of: Float(index.magnitude).bitPattern.littleEndian, toByteOffset: place * 4, as: UInt32.self)
                    }
                }
            }
        }
        return magnitudes
    }

    private var reconstruction: Reconstruction { Reconstruction(step: quantizer.step, offset: Int(coding.grid.reconstructionOffset)) }

    private var tools: IndexSliceTools { coding.sliceTools(states: quantizer.states) }

    /// Chooses the tools whose estimated gain is larger than their cost, from plainly rounded indices.
    private mutating func chooseTools(_ ranges: [Range<Int>], _ sliceElements: Int) {
        let candidates = ScaleClasses(rows: work.rows, columns: work.columns, rowStepExponent: work.rowStepExponent)
        let choice = unsafe CodingToolChoice(
            work.description.shape, view: work.view, candidates: candidates, usesContexts: profile.usesContexts, binarization: binarization, ranges: ranges,
            sliceElements: sliceElements
        ) { range, indices in
            unsafe quantizer.round(work.values, range: range, of: work.view, candidates, into: indices)
        }
        lineClasses = choice.codeword
        search.classes = choice.classes
        search.usesNeighbours = choice.usesNeighbours
        choice.fill(&coding)
    }

    /// Estimates rates from plainly rounded indices, then from what searches with the rates before find; and measures the sample.
    private mutating func refineRates(_ ranges: [Range<Int>]) {
        var error = SquaredError()
        var counts = IndexContextCounts()
        let passes = quantizer.lambda == nil ? 0 : max(profile.ratePasses, 1)
        for pass in 0...passes {
            var counted = IndexContextCounts()
            error = SquaredError()
            for range in ranges {
                unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
                    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { lineClasses in
                        let targets = unsafe pass < passes ? search.find(range, rates, into: indices) : find(range, into: indices)
                        unsafe classes.fill(lineClasses, range: range, of: work.view)
                        var tools = tools
                        if pass == 0 { tools.states = .none }
                        unsafe counted.count(UnsafeBufferPointer(indices), classes: UnsafeBufferPointer(lineClasses), binarization, tools)
                        unsafe quantizer.levels(indices)
                        let seen = preservesGain && quantizer.lambda != nil && pass == passes ? search.seen(range) : nil
                        unsafe error.add(squaredError(UnsafeBufferPointer(indices), range, of: targets, seen: seen))
                    }
                }
            }
            if pass == 0 && quantizer.states != .none { counted.mirrorStates() }
            counts = counted
            // The rates of the last search stay, so that slices meet what was measured.
            guard pass < passes, let lambda = quantizer.lambda else { break }
            rates = IndexRates(counts, binarization, lambda: lambda * lambdaUnits, log2: PortableMath.log2)
        }
        let sampled = Double(ranges.reduce(0) { $0 + $1.count })
        if quantizer.lambda != nil {
            // Rounding for the sake of rate moves values toward zero: the levels are moved after them.
            let offset = preservesGain ? error.offsetPreservingGain : error.bestOffset
            coding.grid.reconstructionOffset = Int64(offset)
            search.offset = offset
            error.move(by: offset)
        }
        meanError = error.scaled(by: 1 / sampled)
        bitsPerElement = counts.bits(log2: PortableMath.log2) / sampled
    }

    /// Measures the sample.
    ///
    /// - Parameter counted: the part of it from which the rate is estimated.
    private mutating func measure(_ hasty: HastyRounding, _ ranges: [Range<Int>], countedIn counted: [Range<Int>]) {
        var sum = 0.0
        for range in ranges {
            unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
                sum += unsafe hasty.round(work.values, range, into: indices, decoded: nil)
            }
        }
        var counts = IndexContextCounts()
        for range in counted {
            unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
                unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { lineClasses in
                    _ = unsafe hasty.round(work.values, range, into: indices, decoded: nil)
                    unsafe classes.fill(lineClasses, range: range, of: work.view)
                    unsafe counts.count(UnsafeBufferPointer(indices), classes: UnsafeBufferPointer(lineClasses), binarization, tools)
                }
            }
        }
        meanError = SquaredError(sum: sum).scaled(by: 1 / Double(ranges.reduce(0) { $0 + $1.count }))
        bitsPerElement = counts.bits(log2: PortableMath.log2) / Double(counted.reduce(0) { $0 + $1.count })
    }

    /// Units of cost in a squared step.
    private var lambdaUnits: Double {
        if case .trellis = quantizer { return Double(TrellisBranches.unitsPerSquaredStep) }
        return 1
    }

    /// Codes the first runs with each limit of adaptation.
    private mutating func chooseLimit(_ ranges: [Range<Int>]) {
        if profile.adaptationLimits.count < 2 { return }
        var bytes = [Int](repeating: 0, count: profile.adaptationLimits.count)
        for range in ranges.prefix(2) {
            unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
                _ = unsafe find(range, into: indices)
                for (number, limit) in profile.adaptationLimits.enumerated() {
                    coding.adaptationLimit = UInt8(limit)
                    let slice = unsafe coded(indices, range)
                    bytes[number] += slice.codeword.count + slice.rawBits.count
                }
            }
        }
        if let (_, limit) = zip(bytes, profile.adaptationLimits).min(by: { $0.0 < $1.0 }) { coding.adaptationLimit = UInt8(limit) }
    }

    /// Finds the indices of a slice; returns as `IndexSearch.find` does.
    private func find(_ range: Range<Int>, into indices: UnsafeMutableBufferPointer<Int32>) -> [Float]? {
        if let hasty {
            _ = unsafe hasty.round(work.values, range, into: indices, decoded: nil)
            return nil
        }
        var targets = unsafe search.find(range, rates, into: indices)
        guard profile.slicePasses > 1, let lambda = quantizer.lambda else { return targets }
        for _ in 1..<profile.slicePasses {
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { lineClasses in
                unsafe classes.fill(lineClasses, range: range, of: work.view)
                var own = IndexContextCounts()
                unsafe own.count(UnsafeBufferPointer(indices), classes: UnsafeBufferPointer(lineClasses), binarization, tools)
                let rates = IndexRates(own, binarization, lambda: lambda * lambdaUnits, log2: PortableMath.log2)
                targets = unsafe search.find(range, rates, into: indices)
            }
        }
        return targets
    }

    private func coded(_ indices: UnsafeMutableBufferPointer<Int32>, _ range: Range<Int>) -> IndexSliceCoder.Slice {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { lineClasses in
            unsafe classes.fill(lineClasses, range: range, of: work.view)
            var encoder = IndexSliceEncoder(binarization, tools)
            return unsafe encoder.encode(UnsafeBufferPointer(indices), classes: UnsafeBufferPointer(lineClasses))
        }
    }

    /// Codes the slice at `range` of the coding order.
    ///
    /// - Parameter decoded: the tensor's decoded bytes; the slice's are written.
    /// - Returns: the slice, and its errors.
    func encode(_ range: Range<Int>, decoded: ByteRegion) -> (slice: IndexSliceCoder.Slice, error: SquaredError) {
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
            let found = unsafe quantize(range, into: indices, decoded: decoded)
            let slice = unsafe coded(indices, range)
            return unsafe (slice, finish(found, indices, range, decoded: decoded))
        }
    }

    /// Codes two slices, which takes less time than one after the other.
    func encode(
        _ first: Range<Int>, _ second: Range<Int>, decoded: ByteRegion
    ) -> [(slice: IndexSliceCoder.Slice, error: SquaredError)] {
        let (split, count) = (first.count, first.count + second.count)
        return unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { indices in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { lineClasses in
                let indices1 = unsafe UnsafeMutableBufferPointer(rebasing: indices[..<split])
                let indices2 = unsafe UnsafeMutableBufferPointer(rebasing: indices[split...])
                let classes1 = unsafe UnsafeMutableBufferPointer(rebasing: lineClasses[..<split])
                let classes2 = unsafe UnsafeMutableBufferPointer(rebasing: lineClasses[split...])
                let found1 = unsafe quantize(first, into: indices1, decoded: decoded)
                let found2 = unsafe quantize(second, into: indices2, decoded: decoded)
                unsafe classes.fill(classes1, range: first, of: work.view)
                unsafe classes.fill(classes2, range: second, of: work.view)
                var encoder = IndexSliceEncoder(binarization, tools)
                let (slice1, slice2) = unsafe encoder.encode(
                    UnsafeBufferPointer(indices1), classes: UnsafeBufferPointer(classes1), and: UnsafeBufferPointer(indices2),
                    classes: UnsafeBufferPointer(classes2))
                return unsafe [
                    (slice1, finish(found1, indices1, first, decoded: decoded)), (slice2, finish(found2, indices2, second, decoded: decoded)),
                ]
            }
        }
    }

    /// What quantizing a slice leaves to do.
    private enum Quantized {
        /// Nothing.
        case decoded(SquaredError)
        /// To decode the indices, and compare them with these targets, or the values.
        case found([Float]?)
    }

    private func quantize(_ range: Range<Int>, into indices: UnsafeMutableBufferPointer<Int32>, decoded: ByteRegion) -> Quantized {
        if let hasty { return unsafe .decoded(SquaredError(sum: hasty.round(work.values, range, into: indices, decoded: decoded))) }
        return unsafe .found(find(range, into: indices))
    }

    /// - Parameter indices: of a slice that is coded; they get lost.
    private func finish(
        _ quantized: Quantized, _ indices: UnsafeMutableBufferPointer<Int32>, _ range: Range<Int>, decoded: ByteRegion
    ) -> SquaredError {
        switch quantized {
        case .decoded(let error): return error
        case .found(let targets):
            unsafe quantizer.levels(indices)
            if targets == nil && table == nil && isPlain {
                let bytes = (range.lowerBound * 4)..<(range.upperBound * 4)
                return unsafe SquaredError(sum: reconstruction.write(UnsafeBufferPointer(indices), to: decoded[bytes], against: work.values[bytes]))
            }
            unsafe write(UnsafeBufferPointer(indices), range, to: decoded, as: work.description.elementType)
            return unsafe squaredError(UnsafeBufferPointer(indices), range, of: targets)
        }
    }

    /// Values lie in the tensor one after the other, as float32, and have one step.
    private var isPlain: Bool { work.description.elementType == .float32 && work.view.order == .cOrder && classes.rowStepExponent == 0 }

    /// The same coder with its tensor's values at hand.
    func loaded() -> TensorCoder {
        var coder = self
        coder.work = work.loaded()
        return coder
    }

    /// The same coder without its tensor's values.
    func unloaded() -> TensorCoder {
        var coder = self
        coder.work = work.unloaded()
        return coder
    }

    /// The decoded values, as float32 before they are rounded to the tensor's type.
    func values(sliceElements: Int) -> [Float] {
        let coder = loaded()
        return [Float](floats: work.elementCount) { decoded in
            for start in stride(from: 0, to: work.elementCount, by: sliceElements) {
                let range = start..<min(start + sliceElements, work.elementCount)
                unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
                    _ = unsafe coder.find(range, into: indices)
                    unsafe quantizer.levels(indices)
                    unsafe coder.write(UnsafeBufferPointer(indices), range, to: decoded, as: .float32)
                }
            }
        }
    }

    /// Writes what the levels of a slice stand for.
    private func write(_ levels: UnsafeBufferPointer<Int32>, _ range: Range<Int>, to decoded: ByteRegion, as type: ElementType) {
        if type != .float32 {
            unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count) { values in
                if let table {
                    _ = unsafe table.fill(values, levels)
                } else {
                    unsafe reconstruction.fill(values, levels, range: range, of: work.view, classes: classes)
                }
                let isFinite = unsafe HalfPrecision.write(UnsafeBufferPointer(values), as: type, range: range, of: work.view, to: decoded)
                precondition(isFinite)
            }
        } else if let table {
            _ = unsafe table.write(levels, range: range, of: work.view, to: decoded)
        } else {
            unsafe reconstruction.write(levels, range: range, of: work.view, classes: classes, to: decoded)
        }
    }

    private func squaredError(_ levels: UnsafeBufferPointer<Int32>, _ range: Range<Int>, of targets: [Float]?, seen: [Float]? = nil) -> SquaredError {
        guard let table else { return unsafe search.squaredError(levels, range, of: targets, seen: seen) }
        var sum = 0.0
        for i in 0..<range.count {
            let value = unsafe table.values[Int(levels[i]) - table.first]
            let difference = Double(Float(bitPattern: work.values.load((range.lowerBound + i) * 4, as: UInt32.self))) - Double(value)
            sum += difference * difference
        }
        return SquaredError(sum: sum)
    }
}
