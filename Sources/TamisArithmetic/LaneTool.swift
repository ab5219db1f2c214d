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
