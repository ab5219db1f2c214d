"""Invalid streams: data units in index mode."""
import struct

import encode
from encode import FLOAT16, FLOAT32, Codebook, Companding, Grid, Integers, Minifloat

from .edits import append, bit, cut_at, nothing, put, several, write
from .models import Model, some_indices
from .valid_index import COLUMNS, CUBE, ROWS as ROW_CLASSES


def stream(*arguments, slice_log2=4, **coding):
    return lambda: Model(slice_log2).index(*arguments, **coding).stream()


def value_rows(prefix, base, unit, rows, code="value_out_of_range"):
    """Rows of a name, an element, a value or bytes, and what it is about."""
    return [(f"{prefix}{name}", base, (write if isinstance(value, bytes) else put)(f"{unit}.{element}", value), code, about) for name, element, value, about in rows]


uniform = stream(CUBE, None, Grid(0.1, 7), row_axis=1, rows=ROW_CLASSES, columns=COLUMNS, neighbours=True, sign_distances=(3, 4), slice_log2=6)
plain = stream((20,), None, Grid(0.1, 7))
trellis = stream((20,), None, Grid(0.1, 7, 3))
codebook = stream((9,), [0, 1, -1, 2, 0, 0, 1, 1, 2], Codebook(-1, [-1, 0, 1, 2]))
companded = stream((9,), [0, 1, -1, 2, 0, 0, 1, 1, 2], Companding(0.5, 0.25, 7))
minifloats = stream((9,), [0, 1, -1, 2, 0, 0, 1, 1, 2], Minifloat(2, 1, 1, 1, 8))
integers = stream((3, 7), None, Integers(1), 3)
nibbles = stream((3, 7), some_indices(42, 7), Integers(8, 1), 2)

NAN, INFINITE = b"\0\0\xC0\x7F", struct.pack("<f", float("inf"))

