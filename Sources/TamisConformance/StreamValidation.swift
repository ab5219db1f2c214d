import Tamis
import TamisBits
import TamisDecoder
import TamisDigest
import TamisThreads

/// A stream held against every rule of the Spec that a decoder can check: each unit, each element, each digest.
package struct StreamValidation: Sendable {
    /// What is in a sound stream.
    package struct Soundness: Sendable {
        package let level: Int
        /// Index and end unit included.
        package let unitCount: Int
        package let content: DecodedContent

        package var decodedBytes: UInt64 { content.files.reduce(0) { $0 + $1.byteCount } }
    }

    package enum Outcome: Sendable {
        case sound(Soundness)
        case refused(Violation)
    }

    package let outcome: Outcome

    /// - Parameters:
    ///   - bytes: of the stream.
    ///   - giveBack: called with bytes of the stream that are not needed for a while.
    /// - Throws: errors that are not about the stream.
    package init(
        _ bytes: ByteView, limits: Limits, threads: ThreadCount, givingBack giveBack: (@Sendable (Range<Int>) -> Void)? = nil
    ) throws(TamisError) {
        do throws(TamisError) {
            let stream = try EncodedStream.scan(bytes, limits: limits)
            let content = try ContentDigester.content(of: stream, threads: threads, givingBack: giveBack)
            outcome = .sound(Soundness(level: Int(stream.start.level), unitCount: stream.units.count + 2, content: content))
        } catch {
            guard let violation = Violation(error, in: bytes) else { throw error }
            outcome = .refused(violation)
        }
    }

    package var violation: Violation? {
        if case .refused(let violation) = outcome { return violation }
        return nil
    }
}
