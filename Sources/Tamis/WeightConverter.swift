import TamisBits
import TamisFiles
import TamisModel
import TamisONNX
import TamisQuantization

/// Takes the float32 values of some tensors, one after the other as they are decoded, and stores them in another form.
struct WeightConverter {
    /// A tensor that may get another form.
    struct Candidate {
        enum Conversion {
            case integers(GridSteps)
            /// float16 or bfloat16.
            case half(ElementType)
        }

        let tensor: Int
        let description: TensorDescription
        let conversion: Conversion

        var elementCount: Int { Int(description.shape.elementCount) }

        fileprivate var bytesPerElement: Int {
            if case .half = conversion { return 2 }
            return 1
        }
    }

    /// What came of a candidate.
    struct Outcome {
        let candidate: Candidate
        /// Place of its bytes in the memory.
        let bytes: Range<Int>
        /// Smallest and largest integer; nil for other forms.
        var levels: ClosedRange<Int>?
        /// Why it cannot be stored so.
        var problem: String?
    }

    let memory: ReservedMemory
    private(set) var outcomes: [Outcome] = []
    /// The candidate whose values come next, and how many of them have come.
    private var current = 0
    private var done = 0
    private var levels: GridLevels?
    /// Bytes of a value of which the rest is still to come.
    private var rest: [UInt8] = []

    init(_ candidates: [Candidate]) throws(TamisError) {
        var end = 0
        for candidate in candidates {
            let start = end
            end += candidate.elementCount * candidate.bytesPerElement
            outcomes.append(Outcome(candidate: candidate, bytes: start..<end))
        }
        memory = try ReservedMemory(byteCount: UInt64(end))
        beginNext()
    }

    /// Takes the next bytes of the values of all candidates, cut anywhere.
    mutating func take(_ bytes: ByteView) {
        var bytes = bytes
        if !rest.isEmpty {
            let missing = min(4 - rest.count, bytes.count)
            rest += bytes[0..<missing].array
            bytes = bytes[missing..<bytes.count]
            if rest.count < 4 { return }
            let value = rest
            rest = []
            value.withView { takeValues($0) }
        }
        let whole = bytes.count & ~3
        takeValues(bytes[0..<whole])
        rest = bytes[whole..<bytes.count].array
    }

    private mutating func takeValues(_ values: ByteView) {
        var start = 0
        while start < values.count {
            let count = min((values.count - start) / 4, outcomes[current].candidate.elementCount - done)
            convert(values[start..<(start + count * 4)], done..<(done + count))
            start += count * 4
            done += count
            if done == outcomes[current].candidate.elementCount {
                finish()
                current += 1
                beginNext()
            }
        }
    }

    private mutating func beginNext() {
        done = 0
        guard current < outcomes.count else { return }
        let candidate = outcomes[current].candidate
        if case .integers(let grid) = candidate.conversion { levels = GridLevels(candidate.description.shape, grid) }
    }

    private mutating func convert(_ values: ByteView, _ range: Range<Int>) {
        if outcomes[current].problem != nil { return }
        let target = memory.region[outcomes[current].bytes]
        switch outcomes[current].candidate.conversion {
        case .integers:
            if levels?.take(values, range, into: target[range]) != true {
                outcomes[current].problem = "its values are not integers of a byte times a step, which 'encode --grid' would make them"
            }
        case .half(let type):
            if !HalfPrecision.write(values, as: type, to: target[(range.lowerBound * 2)..<(range.upperBound * 2)]) {
                outcomes[current].problem = "it has values beyond those of \(type.name)"
            }
        }
    }

    private mutating func finish() {
        guard let levels, case .integers = outcomes[current].candidate.conversion, outcomes[current].problem == nil else { return }
        outcomes[current].levels = Int(levels.smallest)...Int(levels.largest)
        if levels.largest - levels.smallest > 255 { outcomes[current].problem = "its values span more than 255 steps" }
    }

    /// A candidate whose form is decided.
    func stored(_ outcome: Outcome, as form: StoredWeight.Form) -> StoredWeights.Weight {
        var bytes = outcome.bytes
        if case .integers(let bits, _, let zeroPoint) = form {
            let region = memory.region[bytes]
            if zeroPoint != 0 { region.add(UInt8(bitPattern: zeroPoint)) }
            if bits == 4 { bytes = bytes.lowerBound..<(bytes.lowerBound + region.packNibbles()) }
        }
        return StoredWeights.Weight(
            tensor: outcome.candidate.tensor, form: form, bytes: bytes, replacedByteCount: outcome.candidate.description.byteCount ?? 0)
    }
}

extension ByteRegion {
    /// Adds `value` to each byte, modulo 256.
    fileprivate func add(_ value: UInt8) {
        for i in 0..<count { unsafe buffer[i] = buffer[i] &+ value }
    }

    /// Puts the lower halves of two bytes each into one, the first in the lower half of it.
    ///
    /// - Returns: how many bytes are used then.
    fileprivate func packNibbles() -> Int {
        for i in 0..<(count / 2) { unsafe buffer[i] = buffer[2 &* i] & 15 | buffer[2 &* i &+ 1] << 4 }
        if count & 1 == 1 { unsafe buffer[count / 2] = buffer[count - 1] & 15 }
        return (count + 1) / 2
    }
}
