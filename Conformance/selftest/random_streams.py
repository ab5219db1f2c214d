"""Random streams, sound and broken: stream(seed, number) is the same for ever.

Models of a few small tensors in every mode, with random options; of the streams a part is broken by one random edit, after which the checksums
are made right again (most of the time), so that what the edit broke is found behind them.
"""
import random

import encode
import random_edits
from encode import BFLOAT16, FLOAT16, FLOAT32, UINT8

SIGNED, UNSIGNED = (3, 5, 6, 7, 22, 26), (2, 4, 9, 12, 13, 21, 25)
BROKEN = 0.5                                            # part of the streams that are edited


class Made:
    """A stream, what it exercises, and how it was broken ("" if it was not); whether that may show in several ways, since what follows is read
    as something else, or not checked in one order only (§3.3)."""

    def __init__(self, stream, modes, edit):
        self.stream, self.modes, self.edit, self.shows_in_several_ways = stream, modes, edit, random_edits.shows_in_several_ways(edit)


def stream(seed, number):
    rng = random.Random(f"{seed}/{number}")
    modes = set()
    tree = random_tree(rng, modes)
    edit = random_edits.broken(rng, tree) if rng.random() < BROKEN else None
    content = tree.bytes()
    if edit is None and rng.random() < 0.05:
        content, edit = random_edits.damaged(rng, content), "damaged"
    return Made(content, sorted(modes), edit or "")


# Models

def random_shape(rng, most=400):
    shape = []
    for _ in range(rng.choice((0, 1, 1, 2, 2, 2, 3, 4))):
        shape.append(rng.randint(1, max(1, min(24, most))))
        most //= shape[-1]
    rng.shuffle(shape)
    return shape


def random_tree(rng, modes):
    level, slice_log2 = rng.choice((0, 0, 0, 1, 2)), rng.choice((4, 4, 5, 6, 7, 10, 20))
    tensors, units = [], []
    for _ in range(rng.choice((0, 1, 1, 2, 3) if level == 0 else (1, 2, 3, 4))):
        rng.choice((raw, index, index, index, floats, group))(rng, modes, tensors, units, slice_log2)
    files = random_files(rng, tensors, ("model", "a/b/model", "Modèle") + (("x" * 253,) if level > 0 else ()))
    shards = rng.random() < 0.03
    aliases = [(f"alias {n}", rng.randrange(len(tensors))) for n in range(rng.choice((0, 0, 1, 3)))] if tensors else []
    ancillary = [encode.Unit(rng.randint(128, 255), encode.Structure("", [encode.opaque("", rng.randbytes(rng.randrange(9)))]))
                 for _ in range(rng.choice((0, 0, 0, 1, 2)))]
    tree = encode.stream_of(files, tensors, units, level, aliases, slice_log2, ancillary=ancillary)
    if rng.random() < 0.5:
        rest = tree.units[3:]
        rng.shuffle(rest)
        tree.units[3:] = rest
    if shards:
        modes.add("shard")
        count = rng.randint(2, 65535)
        tree.units[0] = encode.start_unit(level, rng.randrange(count), count)
        tree.units[3:] = [unit for unit in tree.units[3:] if rng.random() < 0.6]
        tree.files = []
        tree.digested = rng.choice((tree.digested, []))
    return tree


def random_files(rng, tensors, names):
    count = rng.choice((1, 1, 2)) if tensors else rng.choice((0, 1, 2))
    holes = [[] for _ in range(count)]
    order = list(range(len(tensors)))
    rng.shuffle(order)
    for tensor in order + ([rng.randrange(len(tensors))] if tensors and rng.random() < 0.2 else []):
        rng.choice(holes).append((rng.choice((0, 0, 1, 5)), tensor))
    return [encode.File(f"{rng.choice(names)}.{n}", rng.randbytes(sum(gap for gap, _ in file) + rng.choice((0, 3, 40))), file)
            for n, file in enumerate(holes)]


def new_tensor(rng, tensors, element_type, shape, content=None):
    tensors.append(encode.Tensor(f"{'tensor' if rng.random() < 0.9 else '張/量'} {len(tensors)}", element_type, shape, content))
    return len(tensors) - 1, tensors[-1]


