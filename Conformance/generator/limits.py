"""Streams just beyond a level, and streams that would make a careless decoder reserve much more than they are worth."""
import encode
from encode import FLOAT32, UINT8, File, Grid, Structure, uv

from .edits import insert, nothing, put, several, write
from .exotic import MAGIC, ancillary
from .models import Model
from .valid_model import small, units_at_limit


def plain(level=0, **told):
    return lambda: small(level=level, **told).stream()


def over(name, base, edit, about, unit=..., element=..., code="level_exceeded"):
    return (name, base, edit, code, about, *((unit, element) if unit is not ... else ()))


def one_more_source():
    stream = small().stream()
    stream.units[1].payload.parts.append(stream.units[1].payload.parts[-1])
    stream.units[1].payload.parts.append(stream.units[1].payload.parts[-1])
    stream.units[1].payload.parts[5].value = 3
    return stream


def files(count, level):
    """That many files of no bytes. The parameter set has a source for one of them only, as it would be beyond the level itself."""
    stream = small(level=level).stream([File("m", b"", [(0, 0)])])
    body = stream.units[2].payload.parts[1].content
    entries = [Structure("file_entry", [encode.text("file_name", f"{n:x}"), uv("skeleton_bytes", 0)]) for n in range(1, count)]
    body.parts[0].value, body.parts[2:2] = count, entries
    return stream


def tensors(count, level):
    return lambda: small(count, level=level).stream([File("m", b"", [(0, n) for n in range(count)])])


def claimed(element_type, *shape, level=2, holes=1, frame=None, unit=None):
    """A tensor of a shape, a data unit for it that has next to no bytes, and so many holes."""
    def make():
        model = Model(slice_log2=20, level=level)
        number, tensor = model.tensor(element_type, shape, b"")
        model.units.append(unit(number, tensor) if unit else encode.data_unit(number, tensor, 0, [encode.Frame(encode.opaque("content", b""))]))
        stream = encode.stream_of([File("m", b"", [(0, 0)] * holes)], model.tensors, model.units, level, slice_log2=20)
        if frame:
            stream.units[-1].payload.parts[-1].written = frame
        return stream
    return make


def stated(size, block=b"\x03\0\0\0"):
    """A frame that states its content size in eight bytes, and has one block that repeats a byte."""
    return MAGIC + b"\xE0" + size.to_bytes(8, "little") + block


def indexed(slices, codeword=b"\xFF", rows=False):
    """An index coding with so many slices, and a byte for the classes of the rows."""
    def unit(number, tensor):
        entries, contents = encode.slice_parts([(codeword, b"")] * slices)
        line = [encode.opaque("line_class_codeword", b"\xFE")] if rows else []
        return encode.data_unit(number, tensor, 1, [Structure("index_coding", [
            encode.u8("quantizer_kind", 0), *Grid(1.0).parts(), encode.u8("magnitude_code", 16), encode.u8("row_axis", 0), encode.u8("row_axis_count", 1),
            encode.u8("coding_order", 0), encode.u8("coding_tools", int(rows)), encode.u8("row_step_exponent", 0), encode.u8("adaptation_limit", 6),
            *(uv("line_class_bytes", part) for part in line)]), *entries, *line, *contents])
    return unit


def short_rows(number, tensor):
    entries, contents = encode.slice_parts([(b"\xFF" * 400, b"")])
    codeword, frequencies = encode.opaque("short_row_codeword", b"\xFE"), encode.opaque("frequency_codeword", b"\xFE")
    return encode.data_unit(number, tensor, 2, [Structure("float_coding", [
        encode.u8("zero_bits", 0), encode.u8("modelled_bits", 0), uv("window_origin", 0), uv("window_symbols", 1), encode.u8("row_axis", 0), encode.u8("row_axis_count", 1),
        encode.u8("coding_tools", 4), encode.u8("short_zero_bits", 1), uv("short_row_bytes", codeword), uv("frequency_bytes", frequencies)]),
        *entries, codeword, frequencies, *contents])


def group_of(elements, codeword):
    """A group of a tensor of so many indices in a codeword that is too short for them."""
    def make():
        model = Model(slice_log2=20, level=1)
        number, tensor = model.tensor(FLOAT32, (elements,), b"")
        entry = encode.GroupEntry(number, tensor)
        entry.quantizer, entry.indices, entry.mode = Grid(1.0), [0], 1
        model.units.append(encode.group_unit([entry]))
        stream = encode.stream_of([File("m", b"", [(0, 0)])], model.tensors, model.units, 1, slice_log2=20)
        write("group.codeword", codeword).change(stream)
        return stream
    return make


