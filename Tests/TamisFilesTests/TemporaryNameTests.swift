import Testing

@testable import TamisFiles

struct TemporaryNameTests {
    @Test(arguments: ["a", "model.tamis", ".hidden", "1.2.tmp", "naïve", String(repeating: "x", count: 255), String(repeating: "é", count: 127)])
    func ownNamesMatch(destination: String) {
        let name = TemporaryName(for: destination).text
        #expect(TemporaryName.stem(of: name) == TemporaryName.stem(for: destination))
        #expect(name.utf8.count <= 255)
        #expect(TemporaryName(for: destination).text != name)
        #expect(TemporaryName.stem(of: name) != TemporaryName.stem(for: "other"))
    }

    @Test(arguments: [
        "a", ".a", ".a.tmp", ".a.1.tmp", ".a.1.0123456789abcde.tmp", ".a.1.0123456789abcdef0.tmp", ".a.1.0123456789ABCDEF.tmp",
        ".a..0123456789abcdef.tmp", ".a.x.0123456789abcdef.tmp", ".a.12345678901.0123456789abcdef.tmp", "a.1.0123456789abcdef.tmp",
        ".a.1.0123456789abcdef.tmp~", ".a.1.2.0123456789abcdef.tmp", ".b.1.0123456789abcdef.tmp", ".a.b.1.0123456789abcdef.tmp",
    ])
    func otherNamesDoNot(name: String) {
        #expect(TemporaryName.stem(of: name) != TemporaryName.stem(for: "a"))
    }
}
