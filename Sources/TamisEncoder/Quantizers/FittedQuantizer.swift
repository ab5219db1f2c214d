import TamisBits
import TamisQuantization
import TamisSyntax

/// A quantizer whose parameters are chosen for one tensor: it turns values into indices, and describes itself to the stream.
struct FittedQuantizer: Sendable {
    enum Form: Sendable, Equatable {
        /// Rounding to multiples of a step, ties toward zero, clamped; `lowest` ⩽ 0 ⩽ `highest`.
        case uniform(step: Float, lowest: Int32, highest: Int32)
        case codebook(Codebook)
        case companded(Companding)
        case minifloat(MinifloatFormat)
    }

    /// What indices are found with.
    private enum Method: Sendable {
        case rounding(inverse: Double, lowest: Int32, highest: Int32)
        /// Index 0 is in the cell of this number.
        case signedCells(CellSearch, zero: Int32)
        case magnitudeCells(CellSearch)
        case ranks(MinifloatRounding, top: Int32)
    }

    let form: Form
    private let method: Method

    init(step: Float, lowest: Int32, highest: Int32) {
        form = .uniform(step: step, lowest: lowest, highest: highest)
        method = .rounding(inverse: 1 / Double(step), lowest: lowest, highest: highest)
    }

    init(_ codebook: Codebook) {
        form = .codebook(codebook)
        method = .signedCells(CellSearch(borders: CodebookDesign.borders(codebook)), zero: Int32(-codebook.first))
    }

    init(_ companding: Companding) {
        form = .companded(companding)
        method = .magnitudeCells(CellSearch(borders: CompandingDesign.borders(companding)))
    }

    /// - Parameter largest: the tensor's largest magnitude: higher ranks get no index.
    init(_ rounding: MinifloatRounding, largest: Float) {
        let top = rounding.rank(Int32(bitPattern: largest.bitPattern)) + 1
        var format = MinifloatFormat()
        format.exponentBits = UInt8(rounding.format.exponentBits)
        format.mantissaBits = UInt8(rounding.format.mantissaBits)
        format.bias = Int64(rounding.format.bias)
        format.subnormals = rounding.format.hasSubnormals ? 1 : 0
        format.top = UInt64(top)
        form = .minifloat(format)
        method = .ranks(MinifloatRounding(rounding.format, highestRank: Int(top) - 1), top: top)
    }

    /// Writes the index of each value.
    ///
    /// - Parameters:
    ///   - values: little-endian float32, finite.
    ///   - indices: as many as there are values.
    func quantize(_ values: ByteView, into indices: UnsafeMutableBufferPointer<Int32>) {
        precondition(values.count == indices.count * 4)
        guard let base = unsafe values.buffer.baseAddress, let target = indices.baseAddress else { return }
        let count = indices.count
        @inline(__always) func bits(_ place: Int) -> UInt32 {
            unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: place &* 4, as: UInt32.self))
        }
        @inline(__always) func signed(_ magnitude: Int32, as bits: UInt32) -> Int32 {
            let sign = Int32(bitPattern: bits) &>> 31
            return (magnitude ^ sign) &- sign
        }
        switch method {
        case .rounding(let inverse, let lowest, let highest):
            let (low, high) = (Double(lowest), Double(highest))
            for i in 0..<count {
                unsafe target[i] = Self.rounded(Double(Float(bitPattern: bits(i))) * inverse, low: low, high: high)
            }
        case .signedCells(let search, let zero):
            search.withCells { cell in
                for i in 0..<count { unsafe target[i] = cell(FloatOrder.key(bits(i))) &- zero }
            }
        case .magnitudeCells(let search):
            search.withCells { cell in
                for i in 0..<count {
                    let bits = bits(i)
                    unsafe target[i] = signed(cell(Int32(bitPattern: bits & 0x7FFF_FFFF)), as: bits)
                }
            }
        case .ranks(let rounding, let top):
            let hasZero = rounding.format.hasSubnormals
            for i in 0..<count {
                let bits = bits(i)
                let magnitude = Int32(bitPattern: bits & 0x7FFF_FFFF)
                let rank = rounding.rank(magnitude)
                let isZero = hasZero ? rank == 0 : magnitude == 0
                unsafe target[i] = isZero ? 0 : signed(top &- rank, as: bits)
            }
        }
    }

    /// To the nearest whole number, ties toward zero, without a branch: the bits of a weight's sign cannot be foreseen.
    ///
    /// The same as `DeadzoneQuantizer` with δ = ½, clamped.
    ///
    /// - Parameters:
    ///   - low, high: whole numbers within ±2^30.
    @inline(__always)
    private static func rounded(_ scaled: Double, low: Double, high: Double) -> Int32 {
        let inside = scaled < low ? low : scaled > high ? high : scaled
        // Adding 1.5 · 2^52 leaves the nearest integer, ties to even, in the lower bits of the significand.
        let shifted = inside + 0x1.8p52
        let excess = (shifted - 0x1.8p52) - inside
        let isAbove = (excess == 0.5) && (inside > 0)
        let isBelow = (excess == -0.5) && (inside < 0)
        return Int32(truncatingIfNeeded: shifted.bitPattern) &- (isAbove ? 1 : 0) &+ (isBelow ? 1 : 0)
    }

    /// Describes the quantizer to the stream; nothing else of `coding` changes.
    func fill(_ coding: inout IndexCoding) {
        switch form {
        case .uniform(let step, _, _):
            coding.quantizerKind = QuantizerKind.uniform.rawValue
            coding.grid = QuantizerGrid()
            coding.grid.step = step
        case .codebook(let codebook):
            coding.quantizerKind = QuantizerKind.codebook.rawValue
            coding.codebook = codebook
        case .companded(let companding):
            coding.quantizerKind = QuantizerKind.companded.rawValue
            coding.companding = companding
        case .minifloat(let format):
            coding.quantizerKind = QuantizerKind.minifloat.rawValue
            coding.minifloat = format
        }
    }

    /// The values that indices stand for; nil for the uniform form, whose values are multiples of its step.
    var table: ReconstructionTable? {
        switch form {
        case .uniform: nil
        case .codebook(let codebook): ReconstructionTable(first: Int(codebook.first), values: codebook.entries.map(\.value))
        case .companded(let companding):
            ReconstructionTable(amplitude: companding.amplitude, growth: companding.growth, levels: Int(companding.levels))
        case .minifloat(let format):
            Minifloat(
                exponentBits: Int(format.exponentBits), mantissaBits: Int(format.mantissaBits), bias: Int(format.bias),
                hasSubnormals: format.subnormals != 0
            ).flatMap { ReconstructionTable($0, top: Int(format.top)) }
        }
    }
}
