/// Holds the answer of a decoder under test against what the manifest expects.
package enum DecoderCheck {
    /// - Parameter timeLimit: seconds the decoder had.
    package static func result(of vector: Manifest.Vector, _ outcome: ProcessOutcome, timeLimit: Double) -> CaseResult {
        let (verdict, found) = judge(vector, outcome, timeLimit)
        return CaseResult(
            id: vector.id, group: vector.group.rawValue, verdict: verdict, expected: vector.expected, found: found, seconds: outcome.seconds,
            peakBytes: outcome.peakBytes)
    }

    private static func judge(_ vector: Manifest.Vector, _ outcome: ProcessOutcome, _ timeLimit: Double) -> (Verdict, String) {
        if let failure = outcome.failure(timeLimit: timeLimit) { return failure }
        guard case .exited(let status) = outcome.ending else { return (.protocolError, "it did not end") }
        do throws(AnswerProblem) {
            if status == 0 { return try judge(vector, try DecodedContent(try answer(outcome.output))) }
            guard let family = Refusal.Family.allCases.first(where: { $0.exitCode == status }) else {
                throw AnswerProblem(outcome.described("exit code \(status), expected 0, 65, 69 or 77"))
            }
            return try judge(vector, family, try error(outcome.output), outcome)
        } catch {
            return (.protocolError, error.message)
        }
    }

    private static func judge(_ vector: Manifest.Vector, _ content: DecodedContent) throws(AnswerProblem) -> (Verdict, String) {
        guard let expected = vector.content else { return (.acceptedInvalid, "exit code 0, as if the stream were sound") }
        return expected.difference(to: content).map { (.wrongResult, $0) } ?? (.pass, "")
    }

    private static func judge(
        _ vector: Manifest.Vector, _ family: Refusal.Family, _ error: (code: String, unit: Int?, element: String?)?, _ outcome: ProcessOutcome
    ) throws(AnswerProblem) -> (Verdict, String) {
        let words = error.map { Refusal(code: $0.code, family: family, unit: $0.unit, element: $0.element).description }
        let found = words ?? outcome.described("exit code \(family.exitCode) (\(family.rawValue))")
        guard let expected = vector.refusal else {
            return vector.expectation == .decodesOrUnsupported && family == .unsupported ? (.pass, "") : (.refusedValid, found)
        }
        if family != expected.family { return (.wrongFamily, "exit code \(family.exitCode) (\(family.rawValue))" + (words.map { ": " + $0 } ?? "")) }
        guard let error else { return (.pass, "") }
        if error.code != expected.code { return (.wrongCode, found) }
        if let unit = error.unit, let right = expected.unit, unit != right { return (.wrongPlace, found) }
        if let element = error.element, let right = expected.element, element != right { return (.wrongPlace, found) }
        return (.pass, "")
    }

    private static func answer(_ output: [UInt8]) throws(AnswerProblem) -> JSON {
        do throws(JSONParser.Problem) { return try JSONParser.parse(output) } catch {
            throw AnswerProblem("standard output is not JSON: \(error.description)")
        }
    }

    /// The error object of a refusal; nil if the decoder says nothing.
    private static func error(_ output: [UInt8]) throws(AnswerProblem) -> (code: String, unit: Int?, element: String?)? {
        if output.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) { return nil }
        let json = try answer(output)
        guard let error = json["error"] else { throw AnswerProblem("standard output of a refusal has no member \"error\"") }
        let code = try error.text("code", of: "error")
        let place = try error.place(of: "error")
        return (code, place.unit, place.element)
    }
}

extension Manifest.Vector {
    /// What is expected, in words.
    fileprivate var expected: String {
        switch expectation {
        case .decodes: "decodes"
        case .decodesOrUnsupported: "decodes, or is refused as unsupported"
        case .refused: refusal.map { "\($0.family.rawValue): \($0.description)" } ?? ""
        }
    }
}
