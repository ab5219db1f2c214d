import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

/// Everything chosen for a tensor that gets a data unit of its own in index mode.
struct IndexPlan: Sendable {
    let quantizer: DeadzoneQuantizer
    let view: MatrixView
    let classes: ScaleClasses
    let coding: IndexCoding
    /// The codeword of the classes; empty if none are sent.
    let lineClasses: [UInt8]

    var tools: IndexSliceTools {
        IndexSliceTools(
            usesNeighbours: coding.tools.contains(.neighbourContexts),
            signDistances: coding.tools.contains(.signContexts) ? (Int(coding.signDistance1), Int(coding.signDistance2)) : nil,
            adaptationLimit: Int(coding.adaptationLimit))
    }

    /// `magnitude_code` for indices of a mean magnitude.
    static func magnitudeCode(mean: Double) -> UInt8 {
        let halfOctaves = LineScale.halfOctaves(of: mean, against: 1) + IndexBinarization.magnitudeCodeBias
        let range = IndexCoding.magnitudeCodeRange
        return UInt8(min(max(halfOctaves, Int(range.lowerBound)), Int(range.upperBound)))
    }

    /// Chooses the tools whose estimated gain is larger than their cost.
    ///
    /// - Parameters:
    ///   - rows, columns: the classes that could be sent; empty if none.
    init(quantizer: DeadzoneQuantizer, view: MatrixView, rowAxisCount: UInt8, rows: [Int8], columns: [Int8], magnitudeCode: UInt8, survey: ContextSurvey) {
        var best: (bits: Double, lines: ContextSurvey.Lines, codeword: [UInt8])?
        for lines in ContextSurvey.Lines.allCases {
            if (lines.usesRows && rows.isEmpty) || (lines.usesColumns && columns.isEmpty) { continue }
            let codeword =
                lines == .none ? [] : LineClassCoder.encode(rows: lines.usesRows ? rows : nil, columns: lines.usesColumns ? columns : nil)
            let bits = survey.magnitudeBits(lines) + Double(codeword.count) * 8
            if bits < best?.bits ?? .infinity { best = (bits, lines, codeword) }
        }
        let lines = best?.lines ?? .none
        lineClasses = best?.codeword ?? []
        classes = ScaleClasses(rows: lines.usesRows ? rows : [], columns: lines.usesColumns ? columns : [])
        var tools: IndexCoding.Tools = []
        if lines.usesRows { tools.insert(.rowClasses) }
        if lines.usesColumns { tools.insert(.columnClasses) }
        if survey.neighbourGain() > 0 { tools.insert(.neighbourContexts) }
        var coding = IndexCoding()
        if let (first, second) = survey.bestSigns() {
            tools.insert(.signContexts)
            coding.signDistance1 = UInt64(first)
            coding.signDistance2 = UInt64(second)
        }
        coding.tools = tools
        coding.grid.step = quantizer.step
        coding.grid.reconstructionOffset = Int64(quantizer.reconstruction.offset)
        coding.magnitudeCode = magnitudeCode
        coding.rowAxis = 0
        coding.rowAxisCount = rowAxisCount
        coding.lineClassBytes = UInt64(lineClasses.count)
        self.quantizer = quantizer
        self.view = view
        self.coding = coding
    }
}
