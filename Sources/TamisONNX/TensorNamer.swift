/// Hands out unique names, and bounds the memory that names and tensors take.
struct TensorNamer {
    /// Room kept for a suffix: `#` and at most 19 digits.
    private static let suffixByteCount = 20
    /// What the tables of the walk and of its result spend on a tensor or operator set besides its name, in the worst case.
    private static let entryByteCount: UInt64 = 512

    /// Bytes that may still be spent. An empty tensor takes 2 bytes of a file, and one deep in subgraphs has a name of 4096 bytes,
    /// so without a bound a small file would fill the memory. 16 MiB are more than 30 000 tensors; twice the file is more than a
    /// model with payloads needs.
    private var budget: UInt64
    /// Set once a tensor found no room. Later ones get none either, however small, so that time is bounded as well.
    private(set) var isExhausted = false
    private var taken: Set<String> = []
    /// The last number appended to a stem.
    private var lastNumber: [String: Int] = [:]

    /// - Parameter sideByteCount: size of the model's other files. Where weights lie in them, the first is no measure of how much there is.
    init(fileByteCount: Int, sideByteCount: UInt64 = 0) {
        let count = UInt64(fileByteCount)
        budget = 2 * count + min(sideByteCount, 16 * count) + 16 << 20
    }

    /// Takes room for one more entry with a text of `byteCount` bytes, if there is any.
    mutating func reserve(_ byteCount: Int) -> Bool {
        let cost = Self.entryByteCount + UInt64(byteCount)
        if cost > budget { isExhausted = true }
        if isExhausted { return false }
        budget -= cost
        return true
    }

    /// The name made of `builder`'s text that no tensor has yet, or nil if there is no room for it.
    ///
    /// Over all calls together the numbers tried are at most two for each name: a stem never tries a number again, and a name that is
    /// in the way is in the way of one stem only, the part before its last `#`.
    mutating func unique(_ builder: NameBuilder) -> String? {
        guard reserve(builder.bytes.count) else { return nil }
        let name = builder.text
        // Names are compared as `String`s: what is canonically equivalent counts as the same, so that no caller's dictionary or
        // search can take one tensor for another.
        if taken.insert(name).inserted { return name }
        let room = NameBuilder.maximumByteCount - Self.suffixByteCount
        let stem = String(decoding: NameBuilder.prefix(builder.bytes, room), as: UTF8.self)
        var number = lastNumber[stem] ?? 1
        while true {
            number += 1
            let numbered = "\(stem)#\(number)"
            if taken.insert(numbered).inserted {
                lastNumber[stem] = number
                return numbered
            }
        }
    }
}
