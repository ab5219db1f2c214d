/// Finds which of many neighbouring intervals a number lies in: borders are compared as integers (`FloatOrder`), and a table over
/// the leading bits of a number says which borders can matter to it.
struct CellSearch: Sendable, Equatable {
    /// The last number of each cell but the uppermost, ascending.
    private let borders: [Int32]
    /// How many borders lie below the first number of each bucket, and at the end below the number after the last bucket.
    private let starts: [Int32]
    private let shift: Int32

    private static let fewestBuckets = 1 << 10
    private static let mostBuckets = 1 << 16
    /// Buckets are equal shares of the logarithmic order, cells rather of the linear one: where they are dense they need some room.
    private static let bucketsPerCell = 64

    /// - Parameter borders: the key of the last number of each cell but the uppermost, ascending.
    init(borders: [Int32]) {
        self.borders = borders
        guard let first = borders.first, let last = borders.last else {
            starts = []
            shift = 0
            return
        }
        // One more than the last border: all numbers above it share its cell.
        let span = Int(last) - Int(first) + 1
        let wanted = min(max(borders.count * Self.bucketsPerCell, Self.fewestBuckets), Self.mostBuckets)
        var shift = 0
        while span >> shift >= wanted { shift += 1 }
        let bucketCount = (span >> shift) + 1
        var starts: [Int32] = []
        starts.reserveCapacity(bucketCount + 1)
        var place = 0
        for bucket in 0...bucketCount {
            let key = Int(first) + bucket << shift
            while place < borders.count && Int(borders[place]) < key { place += 1 }
            starts.append(Int32(place))
        }
        self.starts = starts
        self.shift = Int32(shift)
    }

    /// Calls `body` with a function that gives the cell of a key, from 0 on: the number of borders below it.
    @inline(__always)
    func withCells(_ body: ((Int32) -> Int32) -> Void) {
        guard let first = borders.first, let last = borders.last else { return body { _ in 0 } }
        let shift = UInt32(bitPattern: self.shift)
        unsafe borders.withUnsafeBufferPointer { borders in
            unsafe starts.withUnsafeBufferPointer { starts in
                let borders = unsafe borders.baseAddress.unsafelyUnwrapped
                let starts = unsafe starts.baseAddress.unsafelyUnwrapped
                body { key in
                    // Below the first border is the first bucket, above the last border the last one.
                    let inside = min(max(key, first), last &+ 1)
                    let bucket = Int(UInt32(bitPattern: inside &- first) &>> shift)
                    var low = unsafe starts[bucket]
                    var high = unsafe starts[bucket &+ 1]
                    while low < high {
                        let middle = (low &+ high) &>> 1
                        if unsafe borders[Int(middle)] < inside { low = middle &+ 1 } else { high = middle }
                    }
                    return low
                }
            }
        }
    }
}
