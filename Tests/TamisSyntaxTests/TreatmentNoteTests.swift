import TamisModel
import Testing

@testable import TamisSyntax

@Suite("What was done to each tensor, behind the options")
struct TreatmentNoteTests {
    /// A tensor for each character: s and m fed back, c corrected, b fed back by measured moments and corrected, - none of these.
    private static func tensors(_ pattern: String) -> [TensorTreatment] {
        pattern.map {
            TensorTreatment(feedback: $0 == "s" ? .synthetic : $0 == "m" || $0 == "b" ? .measured : .none, isCorrected: $0 == "c" || $0 == "b")
        }
    }

    @Test("One form for each list of tensors, which is read back", arguments: [
        ("s", "synthetic 0"), ("-m-", "measured 1"), ("ss", "synthetic 0-1"), ("s-ssm-c", "synthetic 0,2-3; measured 4; corrected 6"),
        ("b-bb", "measured 0,2-3; corrected 0,2-3"), ("cccccccccccc", "corrected 0-11"), ("sssssssssscs", "synthetic 0-9,11; corrected 10"),
    ])
    func roundTrip(_ pattern: String, _ text: String) {
        let note = TreatmentNote(Self.tensors(pattern))
        for options in ["", "--effort 5 --quality 15", "--exclude 'a # feedback: synthetic 0'", "größe ½ 🧂", "# feedback: none", "x # feedback: corrected 0"] {
            let whole = note.appended(to: options)
            #expect(whole == options + (options.isEmpty ? "" : " ") + "# feedback: " + text)
            let (words, read) = TreatmentNote.split(whole, tensorCount: pattern.count)
            #expect(words.utf8.elementsEqual(options.utf8) && read == note)
            #expect(!Syntax.hasControlCharacter(whole))
        }
    }

    @Test("Where there is nothing to say, nothing is said, unless the options look like a note")
    func nothing() {
        let note = TreatmentNote(Self.tensors("---"))
        for options in ["", "--effort 5", "# feedback: synthetic 3", "--exclude 'a # feedback: synthetic 0'"] {
            #expect(note.appended(to: options) == options)
            #expect(TreatmentNote.split(options, tensorCount: 3) == (options, nil))
        }
        let text = note.appended(to: "x # feedback: synthetic 2")
        #expect(text == "x # feedback: synthetic 2 # feedback: none")
        #expect(TreatmentNote.split(text, tensorCount: 3) == ("x # feedback: synthetic 2", note))
        #expect(TreatmentNote([]).appended(to: "x") == "x")
    }

    @Test("Numbers that do not fit are counted; if the counts do not fit either, nothing is said")
    func limits() throws {
        let tensors = Self.tensors(String(repeating: "s-", count: 9000) + "mc")
        let note = TreatmentNote(tensors)
        let text = note.appended(to: "--effort 5")
        #expect(text.hasPrefix("--effort 5 # feedback: synthetic 0,2,4,") && text.utf8.count < 65_535)
        #expect(TreatmentNote.split(text, tensorCount: tensors.count) == ("--effort 5", note))

        let long = String(repeating: "x", count: 60_000)
        let counted = note.appended(to: long)
        #expect(counted == long + " # feedback: synthetic 9000 tensors; measured 1 tensors; corrected 1 tensors")
        let (options, read) = TreatmentNote.split(counted, tensorCount: tensors.count)
        let counts = try #require(read)
        #expect(options == long && counts.tensors == nil && counts.syntheticCount == 9000 && counts.measuredCount == 1 && counts.correctedCount == 1)

        let longer = String(repeating: "x", count: 65_500)
        #expect(note.appended(to: longer) == longer)
        let short = TreatmentNote(Self.tensors("s"))
        let beside = " # feedback: synthetic 0".utf8.count
        let fitting = String(repeating: "x", count: 65_535 - beside)
        #expect(short.appended(to: fitting).utf8.count == 65_535 && short.appended(to: fitting + "x") == fitting + "x")
    }

