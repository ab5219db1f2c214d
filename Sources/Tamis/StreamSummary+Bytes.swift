import TamisBits
import TamisDecoder

extension StreamSummary {
    /// Reads the frame and the headers of a stream in memory, through its index.
    public init(of stream: ByteView, limits: Limits = .standard) throws(TamisError) {
        self = try EncodedStream.open(stream, limits: limits).summary()
    }
}
