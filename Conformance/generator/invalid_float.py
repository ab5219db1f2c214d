"""Invalid streams: float mode."""
import encode
from encode import FLOAT32

from .edits import append, bit, cut_at, nothing, put, several, write
from .invalid_coding import codeword_row, resized, retyped, value_rows
from .models import Model
from .valid_float import halved, weights

SHORT = [n % 3 == 1 for n in range(12)]


def floats(content=None, shape=(20,), slice_log2=4, **coding):
    told = {"zero_bits": 0, "modelled_bits": 0, "window_origin": 100, "window_symbols": 16} | coding
    return lambda: Model(slice_log2).floats(shape, weights(20) if content is None else content, **told).stream()


plain = floats()
some = floats(window_origin=104, window_symbols=5)     # many escapes
tools = floats(halved(weights(96), [n for n in range(12) if not SHORT[n]]), (12, 8), rows=[n % 5 - 2 for n in range(12)], columns=[n % 3 - 1 for n in range(8)],
               short_zero_bits=13, short=SHORT, slice_log2=5)


def frequencies(*table):
    """Elements whose symbols are all in the window, in tables that need not be right."""
    content = b"".join((127 << 23 | n).to_bytes(4, "little") for n in range(20))
    return floats(content, window_origin=127, window_symbols=len(table) - 2, tables=[list(table)] * 17)


def frequency_row(name, table, about):
    return codeword_row(f"frequencies-{name}", frequencies(*table), nothing("data.frequency_bytes"), about, "frequency_bytes")


def state(number, value):
    return lambda was: was[:4 * number] + value.to_bytes(4, "little") + was[4 * number + 4:]


