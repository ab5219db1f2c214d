import CZstd
import TamisBits

/// Zstandard (RFC 8878) by libzstd, narrowed to the one kind of frame a Tamis stream holds: content size stated, no dictionary,
/// a window of at most 128 MiB, nothing before or after.
package enum Zstandard {
    /// The largest window, as a power of two: what every decoder of RFC 8878 handles when left at its defaults.
    package static let maximumWindowLog = 27

    /// Version of the library in use, which decides the bytes that `compress` makes, for example `1.5.4`.
    package static var version: String { String(cString: ZSTD_versionString()) }

    /// - Parameter level: what libzstd offers, that is 1 (fast) ... 22 (small), 0 for its default, negative for faster still.
    /// - Returns: one frame with the content size in its header, without checksum.
    /// - Throws: `invalid_argument` for another level; `limit_exceeded` if memory runs out.
    package static func compress(_ bytes: ByteView, level: Int) throws(TamisError) -> [UInt8] {
        let levels = Int(ZSTD_minCLevel())...Int(ZSTD_maxCLevel())
        if !levels.contains(level) {
            throw TamisError(
                .invalidArgument, "Zstandard has no level \(level)", advice: "use a level from \(levels.lowerBound) to \(levels.upperBound)")
        }
        guard let context = ZSTD_createCCtx() else { throw outOfMemory() }
        defer { ZSTD_freeCCtx(context) }
        try set(context, ZSTD_c_compressionLevel, level)
        try set(context, ZSTD_c_contentSizeFlag, 1)
        try set(context, ZSTD_c_checksumFlag, 0)
        try set(context, ZSTD_c_dictIDFlag, 0)
        // The whole content is within reach up to the cap, whatever window the level would take for it.
        let reach = Int.bitWidth - max(bytes.count - 1, 0).leadingZeroBitCount
        try set(context, ZSTD_c_windowLog, min(max(reach, 10), maximumWindowLog))

        let bound = ZSTD_compressBound(bytes.count)
        if ZSTD_isError(bound) != 0 { throw TamisError(.limitExceeded, "Zstandard cannot compress \(bytes.count) bytes at once") }
        var status = 0
        let frame = [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            status = ZSTD_compress2(context, target.baseAddress, target.count, bytes.buffer.baseAddress, bytes.count)
            count = ZSTD_isError(status) == 0 ? status : 0
        }
        if ZSTD_isError(status) != 0 {
            if ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation { throw outOfMemory() }
            throw TamisError(.invalidArgument, "Zstandard cannot compress these bytes: \(text(status))")
        }
        return frame
    }

    /// Fills `region` with the content of `frame`; after an error its bytes are unspecified.
    ///
    /// Besides `region` it takes a fixed amount of memory, whatever `frame` says.
    /// - Throws: `invalid_compressed_data` unless `frame` is exactly one sound frame, skippable or legacy ones not allowed, without
    ///   dictionary, whose header states `region.count` as the content size and whose window is at most 128 MiB.
    package static func decompress(_ frame: ByteView, into region: ByteRegion) throws(TamisError) {
        let header: ZstandardFrameHeader
        do throws(TamisError) {
            header = try ZstandardFrameHeader(frame)
        } catch {
            // Offsets within the frame are none of the file.
            throw invalid("the Zstandard frame's header is damaged: " + error.message)
        }
        if header.hasDictionary { throw invalid("the Zstandard frame asks for a dictionary, expected none") }
        guard let contentSize = header.contentSize else {
            throw invalid("the Zstandard frame does not state its content size, expected \(region.count) bytes")
        }
        if contentSize != UInt64(region.count) {
            throw invalid("the Zstandard frame states \(contentSize) bytes of content, expected \(region.count)")
        }
        // libzstd checks ZSTD_d_windowLogMax only when it streams; at once it needs no window, but other decoders do.
        if header.windowSize > 1 << UInt64(maximumWindowLog) {
            throw invalid("the Zstandard frame needs a window of \(header.windowSize) bytes, expected at most \(1 << maximumWindowLog)")
        }
        let frameSize = ZSTD_findFrameCompressedSize(frame.buffer.baseAddress, frame.count)
        if ZSTD_isError(frameSize) != 0 { throw invalid("the Zstandard frame is damaged: \(text(frameSize))") }
        if frameSize != frame.count { throw invalid("the Zstandard frame ends after \(frameSize) bytes, expected \(frame.count)") }

        guard let context = ZSTD_createDCtx() else { throw outOfMemory() }
        defer { ZSTD_freeDCtx(context) }
        let count = ZSTD_decompressDCtx(context, region.buffer.baseAddress, region.count, frame.buffer.baseAddress, frame.count)
        if ZSTD_isError(count) != 0 {
            if ZSTD_getErrorCode(count) == ZSTD_error_memory_allocation { throw outOfMemory() }
            throw invalid("the Zstandard frame is damaged: \(text(count))")
        }
        if count != region.count { throw invalid("the Zstandard frame holds \(count) bytes, expected \(region.count)") }
    }

    private static func set(_ context: OpaquePointer, _ parameter: ZSTD_cParameter, _ value: Int) throws(TamisError) {
        let status = ZSTD_CCtx_setParameter(context, parameter, Int32(value))
        if ZSTD_isError(status) != 0 { throw TamisError(.invalidArgument, "Zstandard refuses a parameter: \(text(status))") }
    }

    private static func text(_ status: Int) -> String { String(cString: ZSTD_getErrorName(status)) }

    @inline(never)
    private static func invalid(_ message: String) -> TamisError { TamisError(.invalidCompressedData, message) }

    @inline(never)
    private static func outOfMemory() -> TamisError { TamisError(.limitExceeded, "there is not enough memory for Zstandard") }
}
