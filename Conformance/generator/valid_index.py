"""Valid streams: tensors in index mode."""
from encode import BFLOAT16, FLOAT16, FLOAT32, Codebook, Companding, Grid, Integers, Minifloat, binary32

from .models import SIGNED, TYPE_NAMES, UNSIGNED, Model, pack, some_bytes, some_indices

# Classes of the rows and columns of [3, 10, 4] tensors whose row axis is 1.
ROWS, COLUMNS = [-16, 15, 0, 1, 2, 3, -1, -2, -3, 7], [0, 1, -1, 3, 0, 0, -9, 9, 2, 0, 0, 1]
CUBE = (3, 10, 4)


def holds(model, *values):
    """The model, once its tensors have the values that were worked out without the formulas."""
    for tensor, expected in zip(model.tensors, values):
        if tensor.content != pack(expected, tensor.element_type):
            raise AssertionError(f"{tensor.name} is not {expected}")
    return model


def one(*arguments, slice_log2=4, **coding):
    return Model(slice_log2).index(*arguments, **coding).stream()


# Types

def of_type(element_type):
    """Raw; and with indices and in float mode, where the type allows it."""
    model = Model().raw(element_type, (3, 7))
    bits = {21: 4, 22: 4, 25: 2, 26: 2}.get(element_type, 8)
    if element_type in SIGNED:
        low = -2 ** (bits - 1)
        indices = some_indices(21, min(9, -low - 1))
        indices[:2] = [low, -low - 1]
        model.index((3, 7), indices, Integers(), element_type)
    if element_type in UNSIGNED:
        indices = some_indices(21, 2 ** (bits - 1) - 1)
        indices[:2] = [-2 ** (bits - 1), 2 ** (bits - 1) - 1]
        model.index((3, 7), indices, Integers(2 ** (bits - 1)), element_type)
    if element_type in (FLOAT32, FLOAT16, BFLOAT16):
        model.index((3, 7), None, Grid(0.01, 5), element_type)
    layout = {1: (8, 100), 10: (2, 8), 11: (40, 500), 16: (0, 50), 17: (0, 3), 18: (0, 3), 19: (0, 9), 20: (0, 9), 24: (0, 100)}.get(element_type)
    if layout:
        zero_bits, origin = layout
        width = len(model.tensors[0].content) // 21
        noise = [int.from_bytes(some_bytes(width, 70 + n), "little") >> zero_bits << zero_bits for n in range(20)]
        model.floats((3, 7), b"".join(each.to_bytes(width, "little") for each in noise + [0]), element_type, zero_bits=zero_bits, modelled_bits=0,
                     window_origin=origin, window_symbols=20 if element_type not in (17, 18) else 9)
    return model.stream()


# Quantizers

def rounding():
    """Indices whose g needs more than 53 bits with the step, so that both roundings of §7.1 show."""
    indices = [2 ** 30 - 1, 1 - 2 ** 30, 2 ** 29 + 1, 2 ** 24 + 1, -2 ** 24 - 1, 2 ** 25 + 3, 715827883, -178956971, 1, -1, 0]
    model = Model()
    for step, offset in [(0.1, 0), (1.0, 1), (1 / 3, -1), (0.7, 127), (2.0 ** -100 * 1.1, 77), (2.0 ** 80, 0)]:
        model.index((11,), indices, Grid(step, offset), magnitude_code=60)
    return model.stream()


def halves():
    """Ties of binary16 and bfloat16, subnormal results, the largest finite element."""
    ties = [2049, 2051, -2049, -2051, 2050, 4098, 4102, 65504, -65504, 65519, 1, 0]
    return Model().index((12,), ties, Grid(1.0), FLOAT16, magnitude_code=40).index((8,), [1, 2, 3, -1, 5, 7, 2047, -2049], Grid(2.0 ** -25), FLOAT16) \
        .index((8,), [257, 259, -257, 258, 65537, 65407, 2 ** 24 + 1, -1], Grid(1.0), BFLOAT16, magnitude_code=40) \
        .index((5,), [1, -1, 3, 383, 385], Grid(2.0 ** -100), BFLOAT16).stream()


