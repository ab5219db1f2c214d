import Testing

@testable import TamisConformance

@Suite("JSON")
struct JSONTests {
    private static func parse(_ text: String) throws -> JSON { try JSONParser.parse(Array(text.utf8)) }

    @Test("Values come back as they were written", arguments: [
        "null", "true", "false", "0", "-0.5e-3", "18446744073709551615", "\"\"", "[]", "{}", "[1,[2,{}],\"a\"]", "{\"b\":1,\"a\":{\"c\":[null]}}",
        "\"\\\"\\\\ \\u0001\\u007f é 漢 🧂\"",
    ])
    func roundTrip(text: String) throws {
        #expect(try Self.parse(text).text == text)
        #expect(try Self.parse(" \t\r\n" + text + "\n ").text == text)
    }

    @Test func escapes() throws {
        #expect(try Self.parse(#""\/\b\f\n\r\t\u00e9\ud83e\uddC2""#) == .string("/\u{8}\u{C}\n\r\té🧂"))
    }

    @Test("What is no JSON is refused, with the line", arguments: [
        "", " ", "nul", "truex", "01", "-", "1.", "1e", ".5", "+1", "[1,]", "[1 2]", "{\"a\" 1}", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}", "\"", "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\n\"", "[", "{", "1 2", "[1]]", "NaN", "'a'",
    ])
    func refusals(text: String) throws {
        #expect(throws: JSONParser.Problem.self) { try Self.parse(text) }
        do {
            _ = try Self.parse("[\n\n" + text)
        } catch {
            #expect((error as? JSONParser.Problem)?.line ?? 0 >= 3)
        }
    }

    @Test func notUTF8() {
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }

    @Test("Depth is bounded: a hundred thousand brackets are no danger")
    func depth() throws {
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse([UInt8](repeating: UInt8(ascii: "["), count: 100_000)) }
        #expect(try Self.parse(String(repeating: "[", count: 60) + String(repeating: "]", count: 60)).array?.count == 1)
    }

    @Test func access() throws {
        let json = try Self.parse(#"{"a":[1,-1,1.5],"b":"x","c":null}"#)
        #expect(json["a"]?.array?.map(\.unsigned) == [1, nil, nil] && json["a"]?.array?.map(\.number) == [1, -1, 1.5])
        #expect(json["b"]?.string == "x" && json["c"]?.isNull == true && json["d"] == nil)
    }
}
