import Glibc
import TamisBits

extension TamisError {
    /// An error whose message ends in the operating system's own words: `action: No space left on device (errno 28)`.
    @inline(never)
    static func system(_ code: Code, _ action: String, file: String?, errno number: Int32, advice: String? = nil) -> TamisError {
        TamisError(code, "\(action): \(text(of: number)) (errno \(number))", file: file, advice: advice)
    }

    private static func text(of number: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress, strerror_r(number, start, buffer.count) == 0 else { return "unknown error" }
            return String(cString: start)
        }
    }
}
