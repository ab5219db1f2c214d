import TamisBits
import TamisDecoder

extension StreamSummary {
    /// Reads the frame and the headers of a stream in memory, through its index; the stream may be a shard.
    ///
    /// - Parameter giveBack: called with bytes of the stream that are not needed any more, such as pages of a mapped file.
    public init(of stream: ByteView, limits: Limits = .standard, givingBack giveBack: ((Range<Int>) -> Void)? = nil) throws(TamisError) {
        self = try EncodedStream.open(stream, limits: limits, takesShards: true).summary(givingBack: giveBack)
    }
}
