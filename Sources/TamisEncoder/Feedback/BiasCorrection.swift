import TamisBits
import TamisModel
import TamisThreads

/// Moves the mean error of a layer's outputs into its bias, where the mean of the inputs was measured (Nagel et al., "Data-free
/// quantization", 2019, §4.2, with measured means).
struct BiasCorrection: Sendable {
    let source: SourceModel
    let statistics: [String: LayerStatistics]
    let sliceElements: Int
    let threads: ThreadCount

    /// The tensors, with biases corrected for what `plans` and `coders` make of the weights.
    ///
    /// - Parameter needed: biases whose values matter; of others, only the fact is noted. nil: all.
    func corrected(
        _ tensors: [TensorWork], _ plans: [TensorPlan], _ coders: [TensorCoder?], for needed: Set<Int>?
    ) throws(TamisError) -> [TensorWork] {
        if statistics.isEmpty { return tensors }
        let layers = tensors.filter { work in
            guard let own = statistics[work.description.name], !own.mean.isEmpty || !own.biasCorrection.isEmpty else { return false }
            return bias(of: work).map { tensors[$0].mayBeChanged } ?? false
        }
        let corrections = try parallelMap(layers.count, threads: threads) { _, place in
            let work = layers[place]
            let isNeeded = needed.map { needed in bias(of: work).map(needed.contains) ?? false } ?? true
            return correction(work, isNeeded ? plans[work.number] : .exact(""), coders[work.number])
        }
        var result = tensors
        for (work, correction) in zip(layers, corrections) {
            guard let number = bias(of: work), tensors[number].elementCount == correction.count else { continue }
            result[number] = tensors[number].changed(by: correction)
        }
        return result
    }

    /// The tensor of floats that is added to a layer's outputs, one for each. (That of a recurrent layer is shared by two matrices, and
    /// acts on gates.)
    private func bias(of work: TensorWork) -> Int? {
        guard let role = source.role(of: work.number), let bias = role.bias else { return nil }
        switch role.consumer {
        case .convolution, .gemm, .matMul: return source.tensors[bias].elementType == .float32 ? bias : nil
        case .transposedConvolution, .recurrentInput, .recurrentState, .gather, .bias, .other: return nil
        }
    }

    /// What to add to the bias, one number for each output: Σ_j (w_j − ŵ_j) · E[x_j] and what the statistics say.
    private func correction(_ work: TensorWork, _ plan: TensorPlan, _ coder: TensorCoder?) -> [Double] {
        guard let own = statistics[work.description.name], let role = source.role(of: work.number) else { return [] }
        let rows = LayerRows(role, work.description.shape)
        var correction = own.biasCorrection.isEmpty ? [Double](repeating: 0, count: rows.outputs.count) : own.biasCorrection.map { Double($0) }
        guard !own.mean.isEmpty, case .quantized(let quantizer, _) = plan else { return correction }
        let decoded = work.isGrouped ? GroupMember(work, quantizer).values : coder?.values(sliceElements: sliceElements) ?? []
        if decoded.isEmpty { return correction }
        var means = own.mean
        for (line, weight) in own.order.enumerated() {
            for group in 0..<own.groups { means[group * own.inputs + weight] = own.mean[group * own.inputs + line] }
        }
        let outputsOfGroup = max(rows.outputs.count / own.groups, 1)
        work.withOriginalValues { values in
            for (output, first) in rows.outputs.enumerated() {
                let group = output / outputsOfGroup
                var sum = 0.0
                for (input, distance) in rows.weights.enumerated() {
                    let original = Float(bitPattern: values.load((first + distance) * 4, as: UInt32.self))
                    sum += (Double(original) - Double(decoded[first + distance])) * Double(means[group * own.inputs + input])
                }
                correction[output] += sum
            }
        }
        return correction
    }
}
