"""Small ONNX models, made from seeds: sources for encoders, and for the vectors that the tamis command encodes."""
import numpy as np

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:                                     # only who makes the models anew needs it
    onnx = None


def model(initializers, nodes=None):
    """An ONNX file with these arrays as initializers, in order."""
    tensors = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in initializers.items()]
    nodes = nodes or [helper.make_node("Identity", ["x"], ["y"])]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"])] for name in ("x", "y")]
    graph = helper.make_graph(nodes, "conformance", *ends, initializer=tensors)
    made = helper.make_model(graph, producer_name="tamis conformance", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString(deterministic=True)


def normal(rng, *shape, scale=0.05):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def special_floats(rng):
    bits = [0x7FC00000, 0xFFC00001, 0x7F800001, 0x7F800000, 0xFF800000, 0x80000000, 0x00000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x7F7FFFFF]
    specials = np.array(bits, np.uint32).view(np.float32)
    mixed = normal(rng, 16, 64)
    mixed.reshape(-1)[::97] = specials
    zeros = normal(rng, 16, 64)
    zeros[::2] = -0.0
    tiny = np.arange(1, 1025, dtype=np.uint32).view(np.float32).reshape(16, 64)
    extreme = (normal(rng, 16, 64, scale=1.0) * np.float32(1e36)).astype(np.float32)
    return model({"specials": specials, "mixed": mixed, "zeros": zeros, "subnormal": tiny, "extreme": extreme})


def exact_types(rng):
    arrays = {"float": normal(rng, 12, 12), "scalar": np.array(0.5, np.float32), "empty": np.zeros((0, 3), np.float32)}
    for kind in ("uint8", "int8", "uint16", "int16", "int32", "int64", "uint32", "uint64"):
        arrays[kind] = rng.integers(0, 100, (5, 7)).astype(kind)
    for kind in ("float16", "float64"):
        arrays[kind] = rng.standard_normal((6, 6)).astype(kind)
    arrays["bool"] = rng.integers(0, 2, 40).astype(bool)
    return model(arrays)


def half_precision(rng):
    """float16 and bfloat16 weights that are quantized, with biases."""
    arrays = {"half": normal(rng, 48, 64).astype(np.float16), "bias": normal(rng, 48).astype(np.float16)}
    made = onnx.load_model_from_string(model(arrays))
    brain = normal(rng, 40, 60).view(np.uint32) >> 16
    made.graph.initializer.append(helper.make_tensor("brain", TensorProto.BFLOAT16, (40, 60), brain.astype("<u2").tobytes(), raw=True))
    return made.SerializeToString(deterministic=True)


def packed_integers(rng):
    """Integers of all widths, some packed; pairs of four-bit numbers in bytes; the same tensor twice."""
    def laplacian(kind, *shape, scale=9.0):
        return np.clip(np.round(rng.laplace(0, scale, shape)), -120, 120).astype(kind)
    arrays = {kind: laplacian(kind, 20, 60) for kind in ("int8", "int16", "int32", "int64")}
    arrays["uint8"] = (128 + laplacian(np.int64, 20, 60)).astype(np.uint8)
    arrays["twice"] = arrays["int8"].copy()
    nibbles = np.clip(8 + np.round(rng.laplace(0, 1.2, (30, 120))), 0, 15).astype(np.uint8)
    arrays["pairs"] = nibbles[:, ::2] | nibbles[:, 1::2] << 4
    arrays["flags"] = rng.random((40, 60)) < 0.1
    made = onnx.load_model_from_string(model(arrays))
    int4 = np.append(np.clip(np.round(rng.laplace(0, 1.5, 1501)), -7, 7).astype(np.int8).view(np.uint8) & 15, np.uint8(0))
    made.graph.initializer.append(helper.make_tensor("int4", TensorProto.INT4, (19, 79), (int4[::2] | int4[1::2] << 4).tobytes(), raw=True))
    return made.SerializeToString(deterministic=True)


def exact_floats(rng):
    """Tensors for float mode: all types, scaled lines, rows that were float16 once, zeros and specials."""
    scaled = normal(rng, 64, 40) * 2.0 ** rng.integers(-4, 5, (64, 1)) * 2.0 ** rng.integers(-2, 3, (1, 40))
    embedding = normal(rng, 40, 32)
    embedding[::3] = embedding[::3].astype(np.float16)
    pruned = normal(rng, 30, 40)
    pruned[rng.random(pruned.shape) < 0.8] = 0
    pruned.reshape(-1)[::501] = [np.float32(x) for x in (-0.0, np.inf, -np.inf)]
    arrays = {"scaled": scaled.astype(np.float32), "rows": embedding, "pruned": pruned, "double": rng.standard_normal((12, 20)),
              "half": normal(rng, 30, 40).astype(np.float16), "was_half": normal(rng, 30, 40).astype(np.float16).astype(np.float32)}
    made = onnx.load_model_from_string(model(arrays))
    for name, kind, bits in (("brain", TensorProto.BFLOAT16, 16), ("e4m3", TensorProto.FLOAT8E4M3FN, 8), ("e5m2", TensorProto.FLOAT8E5M2, 8)):
        values = normal(rng, 1200, scale=1.0)
        content = (values.view(np.uint32) >> 16).astype("<u2") if bits == 16 else \
            (values.astype(np.float16).view(np.uint16) >> (8 if name == "e5m2" else 7)).astype(np.uint8)
        made.graph.initializer.append(helper.make_tensor(name, kind, (30, 40), content.tobytes(), raw=True))
    return made.SerializeToString(deterministic=True)


def group(rng):
    arrays = {}
    for number in range(12):
        arrays[f"bias{number}"] = normal(rng, 8 + number, scale=0.01 * 2.0 ** (number % 5))
        arrays[f"kernel{number}"] = normal(rng, 12, 20 + number, scale=0.02 * 2.0 ** (number % 4))
    arrays["shape"] = np.array([1, -1, 8], np.int64)
    return model(arrays)


def scaled_lines(rng):
    rows = 2.0 ** rng.integers(-5, 6, (72, 1))
    columns = 2.0 ** rng.integers(-4, 5, (1, 96))
    return model({"weight": (normal(rng, 72, 96) * rows * columns).astype(np.float32), "matmul": (normal(rng, 64, 80) * 2.0 ** rng.integers(-3, 4, (1, 80))).astype(np.float32)})


def kernels(rng):
    """3x3 kernels whose elements mostly share the sign of the kernel, which follows that of the kernel before."""
    signs = np.cumprod(np.where(rng.random((16 * 16, 1)) < 0.15, -1, 1), axis=0)
    values = np.abs(rng.standard_normal((16 * 16, 9))) * signs * np.where(rng.random((16 * 16, 9)) < 0.08, -1, 1) * 0.05
    return model({"conv.weight": values.reshape(16, 16, 3, 3).astype(np.float32), "conv.bias": normal(rng, 16)})


def sparse(rng):
    values = normal(rng, 110, 110, scale=0.02)
    values[rng.random(values.shape) < 0.01] *= 10
    return model({"weight": values})


def outliers(rng):
    values = normal(rng, 40, 50)
    values.reshape(-1)[::211] *= np.float32(3000)
    return model({"weight": values})


def attention(rng):
    """Matrices with inputs first: the columns of the array, output channels, differ in scale."""
    wide = normal(rng, 64, 48) * 2.0 ** rng.normal(0, 1.5, (1, 48))
    heads = normal(rng, 3, 16, 24) * 2.0 ** rng.normal(0, 1.5, (1, 16, 1))
    return model({"wide": wide.astype(np.float32), "heads": heads.astype(np.float32)}, [
        helper.make_node("MatMul", ["x", "wide"], ["y"]), helper.make_node("Identity", ["heads"], ["h"])])


def dense(rng):
    return model({"weight": normal(rng, 48, 64), "bias": normal(rng, 48)})


def positive(rng):
    return model({"weight": (np.abs(normal(rng, 48, 64)) + np.float32(0.02)).astype(np.float32)})


def unused_rows(rng):
    values = normal(rng, 64, 64)
    values[rng.permutation(64)[:24]] *= np.float32(0.05)
    return model({"weight": values})


def constants(rng):
    """Tensors of Constant nodes, and of the branches of an If: names that are paths; two have the same name inside."""
    def branch(name):
        value = numpy_helper.from_array(normal(rng, 24, 24), "inner")
        return helper.make_graph([helper.make_node("Identity", ["inner"], [f"{name}_out"], name=f"{name}_identity")], name, [],
                                 [helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, [24, 24])], initializer=[value])
    nodes = [
        helper.make_node("Constant", [], ["c"], name="constant", value=numpy_helper.from_array(normal(rng, 16, 32))),
        helper.make_node("Constant", [], ["f"], name="flag", value=numpy_helper.from_array(np.array(True))),
        helper.make_node("If", ["f"], ["z"], name="choice", then_branch=branch("then"), else_branch=branch("otherwise")),
        helper.make_node("Identity", ["x"], ["y"]),
    ]
    return model({"weight": normal(rng, 16, 40)}, nodes)


def large_names(rng):
    """Names that collide, that need cleaning, that are not ASCII, that are canonically equivalent."""
    return model({name: normal(rng, 6, 7) for name in ("w", "w\n", "w_", "é", "a/b:0", "n" * 300, "e\u0301")})


# id, model, what it is about
SOURCES = [
    ("no-tensors", lambda rng: model({}), "a graph without tensors"),
    ("dense", dense, "a matrix and a bias"),
    ("exact-types", exact_types, "initializers of all types that numpy has; a scalar, a tensor without elements"),
    ("special-floats", special_floats, "NaN, infinities, −0, subnormal and very large numbers"),
    ("half-precision", half_precision, "float16 and bfloat16"),
    ("integers", packed_integers, "integers of many widths, packed ones, the same tensor twice"),
    ("group", group, "many small tensors"),
    ("kernels", kernels, "convolution kernels"),
    ("attention", attention, "matrices with their outputs in the columns, and a tensor of three dimensions"),
    ("subgraphs", constants, "tensors of Constant nodes and of branches"),
    ("names", large_names, "names with control characters, names that collide, names that are canonically equivalent, long names"),
]


def made(number, make):
    return make(np.random.default_rng(1000 + number))
