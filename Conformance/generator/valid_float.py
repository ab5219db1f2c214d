"""Valid streams: tensors in float mode."""
import struct

from encode import BFLOAT16, FLOAT16, FLOAT32

from .models import Model, some_bytes

FLOAT64, E4M3, E5M2, E8M0 = 11, 17, 19, 24
SPECIALS = [0x7FC00000, 0xFFC00001, 0x7F800001, 0x7F800000, 0xFF800000, 0x80000000, 0, 1, 0x807FFFFF, 0x00800000, 0x7F7FFFFF]
TABLE = [16, 512, 256, 1024, 2032, 256]                 # of the examples of §6.9.4


def weights(count, seed=0, low=100, spread=16):
    """float32 elements whose exponents are `low` and up, with zeros."""
    made = []
    for n in range(count):
        bits = int.from_bytes(some_bytes(4, 3000 + n + seed), "little")
        made.append(0 if bits % 13 == 0 else (bits >> 31 << 31) | (low + (bits >> 23) % spread) << 23 | bits & 0x7FFFFF)
    return struct.pack(f"<{count}I", *made)


def halved(content, keep):
    """Elements of the rows of eight that `keep` does not name, with their lower 13 bits 0."""
    words = struct.unpack(f"<{len(content) // 4}I", content)
    return struct.pack(f"<{len(words)}I", *(word if n // 8 in keep else word & 0xFFFFE000 for n, word in enumerate(words)))


def plain(elements, content, element_type=FLOAT32, slice_log2=4, **coding):
    return Model(slice_log2).floats((elements,), content, element_type, **coding).stream()


def modelled(bits):
    return plain(40, weights(40, bits, 120, 4), zero_bits=0, modelled_bits=bits, window_origin=120 << bits, window_symbols=4 << bits)


def tools(bits):
    """12 rows of 8, behind an axis of one entry."""
    short = [n % 3 == 1 for n in range(12)]
    content = halved(weights(96, bits), [n for n in range(12) if not short[n]]) if bits & 4 else weights(96, bits)
    return Model(5).floats((1, 12, 8), content, zero_bits=0, modelled_bits=1, window_origin=200, window_symbols=20, row_axis=1,
                           rows=[n % 5 - 2 for n in range(12)] if bits & 1 else None, columns=[n % 3 - 1 for n in range(8)] if bits & 2 else None,
                           short_zero_bits=13 if bits & 4 else None, short=short if bits & 4 else None,
                           tables=several_tables(20) if bits & 3 else None).stream()


def several_tables(symbols):
    """17 tables, some equal to the one before."""
    made = []
    for c in range(17):
        table = [2 + c // 3, 100] + [(7 * n + c // 3) % 5 * 30 for n in range(symbols)]
        table[2 + c // 3 % symbols] += 4096 - sum(table)
        made.append(table)
    return made


def all_tables():
    """17 tables, all different, with frequencies of every bit length; columns of every class."""
    made = []
    for c in range(17):
        table = [2 + c, 0, 1, 3, 4, 8, 31, 32, 100, 255, 600, 1030, 0]
        table[12] = 4096 - sum(table)
        made.append(table)
    return Model(8).floats((9, 17), weights(153, 5, 120, 11), zero_bits=0, modelled_bits=0, window_origin=120, window_symbols=11,
                           columns=list(range(-8, 9)), tables=made).stream()


def windows():
    """The least and the most symbols, the largest origin, all zero bits, as many modelled bits as there are."""
    doubles = struct.pack("<4Q", 0x7FFF << 48, 0xFFFF << 48, 0, 0x7FF0 << 48)
    return Model() \
        .floats((4,), doubles, FLOAT64, zero_bits=48, modelled_bits=4, window_origin=32767, window_symbols=1) \
        .floats((4,), struct.pack("<4Q", 1023 << 52, 0, 1024 << 52, 3072 << 52), FLOAT64, zero_bits=52, modelled_bits=0, window_origin=1023, window_symbols=2) \
        .floats((20,), some_bytes(20, 9), E5M2, zero_bits=0, modelled_bits=2, window_origin=0, window_symbols=128) \
        .floats((20,), some_bytes(20, 8), E8M0, zero_bits=0, modelled_bits=0, window_origin=2, window_symbols=254) \
        .floats((40,), some_bytes(80, 7), BFLOAT16, zero_bits=0, modelled_bits=1, window_origin=0, window_symbols=254) \
        .floats((4,), bytes(16), zero_bits=23, modelled_bits=0, window_origin=0, window_symbols=1).stream()


def frequency_edges():
    """4094 of a symbol; nothing but escapes; a frequency of 0 for a symbol that the elements have."""
    ones, mixed = struct.pack("<20I", *[0x3F800000] * 20), weights(20, 1, 127, 1)
    return Model() \
        .floats((20,), ones, zero_bits=0, modelled_bits=0, window_origin=127, window_symbols=1, tables=[[2, 0, 4094]] * 17) \
        .floats((20,), mixed, zero_bits=0, modelled_bits=0, window_origin=127, window_symbols=1, tables=[[4094, 2, 0]] * 17) \
        .floats((20,), mixed, zero_bits=0, modelled_bits=0, window_origin=127, window_symbols=2, tables=[[2048, 0, 0, 2048]] * 17).stream()


def example():
    """The first two examples of §6.9.4, as streams."""
    first = struct.pack("<7I", 0x3F000000, 0xBF500000, 0, 0x3F800000, 0x80000000, 0x3F900000, 0xBFF00000)
    return Model().floats((7,), first, zero_bits=20, modelled_bits=1, window_origin=252, window_symbols=4, tables=[TABLE] * 17).stream()


def short_rows_all():
    """Rows that are all short, rows none of which is, and all elements in one row."""
    model = Model(6)
    told = {"zero_bits": 0, "modelled_bits": 2, "window_origin": 400, "window_symbols": 64, "short_zero_bits": 13}
    for flags in ([True] * 9, [False] * 9):
        keep = [n for n in range(9) if not flags[n]]
        model.floats((9, 8), halved(weights(72, 2), keep), short=flags, **told)
    return model.floats((9, 8), halved(weights(72, 2), []), row_axis_count=0, short=[True], **told).stream()


def row_axes():
    """Classes along axes in the middle, at the end, and of all axes together."""
    model = Model(5)
    for axis, count, rows, columns in [(1, 1, 5, 16), (2, 1, 4, 20), (0, 2, 20, 4), (0, 3, 80, 1), (3, 0, 1, 80)]:
        model.floats((4, 5, 4), weights(80, axis), zero_bits=0, modelled_bits=0, window_origin=100, window_symbols=16, row_axis=axis, row_axis_count=count,
                     rows=[n % 3 - 1 for n in range(rows)] if columns >= 8 else None, columns=[n % 2 for n in range(columns)] if rows >= 8 else None,
                     tables=several_tables(16))
    return model.stream()


ROWS_OF_TABLE = [
    (f"float-modelled-{bits}", lambda bits=bits: modelled(bits), f"float mode with {bits} bits of the mantissa in the symbols") for bits in range(5)] + [
    (f"float-tools-{bits}", lambda bits=bits: tools(bits), f"float mode, coding_tools {bits}") for bits in range(8)] + [
    ("float-specials", lambda: plain(11, struct.pack("<11I", *SPECIALS), zero_bits=0, modelled_bits=0, window_origin=1, window_symbols=254),
     "NaN with payloads, infinities, −0, subnormal numbers, bit for bit"),
    ("float-all-tables", all_tables, "a table of frequencies for each of the 17 scale classes"),
    ("float-windows", windows, "windows, zero bits and modelled bits at the ends of their ranges"),
    ("float-frequencies", frequency_edges, "frequencies at the ends of their ranges, and an element whose symbol has frequency 0"),
    ("float-example", example, "the first example of §6.9.4"),
    ("float-short-rows", short_rows_all, "rows that are all short, none, and one row of all elements"),
    ("float-row-axes", row_axes, "line classes in float mode along many choices of axes"),
    ("float-one", lambda: plain(1, struct.pack("<I", 0x3F800000), zero_bits=0, modelled_bits=0, window_origin=127, window_symbols=1),
     "one element in float mode"),
    ("float-slices", lambda: plain(65, weights(65), zero_bits=0, modelled_bits=0, window_origin=100, window_symbols=16),
     "float mode in five slices, the last of one element"),
    ("float-half", lambda: plain(40, some_bytes(80, 5), FLOAT16, zero_bits=0, modelled_bits=3, window_origin=40, window_symbols=150),
     "float16 in float mode, many escapes"),
]