    @Test("Other texts say nothing, and stay as they are", arguments: [
        // Not as it is written.
        "# feedback:", "# feedback: ", "#feedback: none", "# feedback: none ", "# feedback:  none", "# Feedback: none", "x# feedback: none", " # feedback: none",
        "x # feedback: none;", "x # feedback: none; synthetic 1", "x # feedback: nothing", "x # feedback: ;", "x # feedback: ; ; ", "x # feedback: synthetic",
        "x # feedback: synthetic ", "x # feedback: synthetic 1 ", "x # feedback: synthetic 1;", "x # feedback: synthetic  1", "x # feedback: synthetic 1,",
        "x # feedback: synthetic ,1", "x # feedback: synthetic 1,,2", "x # feedback: synthetic 01", "x # feedback: synthetic +1", "x # feedback: synthetic -1",
        "x # feedback: synthetic 1-", "x # feedback: synthetic 1--2", "x # feedback: synthetic 1-2-3", "x # feedback: synthetic 0x1", "x # feedback: synthetic 1 2",
        "x # feedback: synthetic 1;measured 2", "x # feedback: synthetic 1,measured 2", "x # feedback: exact 1", "x # feedback: synthetic 1\n",
        "x # feedback: synthetic 1'", "x # feedback: 'synthetic 1'", "x # feedback: synthetic 1 #", "x # feedback: synthetic 1 # more",
        // Another order, or another form of the same numbers.
        "x # feedback: measured 1; synthetic 2", "x # feedback: synthetic 1; synthetic 3", "x # feedback: synthetic 1,2", "x # feedback: synthetic 1-1",
        "x # feedback: synthetic 1-2,3", "x # feedback: synthetic 3,1", "x # feedback: synthetic 3-1", "x # feedback: synthetic 1,1", "x # feedback: synthetic 1-3,2-4",
        "x # feedback: synthetic 1; measured 1", "x # feedback: synthetic 1-3; measured 2",
        // Tensors that there are not.
        "x # feedback: synthetic 5", "x # feedback: synthetic 1-5", "x # feedback: synthetic 0-4294967295", "x # feedback: synthetic 0-9223372036854775807",
        "x # feedback: synthetic 18446744073709551616", "x # feedback: corrected 99999999999999999999999999",
        // Counts.
        "x # feedback: synthetic 0 tensors", "x # feedback: synthetic 6 tensors", "x # feedback: synthetic -1 tensors", "x # feedback: synthetic +1 tensors",
        "x # feedback: synthetic 01 tensors", "x # feedback: synthetic tensors", "x # feedback: synthetic  tensors", "x # feedback: synthetic 1 tensor",
        "x # feedback: synthetic 1-2 tensors", "x # feedback: synthetic 1 tensors; measured 2", "x # feedback: synthetic 1; measured 2 tensors",
        "x # feedback: synthetic 9223372036854775808 tensors", "x # feedback: synthetic 1 tensors tensors",
        // Characters that Unicode has for equal to those of the note, or that join with them.
        "x # feedback: synthetic 1\u{37E} measured 2", "x # feedback: synthetic \u{661}", "x # feedback: synthetic 1\u{301}", "x #\u{301} feedback: synthetic 1",
        "x\u{A0}# feedback: synthetic 1", "x # feedback: synthetic 1\u{0}",
    ])
    func foreign(_ text: String) {
        let (words, note) = TreatmentNote.split(text, tensorCount: 5)
        #expect(words.utf8.elementsEqual(text.utf8) && note == nil)
    }

    @Test("Notes for other numbers of tensors, and for none")
    func counts() {
        for count in 0...3 { #expect((TreatmentNote.split("x # feedback: synthetic 1", tensorCount: count).note != nil) == (count > 1)) }
        #expect(TreatmentNote.split("x # feedback: synthetic 1 tensors", tensorCount: 0).note == nil)
        #expect(TreatmentNote.split("# feedback: none", tensorCount: 0).note == TreatmentNote([]))
    }

    @Test("A long text of ranges takes no longer than it has tensors")
    func effort() {
        let text = "# feedback: synthetic " + String(repeating: "0-99999,", count: 8000) + "0"
        #expect(TreatmentNote.split(text, tensorCount: 100_000).note == nil)
        let parts = "# feedback: " + String(repeating: "synthetic 0-99999; ", count: 3000) + "corrected 0"
        #expect(TreatmentNote.split(parts, tensorCount: 100_000).note == nil)
    }
}
