import TamisModel

/// The end of `encoder_options` (Spec §4.2) in which the encoder says what it did to which tensors:
///
///     --effort 5 --quality 15 # feedback: synthetic 0,2-9; measured 12; corrected 1,3
///
/// Numbers are places in the topology in ascending order, neighbours joined to ranges. If they do not fit, `synthetic 9 tensors` tells
/// how many; `none` says that nothing was done to any tensor.
///
/// To a shell the note is a comment. Options cannot be taken for one: a `#` in them is within quotation marks, which no note has.
package struct TreatmentNote: Sendable, Equatable {
    /// In the order of the topology; nil if only the counts are known.
    package let tensors: [TensorTreatment]?
    /// Tensors whose errors were fed back by synthetic moments.
    package let syntheticCount: Int
    /// Tensors whose errors were fed back by measured moments.
    package let measuredCount: Int
    /// Biases that were corrected.
    package let correctedCount: Int

    private static let beginning = "# feedback: "
    private static let nothing = "none"
    private static let countEnding = " tensors"

    private enum Kind: String, CaseIterable {
        case synthetic
        case measured
        case corrected

        func isTrue(of tensor: TensorTreatment) -> Bool {
            switch self {
            case .synthetic: tensor.feedback == .synthetic
            case .measured: tensor.feedback == .measured
            case .corrected: tensor.isCorrected
            }
        }

        func note(in tensor: inout TensorTreatment) {
            switch self {
            case .synthetic: tensor.feedback = .synthetic
            case .measured: tensor.feedback = .measured
            case .corrected: tensor.isCorrected = true
            }
        }
    }

    /// - Parameter tensors: in the order of the topology.
    package init(_ tensors: [TensorTreatment]) {
        func count(_ kind: Kind) -> Int { tensors.count(where: kind.isTrue) }
        self.tensors = tensors
        syntheticCount = count(.synthetic)
        measuredCount = count(.measured)
        correctedCount = count(.corrected)
    }

    private init(counts: [Kind: Int]) {
        tensors = nil
        syntheticCount = counts[.synthetic] ?? 0
        measuredCount = counts[.measured] ?? 0
        correctedCount = counts[.corrected] ?? 0
    }

    private func count(_ kind: Kind) -> Int {
        switch kind {
        case .synthetic: syntheticCount
        case .measured: measuredCount
        case .corrected: correctedCount
        }
    }

    /// Nothing was done to any tensor.
    private var isEmpty: Bool { Kind.allCases.allSatisfy { count($0) == 0 } }
}

// MARK: - Writing

extension TreatmentNote {
    /// The options with the note behind them, or with its counts, or as they are: whatever fits into the stream, and nothing where
    /// there is nothing to say.
    ///
    /// - Parameter options: at most `Syntax.maximumTextBytes` bytes.
    package func appended(to options: String) -> String {
        // Nothing is said of nothing, unless the options would be taken for a note.
        if isEmpty && Self.split(options, tensorCount: tensors?.count ?? 0).note == nil { return options }
        let start = options + (options.isEmpty ? "" : " ") + Self.beginning
        return [text, countText].map { start + $0 }.first { UInt64($0.utf8.count) <= Syntax.maximumTextBytes } ?? options
    }

    /// Without its beginning, in the one form there is.
    private var text: String {
        guard let tensors else { return countText }
        return Self.joined { kind in Self.ranges(tensors.indices.filter { kind.isTrue(of: tensors[$0]) }) }
    }

    private var countText: String { Self.joined { kind in count(kind) == 0 ? "" : "\(count(kind))" + Self.countEnding } }

    private static func joined(_ words: (Kind) -> String) -> String {
        let parts = Kind.allCases.map { (kind: $0, words: words($0)) }.filter { !$0.words.isEmpty }
        return parts.isEmpty ? nothing : parts.map { "\($0.kind.rawValue) \($0.words)" }.joined(separator: "; ")
    }

    /// - Parameter numbers: ascending.
    private static func ranges(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = ranges.last, number == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}

// MARK: - Reading

extension TreatmentNote {
    /// Takes the note off the end of `encoder_options`.
    ///
    /// - Parameters:
    ///   - text: from any stream, whoever made it.
    ///   - tensorCount: of the topology.
    /// - Returns: the options without the note. If they do not end with a note just as `appended(to:)` writes it, for so many tensors,
    ///   the text as it is, and nil.
    package static func split(_ text: String, tensorCount: Int) -> (options: String, note: TreatmentNote?) {
        let bytes = text.utf8
        guard let start = bytes.lastIndex(of: UInt8(ascii: "#")), bytes[start...].starts(with: beginning.utf8) else { return (text, nil) }
        // Bytes, not characters: some of these are equal to others that look like them.
        let content = bytes[start...].dropFirst(beginning.utf8.count)
        guard content.allSatisfy({ $0 < 0x80 }), let note = TreatmentNote(reading: Substring(content), tensorCount: tensorCount),
            note.text.utf8.elementsEqual(content)
        else { return (text, nil) }
        if start == bytes.startIndex { return ("", note) }
        let end = bytes.index(before: start)
        return end > bytes.startIndex && bytes[end] == UInt8(ascii: " ") ? (String(Substring(bytes[..<end])), note) : (text, nil)
    }

    /// Reads the note's text, and others like it: it is the caller who compares the text.
    ///
    /// - Parameter text: ASCII.
    private init?(reading text: Substring, tensorCount: Int) {
        var tensors = [TensorTreatment](repeating: TensorTreatment(), count: tensorCount)
        if text == Self.nothing {
            self.init(tensors)
            return
        }
        var counts: [Kind: Int] = [:]
        let parts = text.split(separator: ";")
        if parts.count > Kind.allCases.count { return nil }
        for part in parts {
            let words = part.split(separator: " ", maxSplits: 1)
            guard words.count == 2, let kind = Kind(rawValue: String(words[0])) else { return nil }
            if words[1].hasSuffix(Self.countEnding) {
                guard let count = Int(words[1].dropLast(Self.countEnding.count)), count >= 1 && count <= tensorCount else { return nil }
                counts[kind] = count
            } else {
                guard Self.forEachNumber(of: words[1], below: tensorCount, { kind.note(in: &tensors[$0]) }) else { return nil }
            }
        }
        if counts.isEmpty { self.init(tensors) } else { self.init(counts: counts) }
    }

    /// - Returns: whether these are numbers and ranges in ascending order; `body` gets none twice.
    private static func forEachNumber(of list: Substring, below limit: Int, _ body: (Int) -> Void) -> Bool {
        var next = 0
        for part in list.split(separator: ",") {
            let bounds = part.split(separator: "-", maxSplits: 1).map { Int($0) }
            guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, (next..<limit).contains(first), (first..<limit).contains(last) else { return false }
            for number in first...last { body(number) }
            next = last + 1
        }
        return true
    }
}