INDEX_ROWS = value_rows("", uniform, "data", [
    ("step-0", "step", 0.0, "step 0"), ("step-negative", "step", -0.1, "a negative step"), ("step-nan", "step", NAN, "a step that is no number"),
    ("step-infinite", "step", INFINITE, "an infinite step"), ("step-small", "step", b"\xFF\xFF\x7F\x0D", "a step just below 2^−100"),
    ("step-large", "step", b"\x01\x00\x80\x67", "a step just above 2^80"),
    ("offset-129", "reconstruction_offset", 129, "reconstruction_offset 129"),
    ("offset-minus-129", "reconstruction_offset", -129, "reconstruction_offset −129"),
    ("magnitude-code-81", "magnitude_code", 81, "magnitude_code 81"), ("row-axis-17", "row_axis", 17, "row_axis 17"),
    ("row-axis-count-17", "row_axis_count", 17, "row_axis_count 17"),
    ("coding-order-2", "coding_order", 2, "coding_order 2"), ("coding-tools-16", "coding_tools", 16, "coding_tools 16"),
    ("row-step-exponent-3", "row_step_exponent", 3, "row_step_exponent 3"), ("adaptation-limit-3", "adaptation_limit", 3, "adaptation_limit 3"),
    ("adaptation-limit-11", "adaptation_limit", 11, "adaptation_limit 11"), ("sign-distance-1-0", "sign_distance_1", 0, "sign_distance_1 0"),
    ("sign-distance-2-0", "sign_distance_2", 0, "sign_distance_2 0"), ("sign-distance-1-large", "sign_distance_1", 2 ** 32, "sign_distance_1 2^32"),
    ("sign-distance-2-large", "sign_distance_2", 2 ** 32, "sign_distance_2 2^32"), ("line-class-bytes-0", "line_class_bytes", 0, "line_class_bytes 0"),
    ("codeword-bytes-0", "codeword_bytes", 0, "codeword_bytes 0"), ("codeword-bytes-large", "codeword_bytes", 2 ** 32, "codeword_bytes 2^32"),
    ("raw-bytes-large", "raw_bytes", 2 ** 32, "raw_bytes 2^32"), ("quantizer-kind-16", "quantizer_kind", 16, "quantizer_kind 16")]) + [
    ("quantizer-kind-6", uniform, put("data.quantizer_kind", 6), "unsupported_feature", "the first quantizer_kind that is reserved"),
    ("quantizer-kind-15", uniform, put("data.quantizer_kind", 15), "unsupported_feature", "the last quantizer_kind that is reserved"),
    ("codeword-bytes-overlong", plain, write("data.codeword_bytes", lambda was: bytes([was[0] | 128, 0])), "overlong_integer",
     "codeword_bytes in two bytes where one is enough"),
    ("row-axes-beyond", plain, put("data.row_axis", 1), "value_out_of_range", "row axes beyond those of the tensor"),
    ("row-step-without-rows", plain, put("data.row_step_exponent", 1), "value_out_of_range", "row_step_exponent 1 without row classes"),
    ("row-step-of-codebook", stream((2, 8), [0, 1] * 8, Codebook(0, [0, 1]), rows=[0, 1]), put("data.row_step_exponent", 1), "value_out_of_range",
     "row_step_exponent 1 of a codebook"),
    ("rows-short", stream((8, 7), None, Grid(1.0), rows=[0] * 8, slice_log2=6), nothing("data.coding_tools"), "value_out_of_range",
     "row classes of rows of 7 elements"),
    ("columns-short", stream((7, 8), None, Grid(1.0), columns=[0] * 8, slice_log2=6), nothing("data.coding_tools"), "value_out_of_range",
     "column classes of columns of 7 elements"),
    ("index-of-float64", lambda: retyped(plain(), 11), nothing("data.coding_mode"), "value_out_of_range", "index mode for float64"),
    ("index-of-complex64", lambda: retyped(plain(), 14), nothing("data.coding_mode"), "value_out_of_range", "index mode for complex64"),
    ("grid-of-int32", lambda: retyped(plain(), 6), nothing("data.coding_mode"), "value_out_of_range", "a uniform quantizer for int32"),
    ("integers-of-float32", lambda: retyped(integers(), FLOAT32), nothing("data.quantizer_kind"), "value_out_of_range", "integers for float32"),
    ("index-of-no-elements", lambda: resized(plain(), 0), nothing("data.coding_mode"), "value_out_of_range", "index mode for a tensor without elements"),
    ("integers-of-no-elements", lambda: resized(integers(), 0), nothing("data.quantizer_kind"), "value_out_of_range",
     "integers for a tensor without elements"),
    ("trellis-2", trellis, put("data.trellis_states_log2", 2), "value_out_of_range", "a trellis of 4 states"),
    ("trellis-9", trellis, put("data.trellis_states_log2", 9), "value_out_of_range", "a trellis of 512 states"),
] + value_rows("", codebook, "data", [
    ("codebook-first-1", "codebook_first", 1, "codebook_first 1"), ("codebook-first-low", "codebook_first", -65536, "codebook_first −65536"),
    ("codebook-count-0", "codebook_count", 0, "a codebook without entries"), ("codebook-count-65537", "codebook_count", 65537, "a codebook of 65537 entries"),
    ("codebook-nan", "codebook_value", NAN, "a value of a codebook that is no number"),
    ("codebook-infinite", "codebook_value", INFINITE, "an infinite value of a codebook"),
    ("codebook-large", "codebook_value", b"\x01\x00\x80\x7B", "a value of a codebook just above 2^120")]) + [
    ("codebook-without-0", codebook, put("data.codebook_first", -4), "value_out_of_range", "a codebook in which 0 is no index", "data", "codebook_count"),
    ("codebook-count-bytes", codebook, put("data.codebook_count", 65536), "truncated", "a codebook of 65536 entries with room for a few"),
] + value_rows("", companded, "data", [
    ("amplitude-0", "companding_amplitude", 0.0, "companding_amplitude 0"),
    ("amplitude-small", "companding_amplitude", b"\xFF\xFF\x7F\x0D", "companding_amplitude just below 2^−100"),
    ("amplitude-large", "companding_amplitude", b"\x01\x00\x80\x67", "companding_amplitude just above 2^80"),
    ("amplitude-nan", "companding_amplitude", NAN, "companding_amplitude that is no number"),
    ("growth-small", "companding_growth", b"\xFF\xFF\x7F\x33", "companding_growth just below 2^−24"),
    ("growth-large", "companding_growth", b"\x01\x00\x80\x44", "companding_growth just above 2^10"),
    ("levels-0", "companding_levels", 0, "companding_levels 0"), ("levels-65536", "companding_levels", 65536, "companding_levels 65536"),
    ("levels-beyond-2-120", "companding_levels", 400, "companded values above 2^120")]) + value_rows("minifloat-", minifloats, "data", [
    ("exponent-6", "minifloat_exponent_bits", 6, "minifloat_exponent_bits 6"), ("mantissa-11", "minifloat_mantissa_bits", 11, "minifloat_mantissa_bits 11"),
    ("bias-101", "minifloat_bias", 101, "minifloat_bias 101"), ("bias-minus-81", "minifloat_bias", -81, "minifloat_bias −81"),
    ("subnormals-2", "minifloat_subnormals", 2, "minifloat_subnormals 2"), ("top-0", "minifloat_top", 0, "minifloat_top 0"),
    ("top-32769", "minifloat_top", 32769, "minifloat_top 2^15 + 1"),
    ("top-9-of-8", "minifloat_top", 9, "a minifloat_top of more numbers than the format has")]) + value_rows("integer-", integers, "data", [
    ("offset-low", "integer_offset", -2 ** 31 - 1, "integer_offset −2^31 − 1"), ("offset-high", "integer_offset", 2 ** 32 + 1, "integer_offset 2^32 + 1"),
    ("fields-3", "fields_log2", 3, "fields_log2 3")]) + [
    ("fields-of-int8", integers, put("data.fields_log2", 1), "value_out_of_range", "fields of int8"),
    ("fields-of-scalar", stream((), [3], Integers(1), 2), put("data.fields_log2", 1), "value_out_of_range", "fields of a tensor of no dimensions"),
    ("coding-order-of-fields", nibbles, put("data.coding_order", 1), "value_out_of_range", "coding_order 1 of fields of four bits"),
    ("coding-order-of-int4", stream((3, 7), some_indices(21, 6), Integers(0), 22), put("data.coding_order", 1), "value_out_of_range", "coding_order 1 of int4"),
    ("slices-cut", uniform, cut_at("data.raw_bytes[1]"), "truncated", "a data unit that ends among the slices' sizes", "data", "codeword_bytes"),
    ("codeword-beyond", plain, put("data.codeword_bytes[1]", 90), "truncated", "a codeword that goes beyond the payload"),
    ("raw-bits-beyond", plain, put("data.raw_bytes[1]", 90), "truncated", "raw bits that go beyond the payload"),
    ("line-classes-beyond", uniform, put("data.line_class_bytes", 9000), "truncated", "a codeword of line classes that goes beyond the payload"),
    ("trailing-data", plain, append("data", b"\0"), "trailing_bytes", "a byte behind the slices"),
]


