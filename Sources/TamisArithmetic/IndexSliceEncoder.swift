/// Codes slices of indices, as `IndexSliceCoder` does, one after the other or two at a time.
///
/// Two at a time take less time than one after the other, and become the same bytes.
@safe
package struct IndexSliceEncoder: ~Copyable {
    /// Of two slices.
    private let contexts: UnsafeMutablePointer<UInt32>
    private let limit: UInt32
    private let binarization: IndexBinarization
    private let tools: IndexSliceTools

    package init(_ binarization: IndexBinarization, _ tools: IndexSliceTools) {
        precondition(IndexBinarization.contextCount <= ArithmeticEncoder.contextDistance && (4...10).contains(tools.adaptationLimit))
        unsafe contexts = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * ArithmeticEncoder.contextDistance)
        limit = UInt32(tools.adaptationLimit)
        self.binarization = binarization
        self.tools = tools
    }

    deinit { unsafe contexts.deallocate() }

    private func forgetContexts() {
        unsafe contexts.initialize(repeating: ListedBins.initial(limit: limit), count: 2 * ArithmeticEncoder.contextDistance)
    }

    /// - Parameters:
    ///   - indices: at least one; magnitudes at most `IndexBinarization.maximumMagnitude`.
    ///   - classes: as many; each 0 … 16.
    package mutating func encode(_ indices: UnsafeBufferPointer<Int32>, classes: UnsafeBufferPointer<UInt8>) -> IndexSliceCoder.Slice {
        forgetContexts()
        var coder = ArithmeticEncoder(reservingBytes: indices.count)
        var lister = unsafe IndexBinLister(indices, classes, binarization, tools)
        while lister.listNext() { unsafe coder.code(lister.bins, contexts, limit: limit) }
        return IndexSliceCoder.Slice(codeword: coder.finish(), rawBits: lister.finish())
    }

    /// Codes two slices; see above.
    package mutating func encode(
        _ first: UnsafeBufferPointer<Int32>, classes firstClasses: UnsafeBufferPointer<UInt8>, and second: UnsafeBufferPointer<Int32>,
        classes secondClasses: UnsafeBufferPointer<UInt8>
    ) -> (first: IndexSliceCoder.Slice, second: IndexSliceCoder.Slice) {
        forgetContexts()
        var firstCoder = ArithmeticEncoder(reservingBytes: first.count)
        var secondCoder = ArithmeticEncoder(reservingBytes: second.count)
        var firstLister = unsafe IndexBinLister(first, firstClasses, binarization, tools)
        var secondLister = unsafe IndexBinLister(second, secondClasses, binarization, tools)
        // What is listed and not yet coded.
        var firstBins = unsafe firstLister.bins
        var secondBins = unsafe secondLister.bins
        while true {
            if firstBins.isEmpty {
                if !firstLister.listNext() { break }
                unsafe firstBins = firstLister.bins
            }
            if secondBins.isEmpty {
                if !secondLister.listNext() { break }
                unsafe secondBins = secondLister.bins
            }
            let count = min(firstBins.count, secondBins.count)
            unsafe ArithmeticEncoder.code(
                UnsafeBufferPointer(rebasing: firstBins[..<count]), with: &firstCoder, UnsafeBufferPointer(rebasing: secondBins[..<count]),
                with: &secondCoder, contexts, limit: limit)
            unsafe firstBins = UnsafeBufferPointer(rebasing: firstBins[count...])
            unsafe secondBins = UnsafeBufferPointer(rebasing: secondBins[count...])
        }
        unsafe firstCoder.code(firstBins, contexts, limit: limit)
        while firstLister.listNext() { unsafe firstCoder.code(firstLister.bins, contexts, limit: limit) }
        let secondContexts = unsafe contexts + ArithmeticEncoder.contextDistance
        unsafe secondCoder.code(secondBins, secondContexts, limit: limit)
        while secondLister.listNext() { unsafe secondCoder.code(secondLister.bins, secondContexts, limit: limit) }
        return (
            IndexSliceCoder.Slice(codeword: firstCoder.finish(), rawBits: firstLister.finish()),
            IndexSliceCoder.Slice(codeword: secondCoder.finish(), rawBits: secondLister.finish())
        )
    }
}
