import Foundation
import TamisEncoder
import TamisRecipes
import TamisYAML
import Testing

@Suite("docs/recipes.md")
struct DocumentationTests {
    private static func page() throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: folder.appendingPathComponent("docs/recipes.md"), encoding: .utf8)
    }

    @Test("Its example is a recipe")
    func example() throws {
        let page = try Self.page()
        let yaml = try #require(page.firstMatch(of: /```yaml\n((?s).*?)```/)?.1)
        let recipe = try Recipe(Array(yaml.utf8))
        #expect(recipe.effort == 7 && recipe.exclusions == ["norm*"] && recipe.rules.count == 3)
        #expect(recipe.rules.last?.settings == TensorSettings(quantizer: .affine(bits: 8, calibration: .meanSquaredError), pruning: .pattern(kept: 2, group: 4)))
    }

    @Test("It has every quantizer")
    func quantizers() throws {
        let page = try Self.page()
        for name in QuantizerSpecification.names { #expect(page.contains("\n| `\(name)` |"), "\(name)") }
    }
}
