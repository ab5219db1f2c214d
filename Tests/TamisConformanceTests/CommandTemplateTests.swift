import TamisBits
import Testing

@testable import TamisConformance

@Suite("Commands")
struct CommandTemplateTests {
    @Test("Words are split as a shell splits them", arguments: [
        ("dec {input}", ["dec", "{input}"]),
        ("  dec\t--x  {input}\n", ["dec", "--x", "{input}"]),
        ("'my decoder' \"a b\" c\\ d {input}", ["my decoder", "a b", "c d", "{input}"]),
        ("dec '' \"\" --f='{input}'\"x\"", ["dec", "", "", "--f={input}x"]),
        (#"dec '\"' "\"\\\$\a" {input}"#, ["dec", #"\""#, #""\$\a"#, "{input}"]),
        ("sh -c 'cat \"$0\" | wc' {input}", ["sh", "-c", "cat \"$0\" | wc", "{input}"]),
        ("déc * ? ~ # {input}", ["déc", "*", "?", "~", "#", "{input}"]),
    ])
    func words(text: String, words: [String]) throws {
        #expect(try CommandTemplate(text, places: ["input"]).words == words)
    }

    @Test("What only a shell understands is refused, and so is what has no end or no place", arguments: [
        "", "   ", "dec", "dec {output}", "dec '{input}", "dec \"{input}", "dec {input}\\", "dec {input} | cat", "dec < {input}", "a; b {input}", "dec {input} > x",
        "dec $HOME {input}", "dec `a` {input}", "dec \"$HOME\" {input}", "(dec {input})", "dec {input} &",
    ])
    func refusals(text: String) {
        #expect { try CommandTemplate(text, places: ["input"]) } throws: { ($0 as? TamisError)?.code == .invalidArgument }
    }

    @Test("Files take their places, and what is in their names is not looked at again")
    func filled() throws {
        let template = try CommandTemplate("enc --in={input} {output} {input}{output} {other}", places: ["input", "output"])
        #expect(
            template.filled(["input": "/a b/{output}", "output": "$x"]) == ["enc", "--in=/a b/{output}", "$x", "/a b/{output}$x", "{other}"])
    }
}
