import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization

extension TensorCoder {
    /// Finds the indices of a slice; returns as `IndexSearch.find` does.
    func find(_ range: Range<Int>, into indices: UnsafeMutableBufferPointer<Int32>) -> [Float]? {
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

    func coded(_ indices: UnsafeMutableBufferPointer<Int32>, _ range: Range<Int>) -> IndexSliceCoder.Slice {
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

    func squaredError(_ levels: UnsafeBufferPointer<Int32>, _ range: Range<Int>, of targets: [Float]?, seen: [Float]? = nil) -> SquaredError {
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
