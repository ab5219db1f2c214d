import CTamis
import Synchronization
import TamisBits
import TamisDecoder
import TamisThreads

extension tamis_run: VersionedStruct { static var cName: StaticString { "tamis_run" } }
extension tamis_limits: VersionedStruct { static var cName: StaticString { "tamis_limits" } }

extension Limits {
    /// - Parameter pointer: NULL for the defaults.
    init(_ pointer: UnsafePointer<tamis_limits>?) throws(TamisError) {
        self = .standard
        guard let pointer else { return }
        let limits = try tamis_limits(reading: pointer)
        func take(_ value: UInt64, _ path: WritableKeyPath<Limits, UInt64>) { if value > 0 { self[keyPath: path] = value } }
        take(limits.output_bytes, \.outputBytes)
        take(limits.tensor_bytes, \.tensorBytes)
        take(limits.skeleton_bytes, \.skeletonBytes)
        take(limits.tensors, \.tensors)
        take(limits.holes, \.holes)
        take(limits.files, \.files)
        take(limits.topology_bytes, \.topologyBytes)
        take(limits.units, \.units)
    }
}

/// How a call runs.
struct RunSettings: Sendable {
    let threads: ThreadCount
    let verifiesFiles: Bool
    private let callbacks: Callbacks?

    /// - Parameter pointer: NULL for the defaults.
    init(_ pointer: UnsafePointer<tamis_run>?) throws(TamisError) {
        let run = try pointer.map { (pointer) throws(TamisError) in try tamis_run(reading: pointer) } ?? tamis_run()
        if run.threads < 0 { throw TamisError(.invalidArgument, "the number of threads is \(run.threads), expected 0 or more", element: "threads") }
        let callbacks = run.progress == nil && run.cancel == nil ? nil : Callbacks(run)
        self.callbacks = callbacks
        verifiesFiles = run.skip_file_digests == 0
        threads = ThreadCount(Int(run.threads), cancellation: run.cancel == nil ? nil : callbacks.map { callbacks in Cancellation { callbacks.isCancelled } })
    }

    /// Tells the caller how much is done, of what nobody knows.
    func tell(_ done: UInt64) { callbacks?.tell(done, of: 0) }

    /// Runs `body` between a first question to the caller, and a last word of its progress.
    ///
    /// - Parameter body: is given what to call with how much is done, in the measure of `total`.
    func run(total: UInt64, _ body: (_ progress: (@Sendable (UInt64) -> Void)?) throws(TamisError) -> Void) throws(TamisError) {
        try threads.checkCancellation()
        guard let callbacks else { return try body(nil) }
        try body { callbacks.tell($0, of: total) }
        callbacks.tellEnd(of: total)
    }
}

/// The functions of the caller, of which one runs at a time.
private final class Callbacks: @unchecked Sendable {
    private let run: tamis_run
    /// What was told last.
    private let told = Mutex<UInt64>(0)

    init(_ run: tamis_run) { self.run = run }

    /// While another thread is in a callback, that is not waited for: there will be more to tell.
    func tell(_ done: UInt64, of total: UInt64) {
        guard let progress = run.progress else { return }
        told.withLockIfAvailable { told in
            if done <= told { return }
            told = total > 0 ? min(done, total) : done
            progress(run.user, told, total)
        }
    }

    func tellEnd(of total: UInt64) {
        guard let progress = run.progress else { return }
        told.withLock { told in
            if total > 0 && told == total { return }
            told = max(told, total)
            progress(run.user, told, total)
        }
    }

    var isCancelled: Bool {
        guard let cancel = run.cancel else { return false }
        return told.withLockIfAvailable { _ in cancel(run.user) != 0 } ?? false
    }
}
