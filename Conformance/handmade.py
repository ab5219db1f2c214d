"""Streams put together element by element, for what the specification allows and the tamis encoder does not make today."""
import ctypes
import hashlib
import struct

import tamis_reference as reference


def uv(value):                                          # §2.3.1
    groups = []
    while True:
        value, group = value >> 7, value & 127
        groups.append(group | (128 if value else 0))
        if not value:
            return bytes(groups)


def text(value):
    return uv(len(value.encode())) + value.encode()


def frame(content):                                     # §9.4
    target = ctypes.create_string_buffer(len(content) + 1000)
    zstd = reference.ZSTD
    zstd.ZSTD_compress.restype = ctypes.c_size_t
    size = zstd.ZSTD_compress(target, ctypes.c_size_t(len(target)), content, ctypes.c_size_t(len(content)), 3)
    return target.raw[:size]


def unit(unit_type, payload):                           # §3.2
    head = struct.pack("<BQ", unit_type, len(payload))
    return head + struct.pack("<I", reference.crc32c(head)) + payload + struct.pack("<I", reference.crc32c(payload))


class Coder:
    """An arithmetic encoder with an integer as long as it gets in place of carries."""

    def __init__(self, limit):
        self.limit, self.low, self.range, self.words = limit, 0, 2 ** 64 - 1, 0

    def bin(self, context, value):                      # §6.1, note
        split = (self.range >> 16) * (context.probability >> 6)
        if value:
            self.range = split
        else:
            self.low, self.range = self.low + split, self.range - split
        context.adapt(value, self.limit)
        self.refill()

    def symbol(self, group, value):
        bound = group.bounds(self.range)
        self.low, self.range = self.low + bound[value + 1], bound[value] - bound[value + 1]
        group.adapt(value, self.limit)
        self.refill()

    def refill(self):
        if self.range < 2 ** 32:
            self.low, self.range, self.words = self.low << 32, self.range << 32, self.words + 1

    def finish(self):
        z = (self.range.bit_length() - 1) // 8
        return (-(-self.low // 256 ** z)).to_bytes(8 + 4 * self.words - z, "big")


def line_classes(kinds):                                # §6.6
    coder = Coder(5)
    for classes in kinds:
        contexts, before = reference.Contexts(), 0
        for line_class in classes:
            near = min(abs(before), 2)
            coder.bin(contexts["zero", near], int(line_class != 0))
            if line_class != 0:
                coder.bin(contexts["sign", reference.sgn(before)], int(line_class < 0))
                v, last = abs(line_class) - 1, 15 if line_class < 0 else 14
                for j in range(min(v + 1, last)):
                    coder.bin(contexts["unary", near, j], int(j < v))
            before = line_class
    return coder.finish()


class Coding:
    """What a slice is coded with (§6.4)."""

    def __init__(self, magnitude_code=0, limit=4, neighbours=False, sign_distances=None, trellis=None):
        self.magnitude_code, self.limit, self.neighbours = magnitude_code, limit, neighbours
        self.sign_distances, self.trellis = sign_distances, trellis


def one_slice(indices, scale_classes, coding):
    """The codeword and the raw bits (§6.4.5, the other way round)."""
    coder, signs = Coder(coding.limit), reference.Contexts()
    classes = [reference.ScaleClass(coding.magnitude_code, c) for c in range(17)]
    raw = raw_count = state = 0

    def put(value, count):                              # §6.3
        nonlocal raw, raw_count
        raw, raw_count = raw | value << raw_count, raw_count + count

    def before(place, distance):
        return indices[place - distance] if distance <= place else 0

    for place, (q, c) in enumerate(zip(indices, scale_classes)):
        scale_class = classes[c]
        k, contexts = scale_class.k, scale_class.contexts
        near = abs(before(place, 1)) + abs(before(place, 2))
        n = sum(near >= threshold for threshold in scale_class.thresholds) if coding.neighbours else 0
        b = state & 1
        if coding.trellis:
            state = coding.trellis.next(state, q)
        v = abs(q) - 1
        x = (v >> k) + 1 if q != 0 else 0
        for done, group in [(0, scale_class.start[b][n]), (4, scale_class.more[0]), (8, scale_class.more[1])]:
            if x >= done:
                coder.symbol(group, min(x - done, 4))
        if x >= 12:
            g = (x - 11).bit_length() - 1
            for i in range(g + 1):
                coder.bin(contexts["escape", min(i, 15)], int(i < g))
            put(x - 11 - 2 ** g, g)
        if q == 0:
            continue
        if coding.sign_distances:
            q1, qa, qb = (reference.sgn(before(place, distance)) for distance in (1, *coding.sign_distances))
            coder.bin(signs[9 * q1 + 3 * qa + qb + 13], int(q < 0))
        else:
            put(int(q < 0), 1)
        if k > 0:
            coder.bin(contexts["low", min(x - 1, 2)], v >> (k - 1) & 1)
            put(v & (2 ** (k - 1) - 1), k - 1)
    return coder.finish(), raw.to_bytes((raw_count + 7) // 8, "little")


SLICE_LOG2 = 4
SLICE = 2 ** SLICE_LOG2


class Part:
    """A tensor, and the data unit that holds it."""

    def __init__(self, shape, indices, quantizer, value, coding, row_axis=0, row_axis_count=1, coding_order=0, rows=None, columns=None,
                 row_step_exponent=0):
        """`quantizer`: its elements as bytes, from quantizer_kind on. `value(point, row)`: the bytes of an element by its index, or by
        its grid point under a trellis. `rows`, `columns`: the lines' classes, if they are sent. `indices` are in coding order."""
        count, row_count = reference.product(shape), reference.product(shape[row_axis:row_axis + row_axis_count])
        column_count, s_count = count // row_count, reference.product(shape[row_axis + row_axis_count:])
        assert len(indices) == count and len(rows or shape[:0]) in (0, row_count) and len(columns or shape[:0]) in (0, column_count)
        self.shape, content, slices = shape, bytearray(4 * count), []
        for first in range(0, count, SLICE):
            cut = indices[first:first + SLICE]
            points, classes = coding.trellis.grid_points(cut) if coding.trellis else cut, []
            for n, point in enumerate(points, first):
                if coding_order == 0:                   # §5.3
                    r, column, place = n // s_count % row_count, n // s_count // row_count * s_count + n % s_count, n
                else:
                    r, column = divmod(n, column_count)
                    place = (column // s_count * row_count + r) * s_count + column % s_count
                row_part = (rows[r] * (2 - row_step_exponent)) >> 1 if rows else 0          # §6.7
                classes.append(max(-8, min(8, row_part + (columns[column] if columns else 0))) + 8)
                content[4 * place:4 * place + 4] = value(point, r)
            slices.append(one_slice(cut, classes, coding))
        self.content = bytes(content)
        lines = line_classes([kind for kind in (rows, columns) if kind]) if rows or columns else b""
        tools = (1 if rows else 0) + (2 if columns else 0) + (4 if coding.neighbours else 0) + (8 if coding.sign_distances else 0)
        self.coding = quantizer + bytes([coding.magnitude_code, row_axis, row_axis_count, coding_order, tools, row_step_exponent, coding.limit]) \
            + b"".join(uv(distance) for distance in coding.sign_distances or ()) + (uv(len(lines)) if lines else b"") \
            + b"".join(uv(len(codeword)) + uv(len(raw)) for codeword, raw in slices) + lines + b"".join(codeword + raw for codeword, raw in slices)

    def data_unit(self, number):                        # §4.5
        return uv(number) + struct.pack("<QB", reference.xxh64(self.content), 1) + self.coding


def sv(value):                                          # §2.3.2
    return uv(2 * value if value >= 0 else -2 * value - 1)


def stream(name, parts, holes=None, skeleton=b"before, between, after"):
    """A stream of level 0 and slices of 16, the name of its file, and the file. `holes`: gap and tensor of each."""
    holes = holes or [(1, number) for number in range(len(parts))]
    output, place = b"", 0
    for gap, number in holes:
        output, place = output + skeleton[place:place + gap] + parts[number].content, place + gap
    output += skeleton[place:]
    body = uv(1) + text(name) + uv(len(skeleton)) + uv(len(parts)) \
        + b"".join(text(chr(ord("a") + number)) + bytes([1, len(part.shape), *part.shape]) for number, part in enumerate(parts)) \
        + uv(len(holes)) + b"".join(bytes([0, gap, number]) for gap, number in holes) \
        + uv(1) + text("alias") + uv(0)
    elements = sum(reference.product(part.shape) for part in parts)
    parameters = bytes([SLICE_LOG2]) + text("conformance") + text("") + text("bytes") + uv(elements) + uv(1) + uv(len(output)) \
        + hashlib.sha256(output).digest()
    payloads = [(1, bytes([0, 0, 0, 0])), (2, parameters), (3, uv(len(body)) + frame(body)), (200, b"to be skipped")]
    payloads += [(5, part.data_unit(number)) for number, part in enumerate(parts)] + [(4, uv(0) + frame(skeleton))]
    index = uv(len(payloads)) + b"".join(bytes([t]) + uv(len(p) + 17) for t, p in payloads) \
        + uv(len(parts)) + bytes(range(4, 4 + len(parts))) + uv(1) + hashlib.sha256(output).digest()
    units = [unit(*each) for each in payloads + [(7, index)]]
    whole = bytes.fromhex("D4544D530D0A1A0A") + b"".join(units)
    checksums = b"".join(u[9:13] + u[-4:] for u in units)
    end = struct.pack("<QQQ", len(whole) + 41, len(whole) - len(units[-1]), reference.xxh64(checksums))
    return whole + unit(8, end), name, output


# Indices of the rows and columns of [3, 10, 4] tensors whose row axis is 1.
ROWS, COLUMNS = [-16, 15, 0, 1, 2, 3, -1, -2, -3, 7], [0, 1, -1, 3, 0, 0, -9, 9, 2, 0, 0, 1]


def some_indices(count, largest=14):
    return [(n * n * 7 + n) % (2 * largest + 1) - largest if n % 3 else 0 for n in range(count)]


def on_grid(step, offset, rows=None, row_step_exponent=0):
    """The value of a grid point (§7.1, §7.2)."""
    return lambda d, r: struct.pack("<f", reference.value_of(d, offset, reference.row_step(step, rows[r], row_step_exponent) if rows else step))


def in_table(table):
    return lambda q, r: struct.pack("<f", table[q])


def signed(values):
    """A table of the values of the indices 1, 2 ..., and of those with the other sign."""
    return {0: 0.0} | {q: value for q, value in enumerate(values, 1)} | {-q: -value for q, value in enumerate(values, 1)}


def row_steps(row_step_exponent):
    """A tensor with row axis 1, coded row after row, rows of classes -16 to 15, columns of classes, too; two holes for the tensor."""
    step, offset = reference.binary32(0.0123), 20
    return stream("row-steps.bin", [Part(
        [3, 10, 4], some_indices(120), struct.pack("<Bf", 0, step) + sv(offset), on_grid(step, offset, ROWS, row_step_exponent), Coding(),
        row_axis=1, coding_order=1, rows=ROWS, columns=COLUMNS, row_step_exponent=row_step_exponent)], [(8, 0), (9, 0)])


def trellises():
    """A tensor for each number of states, with all coding tools, offsets and row steps in turn; the largest indices; many slices."""
    parts, step = [], reference.binary32(0.0123)
    for states_log2, offset, exponent, order, magnitude_code, neighbours, distances in [
            (3, 20, 0, 0, 0, False, None), (4, -128, 1, 1, 20, True, None), (5, 128, 2, 1, 23, False, (3, 9)),
            (6, 0, 2, 0, 26, True, (9, 18)), (7, -7, 1, 0, 0, True, (1, 40)), (8, 64, 0, 1, 17, True, (2, 3))]:
        indices = some_indices(120, 14 if states_log2 < 6 else 40)
        if states_log2 == 3:
            indices[16:24] = [2 ** 30 - 1, 1, -(2 ** 30 - 1), 2 ** 30 - 2, 3, 2 - 2 ** 30, 2 ** 24 + 1, -(2 ** 24 + 1)]
        parts.append(Part(
            [3, 10, 4], indices, struct.pack("<Bf", 1, step) + sv(offset) + bytes([states_log2]), on_grid(step, offset, ROWS, exponent),
            Coding(magnitude_code, 5, neighbours, distances, reference.Trellis(states_log2)),
            row_axis=1, coding_order=order, rows=ROWS, columns=COLUMNS if order else None, row_step_exponent=exponent))
    return stream("trellises.bin", parts)


def codebooks():
    """A single entry; entries unsorted and equal, with -0, a subnormal and the largest values; none of an index above 0."""
    def quantizer(first, values):
        return bytes([2]) + sv(first) + uv(len(values)) + struct.pack(f"<{len(values)}f", *values)
    one, zero_last = [-0.375], [-1.5, -1.0, 0.25, 0.125, 2.0]
    many = [-0.0, 2.0 ** -149, 7.0, 0.5, 2.0 ** 120, -2.0 ** 120, 7.0, reference.binary32(0.1), -3.0]
    return stream("codebooks.bin", [
        Part([20], [0] * 20, quantizer(0, one), in_table({0: one[0]}), Coding()),
        Part([3, 10, 4], [(n * n * 5 + n) % 9 - 3 for n in range(120)], quantizer(-3, many), in_table({q - 3: value for q, value in enumerate(many)}),
             Coding(limit=6, neighbours=True), row_axis=1, coding_order=1, rows=ROWS, columns=COLUMNS),
        Part([5, 5], [-(n * n % 5) for n in range(25)], quantizer(-4, zero_last), in_table({q - 4: value for q, value in enumerate(zero_last)}),
             Coding(sign_distances=(1, 2))),
    ])


def compandings():
    """Growth 1; the largest growth and amplitude; the smallest, and the most levels; a mu-law whose values are rounded; and values that
    come out differently if p is computed with a fused operation, as p (1 + g) + g, or as a power."""
    def quantizer(amplitude, growth, levels):
        return struct.pack("<Bff", 3, amplitude, growth) + uv(levels)
    a, g = reference.binary32(1 / 255), reference.binary32(256 ** (1 / 127) - 1)
    rounded = signed(reference.companding_magnitudes(a, g, 127)[1:])
    unlike = [(float.fromhex(growth), levels, float.fromhex(value)) for growth, levels, value in
              [("0x1.5D677p-3", 162, "0x1.C298BEp+36"), ("0x1.149DBp-15", 32245, "0x1.E5545p+0")]]
    smallest = signed(reference.companding_magnitudes(2.0 ** -100, 2.0 ** -24, 65535)[1:])
    return stream("compandings.bin", [
        Part([31], some_indices(31), quantizer(0.5, 1.0, 14), in_table(signed([0.5 * (2 ** k - 1) for k in range(1, 15)])), Coding()),
        Part([7], list(range(-3, 4)), quantizer(2.0 ** 80, 2.0 ** 10, 3), in_table(signed([2.0 ** 80 * (1025 ** k - 1) for k in range(1, 4)])), Coding()),
        Part([9], [1, -1, 65535, -65535, 2, 30000, 0, -40001, 17], quantizer(2.0 ** -100, 2.0 ** -24, 65535), in_table(smallest), Coding(40)),
        Part([3, 10, 4], some_indices(120, 127), quantizer(a, g, 127), in_table(rounded),
             Coding(28, 6, True, (1, 4)), row_axis=1, rows=ROWS, columns=COLUMNS),
    ] + [
        Part([3], [levels, 0, -levels], quantizer(1.0, growth, levels), in_table({levels: value, 0: 0.0, -levels: -value}), Coding(40))
        for growth, levels, value in unlike
    ])


def minifloats():
    """Two exponent bits with and without subnormals; no exponent bits; half precision; the smallest numbers; one number."""
    def quantizer(exponent_bits, mantissa_bits, bias, subnormals, top):
        return bytes([4, exponent_bits, mantissa_bits]) + sv(bias) + bytes([subnormals]) + uv(top)
    all_of_eight = [q for q in range(-8, 9)]
    half = {0: 0.0, 1: 65504.0, -1: -65504.0, 16384: 1.0, -16384: -1.0, 31743: 2.0 ** -24, -31743: -2.0 ** -24, 31744: 0.0, -31744: -0.0,
            30720: 2.0 ** -14, 30721: 1023 * 2.0 ** -24}
    smallest = {0: 0.0, 1: 2047 * 2.0 ** -79, -1: -2047 * 2.0 ** -79, 32768: 2.0 ** -100, -32768: -2.0 ** -100, -32767: -1025 * 2.0 ** -110}
    return stream("minifloats.bin", [
        Part([17], all_of_eight, quantizer(2, 1, 1, 1, 8), in_table(signed([6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.5, 0.0])), Coding()),
        Part([17], all_of_eight, quantizer(2, 1, 1, 0, 8), in_table(signed([6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.75, 0.5])), Coding()),
        Part([13], [q for q in range(-6, 7)], quantizer(2, 1, 1, 1, 6), in_table(signed([3.0, 2.0, 1.5, 1.0, 0.5, 0.0])), Coding()),
        Part([9], [q for q in range(-4, 5)], quantizer(0, 2, -80, 1, 4), in_table(signed([3 * 2.0 ** 79, 2.0 ** 80, 2.0 ** 79, 0.0])), Coding()),
        Part([len(half)], list(half), quantizer(5, 10, 15, 1, 31744), in_table(half), Coding(40)),
        Part([len(smallest)], list(smallest), quantizer(5, 10, 100, 0, 32768), in_table(smallest), Coding(40)),
        Part([3, 10, 4], [n % 3 - 1 for n in range(120)], quantizer(0, 0, 3, 0, 1), in_table(signed([0.125])),
             Coding(0, 6, True, (3, 6)), row_axis=1, coding_order=1, rows=ROWS, columns=COLUMNS),
    ])