def double_rounding():
    """Values just beside a tie of the half-precision type that binary32 rounds to the tie: without binary32 between, the elements are others."""
    return Model().index((6,), [51275, -51375, 51475, 52375, 3985600, -3972800], Grid(0.01), FLOAT16, magnitude_code=50) \
        .index((4,), [6475, -6575, 6675, 7575], Grid(0.01), BFLOAT16, magnitude_code=40).stream()


def trellis(states_log2):
    model = Model()
    model.index((40,), some_indices(40, 5, states_log2), Grid(0.0123, 20, states_log2))
    return model.index(CUBE, some_indices(120, 14, 3), Grid(0.5, -7 * states_log2, states_log2), row_axis=1, coding_order=1, rows=ROWS, columns=COLUMNS,
                       neighbours=states_log2 % 2 == 0, sign_distances=(2, 9) if states_log2 % 3 else None, row_step_exponent=states_log2 % 3).stream()


def trellis_extremes():
    top = 2 ** 30 - 1
    return one((18,), [1, top, -top, top - 1, 1 - top, 2 ** 24 + 1, -2 ** 24 - 1, 0, 1, 0, 1, 1, 0, 0, 1, 2, top, -top], Grid(0.1, 128, 3), magnitude_code=50)


def codebook_one():
    return holds(Model().index((20,), [0] * 20, Codebook(0, [-0.375])), [-0.375] * 20).stream()


def codebook_odd():
    values = [-0.0, 2.0 ** -149, 7.0, 0.5, 2.0 ** 120, -2.0 ** 120, 7.0, 0.1, -3.0]
    return one(CUBE, [(n * n * 5 + n) % 9 - 3 for n in range(120)], Codebook(-3, values), row_axis=1, coding_order=1, rows=ROWS, columns=COLUMNS,
               neighbours=True)


def companding_fused():
    """Values that come out differently if p is computed with a fused operation, as p · (1 + g) + g, or as a power."""
    model = Model()
    for growth, levels in [("0x1.5D677p-3", 162), ("0x1.149DBp-15", 32245)]:
        model.index((3,), [levels, 0, -levels], Companding(1.0, float.fromhex(growth), levels), magnitude_code=40)
    first, second = (float.fromhex(value) for value in ("0x1.C298BEp+36", "0x1.E5545p+0"))
    return holds(model, [first, 0.0, -first], [second, 0.0, -second]).stream()


def companding(amplitude, growth, levels, indices, expected=None, **coding):
    model = Model().index((len(indices),), indices, Companding(amplitude, growth, levels), **coding)
    return (holds(model, expected) if expected else model).stream()


def signs(magnitudes):
    """Indices −n … n, and their values."""
    n = len(magnitudes)
    return list(range(-n, n + 1)), [-value for value in reversed(magnitudes)] + [0.0] + magnitudes


def minifloat(quantizer, magnitudes):
    indices, values = signs(magnitudes)
    return holds(Model().index((len(indices),), indices, quantizer), values).stream()


def minifloat_half():
    values = {0: 0.0, 1: 65504.0, -1: -65504.0, 16384: 1.0, -16384: -1.0, 31743: 2.0 ** -24, -31743: -2.0 ** -24, 31744: 0.0, -31744: -0.0,
              30720: 2.0 ** -14, 30721: 1023 * 2.0 ** -24}
    return holds(Model().index((len(values),), list(values), Minifloat(5, 10, 15, 1, 31744), magnitude_code=40), list(values.values())).stream()


def minifloat_smallest():
    values = {0: 0.0, 1: 2047 * 2.0 ** -79, -1: -2047 * 2.0 ** -79, 32768: 2.0 ** -100, -32768: -2.0 ** -100, -32767: -1025 * 2.0 ** -110}
    return holds(Model().index((len(values),), list(values), Minifloat(5, 10, 100, 0, 32768), magnitude_code=40), list(values.values())).stream()


def integer_offsets():
    return Model().index((4,), [0, 1, 2 ** 30 - 1, 3], Integers(-2 ** 31), 6, magnitude_code=50) \
        .index((4,), [-1, -2, 1 - 2 ** 30, 0], Integers(2 ** 32), 13, magnitude_code=50) \
        .index((4,), [0, -1, -100, -2 ** 30 + 1], Integers(2 ** 32 - 1), 12, magnitude_code=50) \
        .index((5,), [0, 1, -1, 2 ** 30 - 1, 1 - 2 ** 30], Integers(2 ** 32), 7, magnitude_code=50).stream()


