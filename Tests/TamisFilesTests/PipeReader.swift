import Dispatch
import Synchronization
import TamisFiles

/// Reads a descriptor to its end on another thread.
final class PipeReader: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let received = Mutex<[UInt8]?>(nil)

    init(_ descriptor: Int32) {
        DispatchQueue.global().async {
            let bytes = try? InputFile(descriptor: descriptor, name: "pipe", limit: 1 << 30).withView { $0.array }
            self.received.withLock { $0 = bytes }
            self.done.signal()
        }
    }

    func wait() -> [UInt8]? {
        done.wait()
        return received.withLock { $0 }
    }
}
