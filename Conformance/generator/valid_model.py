"""Valid streams: files, names, units, groups, levels."""
import encode
from encode import BFLOAT16, FLOAT16, FLOAT32, UINT8, File, Grid, Integers

from .models import SKELETON, Model, pack, some_bytes, some_indices

INT64 = 7


def small(count=1, **told):
    """`count` tensors of three bytes."""
    model = Model(**told)
    for _ in range(count):
        model.raw()
    return model


def two_files():
    model = small(3)
    return model.stream([File("model.onnx", b"the graph", [(4, 1)]), File("weights/model.bin", b"0123456789", [(0, 0), (3, 2), (7, 1)])])


def mixed_group(**coding):
    return Model(6).group([
        (FLOAT32, (4, 3), some_indices(12, 9), Grid(0.01, 3), 8), (INT64, (2,), bytes(range(16))),
        (FLOAT16, (5,), some_indices(5, 3), Grid(0.5), 3), (UINT8, (0, 4), b""), (BFLOAT16, (), [7], Grid(0.25, -2), 16)], **coding)


def group_classes():
    model = Model(8)
    return model.group([(FLOAT32, (6,), some_indices(6, 40, c), Grid(0.01), c) for c in range(16)], 30).stream()


def corrected_group():
    """A tensor whose bytes are not those of the source, beside one that is quantized and one that is the same."""
    return Model(6).group([(FLOAT32, (3,), pack([1.0, 2.5, -3.0]), pack([1.0, 2.0, -3.5])), (FLOAT32, (2,), pack([1.0, 2.0])),
                           (FLOAT32, (4,), [1, 2, 0, -1], Grid(0.5), 8)]).stream()


def corrected_tensor():
    """A data unit that keeps its tensor to the bit, but not that of the source."""
    model = Model().raw(FLOAT32, (2,), pack([1.5, 2.5]))
    tensor, unit = model.tensors[0], model.units[0]
    tensor.source = pack([1.0, 2.0])
    next(part for part in unit.payload.parts if part.name == "weight_error").value = encode.weight_error([tensor])
    return model.stream()


def units_at_limit():
    """64 units before the end unit: 58 ancillary ones, of the types of private use."""
    return small().stream(ancillary=[encode.Unit(240 + n % 16, encode.Structure("ancillary", [])) for n in range(64 - 3 - 2 - 1)])


def body_at_limit():
    """A topology whose body has exactly 256 bytes."""
    names = ["x" * 60, "y" * 60, "z" * 60]
    model = Model()
    for name in names:
        model.raw(name=name)
    body = model.stream().units[2].payload.parts[1].content
    alias = "w" * (256 - len(body.bytes()) - 2)
    return model.stream(aliases=[(alias, 0)])


def output_at_limit():
    """16 holes of one tensor of 65536 bytes: 2^20 bytes, and 65536 elements."""
    return Model().raw(UINT8, (65536,), bytes([7]) * 65536).stream([File("model.bin", b"", [(0, 0)] * 16)])


def compressed_blocks():
    """A frame with a content checksum, of many stored and repeated blocks."""
    made = Model(level=1).raw(UINT8, (262544,), bytes(131072) + bytes([5]) * 131072 + some_bytes(400), checksum=True)
    return made.stream()


def parameters():
    return small().stream(encoder="e" * 255, options="o" * 300, source_format="f" * 255)


def largest_parameters():
    stream = small().stream(encoder="", source_format="")
    values = stream.units[1].payload.parts
    values[4].value = 2 ** 64 - 1                       # source_float_elements
    values[6].parts[0].value = 2 ** 64 - 1              # source_bytes
    return stream


def unicode_names():
    """Names of letters beyond ASCII; that begin with U+FEFF; that look alike; of unassigned characters."""
    model = Model()
    for name in ("é", "e\u0301", "\ufeffa", "名前", "\U0001F600", "\u0378", "a b", "a/b", "\\"):
        model.raw(name=name)
    return model.stream([File("mod\u00e8le 名.bin", SKELETON, [(1, n) for n in range(9)])])


def at(level):
    return small(level=level).stream()