ROWS = [
    over("files-3-of-level-0", lambda: files(3, 0), nothing("topology.file_count"), "three files at level 0"),
    over("files-257-of-level-1", lambda: files(257, 1), nothing("topology.file_count"), "257 files at level 1"),
    over("sources-3-of-level-0", one_more_source, nothing("parameters.source_count"), "three source files at level 0"),
    over("tensors-17-of-level-0", tensors(17, 0), nothing("topology.tensor_count"), "17 tensors at level 0"),
    over("tensors-65537-of-level-1", plain(1), put("topology.tensor_count", 65537), "65537 tensors at level 1, stated"),
    over("tensors-2-20-of-level-2", plain(2), put("topology.tensor_count", 2 ** 20 + 1), "2^20 + 1 tensors at level 2, stated"),
    over("tensors-2-32", plain(2), put("topology.tensor_count", 2 ** 32 - 1), "2^32 − 1 tensors, stated"),
    over("holes-65-of-level-0", lambda: small().stream([File("m", b"", [(0, 0)] * 65)]), nothing("topology.hole_count"), "65 holes at level 0"),
    over("holes-2-18-of-level-1", plain(1), put("topology.hole_count", 2 ** 18 + 1), "2^18 + 1 holes at level 1, stated"),
    over("aliases-65-of-level-0", lambda: small().stream([File("m", b"", [(0, 0)])]), put("topology.alias_count", 65), "65 aliases at level 0, stated"),
    over("elements-65537-of-level-0", lambda: Model().raw(UINT8, (65537,), bytes(65537)).stream(), nothing("topology.dimension"), "65537 elements at level 0"),
    over("elements-2-31-of-level-1", claimed(UINT8, 2 ** 31 + 1, level=1), nothing("topology.dimension"), "2^31 + 1 elements at level 1"),
    over("elements-2-36-of-level-2", claimed(UINT8, 2 ** 18, 2 ** 18 + 1), nothing("topology.dimension"), "2^36 + 2^18 elements at level 2", "topology",
        "dimension"),
    over("rank-5-of-level-0", lambda: Model().raw(UINT8, (1, 1, 1, 1, 3)).stream(), nothing("topology.rank"), "five dimensions at level 0"),
    over("rank-9-of-level-1", lambda: Model(level=1).raw(UINT8, (1,) * 9).stream(), nothing("topology.rank"), "nine dimensions at level 1"),
    over("name-65-of-level-0", lambda: Model().raw(name="n" * 65).stream(), nothing("topology.tensor_name"), "a name of 65 bytes at level 0"),
    over("name-4097-of-level-1", lambda: Model(level=1).raw(name="n" * 4097).stream(), nothing("topology.tensor_name"), "a name of 4097 bytes at level 1"),
    over("alias-65-of-level-0", lambda: small().stream(aliases=[("n" * 65, 0)]), nothing("topology.alias_name"), "an alias of 65 bytes at level 0"),
    over("topology-257-of-level-0", lambda: Model().raw(name="n" * 60).stream([File("f" * 145, b"", [(0, 0)])], aliases=[("a" * 38, 0)]),
        nothing("topology.body_bytes"),
         "a topology of 257 bytes at level 0"),
    over("topology-2-26-of-level-1", plain(1), put("topology.body_bytes", 2 ** 26 + 1), "a topology of 2^26 + 1 bytes at level 1, stated"),
    over("output-of-level-0", lambda: Model().raw(UINT8, (65536,), bytes([7]) * 65536).stream([File("m", b"x", [(0, 0)] * 16)]), nothing("topology.skeleton_bytes"),
         "files of 2^20 + 1 bytes at level 0, in 16 holes of one tensor"),
    over("output-of-level-1", claimed(UINT8, 2 ** 26, level=1, holes=65), nothing("topology.skeleton_bytes"),
         "files of more than 2^32 bytes at level 1, in 65 holes of one tensor"),
    over("output-of-level-2", plain(2), put("topology.skeleton_bytes", 2 ** 44 - 2), "files of 2^44 + 1 bytes at level 2, stated"),
    over("output-overflow", plain(2), put("topology.skeleton_bytes", 2 ** 64 - 1), "files of more than 2^64 bytes: a sum that overflows"),
    over("units-65-of-level-0", lambda: more_units(), nothing("index"), "65 units before the end unit at level 0", 64, None),
    over("unit-count-of-level-0", plain(0), put("index.unit_count", 2 ** 31), "unit_count 2^31 at level 0, stated", "index", "unit_count"),
    over("place-count-of-level-0", plain(0), put("index.place_count", 2 ** 31), "place_count 2^31 at level 0, stated"),
    over("digest-count-of-level-0", plain(0), put("index.digest_count", 2 ** 31), "digest_count 2^31 at level 0, stated"),
    over("terabyte-of-level-1", claimed(UINT8, 2 ** 40, level=1), nothing("topology.dimension"),
        "a tensor of 2^40 bytes at level 1, in a stream of a few hundred"),
    over("huge-dimensions", plain(2), several(put("topology.rank", 2), insert("topology.dimension", uv("dimension", 2 ** 32)),
        put("topology.dimension[1]", 2 ** 31)),
         "dimensions whose product is 2^63"),
    over("bomb-raw-tensor", claimed(UINT8, 2 ** 31, level=1, frame=stated(2 ** 31)), nothing("data"), "a raw tensor of 2^31 bytes in a frame of 17",
        "data", None, "expansion_ratio"),
    over("bomb-raw-tensor-small", claimed(UINT8, 1000000, frame=stated(1000000)), nothing("data"), "a raw tensor of 10^6 bytes in a frame of 17", "data",
        None, "expansion_ratio"),
    over("bomb-topology", plain(1), several(write("topology.frame", stated(2 ** 26)), put("topology.body_bytes", 2 ** 26)),
        "a topology of 2^26 bytes in a frame of 17",
         "topology", "body_bytes", "expansion_ratio"),
    over("bomb-skeleton", plain(1), several(write("skeleton.frame", stated(2 ** 31)), put("topology.skeleton_bytes", 2 ** 31)),
        "a skeleton of 2^31 bytes in a frame of 17",
         "skeleton", "skeleton_bytes", "expansion_ratio"),
    over("bomb-elements", claimed(FLOAT32, 2 ** 20, unit=indexed(1)), nothing("data.codeword_bytes"), "2^20 elements in a codeword of one byte",
        code="expansion_ratio"),
    over("bomb-elements-least", claimed(FLOAT32, 16384 * 2 + 1, unit=indexed(1)), nothing("data.codeword_bytes"),
        "32769 elements in a codeword of one byte: one more than may be",
         code="expansion_ratio"),
    over("bomb-slices", claimed(FLOAT32, 2 ** 29, level=1, unit=indexed(1)), nothing("data.codeword_bytes"),
        "2^29 elements, and the sizes of one slice: the others lack", code="truncated"),
    over("bomb-rows", claimed(FLOAT32, 40000, 8, unit=indexed(1, b"\xFF" * 20, True)), nothing("data.line_class_bytes"),
        "the classes of 40000 rows in one byte", code="expansion_ratio"),
    over("bomb-short-rows", claimed(FLOAT32, 40000, 8, unit=short_rows), nothing("data.short_row_bytes"), "the short rows of 40000 in one byte",
        code="expansion_ratio"),
    over("bomb-group", group_of(2 ** 20, b"\xFF"), nothing("group.group_codeword_bytes"), "a group of 2^20 indices in a codeword of one byte",
        code="expansion_ratio"),
    over("bomb-group-frame", lambda: group_frame(), nothing("group.group_raw_frame_bytes"), "a group of 2^22 bytes in a frame of 17", code="expansion_ratio"),
    over("bomb-text", plain(1), write("parameters.encoder_options", b"\xFF\xFF\x03"), "a text of 65535 bytes that are not there", code="truncated"),
    over("bomb-name", plain(2), write("topology.tensor_name", encode.uv_bytes(4000)), "a name of 4000 bytes that are not there", code="truncated"),
]


def more_units():
    stream = units_at_limit()
    stream.units.insert(3, ancillary())
    return stream


def group_frame():
    model = Model(level=1)
    number, tensor = model.tensor(UINT8, (2 ** 22,), b"")
    model.units.append(encode.group_unit([encode.GroupEntry(number, tensor)]))
    stream = encode.stream_of([File("m", b"", [(0, 0)])], model.tensors, model.units, 1, slice_log2=4)
    insert("group.codeword", encode.Frame(encode.opaque("content", b""))).change(stream)
    write("group.frame", stated(2 ** 22)).change(stream)
    put("group.group_raw_frame_bytes", 17).change(stream)
    return stream
