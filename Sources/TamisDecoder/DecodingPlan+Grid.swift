import TamisBits
import TamisQuantization

extension DecodingPlan {
    /// The steps of a tensor whose values are integers times a step, as its unit says; nil if they are not.
    ///
    /// - Throws: an error of the unit.
    package func grid(ofTensor number: Int) throws(TamisError) -> GridSteps? {
        let unit = coded[unitOfTensor[number]]
        guard case .tensor(let tensor) = unit.content, case .index(let content) = tensor.content, content.elementType == .float32 else { return nil }
        guard content.integers == nil, content.coding.kind == .uniform || content.coding.kind == .trellis, content.coding.grid.reconstructionOffset == 0 else {
            return nil
        }
        let classes = try unit.unit.naming { () throws(TamisError) in try content.decodeClasses() }
        let step = content.coding.grid.step
        var steps = [step]
        if classes.rowStepExponent > 0 && !classes.rows.isEmpty {
            steps = classes.rows.map { step * Reconstruction.rowFactor(scaleClass: $0, exponent: classes.rowStepExponent) }
            if steps.allSatisfy({ $0 == steps[0] }) { steps = [steps[0]] }
        }
        return GridSteps(rowAxis: Int(content.coding.rowAxis), rowAxisCount: Int(content.coding.rowAxisCount), steps: steps)
    }

    /// Whether a tensor shares its unit with others, as small ones do.
    package func isGrouped(tensor number: Int) -> Bool {
        if case .group = coded[unitOfTensor[number]].content { return true }
        return false
    }
}
