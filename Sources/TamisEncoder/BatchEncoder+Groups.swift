import TamisArithmetic
import TamisBits
import TamisDigest
import TamisQuantization
import TamisSyntax
import TamisZstd

extension BatchEncoder {
    /// Divides small tensors into groups that fill a slice, in ascending order of their numbers within each.
    func groups(of placements: [Placement]) -> [[Placement]] {
        var groups: [[Placement]] = []
        var own: [Placement] = []
        var indices = 0
        var raw = 0
        for placement in placements where !placement.isRepeated {
            let work = placement.work
            let count = Int(work.description.shape.elementCount)
            let isExact = plans[work.number].quantizer == nil
            if !own.isEmpty && (isExact ? raw + work.original.count > ModelEncoder.groupRawBytes : indices + count > sliceElements) {
                groups.append(own)
                own = []
                indices = 0
                raw = 0
            }
            own.append(placement)
            if isExact { raw += work.original.count } else { indices += count }
        }
        if !own.isEmpty { groups.append(own) }
        return groups.map { $0.sorted { $0.work.number < $1.work.number } }
    }

    /// - Parameter decoded: of the batch; nil if no tensor of it is changed.
    /// - Returns: the unit, and each tensor's errors.
    func encodeGroup(_ group: [Placement], _ decoded: ByteRegion?) throws(TamisError) -> (unit: Unit, errors: [SquaredError]) {
        var header = GroupUnit()
        var raw: [UInt8] = []
        var indices: [Int32] = []
        var classes: [UInt8] = []
        var errors: [SquaredError] = []
        var squares = 0.0
        var changedElements: UInt64 = 0
        var digest = XXH64()
        // The group's code is the middle one, so that the classes reach as far up as down.
        let codes = group.map(\.work).map { work -> Int? in
            plans[work.number].quantizer.map { Int(TensorCoder.magnitudeCode(mean: work.valueStatistics.meanMagnitude / Double($0.step))) }
        }
        let quantizedCodes = codes.compactMap { $0 }
        let central = quantizedCodes.isEmpty ? 16 : ((quantizedCodes.min() ?? 0) + (quantizedCodes.max() ?? 0)) / 2
        header.magnitudeCode = UInt8(central)
        for (placement, code) in zip(group, codes) {
            let work = placement.work
            let target = decoded?[place(placement)]
            var entry = GroupEntry()
            entry.tensorIndex = UInt64(work.number)
            var error = SquaredError()
            if let quantizer = plans[work.number].quantizer, let code, let target {
                entry.codingMode = GroupedCodingMode.index.rawValue
                entry.grid.step = quantizer.step
                entry.grid.reconstructionOffset = Int64(quantizer.reconstruction.offset)
                entry.scaleClass = UInt8(min(max(code - central + ScaleClasses.central, 0), 16))
                let member = GroupMember(work, quantizer)
                member.write(to: target)
                error = member.error
                indices += member.indices
                classes += [UInt8](repeating: entry.scaleClass, count: work.elementCount)
            } else {
                unsafe raw.append(contentsOf: work.original.buffer)
            }
            let lost = self.squares(placement, decoded: target?.view ?? work.original)
            if !entry.isIndex && lost > 0 { entry.codingMode = GroupedCodingMode.changed.rawValue }
            if entry.codingMode != GroupedCodingMode.raw.rawValue {
                squares += lost
                changedElements += work.description.shape.elementCount
            }
            errors.append(error)
            unsafe digest.update((target?.view ?? work.original).buffer)
            header.entries.append(entry)
        }
        header.groupDigest = digest.value
        header.weightError = WeightError.rounded(squares: squares, count: changedElements)
        let frame =
            raw.isEmpty
            ? []
            : try ByteView.of(raw) { (view) throws(TamisError) in
                try Zstandard.compress(view, level: raw.count > 1 << 16 ? ModelEncoder.rawLevel : ModelEncoder.skeletonLevel)
            }
        header.rawFrameBytes = UInt64(frame.count)
        var slice = IndexSliceCoder.Slice(codeword: [], rawBits: [])
        if !indices.isEmpty {
            var encoder = IndexSliceEncoder(
                IndexBinarization(magnitudeCode: header.magnitudeCode), IndexSliceTools(adaptationLimit: Int(header.adaptationLimit)))
            slice = unsafe indices.withUnsafeBufferPointer { indices in
                unsafe classes.withUnsafeBufferPointer { classes in unsafe encoder.encode(indices, classes: classes) }
            }
        }
        header.codewordBytes = UInt64(slice.codeword.count)
        header.rawBytes = UInt64(slice.rawBits.count)
        let unit = Unit(
            type: .group, tensors: header.entries.map { Int($0.tensorIndex) }, parts: [try header.encoded(), frame, slice.codeword, slice.rawBits])
        return (unit, errors)
    }
}