def fields():
    model = Model()
    for fields_log2 in (0, 1, 2):
        half = 2 ** (8 >> fields_log2) // 2
        for row_axis in (0, 1):
            indices = some_indices(3 * 11 << fields_log2, half - 1, fields_log2)
            indices[:2] = [-half, half - 1]
            model.index((3, 11), indices, Integers(half, fields_log2), 2, row_axis=row_axis)
    model.index((1, 12), some_indices(24, 7), Integers(8, 1), 2, rows=[2])
    model.index((9, 2), some_indices(36, 7), Integers(8, 1), 2, columns=[0, 1, -1, 2])
    return model.stream()


# Coding

def coding_tools(tools):
    """Each combination in both coding orders, without a trellis and with one."""
    model = Model(5)
    for order, states_log2 in ((0, None), (1, 4)):
        model.index(CUBE, some_indices(120, 9, tools), Grid(0.02, 9, states_log2), row_axis=1, coding_order=order, rows=ROWS if tools & 1 else None,
                    columns=COLUMNS if tools & 2 else None, neighbours=tools & 4 != 0, sign_distances=(3, 4) if tools & 8 else None, magnitude_code=19)
    return model.stream()


def magnitude_codes(first):
    model = Model()
    for code in range(first, min(first + 14, 81)):
        scale = 2.0 ** ((code - 16) / 2)
        indices = [max(-2 ** 30 + 1, min(2 ** 30 - 1, round(scale * x))) for x in (0, 0.2, -0.4, 1.0, -1.5, 3.0, -0.1, 0.7, 6.0, -20.0)]
        model.index((10,), indices, Grid(0.01), magnitude_code=code, neighbours=code % 2 == 0)
    return model.stream()


def scale_classes():
    """All 17 classes of elements with three magnitude codes, clamped sums of classes among them."""
    model, columns = Model(8), [-16, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15]
    for code in (0, 30, 80):
        model.index((9, 21), some_indices(189, 6 if code == 0 else 60, code), Grid(0.01), magnitude_code=code, columns=columns,
                    rows=[0, 1, -1, 0, 15, -16, 2, 0, 0], neighbours=True)
    return model.stream()


def row_axes(rank):
    shape, model = (3, 10, 4, 8)[:rank] if rank != 1 else (12,), Model(8)
    for axis in range(rank + 1):
        for count in range(rank + 1 - axis):
            if rank < 4 or (axis + count) % 2 == 0:
                elements = 1
                for dimension in shape:
                    elements *= dimension
                row_count = 1
                for dimension in shape[axis:axis + count]:
                    row_count *= dimension
                columns = elements // row_count
                model.index(shape, some_indices(elements, 3, axis), Grid(0.5), row_axis=axis, row_axis_count=count, coding_order=1,
                            rows=[n % 5 - 2 for n in range(row_count)] if columns >= 8 else None,
                            columns=[n % 3 for n in range(columns)] if row_count >= 8 else None, row_step_exponent=2 if columns >= 8 else 0)
    return model.stream()


def row_steps(exponent):
    return one(CUBE, some_indices(120), Grid(0.0123, 20), row_axis=1, coding_order=1, rows=ROWS, columns=COLUMNS, row_step_exponent=exponent)


def adaptation_limits():
    model = Model(11)
    for limit in range(4, 11):
        model.index((1100,), [0 if n % 29 or n > 700 else 1 for n in range(1100)], Grid(1.0), limit=limit, magnitude_code=8, neighbours=True)
    return model.stream()


def escapes():
    """Both ends of every length of the escape that k = 0 has, and the longest with k = 24."""
    x = [edge for g in range(30) for edge in (11 + 2 ** g, 10 + 2 ** (g + 1))]
    indices = [(-1) ** n * min(each, 2 ** 30 - 1) for n, each in enumerate(x)]
    return Model(5).index((len(indices),), indices, Grid(2.0 ** -20), magnitude_code=0) \
        .index((6,), [2 ** 30 - 1, 12 << 24, (11 << 24) + 1, -(12 << 24) - 1, 1, -2 ** 24], Grid(2.0 ** -20), magnitude_code=80).stream()


