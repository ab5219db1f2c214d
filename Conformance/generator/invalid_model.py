"""Invalid streams: the topology, skeletons, frames, and what data units have in all modes."""
import encode
from encode import File, uv

from .edits import Edit, bit, content, cut_at, insert, nothing, put, several, write
from .exotic import MAGIC, block
from .invalid_stream import BAD_TEXTS, raw
from .valid_model import small, two_files


def aliased():
    return small(2).stream(aliases=[("alias", 0), ("further", 1)])


def path_row(name, path, about):
    return (f"path-{name}", raw, put("topology.file_name", path), "value_out_of_range", about)


def paths(first, second):
    return lambda: small(2).stream([File(first, b"a", [(0, 0)]), File(second, b"b", [(0, 1)])])


PATH_ROWS = [path_row(*row) for row in [
    ("empty", "", "an empty file_name"), ("absolute", "/model.bin", "a file_name that begins with /"),
    ("slash-at-end", "model/", "a file_name that ends with /"),
    ("empty-component", "a//b", "an empty component"), ("dot", "./model.bin", "a component ."), ("dot-dot", "../model.bin", "a component .."),
    ("dot-dot-inside", "a/../../b", "components .. behind another"), ("dot-dot-at-end", "a/..", "a component .. at the end"),
    ("backslash", "a\\..\\b", "a backslash")]] + [
    ("path-component-256", lambda: small(2, level=1).stream(), put("topology.file_name", "n" * 256), "value_out_of_range", "a component of 256 bytes"),
    ("path-17-components", lambda: small(2, level=1).stream(), put("topology.file_name", "/".join("abcdefghijklmnopq")), "value_out_of_range", "17 components"),
    ("path-1025", lambda: small(2, level=1).stream(), put("topology.file_name", "/".join(["n" * 204] * 5) + "x"), "value_out_of_range",
     "a file_name of 1025 bytes"),
    ("path-control", raw, put("topology.file_name", "a\x1Bb"), "invalid_text", "a control character in a file_name"),
    ("path-twice", paths("model.bin", "model.bin"), nothing("topology.file_name"), "duplicate", "two files of one name"),
    ("path-folder-and-file", paths("model", "model/weights"), nothing("topology.file_name"), "duplicate", "a file that is a folder of the next"),
    ("path-file-and-folder", paths("model/weights", "model"), nothing("topology.file_name"), "duplicate", "a file in a folder that is a file behind it"),
]