def raw(rng, modes, tensors, units, _):
    element_type = rng.choice(list(encode.ELEMENT_BITS))
    shape = random_shape(rng, 60)
    if shape and rng.random() < 0.1:
        shape[rng.randrange(len(shape))] = 0
    number, tensor = new_tensor(rng, tensors, element_type, shape)
    tensor.content = tensor.source = rng.randbytes(tensor.byte_count)
    units.append(encode.raw_unit(number, tensor))
    modes |= {"raw", f"type {element_type}"}


def random_indices(rng, count, scale, largest):
    """Integers of about this mean magnitude, at most `largest`."""
    made = []
    for _ in range(count):
        q = int(rng.expovariate(1 / scale)) if rng.random() < 0.9 else rng.randrange(min(2, largest + 1))
        made.append(min(q, largest) * rng.choice((1, -1)))
    if rng.random() < 0.1:
        made[rng.randrange(count)] = largest * rng.choice((1, -1))
    return made


def lines(rng, columns_of_row, rows):
    """Random classes for the rows, or None."""
    if columns_of_row < 8 or rng.random() < 0.4:
        return None
    return [rng.choice((0, 0, 0, 1, -1, 2, -3, rng.randint(-16, 15))) for _ in range(rows)]


def index(rng, modes, tensors, units, slice_log2):
    kind = rng.randrange(6)
    element_type = rng.choice(SIGNED + UNSIGNED if kind == 5 else (FLOAT32, FLOAT32, FLOAT16, BFLOAT16))
    number, tensor = new_tensor(rng, tensors, element_type, random_shape(rng))
    half, magnitude_log2 = element_type == FLOAT16, rng.uniform(-3, rng.choice((3, 3, 12)))
    scale, magnitude_code = 2 ** magnitude_log2, max(0, 16 + int(2 * magnitude_log2) + rng.randint(-3, 3))
    count, shape, low = tensor.elements, list(tensor.shape), None
    if kind <= 1:
        largest = 60000 if half else 2 ** 30 - 1
        quantizer = encode.Grid(rng.uniform(0.1, 0.5) if half else 2.0 ** rng.uniform(-100, 80) if rng.random() < 0.2 else rng.uniform(0.001, 2),
                                rng.randint(-128, 128), rng.randint(3, 8) if kind == 1 else None)
    if kind == 2:
        low, entries = -rng.choice((0, 1, 5, 100)), rng.choice((1, 2, 9, 300))
        entries = max(entries, 1 - low)
        quantizer, largest = encode.Codebook(low, [rng.gauss(0, 1) for _ in range(entries)]), None
    if kind == 3:
        largest = rng.choice((1, 3, 40, 200))
        quantizer = encode.Companding(rng.uniform(0.001, 0.1), rng.uniform(0.0001, 0.04), largest)
    if kind == 4:
        e, m = rng.randint(0, 4), rng.randint(0, 8)
        largest = rng.choice((2 ** (e + m), rng.randint(1, 2 ** (e + m))))
        quantizer = encode.Minifloat(e, m, rng.randint(1, 20), rng.randrange(2), largest)
    if kind == 5:
        fields_log2 = rng.randrange(3) if element_type == UINT8 and shape else 0
        bits = encode.ELEMENT_BITS[element_type] >> fields_log2
        count <<= fields_log2
        if fields_log2:
            shape[-1] <<= fields_log2
        low = -2 ** (bits - 1) if element_type in SIGNED else 0
        high = low + 2 ** bits - 1
        offset = rng.choice((0, max(-2 ** 31, min(2 ** 32, rng.randint(low, high)))))
        quantizer, largest = encode.Integers(offset, fields_log2), None
        indices = [max(low, min(high, offset + q)) - offset for q in random_indices(rng, count, scale, 2 ** 30 - 1)]
    elif kind == 2:
        indices = [max(low, min(low + entries - 1, q)) for q in random_indices(rng, count, scale, 400)]
    else:
        indices = random_indices(rng, count, scale, largest)
    axis = rng.randint(0, len(shape))
    matrix = encode.Matrix(shape, axis, rng.randint(0, len(shape) - axis))
    columns = matrix.P * matrix.S
    row_classes, column_classes = lines(rng, columns, matrix.R), lines(rng, matrix.R, columns)
    exponent = rng.randrange(3) if row_classes and kind <= 1 and not half else 0
    if half and row_classes and exponent:
        row_classes = [min(each, 0) for each in row_classes]
    order = rng.randrange(2) if kind != 5 or bits >= 8 else 0
    units.append(encode.index_unit(
        number, tensor, indices, quantizer, slice_log2, magnitude_code, axis, matrix.row_axis_count, order, row_classes, column_classes, rng.random() < 0.5,
        (rng.randint(1, 40), rng.choice((1, 9, 2 ** 32 - 1))) if rng.random() < 0.4 else None, exponent, rng.randint(4, 10)))
    modes |= {f"kind {kind}", f"type {element_type}"} | ({"row classes"} if row_classes else set()) | ({"column classes"} if column_classes else set())