def sign_distances():
    indices = [(1 if n % 3 else -1) * (n % 5) for n in range(48)]
    model = Model(5)
    for distances in [(1, 1), (1, 2 ** 32 - 1), (31, 32), (2 ** 32 - 1, 2), (3, 3)]:
        model.index((48,), indices, Grid(1.0), sign_distances=distances)
    return model.stream()


def line_classes():
    """Every class of a line, next to several others; rows alone, columns alone, both."""
    classes = list(range(-16, 16)) + [15, -16, 15, 0, 0, -1, 1, -1, 0, 2, -2, 0, 14, -15]
    tall, model = len(classes), Model(12)
    zeros = [0] * (8 * tall)
    return model.index((tall, 8), zeros, rows=classes).index((8, tall), zeros, columns=classes) \
        .index((tall, tall), [0] * tall ** 2, rows=classes, columns=classes[::-1]).stream()


def several_slices(slice_log2, elements):
    return one((elements,), some_indices(elements, 4), Grid(0.25), slice_log2=slice_log2, neighbours=True, sign_distances=(1, 2))


def short_codewords():
    """Slices of one element, and of a few, whose codewords are as short as they get."""
    model = Model()
    for q in (0, 1, -1, 2, 5, 100):
        model.index((17,), [0] * 16 + [q], Grid(1.0), magnitude_code=16)
        model.index((1,), [q], Grid(1.0), magnitude_code=0)
    return model.stream()


def weight_errors():
    """Sources that differ by known amounts."""
    model = Model()
    for shift in (2.0 ** -10, 0.25, 3.0 * 2.0 ** 100):
        model.index((12,), None, Grid(0.5), shift=shift)
    model.index((3,), [1, 2, 3], Grid(0.5), FLOAT16, shift=0.25).index((4,), [1, -2, 3, 0], Codebook(-2, [1, 2, 3, 4, 5, 6]), shift=1.5)
    model.index((4,), [1, -2, 3, 0], Companding(0.5, 1.0, 14), shift=1.5).index((4,), [1, -1, 1, 0], Minifloat(0, 0, 3, 0, 1), shift=2.0 ** 127)
    return model.stream()


MU = binary32(256 ** (1 / 127) - 1)

