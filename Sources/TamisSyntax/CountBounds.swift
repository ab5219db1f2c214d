import TamisBits

/// How long the lists of a stream may be: what its level allows, and what the decoder is willing to read.
///
/// A reading visitor holds a list's count against its bound before it makes room for the first item.
package struct CountBounds: Sendable {
    package struct Bound: Sendable {
        package var level: UInt64
        package var limit: UInt64
        /// What the stream itself says elsewhere.
        package var stated: UInt64

        package init(level: UInt64 = .max, limit: UInt64 = .max, stated: UInt64 = .max) {
            self.level = level
            self.limit = limit
            self.stated = stated
        }

        /// Refuses `count` if it is above `stated` or `level` (the stream breaks its own word) or above `limit` (it asks too much of this decoder).
        package func check(_ count: UInt64, _ element: StaticString, at offset: UInt64?) throws(TamisError) {
            if count > stated {
                throw TamisError(.valueOutOfRange, "the count is \(count), the stream has \(stated)", element: "\(element)", byteOffset: offset)
            }
            if count > level {
                throw TamisError(.levelExceeded, "the count is \(count), the stream's level allows \(level)", element: "\(element)", byteOffset: offset)
            }
            if count > limit {
                throw TamisError(
                    .limitExceeded, "the count is \(count), the limit is \(limit)", element: "\(element)", byteOffset: offset,
                    advice: "raise the limit if you trust the file")
            }
        }
    }

    package var files = Bound()
    package var tensors = Bound()
    package var holes = Bound()
    package var units = Bound()

    package init() {}
}
