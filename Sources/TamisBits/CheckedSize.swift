/// Arithmetic on sizes that come from a file: an overflow is an error, never a wrap or a trap.
extension UInt64 {
    /// `self + other`, or `limit_exceeded` if 64 bits do not hold it.
    @inlinable
    package func adding(_ other: UInt64, _ element: StaticString) throws(TamisError) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        if overflow { throw .sizeOverflow(element) }
        return sum
    }

    /// `self · other`, or `limit_exceeded` if 64 bits do not hold it.
    @inlinable
    package func multiplied(by other: UInt64, _ element: StaticString) throws(TamisError) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        if overflow { throw .sizeOverflow(element) }
        return product
    }
}

extension TamisError {
    @inline(never) @usableFromInline
    package static func sizeOverflow(_ element: StaticString) -> TamisError {
        TamisError(.limitExceeded, "a size does not fit 64 bits", element: "\(element)")
    }
}
