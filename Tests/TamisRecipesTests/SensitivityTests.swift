import TamisBits
import TamisRecipes
import Testing

@Suite("Tables of sensitivities")
struct SensitivityTests {
    private static func table(_ text: String) throws(TamisError) -> [String: Double] { try SensitivityFile.table(Array(text.utf8), file: "s.json") }

    @Test("JSON objects of positive numbers", arguments: [
        ("{}", [:]), (" {\n} \n", [:]), ("{\"a\":1}", ["a": 1]), ("{\"conv1.weight\": 4, \"fc\" : 0.5e0,\r\n\t\"\": 1E-3}", ["conv1.weight": 4, "fc": 0.5, "": 0.001]),
        (#"{"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00😀": 1}"#, ["\"\\/\u{8}\u{C}\n\r\té😀😀": 1]),
    ] as [(String, [String: Double])])
    func sound(text: String, table: [String: Double]) throws { #expect(try Self.table(text) == table) }

    @Test("Anything else is refused, with line and name", arguments: [
        ("", 1, nil, "the end of the file"), ("[]", 1, nil, "has a list, expected {"), ("a: 1", 1, nil, "has 'a', expected {"), ("{\"a\": 1", 1, nil, "the end of the file, expected ,"),
        ("{\n\"a\": 1,\n}", 3, nil, "has '}', expected a tensor's name"), ("{a: 1}", 1, nil, "has 'a'"), ("{\"a\" 1}", 1, nil, "expected :"), ("{\"a\": 1} x", 1, nil, "has 'x'"),
        ("{\"a\": 1}{}", 1, nil, "expected the end"), ("{\"a\": 1 \"b\": 2}", 1, nil, "has text, expected ,"), ("{\n\"a\": 1,\n\"b\": 1,\n\"a\": 2}", 4, "'a'", "a second time"),
        (#"{"a": 1, "\u0061": 2}"#, 1, "'a'", "a second time"), ("{\n\"a\": 0}", 2, "'a'", "is 0, expected a positive number"), ("{\"a\": -1}", 1, "'a'", "is -1"),
        ("{\"a\": NaN}", 1, "'a'", "is NaN"), ("{\"a\": Infinity}", 1, "'a'", "is Infinity"), ("{\"a\": 1e999}", 1, "'a'", "is 1e999"), ("{\"a\": 1e-999}", 1, "'a'", "is 1e-999"),
        ("{\"a\": 01}", 1, "'a'", "is 01"), ("{\"a\": .5}", 1, "'a'", "is .5"), ("{\"a\": 1.}", 1, "'a'", "is 1."), ("{\"a\": +1}", 1, "'a'", "is +1"), ("{\"a\": 0x1}", 1, "'a'", "is 0x1"),
        ("{\"a\": \"1\"}", 1, "'a'", "is text"), ("{\"a\": true}", 1, "'a'", "is true"), ("{\"a\": null}", 1, "'a'", "is null"), ("{\"a\": [1]}", 1, "'a'", "is a list"),
        ("{\"a\": {}}", 1, "'a'", "is an object"), ("{\"a\n\": 1}", 1, nil, "control character"), ("{\"a", 1, nil, "ends within a name"), (#"{"\x": 1}"#, 1, nil, "unknown escape"),
        (#"{"\ud800": 1}"#, 1, nil, "half a character"), (#"{"\ud800\u0041": 1}"#, 1, nil, "half a character"), (#"{"\u00g0": 1}"#, 1, nil, "hexadecimal"), ("{\"a\": 1} // b", 1, nil, "has '/'"),
        ("\u{FEFF}{}", 1, nil, "expected {"), ("{'a': 1}", 1, nil, "has '''"),
    ] as [(String, Int, String?, String)])
    func refusals(text: String, line: Int, element: String?, words: String) {
        let error = #expect(throws: TamisError.self) { try Self.table(text) }
        #expect(error?.code == .invalidSensitivities && error?.file == "s.json" && error?.unit == "line \(line)" && error?.element == element, "\(String(describing: error))")
        #expect(error?.message.contains(words) == true && error?.advice != nil, "\(String(describing: error))")
    }

    @Test("Bytes that are no UTF-8, and too many of them")
    func bytes() {
        let error = #expect(throws: TamisError.self) { try SensitivityFile.table([0x7B, 0x0A, 0xFF]) }
        #expect(error?.code == .invalidSensitivities && error?.unit == "line 2")
        let tooMany = #expect(throws: TamisError.self) { try SensitivityFile.table([UInt8](repeating: 0x20, count: SensitivityFile.maximumByteCount + 1)) }
        #expect(tooMany?.code == .limitExceeded)
    }
}
