/// Which part of a model a stream holds (Spec §3.7).
public struct Shard: Sendable, Equatable {
    /// Place among the shards of the model, 0 … `count` − 1.
    public let number: Int
    /// Streams that hold the model together, 1 … 65535.
    public let count: Int

    /// How many shards a model may have.
    public static let countRange = 1...65535

    /// - Returns: nil if the numbers are out of range.
    public init?(number: Int, count: Int) {
        guard Self.countRange.contains(count), (0..<count).contains(number) else { return nil }
        self.number = number
        self.count = count
    }
}

extension Shard: CustomStringConvertible {
    /// For people, who count from 1: `2 of 4`.
    public var description: String { "\(number + 1) of \(count)" }
}