ROWS_OF_TABLE = [(f"type-{name}", lambda code=code: of_type(code), f"{name}, raw and in the other modes the type has") for code, name in TYPE_NAMES.items()] + [
    ("uniform", lambda: one((5, 9)), "the uniform quantizer, no coding tools, three slices"),
    ("offset-least", lambda: one((40,), None, Grid(0.125, -128)), "reconstruction_offset −128: the value of 1 is half a step"),
    ("offset-most", lambda: one((40,), None, Grid(0.125, 128)), "reconstruction_offset 128"),
    ("steps-extreme", lambda: Model().index((20,), None, Grid(2.0 ** -100, 3)).index((20,), None, Grid(2.0 ** 80, -3)).stream(),
     "the smallest and the largest step"),
    ("rounding", rounding, "the largest indices with offsets: both roundings of a value"),
    ("half-double-rounding", double_rounding, "float16 and bfloat16 elements that differ if the value is not rounded to float32 first"),
    ("half-ties", halves, "float16 and bfloat16 elements halfway between two numbers, subnormal ones, the largest finite one"),
] + [(f"trellis-{2 ** log2}-states", lambda log2=log2: trellis(log2), f"a trellis of {2 ** log2} states, over several slices; with classes, contexts and row steps")
     for log2 in range(3, 9)] + [
    ("trellis-extremes", trellis_extremes, "the largest indices under a trellis, whose grid points take 32 bits"),
    ("codebook-one", codebook_one, "a codebook of one value"),
    ("codebook-odd", codebook_odd, "a codebook unsorted, with −0, a subnormal number, equal and the largest values"),
    ("codebook-below-0", lambda: one((5, 5), [-(n * n % 5) for n in range(25)], Codebook(-4, [-1.5, -1.0, 0.25, 0.125, 2.0]), sign_distances=(1, 2)),
     "a codebook without an index above 0"),
    ("companding-doubling", lambda: companding(0.5, 1.0, 14, *signs([0.5 * (2 ** k - 1) for k in range(1, 15)])), "companding with growth 1"),
    ("companding-largest", lambda: companding(2.0 ** 80, 2.0 ** 10, 3, *signs([2.0 ** 80 * (1025 ** k - 1) for k in range(1, 4)])),
     "the largest amplitude and growth of companding"),
    ("companding-smallest", lambda: companding(2.0 ** -100, 2.0 ** -24, 65535, [1, -1, 65535, -65535, 2, 30000, 0, -40001, 17], magnitude_code=40),
     "the smallest amplitude and growth of companding, and the most levels"),
    ("companding-mu-law", lambda: companding(1 / 255, MU, 127, some_indices(120, 127), magnitude_code=28), "the μ-law with 127 levels"),
    ("companding-fused", companding_fused, "companded values that show a fused operation or a power"),
    ("minifloat-subnormal", lambda: minifloat(Minifloat(2, 1, 1, 1, 8), [6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.5, 0.0]), "a minifloat with subnormal numbers and −0"),
    ("minifloat-normal", lambda: minifloat(Minifloat(2, 1, 1, 0, 8), [6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.75, 0.5]),
     "the same minifloat without subnormal numbers"),
    ("minifloat-lower-top", lambda: minifloat(Minifloat(2, 1, 1, 1, 6), [3.0, 2.0, 1.5, 1.0, 0.5, 0.0]), "a minifloat whose largest numbers are left out"),
    ("minifloat-no-exponent", lambda: minifloat(Minifloat(0, 2, -80, 1, 4), [3 * 2.0 ** 79, 2.0 ** 80, 2.0 ** 79, 0.0]),
     "a minifloat without exponent bits, of the least bias"),
    ("minifloat-half", minifloat_half, "half precision as a minifloat"),
    ("minifloat-smallest", minifloat_smallest, "the largest minifloat_top, and the largest bias"),
    ("minifloat-one", lambda: one(CUBE, [n % 3 - 1 for n in range(120)], Minifloat(0, 0, 3, 0, 1), row_axis=1, coding_order=1, rows=ROWS, columns=COLUMNS,
                                  neighbours=True, sign_distances=(3, 6)), "a minifloat of one number, with all coding tools"),
    ("integer-offsets", integer_offsets, "the least and the greatest integer_offset"),
    ("integer-fields", fields, "bytes divided into one, two and four fields, as rows and as columns"),
] + [(f"coding-tools-{tools:02}", lambda tools=tools: coding_tools(tools), f"coding_tools {tools}, in both coding orders, with and without a trellis")
     for tools in range(16)] + [
    (f"magnitude-codes-{first:02}", lambda first=first: magnitude_codes(first), f"magnitude codes from {first} to {min(first + 13, 80)}")
    for first in range(0, 81, 14)] + [
    ("scale-classes", scale_classes, "all 17 scale classes, with neighbour contexts, and sums of line classes that are clamped"),
] + [(f"row-axes-of-rank-{rank}", lambda rank=rank: row_axes(rank), f"rows of a tensor of {rank} dimensions along many choices of axes") for rank in (1, 2, 3, 4)] + [
    (f"row-steps-{exponent}", lambda exponent=exponent: row_steps(exponent), f"row_step_exponent {exponent}, rows of classes −16 to 15") for exponent in (0, 1, 2)] + [
    ("adaptation-limits", adaptation_limits, "all limits of adaptation, with elements enough to reach them"),
    ("escapes", escapes, "escapes of all lengths, with raw bits of all numbers"),
    ("sign-distances", sign_distances, "equal distances of signs, and some beyond the slice"),
    ("line-class-values", line_classes, "every line class"),
    ("slices-of-16", lambda: several_slices(4, 49), "slices of 16, the last of one element"),
    ("slice-of-2-20", lambda: several_slices(20, 300), "slice_elements_log2 20"),
    ("slice-exactly", lambda: several_slices(5, 96), "slices that are all full"),
    ("short-codewords", short_codewords, "codewords of one element"),
    ("long-run", lambda: one((20000,), [0] * 20000, Grid(1.0), slice_log2=16, magnitude_code=16), "20000 elements in a codeword of a few bytes"),
    ("weight-errors", weight_errors, "sources that differ: weight errors small and large, of every kind of quantizer"),
    ("scalars", lambda: Model().index((), [3], Grid(0.5)).index((), [-2], Grid(0.5), FLOAT16).index((), [5], Integers(1), 7).raw(11, ()).stream(),
     "tensors of no dimensions, in index mode and raw"),
]
