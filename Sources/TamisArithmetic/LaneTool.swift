/// Whether a loop over lanes is made for a tool.
protocol LaneTool {
    static var isUsed: Bool { get }
}

enum WithTool: LaneTool {
    static var isUsed: Bool { true }
}

enum WithoutTool: LaneTool {
    static var isUsed: Bool { false }
}

/// A loop over lanes, of which the compiler makes one for each choice of tools.
protocol LaneLoop {
    /// In a function of its own each loop is small enough for the compiler to inline all that it calls.
    mutating func run<States: LaneTool, Neighbours: LaneTool, Signs: LaneTool>(_ states: States.Type, _ neighbours: Neighbours.Type, _ signs: Signs.Type)
}

extension LaneLoop {
    /// Runs the loop that is made for `tools`.
    mutating func run(_ tools: IndexSliceTools) {
        switch (tools.states.hasStates, tools.usesNeighbours, tools.signDistances != nil) {
        case (false, false, false): run(WithoutTool.self, WithoutTool.self, WithoutTool.self)
        case (false, false, true): run(WithoutTool.self, WithoutTool.self, WithTool.self)
        case (false, true, false): run(WithoutTool.self, WithTool.self, WithoutTool.self)
        case (false, true, true): run(WithoutTool.self, WithTool.self, WithTool.self)
        case (true, false, false): run(WithTool.self, WithoutTool.self, WithoutTool.self)
        case (true, false, true): run(WithTool.self, WithoutTool.self, WithTool.self)
        case (true, true, false): run(WithTool.self, WithTool.self, WithoutTool.self)
        case (true, true, true): run(WithTool.self, WithTool.self, WithTool.self)
        }
    }
}
