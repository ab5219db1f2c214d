"""Streams that are legal, but rare."""
import encode
from encode import FLOAT32, UINT8, File, Grid, Unit

from .models import SKELETON, Model, pack, some_bytes, some_indices
from .valid_model import small, two_files


PRIVATE = 240                                           # the first ancillary type of private use (§11.3)


def ancillary(unit_type=PRIVATE, payload=b""):
    return Unit(unit_type, encode.Structure("ancillary", [encode.opaque("payload", payload)]))


def with_unit(place, unit):
    """The unit in front of the one at the place, counted from the back for negative numbers, but for the index and end units."""
    stream = small(2).stream()
    stream.units.insert(place, unit)
    return stream


def everywhere():
    stream = small(2).stream()
    for place in range(len(stream.units), 0, -1):
        stream.units.insert(place, ancillary(PRIVATE + place, b"x" * place))
    return stream


def turned(order):
    """The units behind the topology in another order: `order` of skeletons first, then of coded units."""
    stream = two_files()
    stream.units[3:] = [stream.units[3 + n] for n in order]
    return stream


def framed(make):
    """The first tensor's frame, in another form. `make`: the frame of a content."""
    stream = small().stream()
    stream.units[-1].payload.parts[-1].written = make(stream.units[-1].payload.parts[-1].content.bytes())
    return stream


MAGIC = b"\x28\xB5\x2F\xFD"


def block(content, last=True, kind=0):
    return (int(last) | kind << 1 | len(content) << 3).to_bytes(3, "little") + content


def checksums():
    """Content checksums in every frame."""
    stream = Model().raw().group([(UINT8, (4,), b"four")]).stream()
    for unit in stream.units:
        for part in unit.payload.parts:
            if isinstance(part, encode.Frame):
                part.checksum = True
    return stream


def shard(number, count, tensors, skeletons, knows_files=False):
    """A shard of a model of three tensors and two files, with some of them, and with the digests of the files if their bytes are known."""
    stream = two_files()
    head, skeleton_units, coded = stream.units[1:3], stream.units[3:5], stream.units[5:]
    units = [encode.start_unit(0, number, count), *head, *(skeleton_units[n] for n in skeletons), *(coded[n] for n in tensors)]
    return encode.Stream(units, stream.tensors, [], stream.files if knows_files else [])


def shard_with_group():
    stream = Model().raw().group([(UINT8, (4,), b"four"), (FLOAT32, (3,), [1, 2, 3], Grid(1.0), 8)]).stream()
    return encode.Stream([encode.start_unit(0, 1, 3), *stream.units[1:3], stream.units[5]], stream.tensors, [])


def deep_path():
    return "/".join(["folder"] * 15 + ["model.bin"])


def long_path():
    """1024 bytes in five components."""
    return "/".join(["n" * 255] * 3 + ["m" * 252, "end"])


def rank_16(row_axis, row_axis_count):
    shape = (1,) * 7 + (3, 1, 4) + (1,) * 6
    return Model(level=2).index(shape, None, Grid(0.5), row_axis=row_axis, row_axis_count=row_axis_count).stream()


def untrue_error(value):
    stream = small().stream()
    stream.units[-1].payload.parts[2].value = value
    return stream


