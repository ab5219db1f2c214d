/// A slice that is being coded, with memory for its bytes.
@safe
struct EncodedSlice: ~Copyable {
    let indices: UnsafePointer<Int32>
    let classes: UnsafePointer<UInt8>
    let count: Int
    private var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private let raw: LongRawBitWriter

    /// Indices that are coded before room is made again.
    static let block = 256
    /// Bytes of codeword that a block may take: an index has at most 3 symbols of 15 bits and 33 bins of 11.
    private static let blockBytes = block * 52 + 16
    /// Raw bits that an index may take: those of an escape, the sign and the low bits.
    private static let mostRawBits = 30 + 1 + IndexBinarization.shiftCap

    /// - Parameters:
    ///   - indices: at least one; used as long as the slice is.
    ///   - classes: as many; likewise.
    init(_ indices: UnsafeBufferPointer<Int32>, _ classes: UnsafeBufferPointer<UInt8>) {
        precondition(indices.count > 0 && indices.count == classes.count)
        unsafe self.indices = indices.baseAddress.unsafelyUnwrapped
        unsafe self.classes = classes.baseAddress.unsafelyUnwrapped
        count = indices.count
        capacity = count + Self.blockBytes
        unsafe bytes = .allocate(capacity: capacity)
        raw = LongRawBitWriter(bits: count * Self.mostRawBits)
    }

    deinit { unsafe bytes.deallocate() }

    var start: UnsafeMutablePointer<UInt8> { unsafe bytes }
    var rawStart: LongRawBitWriter.Cursor { raw.cursor }

    /// Makes room for a block more.
    mutating func makeRoom(_ lane: inout IndexEncodingLane) {
        let used = unsafe lane.codeword.next - bytes
        if capacity - used >= Self.blockBytes { return }
        capacity = 2 * capacity + Self.blockBytes
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe larger.initialize(from: bytes, count: used)
        unsafe bytes.deallocate()
        unsafe bytes = larger
        unsafe lane.codeword = lane.codeword.moved(to: larger + used)
    }

    /// The coded slice, after the last index.
    consuming func finish(_ lane: inout IndexEncodingLane) -> IndexSliceCoder.Slice {
        makeRoom(&lane)
        lane.codeword.finish()
        let codeword = unsafe Array(UnsafeBufferPointer(start: bytes, count: lane.codeword.next - bytes))
        return IndexSliceCoder.Slice(codeword: codeword, rawBits: raw.bytes(upTo: lane.raw))
    }
}
