import TamisArithmetic
import TamisBits
import TamisQuantization

/// Neighbouring places of a tensor's coding order, laid out for a search of their indices.
@safe
struct SearchWindow: ~Copyable {
    let count: Int
    /// Magnitudes in steps; at most 2^24.
    let magnitudes: UnsafeMutablePointer<Float>
    /// Where the row of each place begins in a table of rates, in even states.
    let rows: UnsafeMutablePointer<Int32>
    let classes: UnsafeMutablePointer<UInt8>
    /// 0 or −1: the sign of each value.
    private let signs: UnsafeMutablePointer<Int8>

    init(capacity: Int) {
        count = capacity
        unsafe magnitudes = .allocate(capacity: capacity)
        unsafe rows = .allocate(capacity: capacity)
        unsafe classes = .allocate(capacity: capacity)
        unsafe signs = .allocate(capacity: capacity)
    }

    deinit {
        unsafe magnitudes.deallocate()
        unsafe rows.deallocate()
        unsafe classes.deallocate()
        unsafe signs.deallocate()
    }

    /// Takes the values at `range` of the coding order.
    ///
    /// - Parameters:
    ///   - values: the whole tensor, little-endian float32.
    ///   - range: as many places as the window has.
    ///   - step: of the tensor; a row's step follows its class as `scaleClasses` says.
    mutating func load(
        _ values: ByteView, range: Range<Int>, of view: MatrixView, _ scaleClasses: ScaleClasses, step: Float
    ) {
        precondition(range.count == count && values.count == view.elementCount * 4 && range.upperBound <= view.elementCount)
        unsafe scaleClasses.fill(UnsafeMutableBufferPointer(start: classes, count: count), range: range, of: view)
        guard let base = unsafe values.buffer.baseAddress else { return }
        let followsRows = scaleClasses.rowStepExponent > 0 && !scaleClasses.rows.isEmpty
        var place = 0
        let whole = Float(1 / Double(step))
        view.forEachRun(in: range) { run in
            var inverse = whole
            for i in 0..<run.count {
                if followsRows && (i == 0 || run.alongRows) {
                    let row = run.alongRows ? run.row + i : run.row
                    inverse = Float(1 / Double(step * Reconstruction.rowFactor(scaleClass: scaleClasses.rows[row], exponent: scaleClasses.rowStepExponent)))
                }
                let bits = unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: (run.element &+ i &* run.stride) &* 4, as: UInt32.self))
                unsafe magnitudes[place &+ i] = min(Float(bitPattern: bits & 0x7FFF_FFFF) * inverse, 0x1p24)
                unsafe signs[place &+ i] = Int8(truncatingIfNeeded: Int32(bitPattern: bits) >> 31)
            }
            place += run.count
        }
    }

    /// Chooses the rows of rates, taking the magnitudes of the indices before from plain rounding to multiples of `spacing` steps.
    mutating func selectRows(_ binarization: IndexBinarization, usesNeighbours: Bool, spacing: Float) {
        let table = binarization.classes.span
        let inverse = 1 / spacing
        var before1: UInt32 = 0
        var before2: UInt32 = 0
        for i in 0..<count {
            let scaleClass = unsafe Int(classes[i])
            let near = usesNeighbours ? table[scaleClass].near(before1 &+ before2) : 0
            unsafe rows[i] = Int32(truncatingIfNeeded: scaleClass &* RateRow.classStride &+ near &* RateRow.length)
            before2 = before1
            before1 = unsafe UInt32(magnitudes[i] * inverse + 0.5)
        }
    }

    /// A value in steps, with its sign.
    @inline(__always)
    func value(at place: Int) -> Float { unsafe signs[place] < 0 ? -magnitudes[place] : magnitudes[place] }

    /// Copies all values, in steps.
    ///
    /// - Parameter target: of as many elements.
    func copyValues(to target: UnsafeMutableBufferPointer<Float>) {
        precondition(target.count == count)
        for i in 0..<count { unsafe target[i] = value(at: i) }
    }

    /// Puts another value, in steps, in the place of one.
    @inline(__always)
    func setValue(_ value: Float, at place: Int) {
        unsafe magnitudes[place] = value.magnitude
        unsafe signs[place] = value < 0 ? -1 : 0
    }

    /// The index of a magnitude at a place.
    @inline(__always)
    func signed(_ magnitude: Int32, at place: Int) -> Int32 {
        let sign = unsafe Int32(signs[place])
        return (magnitude ^ sign) &- sign
    }
}
