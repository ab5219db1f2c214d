#!/usr/bin/env python3
"""Makes the streams of Spec/14-examples.md: small ones, of level 0, with the building blocks of Conformance/reference/encode.py.

    make.py            writes Spec/examples/*.tamis
    make.py --check    exit code 1 if one of them would change
"""
import struct
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent / "Conformance" / "reference"))
import encode  # noqa: E402
from encode import BFLOAT16, FLOAT32, UINT8, File, Grid, GroupEntry, Tensor, packed  # noqa: E402

INT64 = 7


def one_tensor():
    """One file, one tensor, kept as it is."""
    tensor = Tensor("w", UINT8, (3,), b"\x01\x02\x03")
    return encode.stream_of([File("a.bin", b"<>", [(1, 0)])], [tensor], [encode.raw_unit(0, tensor)], 0, slice_log2=4, encoder="by hand")


def indices_and_group():
    """A matrix of 2 rows of 8 in index mode, with a class for each row; three small tensors in a group."""
    weights = Tensor("fc.weight", FLOAT32, (2, 8))
    indices = [0, 1, -1, 0, 2, 0, 0, 1, -3, 5, 0, 2, -16, 1, 0, 4]
    unit = encode.index_unit(0, weights, indices, Grid(0.25, 12), 4, magnitude_code=17, rows=[-1, 2], neighbours=True, row_step_exponent=1, limit=7)
    bias, corrected, shape = Tensor("fc.bias", FLOAT32, (2,)), Tensor("fc.scale", FLOAT32, (1,)), Tensor("shape", INT64, (1,))
    bias.source = packed(FLOAT32, [0.26, -0.12])
    corrected.source, corrected.content = packed(FLOAT32, [1.0]), packed(FLOAT32, [1.5])
    shape.source = shape.content = struct.pack("<q", -1)
    weights.source = weights.content
    entries = [GroupEntry(1, bias, [2, -1], Grid(0.125), 9), GroupEntry(2, corrected), GroupEntry(3, shape)]
    group = encode.group_unit(entries, 16, 5)
    files = [File("model.onnx", b"[graph]", [(3, 0), (1, 1), (1, 2), (1, 3)])]
    return encode.stream_of(files, [weights, bias, corrected, shape], [unit, group], 0, slice_log2=4, encoder="by hand", source_format="onnx")


def trellis_and_float():
    """Two files that share a tensor; a trellis of 8 states with sign contexts, in two slices; float mode with short rows."""
    weights = Tensor("conv", BFLOAT16, (3, 2, 3))
    indices = [1, 0, -2, 0, 3, -1, 0, 0, 1, 1, -4, 0, 2, 0, 0, -1, 0, 12]
    unit = encode.index_unit(1, weights, indices, Grid(0.0625, 0, 3), 4, magnitude_code=15, coding_order=1, row_axis=1, sign_distances=(2, 3), limit=6)
    words = [0x3F000000, 0xBF500000, 0, 0x3F800000, 0x80000000, 0x3F900000, 0xBFF00000, 0x3F000000,
             0x3F800000, 0xBF800000, 0x3F800000, 0x3F000000, 0, 0x3F800000, 0xBF000000, 0x40000000]
    table = Tensor("table", FLOAT32, (2, 8), struct.pack("<16I", *words))
    exact = encode.float_unit(0, table, 4, 20, 1, 252, 4, short_zero_bits=22, short=[False, True], tables=[[16, 512, 256, 1024, 2032, 256]] * 17)
    files = [File("model.onnx", b"graph", [(2, 1), (0, 0)]), File("data/model.bin", b"", [(0, 0)])]
    return encode.stream_of(files, [table, weights], [unit, exact], 0, [("table copy", 0)], slice_log2=4, encoder="by hand", source_format="onnx")


STREAMS = {"1-one-tensor": one_tensor, "2-indices-and-group": indices_and_group, "3-trellis-and-float": trellis_and_float}


def main():
    changed = 0
    for name, make in STREAMS.items():
        path, stream = FOLDER / f"{name}.tamis", make().bytes()
        if sys.argv[1:] != ["--check"]:
            path.write_bytes(stream)
        elif not path.exists() or path.read_bytes() != stream:
            print(f"error: {path.name} differs from what make.py makes", file=sys.stderr)
            changed = 1
    return changed


if __name__ == "__main__":
    sys.exit(main())