def retyped(made, element_type):
    made.units[2].payload.parts[1].content.parts[3].parts[1].value = element_type
    return made


def resized(made, dimension):
    made.units[2].payload.parts[1].content.parts[3].parts[3].value = dimension
    return made


class Loose:
    """A quantizer that codes indices that have no value."""

    def __init__(self, quantizer):
        self.quantizer, self.kind, self.trellis = quantizer, quantizer.kind, None
        self.parts, self.points = quantizer.parts, quantizer.points

    def value(self, q, factor):
        return 0


def codeword_row(name, base, edit, about, element="codeword_bytes", unit="data", code="invalid_codeword"):
    return (f"codeword-{name}", base, edit, code, about, unit, element)


def impossible(name, indices, quantizer, about, element_type=FLOAT32, **coding):
    return codeword_row(name, stream((len(indices),), indices, quantizer, element_type, **coding), nothing("data.codeword_bytes"), about)


lines = stream((9, 8), None, Grid(1.0), rows=[0, 1, -1, 2, 3, 0, 0, 1, -16], slice_log2=7)
noisy = stream((16,), [1, -2, 3, 1, -1, 1, 2, 2, -2, -1, 1, 1, 1, 2, -3, 1], Grid(1.0))    # of raw bits that fill their bytes
signs = stream((9,), [1, -2, 3, 1, -1, 1, 2, 2, -2], Grid(1.0))                             # of nine raw bits

