import ArgumentParser

/// What is timed; the order is that of each turn.
enum Measurement: String, CaseIterable, ExpressibleByArgument {
    case open, decode, slices, plain, copy
}