TOPOLOGY_ROWS = [
    ("body-bytes-less", raw, put("topology.body_bytes", lambda was: len(was.bytes()) - 1), "invalid_compressed_data",
     "body_bytes less than the frame states", "topology", None),
    ("body-bytes-more", raw, put("topology.body_bytes", lambda was: len(was.bytes()) + 1), "invalid_compressed_data",
     "body_bytes more than the frame states", "topology", None),
    ("body-trailing", raw, Edit("topology", lambda stream: stream.units[2].payload.parts[1].content.parts.append(encode.opaque("rest", b"\0"))),
     "trailing_bytes", "a byte behind the elements of the topology's body"),
    ("body-cut", raw, cut_at("topology.alias_count"), "truncated", "a topology's body without its last element"),
    ("body-cut-in-name", raw, cut_at("topology.tensor_name[1]", 1), "truncated", "a topology's body that ends in a name"),
    ("body-empty", raw, several(content("topology.frame", b""), put("topology.body_bytes", 0)), "truncated", "a topology's body of no bytes", "topology",
     "file_count"),
    ("file-count-bytes", lambda: small(level=2).stream(), put("topology.file_count", 60000), "truncated", "file_count 60000 with room for a few"),
    ("tensor-count-bytes", lambda: small(level=2).stream(), put("topology.tensor_count", 2 ** 20), "truncated", "tensor_count 2^20 with room for a few"),
    ("hole-count-bytes", raw, put("topology.hole_count", 60), "truncated", "hole_count 60 with room for two"),
    ("alias-count-bytes", raw, put("topology.alias_count", 64), "truncated", "alias_count 64 with room for none"),
    ("skeleton-bytes-less", raw, put("topology.skeleton_bytes", 21), "invalid_compressed_data", "skeleton_bytes less than the skeleton has", "skeleton", None),
    ("skeleton-bytes-more", raw, put("topology.skeleton_bytes", 23), "invalid_compressed_data", "skeleton_bytes more than the skeleton has", "skeleton", None),
    ("skeleton-bytes-overlong", raw, write("topology.skeleton_bytes", b"\x96\x00"), "overlong_integer", "skeleton_bytes in two bytes where one is enough"),
    ("tensor-name-empty", raw, put("topology.tensor_name[1]", ""), "value_out_of_range", "an empty tensor_name"),
    ("tensor-name-twice", raw, put("topology.tensor_name[1]", "a"), "duplicate", "two tensors of one name"),
    ("tensor-name-65536", lambda: small(level=1).stream(), write("topology.tensor_name", encode.uv_bytes(65536)), "value_out_of_range",
     "a tensor_name whose stated length is 65536"),
    ("element-type-0", raw, put("topology.element_type", 0), "value_out_of_range", "element_type 0"),
    ("element-type-8", raw, put("topology.element_type", 8), "value_out_of_range", "element_type 8, which is no type and not reserved"),
    ("element-type-29", raw, put("topology.element_type", 29), "unsupported_feature", "the first element_type that is reserved"),
    ("element-type-63", raw, put("topology.element_type", 63), "unsupported_feature", "the last element_type that is reserved"),
    ("element-type-64", raw, put("topology.element_type", 64), "value_out_of_range", "element_type 64"),
    ("rank-17", lambda: small(level=2).stream(), several(*(insert("topology.dimension", uv("dimension", 1)) for _ in range(16)), put("topology.rank", 17)),
     "value_out_of_range", "17 dimensions"),
    ("dimensions-2-64", raw, several(put("topology.rank", 2), insert("topology.dimension", uv("dimension", 2 ** 32)), put("topology.dimension[1]", 2 ** 32)),
     "value_out_of_range", "dimensions whose product is 2^64"),
    ("dimensions-2-64-and-0", raw, several(put("topology.rank", 3), insert("topology.dimension", uv("dimension", 2 ** 32), uv("dimension", 0)),
     put("topology.dimension[2]", 2 ** 32)),
     "value_out_of_range", "dimensions whose product is 2^64 but for one of 0"),
    ("dimension-overlong", raw, write("topology.dimension", b"\x83\x00"), "overlong_integer", "a dimension in two bytes where one is enough"),
    ("hole-file-beyond", raw, put("topology.hole_file_index", 1), "value_out_of_range", "a hole in a file that there is not"),
    ("hole-file-descending", two_files, several(put("topology.hole_file_index[0]", 1), put("topology.hole_file_index[1]", 0)), "value_out_of_range",
     "holes that are not by file"),
    ("hole-tensor-beyond", raw, put("topology.hole_tensor_index[1]", 2), "value_out_of_range", "a hole for a tensor that there is not"),
    ("gap-beyond", raw, put("topology.gap_bytes[1]", 22), "length_mismatch", "gaps of more bytes than the skeleton has"),
    ("gap-overflow", raw, put("topology.gap_bytes[1]", 2 ** 64 - 1), "length_mismatch", "gaps whose sum is 2^64"),
    ("tensor-without-hole", raw, put("topology.hole_tensor_index[1]", 0), "missing", "a tensor without a hole"),
    ("alias-of-tensor-name", aliased, put("topology.alias_name", "b"), "duplicate", "an alias that is the name of a tensor"),
    ("alias-twice", aliased, put("topology.alias_name[1]", "alias"), "duplicate", "an alias that is there twice"),
    ("alias-empty", aliased, put("topology.alias_name[1]", ""), "value_out_of_range", "an empty alias"),
    ("alias-beyond", aliased, put("topology.alias_tensor_index[1]", 2), "value_out_of_range", "an alias of a tensor that there is not"),
    ("alias-control", aliased, put("topology.alias_name", "a\rb"), "invalid_text", "a control character in an alias"),
    ("file-index-beyond", raw, put("skeleton.file_index", 1), "value_out_of_range", "the skeleton of a file that there is not"),
    ("file-index-overlong", raw, write("skeleton.file_index", b"\x80\x00"), "overlong_integer", "file_index 0 in two bytes"),
] + [(f"tensor-name-{name}", raw, write("topology.tensor_name", encode.text_bytes(made)), "invalid_text", f"a tensor_name with {about}")
     for name, made, about in BAD_TEXTS if name in ("overlong", "surrogate", "nul", "c1")]


# §9.4. The faults are in the frame of the second tensor, whose bytes are 3.

THREE = small(2).tensors[1].content


def frame_row(name, made, about, code="invalid_compressed_data"):
    return (f"frame-{name}", raw, write("data[1].frame", made), code, about, "data[1]", None)


def of(descriptor, rest):
    return MAGIC + bytes([descriptor]) + rest


