import TamisBits

/// The name of a value in a graph, as it lies in the file; names are the same if their bytes are.
struct ValueName: Hashable {
    private let text: ByteView

    init(_ range: Range<Int>, of file: ByteView) { text = file[range] }

    static func == (left: ValueName, right: ValueName) -> Bool {
        unsafe left.text.count == right.text.count && left.text.buffer.elementsEqual(right.text.buffer)
    }

    /// The seed is another in each process, so no file can be made whose names collide.
    func hash(into hasher: inout Hasher) { unsafe hasher.combine(bytes: text.buffer) }
}
