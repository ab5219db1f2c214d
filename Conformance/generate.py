#!/usr/bin/env python3
"""Makes the conformance vectors anew: small models, built here from a seed, encoded by the tamis command.

    generate.py                 writes vectors/valid/*.tamis and manifest.json

TAMIS names the command; by default it is the release build. Needs numpy and onnx (the Python of .venv has them). The reference decoder and
tamis must agree about each vector.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "reference"))
import handmade
import tamis_reference

TAMIS = os.environ.get("TAMIS", str(HERE.parent / ".build" / "release" / "tamis"))
LARGEST, LARGEST_SUM = 40_000, 220_000


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
    signs = np.cumprod(np.where(rng.random((32 * 24, 1)) < 0.15, -1, 1), axis=0)
    values = np.abs(rng.standard_normal((32 * 24, 9))) * signs * np.where(rng.random((32 * 24, 9)) < 0.08, -1, 1) * 0.05
    return model({"conv.weight": values.reshape(32, 24, 3, 3).astype(np.float32), "conv.bias": normal(rng, 32)})


def sparse(rng):
    values = normal(rng, 260, 260, scale=0.02)
    values[rng.random(values.shape) < 0.01] *= 10
    return model({"weight": values})


def outliers(rng):
    values = normal(rng, 40, 50)
    values.reshape(-1)[::211] *= np.float32(3000)
    return model({"weight": values})


def attention(rng):
    """Matrices with inputs first: the columns of the array, output channels, differ in scale."""
    wide = normal(rng, 96, 64) * 2.0 ** rng.normal(0, 1.5, (1, 64))
    heads = normal(rng, 4, 24, 32) * 2.0 ** rng.normal(0, 1.5, (1, 24, 1))
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
        value = numpy_helper.from_array(normal(rng, 40, 40), "inner")
        return helper.make_graph([helper.make_node("Identity", ["inner"], [f"{name}_out"], name=f"{name}_identity")], name, [],
                                 [helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, [40, 40])], initializer=[value])
    nodes = [
        helper.make_node("Constant", [], ["c"], name="constant", value=numpy_helper.from_array(normal(rng, 32, 48))),
        helper.make_node("Constant", [], ["f"], name="flag", value=numpy_helper.from_array(np.array(True))),
        helper.make_node("If", ["f"], ["z"], name="choice", then_branch=branch("then"), else_branch=branch("otherwise")),
        helper.make_node("Identity", ["x"], ["y"]),
    ]
    return model({"weight": normal(rng, 24, 64)}, nodes)


# id, model, options of tamis encode, what it is about
VECTORS = [
    ("no-tensors", lambda rng: model({}), [], "a model without tensors: nothing but a skeleton"),
    ("exact-types", exact_types, ["--exclude", "*"], "tensors of every element type numpy has, bit-exact; a scalar, an empty tensor"),
    ("special-floats", special_floats, [], "NaN with payloads, infinities, -0, subnormal and very large numbers"),
    ("group", group, ["--step", "0.03", "--exclude", "bias*"], "many small tensors in a group, coded ones of several scale classes and exact ones"),
    ("line-classes", scaled_lines, [], "rows and columns of very different scales: row and column classes"),
    ("sign-contexts", kernels, [], "3x3 kernels of correlated signs: sign contexts"),
    ("two-slices", sparse, ["--step", "0.1"], "67600 elements, most of them 0: more than one slice"),
    ("midrise", dense, ["--deadzone", "0"], "deadzone 0: reconstruction offset -128, no values at 0 but for zeros"),
    ("deadzone-1", dense, ["--deadzone", "1"], "deadzone 1: reconstruction offset 128"),
    ("fine-step", dense, ["--quality", "90"], "a very fine step: large indices, many low bits"),
    ("coarse", dense, ["--quality", "3"], "a very coarse step: few indices that are not 0"),
    ("outliers", outliers, ["--step", "0.02"], "a few values far larger than all others: escapes"),
    ("inputs-first", attention, [], "a MatMul weight and a tensor of rank 3 whose output channels differ in scale"),
    ("subgraphs", constants, [], "tensors of Constant nodes and of the branches of an If"),
    ("trellis-8", sparse, ["--step", "0.1", "--quantizer", "trellis,states=8"], "a trellis of 8 states over more than one slice"),
    ("trellis-32", kernels, ["--quantizer", "trellis,states=32"], "a trellis of 32 states, with sign contexts"),
    ("trellis-256", scaled_lines, ["--quantizer", "trellis,states=256"], "a trellis of 256 states, with row and column classes"),
    ("mu-law", dense, ["--quantizer", "mu-law"], "companding by the mu-law"),
    ("minifloat", dense, ["--quantizer", "minifloat,e=4,m=3"], "a floating-point format of 8 bits"),
    ("half", dense, ["--quantizer", "half"], "the values of half precision"),
    ("affine", positive, ["--quantizer", "affine,bits=8"], "8 bits over the range of weights that are all positive"),
    ("codebook", dense, ["--quantizer", "codebook,levels=32"], "a codebook of 32 values"),
    ("pruned-rows", unused_rows, ["--prune", "rows=0.5"], "rows that pruning set to 0"),
    ("half-precision", half_precision, [], "float16 and bfloat16 weights, quantized"),
    ("integers", packed_integers, ["--lossless"], "integers as they are, of 4 to 64 bits, bytes divided in two, a tensor that is there twice"),
    ("float-mode", exact_floats, ["--lossless"], "floating-point elements bit by bit, of all widths; rows with more zero bits, zeros, infinities and NaNs"),
    ("rdoq", kernels, ["--quantizer", "rdoq"], "indices chosen for rate and distortion"),
]


# id, stream, what it is about
HANDMADE = [
    (f"row-steps-{exponent}", lambda exponent=exponent: handmade.row_steps(exponent),
     f"made by hand: row_step_exponent {exponent}, row axis in the middle, coding order 1, slices of 16, an ancillary unit, two holes, level 0")
    for exponent in (0, 1, 2)
] + [
    (name, make, f"made by hand: {about}") for name, make, about in [
        ("trellises", handmade.trellises, "trellises of 8 to 256 states, each with an offset, a row_step_exponent, contexts and a coding order of its "
                                          "own; slices of 16; the largest indices"),
        ("codebooks", handmade.codebooks, "codebooks: one entry; unsorted with -0, a subnormal, equal and the largest values; no index above 0"),
        ("compandings", handmade.compandings, "companding: growth 1, the largest and the smallest growth and amplitude, 65535 levels, values that show each rounding"),
        ("minifloats", handmade.minifloats, "minifloats with and without subnormals: -0, no exponent bits, half precision, the smallest numbers, one number"),
    ]
]


def encoded(target, name, seed, make, options):
    """Writes the stream of a model, and returns the name of its file."""
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary, f"{name}.onnx")
        source.write_bytes(make(np.random.default_rng(1000 + seed)))
        subprocess.run([TAMIS, "encode", "--quiet", "--output", target, *options, source], check=True)
        return source.name


def written(target, make):
    stream, file_name, output = make()
    target.write_bytes(stream)
    if decoded(target) != output:
        raise SystemExit(f"error: {target.name}: tamis decodes it to something else")
    return file_name


def decoded(target):
    return subprocess.run([TAMIS, "decode", "--quiet", "--output", "-", target], check=True, stdout=subprocess.PIPE).stdout


def main():
    folder = HERE / "vectors" / "valid"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.tamis"):
        old.unlink()
    entries, total = [], 0
    made = [(name, encoded, (name, seed, make, options), about)
            for seed, (name, make, options, about) in enumerate(VECTORS)]
    made += [(name, written, (make,), about) for name, make, about in HANDMADE]
    for name, write, how, about in made:
        target = folder / f"{name}.tamis"
        file_name = write(target, *how)
        stream, output = target.read_bytes(), decoded(target)
        if tamis_reference.decode(stream) != [(file_name, output)]:
            raise SystemExit(f"error: {name}: the reference decoder and tamis differ")
        if len(stream) > LARGEST:
            raise SystemExit(f"error: {name} has {len(stream)} bytes")
        total += len(stream)
        entries.append({
            "id": name, "file": f"vectors/valid/{name}.tamis", "group": "valid", "expectation": "decodes",
            "sha256": hashlib.sha256(stream).hexdigest(), "decoded_sha256": hashlib.sha256(output).hexdigest(), "about": about,
        })
        print(f"{len(stream):7} bytes  {name}")
    if total > LARGEST_SUM:
        raise SystemExit(f"error: {total} bytes altogether")
    (HERE / "manifest.json").write_text(json.dumps({"format_version": 0, "vectors": entries}, indent=1) + "\n")
    print(f"{total:7} bytes altogether")


if __name__ == "__main__":
    main()
