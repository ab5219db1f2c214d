import TamisBits

/// The list of the kit's files: streams with what a decoder shall make of them, and models for encoders.
package struct Manifest: Sendable {
    package static let formatVersion: UInt64 = 1

    package enum Group: String, Sendable, CaseIterable {
        case valid, exotic, invalid, limits
    }

    package struct Vector: Sendable {
        package enum Expectation: String, Sendable, CaseIterable {
            case decodes, refused
            /// A decoder may refuse it as unsupported.
            case decodesOrUnsupported = "decodes_or_unsupported"
        }

        package let id: String
        /// Path from the manifest's folder.
        package let file: String
        package let group: Group
        package let expectation: Expectation
        /// Of the stream; 64 lower-case hexadecimal digits.
        package let sha256: String
        package let about: String
        /// nil if the stream does not decode.
        package let content: DecodedContent?
        /// nil if the stream is not refused.
        package let refusal: Refusal?
    }

    /// A model, small, to be encoded.
    package struct Source: Sendable {
        package let id: String
        /// Path from the manifest's folder.
        package let file: String
        /// Of the file; 64 lower-case hexadecimal digits.
        package let sha256: String
        package let about: String
    }

    package let vectors: [Vector]
    package let sources: [Source]

    /// - Parameters:
    ///   - bytes: of the manifest, JSON.
    ///   - file: its name, for messages.
    /// - Throws: `invalid_argument` if it is none.
    package init(_ bytes: [UInt8], file: String) throws(TamisError) {
        func refused(_ message: String) -> TamisError {
            TamisError(
                .invalidArgument, message, file: file, advice: "expected the manifest.json of a conformance kit of format_version \(Self.formatVersion)")
        }
        if bytes.isEmpty { throw refused("the file is empty") }
        let json: JSON
        do throws(JSONParser.Problem) { json = try JSONParser.parse(bytes) } catch { throw refused("this is not JSON: " + error.description) }
        do throws(AnswerProblem) { try self.init(json) } catch { throw refused(error.message) }
    }

    private init(_ json: JSON) throws(AnswerProblem) {
        let version = try json.number("format_version")
        if version != Self.formatVersion { throw AnswerProblem("format_version is \(version), expected \(Self.formatVersion)") }
        var vectors: [Vector] = []
        for item in try json.items("vectors") { vectors.append(try Vector(item, place: vectors.count)) }
        var sources: [Source] = []
        if json["sources"] != nil { for item in try json.items("sources") { sources.append(try Source(item, place: sources.count)) } }
        for ids in [vectors.map(\.id), sources.map(\.id)] {
            var seen: Set<String> = []
            if let twice = ids.first(where: { !seen.insert($0).inserted }) { throw AnswerProblem("the id \"\(twice)\" is given a second time") }
        }
        self.vectors = vectors
        self.sources = sources
    }
}

extension Manifest.Vector {
    fileprivate init(_ json: JSON, place: Int) throws(AnswerProblem) {
        let id = try json.text("id", of: "vectors[\(place)]")
        let object = "vector \"\(id)\""
        self.id = id
        file = try json.path(of: object)
        group = try json.word("group", of: object, Manifest.Group.self)
        expectation = try json.word("expectation", of: object, Expectation.self)
        sha256 = try json.digest("sha256", of: object)
        about = json["about"]?.string ?? ""
        do throws(AnswerProblem) {
            content = expectation == .refused ? nil : try DecodedContent(json)
        } catch {
            throw AnswerProblem("\(object): \(error.message)")
        }
        refusal = expectation == .refused ? try Refusal(manifest: json["error"], of: object) : nil
    }
}

extension Refusal {
    fileprivate init(manifest json: JSON?, of object: String) throws(AnswerProblem) {
        guard let json else { throw AnswerProblem("\(object) has no member \"error\"") }
        let code = try json.text("code", of: object + ".error")
        let family = try json.word("family", of: object + ".error", Family.self)
        let place = try json.place(of: object + ".error")
        self.init(code: code, family: family, unit: place.unit, element: place.element)
    }
}

extension Manifest.Source {
    fileprivate init(_ json: JSON, place: Int) throws(AnswerProblem) {
        let id = try json.text("id", of: "sources[\(place)]")
        let object = "source \"\(id)\""
        self.id = id
        file = try json.path(of: object)
        sha256 = try json.digest("sha256", of: object)
        about = json["about"]?.string ?? ""
    }
}

extension JSON {
    /// A path that stays in the manifest's folder.
    fileprivate func path(of object: String) throws(AnswerProblem) -> String {
        let path = try text("file", of: object)
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if path.utf8.contains(0) || parts.contains(where: { $0.isEmpty || $0.elementsEqual("..".utf8) }) {
            throw AnswerProblem("\(object).file is '\(path)', expected a path below the manifest's folder")
        }
        return path
    }

    fileprivate func word<Word: RawRepresentable<String> & CaseIterable>(
        _ key: String, of object: String, _ type: Word.Type
    ) throws(AnswerProblem) -> Word {
        let text = try text(key, of: object)
        guard let word = Word(rawValue: text) else {
            throw AnswerProblem("\(object).\(key) is \"\(text)\", expected one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    /// Unit and element of an error, as far as they are stated.
    func place(of object: String) throws(AnswerProblem) -> (unit: Int?, element: String?) {
        var unit: Int?
        if let json = self["unit"], !json.isNull {
            guard let number = json.unsigned, number <= UInt64(Int32.max) else { throw AnswerProblem("\(object).unit is \(json.kind), expected an integer or null") }
            unit = Int(number)
        }
        guard let json = self["element"], !json.isNull else { return (unit, nil) }
        guard let element = json.string else { throw AnswerProblem("\(object).element is \(json.kind), expected text or null") }
        return (unit, element)
    }
}
