import TamisQuantization

/// What the encoder does at each effort; the table is in the README.
struct EffortProfile: Sendable {
    enum Search: Sendable, Equatable {
        case rounding
        case rateDistortion
        case trellis(statesLog2: Int)
    }

    /// How tensors are quantized that no setting speaks of.
    let search: Search
    /// Errors are hidden in the weights that follow, unless the options say otherwise.
    let feedsErrorsBack: Bool
    /// What contexts of neighbouring magnitudes and of signs must save to be used; nil: they are not.
    let leastGain: ContextGain?
    /// How often the rates of a tensor are estimated anew from what a search with the rates before has found.
    private(set) var ratePasses: Int
    /// How often each slice is searched, from the second time on with rates of its own.
    let slicePasses: Int
    /// Sums are made in single precision, and tools are chosen from less of a tensor.
    let isHasty: Bool
    /// Limits of adaptation that are tried.
    private(set) var adaptationLimits: [Int]

    static func level(_ effort: Int) -> EffortProfile {
        switch effort {
        case ...1: EffortProfile(.rounding, feedsErrorsBack: false, leastGain: nil, isHasty: true)
        case 2: EffortProfile(.rounding)
        case 3: EffortProfile(.rateDistortion, ratePasses: 2)
        case 4: EffortProfile(.trellis(statesLog2: 3), ratePasses: 2)
        case 5: EffortProfile(.trellis(statesLog2: 5), ratePasses: 2)
        case 6: EffortProfile(.trellis(statesLog2: 6), leastGain: .any, ratePasses: 3, adaptationLimits: [7, 8, 9])
        case 7: EffortProfile(.trellis(statesLog2: 7), leastGain: .any, ratePasses: 3, adaptationLimits: [7, 8, 9])
        case 8: EffortProfile(.trellis(statesLog2: 8), leastGain: .any, ratePasses: 3, adaptationLimits: [7, 8, 9])
        default: EffortProfile(.trellis(statesLog2: 8), leastGain: .any, ratePasses: 3, slicePasses: 2, adaptationLimits: [6, 7, 8, 9])
        }
    }

    private init(_ search: Search, feedsErrorsBack: Bool = true, leastGain: ContextGain? = .worthTheTime, ratePasses: Int = 0, slicePasses: Int = 1, isHasty: Bool = false,
        adaptationLimits: [Int] = [8]
    ) {
        self.search = search
        self.feedsErrorsBack = feedsErrorsBack
        self.leastGain = leastGain
        self.ratePasses = ratePasses
        self.slicePasses = slicePasses
        self.isHasty = isHasty
        self.adaptationLimits = adaptationLimits
    }
}

extension EffortProfile {
    /// As good for measuring a sample, and faster.
    var probing: EffortProfile {
        var profile = self
        profile.adaptationLimits = [8]
        return profile
    }
}
