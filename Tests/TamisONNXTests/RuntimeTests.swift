import Foundation
import TamisONNX
import Testing

/// What the editor writes is loaded by others: the model checker, the Python package, and ONNX Runtime.
@Suite("Edited models compute what the old ones did", .enabled(if: Python.path != nil, "\(Python.missing)"))
struct RuntimeTests {
    /// Makes `m.onnx` with data in two other files: initializers of several types, one in a branch, constants, a small one.
    private static let making = """
        import numpy as np, onnx, os
        from onnx import helper as h, numpy_helper as nh, TensorProto as T
        r = np.random.default_rng(5)
        def weight(name, *shape, type=np.float32): return nh.from_array(r.standard_normal(shape).astype(type), name)
        def branch(name, factor):
            return h.make_graph([h.make_node('Mul', ['h', name + 'w'], [name])], name, [], [h.make_tensor_value_info(name, T.FLOAT, [None, 64])],
                                [nh.from_array(np.full((1, 64), factor, np.float32) + r.standard_normal((1, 64)).astype(np.float32), name + 'w'),
                                 weight(name + 'unused', 40, 40)])
        initializers = [weight('a', 64, 64), weight('b', 64), weight('half', 64, 64, type=np.float16), weight('c', 64, 600),
                        nh.from_array(r.integers(-128, 128, (64, 64)).astype(np.int8), 'q'), nh.from_array(np.array(0.01, np.float32), 'scale'),
                        nh.from_array(np.array([-1, 64], np.int64), 'shape'),
                        h.make_tensor('listed', T.FLOAT16, [8, 64], list(r.standard_normal(512)))]
        initializers.append(h.make_tensor('floats', T.FLOAT, [64, 64], list(r.standard_normal(4096))))
        nodes = [h.make_node('MatMul', ['x', 'a'], ['1']), h.make_node('Add', ['1', 'b'], ['2']), h.make_node('Cast', ['half'], ['3'], to=T.FLOAT),
                 h.make_node('MatMul', ['2', '3'], ['4']), h.make_node('DequantizeLinear', ['q', 'scale'], ['5']), h.make_node('MatMul', ['4', '5'], ['6']),
                 h.make_node('Constant', [], ['k'], value=weight('', 64, 64)), h.make_node('MatMul', ['6', 'k'], ['7']),
                 h.make_node('Cast', ['listed'], ['8'], to=T.FLOAT), h.make_node('ReduceMean', ['8'], ['9'], axes=[0]), h.make_node('Add', ['7', '9'], ['10']),
                 h.make_node('MatMul', ['10', 'floats'], ['11']), h.make_node('Reshape', ['11', 'shape'], ['h']),
                 h.make_node('If', ['cond'], ['chosen'], then_branch=branch('yes', 2), else_branch=branch('no', 3)), h.make_node('MatMul', ['chosen', 'c'], ['y'])]
        graph = h.make_graph(nodes, 'g', [h.make_tensor_value_info('x', T.FLOAT, [None, 64]), h.make_tensor_value_info('cond', T.BOOL, [])],
                             [h.make_tensor_value_info('y', T.FLOAT, [None, 600])], initializers)
        model = h.make_model(graph, opset_imports=[h.make_opsetid('', 17)], ir_version=8)
        onnx.save(model, 'inline.onnx')
        os.makedirs('data', exist_ok=True)
        def externalize(tensor, file):
            with open(file, 'ab') as f:
                f.write(bytes(-f.tell() % 32))
                offset = f.tell()
                f.write(tensor.raw_data)
            for key, value in [('location', file), ('offset', str(offset)), ('length', str(len(tensor.raw_data)))]:
                tensor.external_data.add(key=key, value=value)
            tensor.data_location = T.EXTERNAL
            tensor.ClearField('raw_data')
        for number, tensor in enumerate(model.graph.initializer):
            if tensor.name not in ('listed', 'floats', 'shape', 'scale'): externalize(tensor, ['weights.bin', 'data/more'][number % 2])
        for node in model.graph.node:
            for attribute in node.attribute:
                for tensor in attribute.g.initializer: externalize(tensor, 'weights.bin')
        open('m.onnx', 'wb').write(model.SerializeToString())
        """

    /// Compares the outputs and all tensors of the models with those of `inline.onnx`.
    private static let comparing = """
        import numpy as np, onnx, onnxruntime as ort, sys
        from onnx import numpy_helper as nh, external_data_helper as e
        def tensors(path):
            model = onnx.load(path)
            onnx.checker.check_model(path)
            return {t.name: nh.to_array(t) for t in e._get_all_tensors(model) if t.name}
        x = np.random.default_rng(6).standard_normal((3, 64)).astype(np.float32)
        def outputs(path):
            options = ort.SessionOptions()
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
            session = ort.InferenceSession(path, options, providers=['CPUExecutionProvider'])
            return [session.run(None, {'x': x, 'cond': np.array(c)})[0] for c in (True, False)]
        expected, values = outputs('inline.onnx'), tensors('inline.onnx')
        assert np.isfinite(expected[0]).all() and (expected[0] != expected[1]).any()
        for path in PATHS:
            found = tensors(path)
            assert found.keys() == values.keys(), path
            for name in values: assert found[name].dtype == values[name].dtype and np.array_equal(found[name], values[name]), (path, name)
            for a, b in zip(outputs(path), expected): assert np.array_equal(a, b), path
        """

    @Test func sameOutputs() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tamis-onnx-\(UInt64.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))) }
        func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: folder.appendingPathComponent(name)) }
        let made = try Python.run(Self.making, in: folder)
        try #require(made.status == 0, "\(made.output)")

        let model = try read("m.onnx")
        let named = try locations(model)
        #expect(Set(named) == ["weights.bin", "data/more"])
        let sides = try named.map { ($0, try read($0)) }
        let source = try scan(model, sides: sides.map { ($0.0, $0.1.count) })
        #expect(source.holes.count { $0.file > 0 } == 9)

        let single = try edit(model, sides: sides, form: .singleFile)
        try write(single[0].bytes, "single.onnx")
        for (number, files) in [
            try edit(model, sides: sides, form: .external(name: "moved0.bin")), try edit(single[0].bytes, form: .external(name: "moved1.bin")),
        ].enumerated() {
            #expect(files.count == 2)
            try write(files[0].bytes, "moved\(number).onnx")
            try write(files[1].bytes, files[1].name)
            #expect(files[0].bytes.count < 30_000)
        }
        let inlined = try #require(try inline(single[0].bytes))
        #expect(inlined.tensors == ["listed"])
        try write(inlined.bytes, "varints.onnx")
        let paths = "PATHS = ['m.onnx', 'single.onnx', 'moved0.onnx', 'moved1.onnx', 'varints.onnx']\n"
        let compared = try Python.run(paths + Self.comparing, in: folder)
        #expect(compared.status == 0, "\(compared.output)")
    }
}
