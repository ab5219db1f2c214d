import TamisBits
import TamisSyntax

/// What a stream decodes to, by digests: the answer of a decoder under test, and what the manifest expects.
package struct DecodedContent: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        package let name: String
        package let byteCount: UInt64
        /// 64 lower-case hexadecimal digits.
        package let sha256: String

        package init(name: String, byteCount: UInt64, sha256: String) {
            self.name = name
            self.byteCount = byteCount
            self.sha256 = sha256
        }
    }

    package struct Tensor: Sendable, Equatable {
        package let name: String
        /// A name of Spec §5.2.
        package let type: String
        package let shape: [UInt64]
        /// Of the bytes of Spec §5.1; 64 lower-case hexadecimal digits.
        package let sha256: String

        package init(name: String, type: String, shape: [UInt64], sha256: String) {
            self.name = name
            self.type = type
            self.shape = shape
            self.sha256 = sha256
        }
    }

    /// In the order of the topology.
    package let files: [File]
    /// In the order of the topology, without aliases.
    package let tensors: [Tensor]

    package init(files: [File], tensors: [Tensor]) {
        self.files = files
        self.tensors = tensors
    }

    /// What differs first in `other`, which was to be the same; nil if nothing does.
    package func difference(to other: DecodedContent) -> String? {
        // Tensors first: if one is wrong, its file is, too.
        for (number, (own, others)) in zip(tensors, other.tensors).enumerated() {
            let name = "tensor \(number) '\(own.name)'"
            if !own.name.utf8.elementsEqual(others.name.utf8) { return "\(name): expected this name, got '\(others.name)'" }
            if own.type != others.type { return "\(name): expected type \(own.type), got \(others.type)" }
            if own.shape != others.shape { return "\(name): expected shape \(own.shape), got \(others.shape)" }
            if own.sha256 != others.sha256 { return "\(name): expected SHA-256 \(own.sha256), got \(others.sha256)" }
        }
        if tensors.count != other.tensors.count { return "expected \(tensors.count.counted("tensor")), got \(other.tensors.count)" }
        for (number, (own, others)) in zip(files, other.files).enumerated() {
            let name = "file \(number) '\(own.name)'"
            if !own.name.utf8.elementsEqual(others.name.utf8) { return "\(name): expected this name, got '\(others.name)'" }
            if own.byteCount != others.byteCount { return "\(name): expected \(own.byteCount.counted("byte")), got \(others.byteCount)" }
            if own.sha256 != others.sha256 { return "\(name): expected SHA-256 \(own.sha256), got \(others.sha256)" }
        }
        if files.count != other.files.count { return "expected \(files.count.counted("file")), got \(other.files.count)" }
        return nil
    }
}

extension DecodedContent {
    /// As the protocol writes it.
    package var members: [JSON.Member] {
        [
            JSON.Member("files", .array(files.map { file in
                .object([JSON.Member("name", .string(file.name)), JSON.Member("bytes", .integer(file.byteCount)), JSON.Member("sha256", .string(file.sha256))])
            })),
            JSON.Member("tensors", .array(tensors.map { tensor in
                .object([
                    JSON.Member("name", .string(tensor.name)), JSON.Member("type", .string(tensor.type)),
                    JSON.Member("shape", .array(tensor.shape.map { .integer($0) })), JSON.Member("sha256", .string(tensor.sha256)),
                ])
            })),
        ]
    }

    /// - Parameter json: an object with `files` and `tensors`; other members are of no interest.
    /// - Throws: what is wrong with it.
    package init(_ json: JSON) throws(AnswerProblem) {
        var files: [File] = []
        for (place, item) in try json.items("files").enumerated() {
            let file = "files[\(place)]"
            files.append(File(name: try item.text("name", of: file), byteCount: try item.number("bytes", of: file), sha256: try item.digest("sha256", of: file)))
        }
        var tensors: [Tensor] = []
        for (place, item) in try json.items("tensors").enumerated() {
            let tensor = "tensors[\(place)]"
            var shape: [UInt64] = []
            for dimension in try item.items("shape", of: tensor) {
                guard let value = dimension.unsigned else { throw AnswerProblem("\(tensor).shape has \(dimension.kind), expected integers that are not negative") }
                shape.append(value)
            }
            tensors.append(
                Tensor(name: try item.text("name", of: tensor), type: try item.text("type", of: tensor), shape: shape, sha256: try item.digest("sha256", of: tensor)))
        }
        self.init(files: files, tensors: tensors)
    }
}

/// What is wrong with JSON that was to have members of certain kinds.
package struct AnswerProblem: Error, Sendable, Equatable {
    package let message: String

    package init(_ message: String) { self.message = message }
}

extension JSON {
    private func member(_ key: String, of object: String) throws(AnswerProblem) -> JSON {
        guard let value = self[key] else { throw AnswerProblem("\(object.isEmpty ? "the answer" : object) has no member \"\(key)\"") }
        return value
    }

    private func wrong(_ key: String, _ object: String, _ value: JSON, _ expected: String) -> AnswerProblem {
        AnswerProblem("\(object.isEmpty ? key : object + "." + key) is \(value.kind), expected \(expected)")
    }

    func items(_ key: String, of object: String = "") throws(AnswerProblem) -> [JSON] {
        let value = try member(key, of: object)
        guard let items = value.array else { throw wrong(key, object, value, "a list") }
        return items
    }

    func text(_ key: String, of object: String = "") throws(AnswerProblem) -> String {
        let value = try member(key, of: object)
        guard let text = value.string else { throw wrong(key, object, value, "text") }
        return text
    }

    func number(_ key: String, of object: String = "") throws(AnswerProblem) -> UInt64 {
        let value = try member(key, of: object)
        guard let number = value.unsigned else { throw wrong(key, object, value, "an integer that is not negative") }
        return number
    }

    /// 64 hexadecimal digits, made lower-case.
    func digest(_ key: String, of object: String = "") throws(AnswerProblem) -> String {
        let value = try member(key, of: object)
        guard let text = value.string, text.utf8.count == 64, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw wrong(key, object, value, "64 hexadecimal digits")
        }
        return text.lowercased()
    }
}
