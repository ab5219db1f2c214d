import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

extension BatchEncoder {
    func slicedTensor(_ hole: Int, _ tensor: TensorDescription, _ step: Float) -> SlicedTensor? {
        let rowAxisCount = min(tensor.shape.rank, 1)
        guard let view = MatrixView(tensor.shape, rowAxis: 0, rowAxisCount: rowAxisCount, order: .cOrder) else { return nil }
        let own = statistics[source.holes[hole].tensor]
        let last = Int(tensor.shape.dimensions.last ?? 1)
        let kernel = tensor.shape.rank > 2 ? tensor.shape.dimensions[2...].reduce(1) { $0 * Int($1) } : 1
        var distances: [(first: Int, second: Int)] = []
        let width = tensor.shape.rank > 2 && last > 1 ? last : 2
        if view.columns > width { distances.append((width, view.columns)) }
        if kernel > width { distances.append((width, kernel)) }
        // Beyond the slice there is nothing to look back to.
        distances.removeAll { max($0.first, $0.second) >= sliceElements }
        if distances.isEmpty { distances.append((2, 3)) }
        return SlicedTensor(
            hole: hole, quantizer: DeadzoneQuantizer(step: step, deadzone: options.uniformDeadzone), view: view, rowAxisCount: UInt8(rowAxisCount),
            magnitudeCode: IndexPlan.magnitudeCode(mean: own.meanMagnitude / Double(step)), signDistances: distances)
    }

    private func quantize(_ hole: Int, _ quantizer: DeadzoneQuantizer, _ range: Range<Int>, into indices: UnsafeMutableBufferPointer<Int32>) {
        unsafe quantizer.quantize(values(hole)[(range.lowerBound * 4)..<(range.upperBound * 4)], into: indices)
    }

    func quantizeAndSurvey(_ tensor: SlicedTensor, _ range: Range<Int>, _ decoded: ByteRegion) -> ContextSurvey {
        var survey = ContextSurvey(signDistances: tensor.signDistances)
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { rows in
                unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { columns in
                    unsafe quantize(tensor.hole, tensor.quantizer, range, into: indices)
                    unsafe tensor.quantizer.reconstruction.write(
                        UnsafeBufferPointer(indices), range: range, of: tensor.view, classes: ScaleClasses(), to: decoded[place(tensor.hole)])
                    unsafe ScaleClasses(rows: tensor.rows).fill(rows, range: range, of: tensor.view)
                    unsafe ScaleClasses(columns: tensor.columns).fill(columns, range: range, of: tensor.view)
                    unsafe survey.count(
                        UnsafeBufferPointer(indices), rowClasses: UnsafeBufferPointer(rows), columnClasses: UnsafeBufferPointer(columns),
                        binarization: IndexBinarization(magnitudeCode: tensor.magnitudeCode))
                }
            }
        }
        return survey
    }

    func encodeSlice(_ tensor: SlicedTensor, _ plan: IndexPlan, _ range: Range<Int>) -> IndexSliceCoder.Slice {
        return unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { classes in
                unsafe quantize(tensor.hole, tensor.quantizer, range, into: indices)
                unsafe plan.classes.fill(classes, range: range, of: plan.view)
                var coder = IndexSliceCoder(IndexBinarization(magnitudeCode: plan.coding.magnitudeCode), plan.tools)
                return unsafe coder.encode(UnsafeBufferPointer(indices), classes: UnsafeBufferPointer(classes))
            }
        }
    }

    func dataUnit(_ tensor: SlicedTensor, _ plan: IndexPlan, _ slices: [IndexSliceCoder.Slice], _ digest: UInt64) throws(TamisError) -> Unit {
        var header = DataUnit()
        header.tensorIndex = UInt64(source.holes[tensor.hole].tensor)
        header.tensorDigest = digest
        header.codingMode = CodingMode.index.rawValue
        header.indexCoding = plan.coding
        var table = SyntaxWriter()
        try header.visit(&table)
        for slice in slices {
            var entry = SliceEntry(codewordBytes: UInt64(slice.codeword.count), rawBytes: UInt64(slice.rawBits.count))
            try entry.visit(&table)
        }
        var parts = [table.writer.bytes, plan.lineClasses]
        for slice in slices {
            parts.append(slice.codeword)
            parts.append(slice.rawBits)
        }
        return Unit(type: .data, tensors: [source.holes[tensor.hole].tensor], parts: parts)
    }
}
