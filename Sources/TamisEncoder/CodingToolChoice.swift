import TamisArithmetic
import TamisModel
import TamisQuantization
import TamisSyntax

/// The coding tools of a tensor whose estimated gain is larger than their cost.
struct CodingToolChoice {
    /// Of the lines whose classes are sent.
    let classes: ScaleClasses
    /// The codeword of the classes; empty if none are sent.
    let codeword: [UInt8]
    let usesNeighbours: Bool
    private let signDistances: (first: Int, second: Int)?

    /// - Parameters:
    ///   - shape: of what is coded.
    ///   - candidates: of the classes; empty where lines cannot have any.
    ///   - leastGain: of contexts of neighbouring magnitudes and of signs; nil: they are not used.
    ///   - ranges: places of the coding order that stand for all.
    ///   - indices: writes the indices of some places.
    init(
        _ shape: Shape, view: MatrixView, candidates: ScaleClasses, leastGain: ContextGain?, binarization: IndexBinarization, ranges: [Range<Int>],
        sliceElements: Int, indices fill: (Range<Int>, UnsafeMutableBufferPointer<Int32>) -> Void
    ) {
        var survey = ContextSurvey(signDistances: leastGain != nil ? Self.signDistances(shape, view, sliceElements) : [])
        let rowsOnly = ScaleClasses(rows: candidates.rows, rowStepExponent: candidates.rowStepExponent)
        let columnsOnly = ScaleClasses(columns: candidates.columns)
        for range in ranges {
            unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
                unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { rows in
                    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { columns in
                        unsafe fill(range, indices)
                        unsafe rowsOnly.fill(rows, range: range, of: view)
                        unsafe columnsOnly.fill(columns, range: range, of: view)
                        unsafe survey.count(
                            UnsafeBufferPointer(indices), rowClasses: UnsafeBufferPointer(rows), columnClasses: UnsafeBufferPointer(columns),
                            binarization: binarization)
                    }
                }
            }
        }
        survey.standsFor(view.elementCount)
        var best: (bits: Double, lines: ContextSurvey.Lines, codeword: [UInt8])?
        for lines in ContextSurvey.Lines.allCases {
            if (lines.usesRows && candidates.rows.isEmpty) || (lines.usesColumns && candidates.columns.isEmpty) { continue }
            if candidates.rowStepExponent > 0 && !lines.usesRows { continue }
            let codeword =
                lines == .none
                ? [] : LineClassCoder.encode(rows: lines.usesRows ? candidates.rows : nil, columns: lines.usesColumns ? candidates.columns : nil)
            let bits = survey.magnitudeBits(lines) + Double(codeword.count) * 8
            if bits < best?.bits ?? .infinity { best = (bits, lines, codeword) }
        }
        let lines = best?.lines ?? .none
        codeword = best?.codeword ?? []
        classes = ScaleClasses(
            rows: lines.usesRows ? candidates.rows : [], columns: lines.usesColumns ? candidates.columns : [], rowStepExponent: candidates.rowStepExponent)
        let bits = best?.bits ?? 0
        usesNeighbours = leastGain.map { survey.neighbourGain() > $0.neighbours * bits } ?? false
        signDistances = survey.bestSigns(saving: (leastGain?.signs ?? 0) * bits)
    }

    /// Distances at which the signs of a convolution's weights may hang together.
    private static func signDistances(_ shape: Shape, _ view: MatrixView, _ sliceElements: Int) -> [(first: Int, second: Int)] {
        let last = Int(shape.dimensions.last ?? 1)
        let kernel = shape.rank > 2 ? shape.dimensions[2...].reduce(1) { $0 * Int($1) } : 1
        var distances: [(first: Int, second: Int)] = []
        let width = shape.rank > 2 && last > 1 ? last : 2
        // From an entry of the first axis to the next.
        let stride = shape.rank > 0 && shape.dimensions[0] > 0 ? view.elementCount / Int(shape.dimensions[0]) : 1
        if stride > width { distances.append((width, stride)) }
        if kernel > width { distances.append((width, kernel)) }
        // Beyond the slice there is nothing to look back to.
        distances.removeAll { max($0.first, $0.second) >= sliceElements }
        if distances.isEmpty { distances.append((2, 3)) }
        return distances
    }

    func fill(_ coding: inout IndexCoding) {
        coding.lineClassBytes = UInt64(codeword.count)
        if !classes.rows.isEmpty { coding.tools.insert(.rowClasses) }
        if !classes.columns.isEmpty { coding.tools.insert(.columnClasses) }
        if usesNeighbours { coding.tools.insert(.neighbourContexts) }
        if let (first, second) = signDistances {
            coding.tools.insert(.signContexts)
            coding.signDistance1 = UInt64(first)
            coding.signDistance2 = UInt64(second)
        }
    }
}

extension IndexCoding {
    /// - Parameter states: that indices go through.
    func sliceTools(states: StateTransition = .none) -> IndexSliceTools {
        IndexSliceTools(
            usesNeighbours: tools.contains(.neighbourContexts), signDistances: tools.contains(.signContexts) ? (Int(signDistance1), Int(signDistance2)) : nil,
            adaptationLimit: Int(adaptationLimit), states: states)
    }
}
