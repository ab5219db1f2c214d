import Glibc
import Synchronization

/// The temporaries that exist now, kept so that a signal handler can remove them: fixed memory, no locks, no allocation.
///
/// Invariant: a place whose state is `ready` holds an open directory and a name that ends in zero; only the one who claimed the
/// place, 0 → `claimed`, changes it, and never while it is `ready`.
enum PendingTemporaries {
    private static let free = 0, claimed = 1, ready = 2
    private static let placeCount = 1024
    /// File systems allow 255 bytes; one more for the end.
    private static let nameSize = 256

    private struct Place: ~Copyable {
        let state = Atomic<Int>(PendingTemporaries.free)
        let directory = Atomic<Int32>(-1)
        let name = UnsafeMutablePointer<CChar>.allocate(capacity: PendingTemporaries.nameSize)
    }

    /// Never freed.
    nonisolated(unsafe) private static let places: UnsafeMutablePointer<Place> = {
        let places = UnsafeMutablePointer<Place>.allocate(capacity: placeCount)
        for index in 0..<placeCount { (places + index).initialize(to: Place()) }
        return places
    }()

    /// Makes the memory, so that the handler meets it made.
    static func prepare() { _ = places }

    /// - Returns: the place taken, nil if none is free; the next run then finds what a signal leaves.
    static func add(_ name: String, in directory: Int32) -> Int? {
        let bytes = Array(name.utf8CString)
        if bytes.count > nameSize { return nil }
        for index in 0..<placeCount
        where places[index].state.compareExchange(expected: free, desired: claimed, ordering: .acquiring).exchanged {
            places[index].directory.store(directory, ordering: .relaxed)
            for (position, byte) in bytes.enumerated() { places[index].name[position] = byte }
            places[index].state.store(ready, ordering: .releasing)
            return index
        }
        return nil
    }

    static func remove(_ index: Int?) {
        if let index { places[index].state.store(free, ordering: .releasing) }
    }

    /// Safe in a signal handler.
    static func unlinkAll() {
        for index in 0..<placeCount where places[index].state.load(ordering: .acquiring) == ready {
            unlinkat(places[index].directory.load(ordering: .relaxed), places[index].name, 0)
        }
    }
}
