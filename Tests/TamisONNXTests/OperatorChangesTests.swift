import Foundation
@testable import TamisONNX
import Testing

@Suite("What new versions of operators change", .enabled(if: Python.path != nil, "\(Python.missing)"))
struct OperatorChangesTests {
    /// Prints each version of an operator whose schema allows less than the one before, with the attributes that are gone if that is all.
    private static let script = """
        import onnx, onnx.defs as d, collections
        versions = collections.defaultdict(dict)
        for s in d.get_all_schemas_with_history():
            if s.domain == '': versions[s.name][s.since_version] = s
        def types(s, p):
            return next((set(c.allowed_type_strs) for c in s.type_constraints if c.type_param_str == p.type_str), {p.type_str})
        def default(a):
            return onnx.helper.get_attribute_value(a.default_value) if a.default_value.type else None
        for name, all in sorted(versions.items()):
            known = sorted(v for v in all if v <= 21)
            for old, new in zip(known, known[1:]):
                if new <= 7: continue
                a, b = all[old], all[new]
                removed = [n for n in a.attributes if n not in b.attributes]
                changed = b.deprecated or len(b.inputs) < len(a.inputs)
                changed |= any(n in b.attributes and default(x) != default(b.attributes[n]) for n, x in a.attributes.items())
                changed |= any(x.required and n not in a.attributes for n, x in b.attributes.items())
                for i, p in enumerate(b.inputs):
                    if i >= len(a.inputs): changed |= p.option == d.OpSchema.FormalParameterOption.Single
                    elif name != 'Erf': changed |= not types(a, a.inputs[i]) <= types(b, p)
                outputs = len(b.outputs) < len(a.outputs) or any(not types(a, x) <= types(b, y) for x, y in zip(a.outputs, b.outputs)) and name != 'Erf'
                if changed: print(name, new, 'all')
                elif outputs: print(name, new, 'outputs')
                elif removed: print(name, new, *removed)
        """

    @Test("The table has all that schemas tell (of Erf, which lost integers, no model has these)") func table() throws {
        let outcome = try Python.run(Self.script, in: FileManager.default.temporaryDirectory)
        try #require(outcome.status == 0, "\(outcome.output)")
        let lines = outcome.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.count > 25)
        for words in lines {
            let (name, version) = (words[0], try #require(Int64(words[1])))
            let attributes = ["all", "outputs"].contains(words[2]) ? [] : Array(words[2...])
            let outputs = words[2] == "outputs" ? 2 : 1
            #expect(OperatorChanges.next(after: version - 1, of: name, attributes: attributes, outputCount: outputs) == version, "\(words)")
        }
        #expect(OperatorChanges.next(after: 7, of: "Conv", attributes: ["pads"], outputCount: 1) == nil)
        #expect(OperatorChanges.next(after: 11, of: "Clip", attributes: ["min"], outputCount: 1) == nil)
    }

    @Test("Format versions are those of the onnx package") func irVersions() throws {
        let script = "from onnx import helper as h\nprint(*[h.find_min_ir_version_for([h.make_opsetid('', v)]) for v in range(7, 22)])"
        let outcome = try Python.run(script, in: FileManager.default.temporaryDirectory)
        #expect(outcome.output.split(whereSeparator: \.isWhitespace).compactMap { Int64($0) } == (7...21).map { OperatorChanges.irVersion(for: $0) })
    }
}
