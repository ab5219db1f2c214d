import Synchronization
import TamisBits

/// The context of a tensor whose parts several threads decode: it is there from the first part to the last one only, so that those of
/// few tensors take memory at a time.
final class SharedContext: Sendable {
    private struct State {
        var result: Result<CodedTensor.Context, TamisError>?
        /// Parts that have not taken it yet.
        var left: Int
    }

    private let state: Mutex<State>

    init(parts: Int) { state = Mutex(State(result: nil, left: parts)) }

    /// The context of `tensor`, for one of its parts.
    func take(_ tensor: CodedTensor) throws(TamisError) -> CodedTensor.Context {
        let result = state.withLock { state -> Result<CodedTensor.Context, TamisError> in
            state.left -= 1
            let result: Result<CodedTensor.Context, TamisError>
            if let known = state.result {
                result = known
            } else {
                do throws(TamisError) { result = .success(try tensor.context()) } catch { result = .failure(error) }
            }
            state.result = state.left > 0 ? result : nil
            return result
        }
        return try result.get()
    }
}
