import ArgumentParser
import TamisModel

/// People count shards from 1: `1/4` … `4/4`.
extension Shard: ExpressibleByArgument {
    public init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }), let number = Int(parts[0]), let count = Int(parts[1]),
            number > 0
        else { return nil }
        self.init(number: number - 1, count: count)
    }
}
