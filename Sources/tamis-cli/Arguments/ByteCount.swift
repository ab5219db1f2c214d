import ArgumentParser
import TamisRecipes

/// A number of bytes as people type it: see `ByteCountText`.
struct ByteCount: ExpressibleByArgument {
    let value: UInt64

    init?(argument: String) {
        guard let value = ByteCountText.parse(argument) else { return nil }
        self.value = value
    }
}