def random_table(rng, symbols):
    table = [2] + [rng.choice((0, 1, 3, 20, 100)) for _ in range(symbols - 1)]
    while sum(table) > 4000:
        table = [max(2 if n == 0 else 0, each // 2) for n, each in enumerate(table)]
    table[rng.randrange(1, symbols)] += 4096 - sum(table)
    return table if max(table) <= 4094 else [4094, 2] + [0] * (symbols - 2)


def floats(rng, modes, tensors, units, slice_log2):
    element_type = rng.choice(list(encode.FLOAT_LAYOUTS))
    W, m, sign_bits = encode.FLOAT_LAYOUTS[element_type]
    shape = random_shape(rng)
    z = rng.choice((0, 0, rng.randint(0, m)))
    t = rng.randint(0, min(4, m - z))
    prefixes = 2 ** (W - sign_bits - m + t)
    origin = rng.randrange(min(prefixes, 32768))
    window = rng.randint(1, min(254, prefixes - origin))
    axis = rng.randint(0, len(shape))
    matrix = encode.Matrix(shape, axis, rng.randint(0, len(shape) - axis))
    columns = matrix.P * matrix.S
    row_classes, column_classes = lines(rng, columns, matrix.R), lines(rng, matrix.R, columns)
    short = short_z = None
    if columns >= 8 and matrix.P == 1 and z < m - t and rng.random() < 0.5:
        short, short_z = [rng.random() < 0.5 for _ in range(matrix.R)], rng.randint(z + 1, m - t)
    elements = []
    for n in range(encode.Tensor("", element_type, shape).elements):
        prefix = origin + min(int(rng.expovariate(0.3)), window - 1) if rng.random() < 0.8 else rng.randrange(prefixes)
        element = (rng.randrange(2 ** sign_bits) << (W - 1)) | prefix << (m - t) | rng.randrange(2 ** (m - t))
        low = short_z if short and short[matrix.place(n)[0]] else z
        elements.append(0 if rng.random() < 0.1 else element >> low << low)
    number, tensor = new_tensor(rng, tensors, element_type, shape, b"".join(element.to_bytes(W // 8, "little") for element in elements))
    tables = None
    if (row_classes or column_classes) and rng.random() < 0.8:
        tables = [random_table(rng, window + 2)]
        while len(tables) < 17:
            tables.append(tables[-1] if rng.random() < 0.7 else random_table(rng, window + 2))
    units.append(encode.float_unit(number, tensor, slice_log2, z, t, origin, window, axis, matrix.row_axis_count, row_classes, column_classes, short_z,
                                   short, tables))
    modes |= {"float", f"type {element_type}"} | ({"short rows"} if short else set())


def group(rng, modes, tensors, units, slice_log2):
    entries, room = [], 2 ** slice_log2
    for _ in range(rng.choice((0, 1, 2, 3))):
        shape = random_shape(rng, 16)
        elements = encode.Tensor("", FLOAT32, shape).elements
        if rng.random() < 0.5 and elements <= room:
            number, tensor = new_tensor(rng, tensors, rng.choice((FLOAT32, FLOAT16, BFLOAT16)), shape)
            room -= elements
            indices = random_indices(rng, elements, 2 ** rng.uniform(-2, 6), 60000)
            entries.append(encode.GroupEntry(number, tensor, indices, encode.Grid(rng.uniform(0.001, 0.5), rng.randint(-128, 128)), rng.randint(0, 16)))
        else:
            number, tensor = new_tensor(rng, tensors, rng.choice((FLOAT32, UINT8, 7, 22)), shape)
            tensor.content = tensor.source = rng.randbytes(tensor.byte_count)
            entries.append(encode.GroupEntry(number, tensor))
    units.append(encode.group_unit(entries, rng.randint(0, 40), rng.randint(4, 10)))
    modes.add("group")
