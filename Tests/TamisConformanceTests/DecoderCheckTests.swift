import Testing

@testable import TamisConformance

@Suite("Verdicts on decoders")
struct DecoderCheckTests {
    private static let refusal = Refusal(code: "value_out_of_range", family: .malformed, unit: 4, element: "coding_mode")
    private static let answer = JSON.object(Samples.content.members).text

    private static func verdict(_ vector: Manifest.Vector, _ ending: ProcessOutcome.Ending, _ output: String = "") -> Verdict {
        DecoderCheck.result(of: vector, Samples.outcome(ending, output), timeLimit: 20).verdict
    }

    @Test func soundStreams() {
        let vector = Samples.vector(.decodes, content: Samples.content)
        #expect(Self.verdict(vector, .exited(0), Self.answer) == .pass)
        #expect(Self.verdict(vector, .exited(0), " " + Self.answer + "\n\n") == .pass)
        for status: Int32 in [65, 69, 77] { #expect(Self.verdict(vector, .exited(status)) == .refusedValid) }
        for output in ["", "ok", "[]", "{}", "{\"files\":[]}", Self.answer + "x", "{\"files\":[],\"tensors\":[{}]}", Self.answer + Self.answer] {
            #expect(Self.verdict(vector, .exited(0), output) == .protocolError, "\(output)")
        }
        for status: Int32 in [1, 2, 64, 70, 127] { #expect(Self.verdict(vector, .exited(status)) == .protocolError) }
    }

    @Test("Each difference is found, and named", arguments: [
        ("\"w\"", "\"v\"", "tensor 0 'w': expected this name"), ("float32", "float16", "tensor 0 'w': expected type float32"), ("[2,3]", "[3,2]", "expected shape [2, 3]"),
        (Samples.sha256([3]), Samples.sha256([4]), "tensor 1 's': expected SHA-256"), ("a.onnx", "b.onnx", "file 0 'a.onnx': expected this name"),
        ("\"bytes\":3", "\"bytes\":4", "expected 3 bytes, got 4"), (Samples.sha256([1]), Samples.sha256([4]), "file 0 'a.onnx': expected SHA-256"),
    ])
    func differences(old: String, new: String, words: String) {
        let wrong = Self.answer.replacing(old, with: new)
        #expect(wrong != Self.answer)
        let result = DecoderCheck.result(of: Samples.vector(.decodes, content: Samples.content), Samples.outcome(.exited(0), wrong), timeLimit: 20)
        #expect(result.verdict == .wrongResult && result.found.contains(words), "\(result.found)")
    }

    @Test func missingAndFurtherItems() {
        let content = Samples.content
        for other in [
            DecodedContent(files: [], tensors: content.tensors), DecodedContent(files: content.files + content.files, tensors: content.tensors),
            DecodedContent(files: content.files, tensors: [content.tensors[0]]), DecodedContent(files: content.files, tensors: content.tensors.reversed()),
        ] {
            #expect(content.difference(to: other) != nil && other.difference(to: content) != nil)
        }
        #expect(content.difference(to: content) == nil)
    }

    @Test func digestsInCapitals() {
        #expect(Self.verdict(Samples.vector(.decodes, content: Samples.content), .exited(0), Self.answer.replacing(Samples.sha256([3]), with: Samples.sha256([3]).uppercased())) == .pass)
    }

    @Test("Invalid streams: code and place count where both sides state them", arguments: [
        (65, "", .pass), (65, " \n", .pass), (65, #"{"error":{"code":"value_out_of_range"}}"#, .pass),
        (65, #"{"error":{"code":"value_out_of_range","unit":null,"element":null}}"#, .pass),
        (65, #"{"error":{"code":"value_out_of_range","unit":4,"element":"coding_mode","note":"x"}}"#, .pass),
        (65, #"{"error":{"code":"truncated","unit":4,"element":"coding_mode"}}"#, .wrongCode),
        (65, #"{"error":{"code":"value_out_of_range","unit":3}}"#, .wrongPlace), (65, #"{"error":{"code":"value_out_of_range","element":"rank"}}"#, .wrongPlace),
        (69, #"{"error":{"code":"value_out_of_range","unit":4,"element":"coding_mode"}}"#, .wrongFamily), (77, "", .wrongFamily),
        (65, "{}", .protocolError), (65, "value_out_of_range", .protocolError), (65, #"{"error":{}}"#, .protocolError),
        (65, #"{"error":{"code":"value_out_of_range","unit":"4"}}"#, .protocolError), (0, answer, .acceptedInvalid), (1, "", .protocolError), (0, "", .protocolError),
    ] as [(Int32, String, Verdict)])
    func refusals(status: Int32, output: String, verdict: Verdict) {
        #expect(Self.verdict(Samples.vector(.refused, refusal: Self.refusal), .exited(status), output) == verdict)
    }

    @Test func placesThatNobodyStates() {
        let vector = Samples.vector(.refused, refusal: Refusal(code: "not_tamis", family: .malformed, unit: nil, element: nil))
        #expect(Self.verdict(vector, .exited(65), #"{"error":{"code":"not_tamis","unit":0,"element":"signature"}}"#) == .pass)
    }

    @Test func optionalFeatures() {
        let vector = Samples.vector(.decodesOrUnsupported, content: Samples.content)
        #expect(Self.verdict(vector, .exited(0), Self.answer) == .pass && Self.verdict(vector, .exited(69)) == .pass)
        #expect(Self.verdict(vector, .exited(65)) == .refusedValid && Self.verdict(vector, .exited(0), Self.answer.replacing("float32", with: "x")) == .wrongResult)
    }

    @Test func processes() {
        for vector in [Samples.vector(.decodes, content: Samples.content), Samples.vector(.refused, refusal: Self.refusal)] {
            #expect(Self.verdict(vector, .timedOut) == .timeout)
            #expect(Self.verdict(vector, .signalled(11)) == .crash)
            #expect(Self.verdict(vector, .tooMuchOutput) == .protocolError)
        }
        let result = DecoderCheck.result(
            of: Samples.vector(.decodes, content: Samples.content), Samples.outcome(.signalled(6), errors: "\n  assertion failed\nmore"), timeLimit: 20)
        #expect(result.found == "ended by signal 6 (SIGABRT): assertion failed")
    }
}
