import TamisArithmetic
import TamisBits
import TamisDigest
import TamisQuantization
import TamisSyntax
import TamisZstd

extension BatchEncoder {
    /// Divides small tensors into groups that fill a slice, in ascending order of their numbers within each.
    func groups(of holes: [Int]) -> [[Int]] {
        var groups: [[Int]] = []
        var own: [Int] = []
        var indices = 0
        var raw = 0
        for hole in holes {
            let count = Int(source.tensors[source.holes[hole].tensor].shape.elementCount)
            let isExact = !plans[source.holes[hole].tensor].isQuantized
            if !own.isEmpty && (isExact ? raw + Int(source.holes[hole].byteCount) > ModelEncoder.groupRawBytes : indices + count > sliceElements) {
                groups.append(own)
                own = []
                indices = 0
                raw = 0
            }
            own.append(hole)
            if isExact { raw += Int(source.holes[hole].byteCount) } else { indices += count }
        }
        if !own.isEmpty { groups.append(own) }
        return groups.map { $0.sorted { source.holes[$0].tensor < source.holes[$1].tensor } }
    }

    func encodeGroup(_ holes: [Int], _ decoded: ByteRegion) throws(TamisError) -> Unit {
        var header = GroupUnit()
        var raw: [UInt8] = []
        var indices: [Int32] = []
        var classes: [UInt8] = []
        var digest = XXH64()
        // The group's code is the middle one, so that the classes reach as far up as down.
        let codes = holes.map { hole -> Int in
            guard case .quantized(let step) = plans[source.holes[hole].tensor] else { return 0 }
            return Int(IndexPlan.magnitudeCode(mean: statistics[source.holes[hole].tensor].meanMagnitude / Double(step)))
        }
        let quantizedCodes = zip(holes, codes).filter { plans[source.holes[$0.0].tensor].isQuantized }.map(\.1)
        let central = quantizedCodes.isEmpty ? 16 : ((quantizedCodes.min() ?? 0) + (quantizedCodes.max() ?? 0)) / 2
        header.magnitudeCode = UInt8(central)
        for (hole, code) in zip(holes, codes) {
            let place = place(hole)
            var entry = GroupEntry()
            entry.tensorIndex = UInt64(source.holes[hole].tensor)
            if case .quantized(let step) = plans[source.holes[hole].tensor] {
                let quantizer = DeadzoneQuantizer(step: step, deadzone: options.uniformDeadzone)
                entry.codingMode = CodingMode.index.rawValue
                entry.grid.step = step
                entry.grid.reconstructionOffset = Int64(quantizer.reconstruction.offset)
                entry.scaleClass = UInt8(min(max(code - central + ScaleClasses.central, 0), 16))
                let count = values(hole).count / 4
                var own = [Int32](repeating: 0, count: count)
                unsafe own.withUnsafeMutableBufferPointer { own in
                    unsafe quantizer.quantize(values(hole), into: own)
                    unsafe quantizer.reconstruction.write(UnsafeBufferPointer(own), to: decoded[place])
                }
                indices += own
                classes += [UInt8](repeating: entry.scaleClass, count: count)
            } else {
                unsafe raw.append(contentsOf: values(hole).buffer)
            }
            unsafe digest.update(decoded[place].view.buffer)
            header.entries.append(entry)
        }
        header.groupDigest = digest.value
        let frame = raw.isEmpty ? [] : try ByteView.of(raw) { (view) throws(TamisError) in try Zstandard.compress(view, level: raw.count > 1 << 16 ? ModelEncoder.rawLevel : ModelEncoder.skeletonLevel) }
        header.rawFrameBytes = UInt64(frame.count)
        var slice = IndexSliceCoder.Slice(codeword: [], rawBits: [])
        if !indices.isEmpty {
            var coder = IndexSliceCoder(
                IndexBinarization(magnitudeCode: header.magnitudeCode), IndexSliceTools(adaptationLimit: Int(header.adaptationLimit)))
            slice = unsafe indices.withUnsafeBufferPointer { indices in
                unsafe classes.withUnsafeBufferPointer { classes in unsafe coder.encode(indices, classes: classes) }
            }
        }
        header.codewordBytes = UInt64(slice.codeword.count)
        header.rawBytes = UInt64(slice.rawBits.count)
        return Unit(
            type: .group, tensors: header.entries.map { Int($0.tensorIndex) }, parts: [try header.encoded(), frame, slice.codeword, slice.rawBits])
    }
}