GOOD = encode.frame_bytes(THREE)
FRAME_ROWS = [frame_row(*row) for row in [
    ("none", b"", "no frame"), ("magic", b"\x29" + GOOD[1:], "another magic number"), ("older", b"\x27" + GOOD[1:], "the magic number of an older format"),
    ("skippable", b"\x50\x2A\x4D\x18\x03\0\0\0" + THREE, "a skippable frame"),
    ("skippable-before", b"\x50\x2A\x4D\x18\x01\0\0\0x" + GOOD, "a skippable frame in front of the frame"),
    ("two", encode.frame_bytes(THREE[:1]) + encode.frame_bytes(THREE[1:]), "two frames"), ("trailing", GOOD + b"\0", "a byte behind the frame"),
    ("twice", GOOD + GOOD, "the frame twice"), ("cut", GOOD[:-1], "a frame that is cut"), ("cut-in-header", GOOD[:5], "a frame that ends in its header"),
    ("no-size", of(0x00, b"\x38" + block(THREE)), "a frame that does not state its content size"),
    ("dictionary", of(0x21, b"\x07\x03" + block(THREE)), "a frame with a dictionary"),
    ("dictionary-0", of(0x21, b"\x00\x03" + block(THREE)), "a frame with a dictionary identifier of 0"),
    ("window", of(0x80, bytes([17 << 3 | 1]) + (3).to_bytes(4, "little") + block(THREE)), "a window of more than 2^27 bytes"),
    ("size-less", encode.frame_bytes(THREE[:2]), "a frame of too few bytes"), ("size-more", encode.frame_bytes(THREE + b"x"), "a frame of too many bytes"),
    ("size-untrue", of(0x20, b"\x03" + block(THREE[:2])), "a frame that yields fewer bytes than it states"),
    ("size-untrue-more", of(0x20, b"\x03" + block(THREE + b"x")), "a frame that yields more bytes than it states"),
    ("reserved-bit", of(0x28, b"\x03" + block(THREE)), "a frame whose reserved bit is set"),
    ("reserved-block", of(0x20, b"\x03" + block(THREE, kind=3)), "a block of the reserved type"),
    ("not-last", of(0x20, b"\x03" + block(THREE, last=False)), "a frame without a last block"),
    ("checksum", GOOD[:4] + bytes([GOOD[4] | 4]) + GOOD[5:] + b"\1\2\3\4", "another content checksum"),
    ("checksum-cut", encode.frame_bytes(THREE, True)[:-2], "a content checksum that is cut"),
    ("damaged", of(0x20, b"\x03" + (1 | 2 << 1 | 5 << 3).to_bytes(3, "little") + b"\xFF\xFF\xFF\xFF\xFF"), "a compressed block that is not sound"),
]] + [
    ("frame-of-skeleton", raw, write("skeleton.frame", lambda was: was[:-1]), "invalid_compressed_data", "a skeleton's frame that is cut", "skeleton", None),
    ("frame-of-topology", raw, write("topology.frame", lambda was: was + b"\0"), "invalid_compressed_data", "a byte behind the topology's frame",
     "topology", None),
]

DATA_ROWS = [
    ("tensor-index-beyond", raw, put("data[1].tensor_index", 2), "value_out_of_range", "the data of a tensor that there is not"),
    ("tensor-digest-raw", raw, bit("data.tensor_digest", 3), "tensor_digest", "another digest of a raw tensor"),
    ("weight-error-minus-0", raw, write("data.weight_error", b"\0\0\0\x80"), "value_out_of_range", "weight_error −0"),
    ("weight-error-negative", raw, put("data.weight_error", -1.0), "value_out_of_range", "a negative weight_error"),
    ("weight-error-nan", raw, write("data.weight_error", b"\0\0\xC0\x7F"), "value_out_of_range", "a weight_error that is no number"),
    ("weight-error-infinite", raw, put("data.weight_error", float("inf")), "value_out_of_range", "an infinite weight_error"),
    ("weight-error-large", raw, write("data.weight_error", b"\1\0\0\x7F"), "value_out_of_range", "a weight_error just above 2^127"),
    ("coding-mode-3", raw, put("data.coding_mode", 3), "unsupported_feature", "the coding_mode reserved for differences"),
    ("coding-mode-15", raw, put("data.coding_mode", 15), "unsupported_feature", "the last coding_mode that is reserved"),
    ("coding-mode-16", raw, put("data.coding_mode", 16), "value_out_of_range", "coding_mode 16"),
    ("data-empty", raw, cut_at("data.tensor_index"), "truncated", "a data unit without payload"),
    ("data-cut", raw, cut_at("data.weight_error", 2), "truncated", "a data unit that ends in weight_error"),
]

ROWS = PATH_ROWS + TOPOLOGY_ROWS + FRAME_ROWS + DATA_ROWS
