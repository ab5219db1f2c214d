import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

/// Codes the slices of one tensor: quantizer, tools and rates are chosen from a sample, then every slice goes by itself.
struct TensorCoder: Sendable {
    private(set) var search: IndexSearch
    /// May be replaced by the same tensor with other values.
    var work: TensorWork {
        get { search.work }
        set { search.work = newValue }
    }
    var quantizer: TensorQuantizer { search.quantizer }
    let profile: EffortProfile
    private let preservesGain: Bool
    private(set) var coding = IndexCoding()
    /// The codeword of the classes; empty if none are sent.
    private(set) var lineClasses: [UInt8] = []
    var classes: ScaleClasses { search.classes }
    let table: ReconstructionTable?
    var binarization: IndexBinarization { search.binarization }
    private(set) var rates: IndexRates?
    /// Does all there is to do for the values of a slice, if that is possible and no more is wanted.
    private(set) var hasty: HastyRounding?
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

    var reconstruction: Reconstruction { Reconstruction(step: quantizer.step, offset: Int(coding.grid.reconstructionOffset)) }

    var tools: IndexSliceTools { coding.sliceTools(states: quantizer.states) }

    /// Chooses the tools whose estimated gain is larger than their cost, from plainly rounded indices.
    private mutating func chooseTools(_ ranges: [Range<Int>], _ sliceElements: Int) {
        let candidates = ScaleClasses(rows: work.rows, columns: work.columns, rowStepExponent: work.rowStepExponent)
        let choice = unsafe CodingToolChoice(
            work.description.shape, view: work.view, candidates: candidates, leastGain: profile.leastGain, binarization: binarization, ranges: ranges,
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
            let offset = work.bound != nil ? 0 : preservesGain ? error.offsetPreservingGain : error.bestOffset
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
    var lambdaUnits: Double {
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
}