ROWS_OF_TABLE = [
    ("raw", lambda: small().stream(), "one tensor, raw: the shortest stream of a model with a tensor; level 0"),
    ("raw-several", lambda: small(5).stream(), "five tensors, raw"),
    ("two-files", two_files, "two files, one of them in a folder; a tensor in both"),
    ("one-tensor-several-holes", lambda: small(2).stream([File("model.bin", SKELETON, [(2, 1), (0, 1), (5, 0), (0, 1), (15, 0)])]),
     "tensors in several holes, also next to each other; the last hole at the end of the file"),
    ("aliases", lambda: small(2).stream(aliases=[("further", 1), ("name", 0), ("again", 1)]), "further names of tensors"),
    ("unicode", unicode_names, "names of all kinds of characters"),
    ("group-mixed", lambda: mixed_group().stream(), "a group of tensors with indices and raw, a scalar and one without elements"),
    ("group-raw", lambda: Model().group([(UINT8, (3,), b"abc"), (INT64, (1,), bytes(8))]).stream(), "a group of raw tensors only"),
    ("group-index", lambda: Model().group([(FLOAT32, (9,), some_indices(9), Grid(0.01), 8), (FLOAT32, (2,), [1, 2], Grid(0.5), 0)]).stream(),
     "a group of tensors with indices only"),
    ("group-slice-full", lambda: Model(4).group([(FLOAT32, (9,), some_indices(9), Grid(0.01), 8), (FLOAT32, (7,), some_indices(7), Grid(0.5, 99), 9)]).stream(),
     "a group with as many indices as a slice has elements"),
    ("group-codes-least", lambda: mixed_group(magnitude_code=0, limit=4).stream(), "the least group_magnitude_code and group_adaptation_limit"),
    ("group-codes-most", lambda: mixed_group(magnitude_code=80, limit=10).stream(), "the greatest group_magnitude_code and group_adaptation_limit"),
    ("group-classes", group_classes, "a group with tensors of many scale classes"),
    ("group-corrected", corrected_group, "entry_coding_mode 2: a raw tensor whose bytes are not those of the source"),
    ("groups", lambda: Model().group([(UINT8, (3,), b"abc")]).raw().group([(FLOAT32, (9,), some_indices(9), Grid(0.01), 8)]).stream(),
     "two groups, and a data unit between"),
    ("corrected", corrected_tensor, "a raw tensor with a weight_error: its bytes are not those of the source"),
    ("frame-of-blocks", compressed_blocks, "a frame of a block that is stored and blocks that repeat a byte, with a content checksum"),
    ("texts-longest", parameters, "the longest encoder_name and source_format"),
    ("parameters-extreme", largest_parameters, "empty texts, and the greatest source_float_elements and source_bytes"),
    ("level-1", lambda: at(1), "level 1"), ("level-2", lambda: at(2), "level 2"),
    ("limit-files", lambda: small(2).stream([File("a", b"", [(0, 0)]), File("b", b"xy", [(1, 1)])]), "as many files as level 0 allows"),
    ("limit-tensors", lambda: small(16).stream([File("m", b"", [(0, n) for n in range(16)])]), "as many tensors as level 0 allows"),
    ("limit-holes", lambda: small().stream([File("m", b"", [(0, 0)] * 64)]), "as many holes as level 0 allows"),
    ("limit-aliases", lambda: small().stream([File("m", b"", [(0, 0)])], [(chr(0x21 + n), 0) for n in range(64)]), "as many aliases as level 0 allows"),
    ("limit-elements", lambda: Model().raw(UINT8, (256, 256), bytes(65536)).stream(), "as many elements as level 0 allows"),
    ("limit-rank", lambda: Model().raw(UINT8, (1, 2, 3, 1)).stream(), "as many dimensions as level 0 allows"),
    ("limit-name", lambda: Model().raw(name="n" * 64).stream(aliases=[("é" * 32, 0)]), "names as long as level 0 allows, in bytes"),
    ("limit-topology", body_at_limit, "a topology as long as level 0 allows"),
    ("limit-output", output_at_limit, "files as long as level 0 allows, and as many elements"),
    ("limit-units", units_at_limit, "as many units as level 0 allows"),
]