CODEWORD_ROWS = [
    codeword_row("start", plain, write("data.codeword", lambda was: b"\xFF" * 8 + was[8:]), "a codeword that begins with 2^64 − 1"),
    codeword_row("longer", plain, write("data.codeword", lambda was: was + b"\0"), "a codeword with a byte more, which is 0"),
    codeword_row("shorter", plain, write("data.codeword", lambda was: was[:-1]), "a codeword without its last byte"),
    codeword_row("last-more", plain, write("data.codeword", lambda was: was[:-1] + bytes([was[-1] + 1])),
        "a codeword that is not the smallest of its interval"),
    codeword_row("second-slice", plain, write("data.codeword[1]", lambda was: was + b"\0"), "a byte more in the second slice", element="codeword_bytes"),
    codeword_row("trellis-longer", trellis, write("data.codeword", lambda was: was + b"\0"), "a byte more under a trellis"),
    codeword_row("raw-longer", noisy, write("data.raw_bits", lambda was: was + b"\0"), "a byte of raw bits more"),
    codeword_row("raw-shorter", signs, write("data.raw_bits", lambda was: was[:-1]), "a byte of raw bits less"),
    codeword_row("raw-padding", signs, write("data.raw_bits", lambda was: was[:-1] + bytes([was[-1] | 128])), "a bit behind the last raw bit that is 1"),
    codeword_row("raw-none", signs, write("data.raw_bits", b""), "no raw bits"),
    codeword_row("raw-unneeded", stream((9,), [0] * 9), write("data.raw_bits", b"\0"), "raw bits where none are taken"),
    impossible("escape-31", [1, 2 ** 31 + 11, 0], Loose(Grid(1.0)), "an escape of 31 ones"),
    impossible("escape-30", [1, 2 ** 30 + 11, 0], Loose(Grid(1.0)), "an escape of 30 ones: an index beyond 2^30 − 1"),
    impossible("index-2-30", [2 ** 30, 0], Loose(Grid(1.0)), "an index of 2^30"),
    impossible("index-2-30-shifted", [-2 ** 30, 0], Loose(Grid(1.0)), "an index of −2^30, whose escape is short", magnitude_code=70),
    impossible("codebook-above", [0, 1, 2], Loose(Codebook(-1, [1, 2, 3])), "an index above the codebook"),
    impossible("codebook-below", [0, 1, -2], Loose(Codebook(-1, [1, 2, 3])), "an index below the codebook"),
    impossible("companding-beyond", [0, 1, -8], Loose(Companding(0.5, 0.25, 7)), "an index beyond companding_levels"),
    impossible("minifloat-beyond", [0, 9, 1], Loose(Minifloat(2, 1, 1, 1, 8)), "an index beyond minifloat_top"),
    impossible("int8-above", [0, 128], Loose(Integers(0)), "a value above those of int8", 3),
    impossible("int8-below", [0, -129], Loose(Integers(0)), "a value below those of int8", 3),
    impossible("uint8-negative", [0, -2], Loose(Integers(1)), "a negative value of uint8", 2),
    impossible("int4-above", [0, 8], Loose(Integers(0)), "a value above those of int4", 22),
    impossible("uint4-above", [0, 0, 16, 1], Loose(Integers(0)), "a value above those of uint4", 21),
    impossible("half-overflow", [1, 65520], Loose(Grid(1.0)), "a float16 element that rounds to infinity", FLOAT16, magnitude_code=40),
    codeword_row("other", plain, write("data.codeword", lambda was: encode.slice_bytes([0] * 16, [8] * 16, 16, 6)[0]),
        "the codeword of other indices, which leaves raw bits behind",
                 code="invalid_codeword"),
    codeword_row("of-others", plain, several(
        *(write(f"data.{part}", made) for part, made in zip(("codeword", "raw_bits"), encode.slice_bytes([1] * 16, [8] * 16, 16, 6)))),
                 "codeword and raw bits of other indices: sound, but of another tensor", element="tensor_digest", code="tensor_digest"),
    codeword_row("lines-longer", lines, write("data.line_class_codeword", lambda was: was + b"\0"), "a byte more in the codeword of line classes",
        "line_class_bytes"),
    codeword_row("lines-shorter", lines, write("data.line_class_codeword", lambda was: was[:-1]), "a byte less in the codeword of line classes",
        "line_class_bytes"),
    codeword_row("lines-start", lines, write("data.line_class_codeword", b"\xFF" * 9), "line classes whose codeword begins with 2^64 − 1", "line_class_bytes"),
    ("tensor-digest-index", plain, bit("data.tensor_digest", 0), "tensor_digest", "another digest of a tensor in index mode"),
]

ROWS = INDEX_ROWS + CODEWORD_ROWS