ROWS = value_rows("float-", tools, "data", [
    ("zero-bits-53", "zero_bits", 53, "zero_bits 53"), ("modelled-bits-5", "modelled_bits", 5, "modelled_bits 5"),
    ("window-origin-large", "window_origin", 32768, "window_origin 32768"), ("window-symbols-0", "window_symbols", 0, "window_symbols 0"),
    ("window-symbols-255", "window_symbols", 255, "window_symbols 255"), ("row-axis-17", "row_axis", 17, "row_axis 17"),
    ("row-axis-count-17", "row_axis_count", 17, "row_axis_count 17"), ("coding-tools-8", "coding_tools", 8, "coding_tools 8"),
    ("line-class-bytes-0", "line_class_bytes", 0, "line_class_bytes 0"), ("short-zero-bits-0", "short_zero_bits", 0, "short_zero_bits 0"),
    ("short-zero-bits-53", "short_zero_bits", 53, "short_zero_bits 53"), ("short-row-bytes-0", "short_row_bytes", 0, "short_row_bytes 0"),
    ("frequency-bytes-0", "frequency_bytes", 0, "frequency_bytes 0")]) + [
    ("float-of-int32", lambda: retyped(plain(), 6), nothing("data.coding_mode"), "value_out_of_range", "float mode for int32"),
    ("float-of-complex64", lambda: retyped(plain(), 14), nothing("data.coding_mode"), "value_out_of_range", "float mode for complex64"),
    ("float-of-float4", lambda: retyped(plain(), 23), nothing("data.coding_mode"), "value_out_of_range", "float mode for float4e2m1"),
    ("float-of-no-elements", lambda: resized(plain(), 0), nothing("data.coding_mode"), "value_out_of_range", "float mode for a tensor without elements"),
    ("float-zero-bits-24", plain, put("data.zero_bits", 24), "value_out_of_range", "zero_bits beyond the mantissa", "data", "window_symbols"),
    ("float-modelled-and-zero-bits", plain, several(put("data.zero_bits", 20), put("data.modelled_bits", 4)), "value_out_of_range",
     "zero_bits and modelled_bits that are more than the mantissa", "data", "window_symbols"),
    ("float-window-beyond", plain, put("data.window_origin", 241), "value_out_of_range", "a window that goes beyond the exponents", "data", "window_symbols"),
    ("float-row-axes-beyond", plain, put("data.row_axis", 1), "value_out_of_range", "row axes beyond those of the tensor"),
    ("float-rows-short", floats(weights(56), (8, 7), rows=[0] * 8, slice_log2=6), nothing("data.coding_tools"), "value_out_of_range",
     "row classes of rows of 7 elements"),
    ("float-columns-short", floats(weights(56), (7, 8), columns=[0] * 8, slice_log2=6), nothing("data.coding_tools"), "value_out_of_range",
     "column classes of columns of 7 elements"),
    ("float-short-rows-of-7", floats(halved(weights(56), []), (8, 7), short_zero_bits=13, short=[True] * 8, slice_log2=6), nothing("data.coding_tools"),
     "value_out_of_range",
     "short rows of 7 elements"),
    ("float-short-rows-behind-axis", floats(halved(weights(96), []), (2, 6, 8), short_zero_bits=13, short=[True] * 6, row_axis=1, slice_log2=6),
     nothing("data.coding_tools"),
     "value_out_of_range", "short rows behind an axis of two entries"),
    ("float-short-zero-bits-equal", tools, several(put("data.zero_bits", 13), put("data.short_zero_bits", 13)), "value_out_of_range",
     "short_zero_bits not more than zero_bits"),
    ("float-short-zero-bits-beyond", tools, several(put("data.modelled_bits", 2), put("data.window_origin", 400), put("data.short_zero_bits", 22)),
     "value_out_of_range",
     "short_zero_bits that leave no room for modelled_bits"),
    ("float-slices-cut", plain, cut_at("data.raw_bytes"), "truncated", "a data unit that ends among the slices' sizes", "data", "codeword_bytes"),
    ("float-frequencies-beyond", plain, put("data.frequency_bytes", 9000), "truncated", "a codeword of frequencies that goes beyond the payload"),
    ("float-short-rows-beyond", tools, put("data.short_row_bytes", 9000), "truncated", "a codeword of short rows that goes beyond the payload"),
    ("float-raw-bits-beyond", plain, put("data.raw_bytes[1]", 900), "truncated", "raw bits that go beyond the payload"),
    ("float-trailing", plain, append("data", b"\0"), "trailing_bytes", "a byte behind the slices of float mode"),
    ("float-tensor-digest", plain, bit("data.tensor_digest", 60), "tensor_digest", "another digest of a tensor in float mode"),
    frequency_row("sum-less", [2, 0, 4093], "frequencies that sum up to 4095"),
    frequency_row("sum-more", [3, 0, 4094], "frequencies that sum up to 4097"),
    frequency_row("escape-1", [1, 1000, 3095], "an escape of frequency 1"),
    frequency_row("escape-0", [0, 1000, 3096], "an escape of frequency 0"),
    frequency_row("escape-4095", [4095, 1, 0], "an escape of frequency 4095"),
    frequency_row("escape-4095-window", [4095, 0, 1], "an escape of frequency 4095, beside a symbol of the window"),
    codeword_row("frequencies-longer", plain, write("data.frequency_codeword", lambda was: was + b"\0"), "a byte more in the codeword of frequencies",
        "frequency_bytes"),
    codeword_row("frequencies-start", plain, write("data.frequency_codeword", lambda was: b"\xFF" * len(was)),
        "frequencies whose codeword begins with 2^64 − 1", "frequency_bytes"),
    codeword_row("short-rows-longer", tools, write("data.short_row_codeword", lambda was: was + b"\0"), "a byte more in the codeword of short rows",
        "short_row_bytes"),
    codeword_row("short-rows-shorter", tools, write("data.short_row_codeword", lambda was: was[:-1]), "a byte less in the codeword of short rows",
        "short_row_bytes"),
    codeword_row("float-lines-longer", tools, write("data.line_class_codeword", lambda was: was + b"\0"), "a byte more in the codeword of line classes",
        "line_class_bytes"),
    codeword_row("float-odd", plain, write("data.codeword", lambda was: was + b"\0"), "a codeword of float mode of an odd number of bytes"),
    codeword_row("float-14-bytes", plain, write("data.codeword", lambda was: was[:14]), "a codeword of float mode without its last state"),
    codeword_row("float-word-more", plain, write("data.codeword", lambda was: was + b"\0\0"), "a word more than are used"),
    codeword_row("float-word-less", plain, write("data.codeword", lambda was: was[:-2]), "a word less than are needed"),
    codeword_row("float-state-low", plain, write("data.codeword", state(2, 2 ** 16 - 1)), "a state less than 2^16"),
    codeword_row("float-state-0", plain, write("data.codeword", state(0, 0)), "a state 0"),
    codeword_row("float-state-end", floats(weights(3), (3,)), write("data.codeword", state(3, 2 ** 16 + 1)), "a state that is not 2^16 at the end"),
    codeword_row("float-raw-longer", some, write("data.raw_bits", lambda was: was + b"\0"), "a byte of raw bits more in float mode"),
    codeword_row("float-raw-shorter", some, write("data.raw_bits", lambda was: was[:-1]), "a byte of raw bits less in float mode"),
    codeword_row("float-raw-padding", floats(weights(3), (3,), modelled_bits=1, window_origin=200, window_symbols=32),
        write("data.raw_bits", lambda was: was[:-1] + bytes([was[-1] | 128])),
                 "a bit behind the last raw bit that is 1, in float mode"),
]