ROWS_OF_TABLE = [
    ("empty-model", lambda: encode.stream_of([], [], [], 0, slice_log2=4), "no files and no tensors"),
    ("no-tensors", lambda: Model().stream(), "a file without holes"),
    ("empty-file", lambda: Model().stream([File("empty.bin", b"", [])]), "a file of no bytes"),
    ("empty-files", lambda: small().stream([File("a", b"", [(0, 0)]), File("b/c", b"", [])]), "a file of a hole only, and a file of no bytes"),
    ("holes-only", lambda: small(3).stream([File("model.bin", b"", [(0, 2), (0, 0), (0, 1)])]), "a file without bytes outside its holes"),
    ("zero-size", lambda: Model().raw(FLOAT32, (0,)).raw(FLOAT32, (3, 0, 2)).raw().raw(7, (0, 0)).stream(), "tensors without elements"),
    ("zero-size-huge", lambda: Model().raw(FLOAT32, (0, 2 ** 63)).raw(15, (2 ** 64 - 1, 0)).raw(UINT8, (2 ** 32 - 1, 0, 2 ** 32)).stream(),
     "tensors without elements whose other dimensions are huge"),
    ("zero-size-group", lambda: Model().group([(FLOAT32, (0,), b""), (UINT8, (2, 0), b"")]).stream(),
     "a group whose tensors have no bytes: no frame and no codeword"),
    ("group-empty", lambda: Model().raw().group([]).stream(), "a group without entries"),
    ("group-of-one", lambda: Model().group([(FLOAT32, (1,), [3], Grid(1.0), 8)]).stream(), "a group of one tensor of one element"),
    ("one-element", lambda: Model().index((1, 1, 1), [-1], Grid(0.5)).index((1,), [0], Grid(0.5)).stream(), "tensors of one element in index mode"),
    ("zeros", lambda: Model(7).index((10, 10), [0] * 100, Grid(1.0, 20)).index((100,), [0] * 100, Grid(1.0, 20, 8)).raw(FLOAT32, (64,), bytes(256))
     .group([(FLOAT32, (50,), [0] * 50, Grid(1.0), 8)]).stream(), "tensors of zeros, in every mode that makes them small"),
    ("minus-zeros", lambda: Model(7).floats((20,), pack([-0.0] * 20), zero_bits=0, modelled_bits=0, window_origin=0, window_symbols=1)
     .raw(FLOAT32, (4,), pack([-0.0] * 4)).stream(), "tensors of −0"),
    ("name-longest", lambda: Model(level=1).raw(name="n" * 4096).stream(), "the longest name that level 1 allows"),
    ("path-longest", lambda: Model(level=1).raw().stream([File(long_path(), SKELETON, [(1, 0)])]), "a file_name of 1024 bytes, with components of 255"),
    ("path-deep", lambda: small(level=1).stream([File(deep_path(), SKELETON, [(1, 0)])]), "a file_name of 16 components"),
    ("path-odd", lambda: small(2).stream([File("...", b"a", [(0, 0)]), File(" /-rf *", b"b", [(0, 1)])]), "file names that are odd, but allowed"),
    ("names-odd", lambda: Model().raw(name="../../etc/passwd").raw(name="/").raw(name=" ").raw(name="a" * 64).stream(aliases=[("model.bin", 1), ("%s%n", 0)]),
     "names of tensors that are odd, but allowed"),
    ("names-canonically-equal", lambda: Model().raw(name="é").raw(name="e\u0301").stream(), "names that look alike and have other bytes"),
    ("paths-alike", lambda: small(2).stream([File("ab", b"a", [(0, 0)]), File("ab.c/d", b"b", [(0, 1)])]),
     "a file_name that begins like another, but is not its folder"),
    ("ancillary-after-start", lambda: with_unit(1, ancillary(128, b"note")), "an ancillary unit after the start unit, of the first type"),
    ("ancillary-after-parameters", lambda: with_unit(2, ancillary(255, b"note")), "an ancillary unit after the parameter set, of the last type"),
    ("ancillary-after-topology", lambda: with_unit(3, ancillary(239, b"note")), "an ancillary unit after the topology, of the last type that is not of private use"),
    ("ancillary-between-coded", lambda: with_unit(5, ancillary(PRIVATE + 1, bytes(range(256)))), "an ancillary unit between data units"),
    ("ancillary-before-index", lambda: with_unit(6, ancillary(254, b"\0")), "an ancillary unit before the index unit"),
    ("ancillary-empty", lambda: with_unit(3, ancillary()), "an ancillary unit without payload"),
    ("ancillary-like-a-unit", lambda: with_unit(4, ancillary(PRIVATE + 5, b"\0" * 40)), "an ancillary unit whose payload looks like a data unit"),
    ("ancillary-everywhere", everywhere, "ancillary units wherever they may be"),
    ("coded-before-skeletons", lambda: turned([2, 3, 4, 0, 1]), "data units before the skeletons"),
    ("skeletons-reversed", lambda: turned([1, 0, 2, 3, 4]), "skeletons in the other order"),
    ("units-mixed", lambda: turned([4, 1, 2, 0, 3]), "data units and skeletons mixed, and not in order"),
    ("shard-0-of-2", lambda: shard(0, 2, [0, 2], [0]), "the first of two shards"),
    ("shard-1-of-2", lambda: shard(1, 2, [1], [1]), "the second of two shards"),
    ("shard-without-units", lambda: shard(7, 9, [], []), "a shard without coded units and skeletons"),
    ("shard-last-of-most", lambda: shard(65534, 65535, [2], []), "the greatest shard_number and shard_count"),
    ("shard-with-digests", lambda: shard(0, 2, [0, 2], [0], True), "a shard with the digests of the model's files"),
    ("shard-of-tensors-in-group", shard_with_group, "a shard with a group"),
    ("frame-checksums", checksums, "content checksums in all frames"),
    ("frame-with-window", lambda: framed(lambda content: MAGIC + b"\xC0\x00" + len(content).to_bytes(8, "little") + block(content)),
     "a frame with a window descriptor, and a content size of eight bytes"),
    ("frame-window-largest", lambda: framed(lambda content: MAGIC + b"\x80" + bytes([17 << 3]) + len(content).to_bytes(4, "little") + block(content)),
     "a frame with a window of 2^27 bytes"),
    ("frame-long-size", lambda: framed(lambda content: MAGIC + b"\xA0" + len(content).to_bytes(4, "little") + block(content)),
     "a frame whose content size takes more bytes than it needs"),
    ("frame-empty-blocks", lambda: framed(lambda content: MAGIC + b"\x20" + bytes([len(content)]) + block(b"", False)
                                           + block(content[:1], False) + block(content[1:], False) + block(b"")),
     "a frame with blocks of no bytes"),
    ("rank-8", lambda: Model(level=1).raw(UINT8, (1, 2, 1, 3, 1, 1, 2, 1)).stream(), "as many dimensions as level 1 allows"),
    ("rank-16-row-axis-16", lambda: rank_16(16, 0), "16 dimensions, and row_axis 16"),
    ("rank-16-all-axes", lambda: rank_16(0, 16), "16 dimensions that are all row axes"),
    ("weight-error-untrue", lambda: untrue_error(2.0 ** 127), "the greatest weight_error, of a tensor that is as it was"),
    ("weight-error-subnormal", lambda: untrue_error(2.0 ** -149), "the least weight_error greater than 0"),
    ("skeleton-long", lambda: small(1, level=1).stream([File("model.bin", bytes(2 ** 17) + b"the end", [(2 ** 17 + 1, 0)])]), "a skeleton of several blocks"),
    ("hole-64-times-coded", lambda: Model().index((3, 3), None, Grid(0.1)).stream([File("model.bin", bytes(63), [(0, 0)] + [(1, 0)] * 63)]),
     "a tensor in index mode in 64 holes"),
]
