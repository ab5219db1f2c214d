"""Invalid streams: groups."""
import encode
from encode import FLOAT16, FLOAT32, UINT8, Grid

from .edits import append, bit, content, cut_at, drop, insert, nothing, put, several, write
from .invalid_coding import NAN, Loose, codeword_row, retyped, value_rows
from .models import Model, some_indices
from .valid_model import mixed_group, small


def group(*members, slice_log2=4, level=0):
    return lambda: Model(slice_log2, level).group(members).stream()


def mixed():
    """Of a tensor with indices, a raw one, a further one with indices, one without elements, and a scalar with an index."""
    return mixed_group().stream()


exact = group((UINT8, (3,), b"abc"), (UINT8, (2,), b"de"))
indexed = group((FLOAT32, (9,), some_indices(9), Grid(0.01), 8), (FLOAT32, (2,), [1, 2], Grid(0.5), 0))


def empty():
    return Model().raw().group([]).stream()


def swapped():
    """The entries of two raw tensors in the other order."""
    made = Model()
    a, b = made.tensor(UINT8, (3,), b"abc"), made.tensor(UINT8, (2,), b"de")
    made.units.append(encode.group_unit([encode.GroupEntry(*b), encode.GroupEntry(*a)]))
    return made.stream()


def twice():
    """A tensor that is twice in a group."""
    made = Model()
    a = made.tensor(UINT8, (3,), b"abc")
    made.tensor(UINT8, (3,), b"abc")
    made.units.append(encode.group_unit([encode.GroupEntry(*a), encode.GroupEntry(*a)]))
    made.units.append(encode.raw_unit(1, made.tensors[1]))
    return made.stream()


def in_group_and_unit():
    made = Model().group([(UINT8, (3,), b"abc"), (UINT8, (2,), b"de")])
    made.units.append(encode.raw_unit(1, made.tensors[1]))
    return made.stream()


def large():
    """Two tensors of 2^22 bytes and one of one byte, all of them 0."""
    made = Model(level=1)
    members = [(UINT8, (2 ** 22,), b""), (UINT8, (2 ** 22,), b""), (UINT8, (1,), b"")]
    for element_type, shape, made_content in members:
        made.tensor(element_type, shape, made_content)
    made.units.append(encode.group_unit([encode.GroupEntry(number, tensor) for number, tensor in enumerate(made.tensors)]))
    made.units[0].payload.parts.insert(-2, encode.opaque("frame", b"frame"))
    lengths = {part.name: part for part in made.units[0].payload.parts}
    lengths["group_raw_frame_bytes"].value = 5
    return made.stream()


ROWS = value_rows("group-", mixed, "group", [
    ("tensor-beyond", "entry_tensor_index[4]", 5, "an entry of a tensor that there is not"),
    ("mode-16", "entry_coding_mode", 16, "entry_coding_mode 16"), ("step-0", "step", 0.0, "an entry of step 0"),
    ("step-nan", "step", NAN, "an entry whose step is no number"),
    ("offset-129", "reconstruction_offset", 129, "an entry of reconstruction_offset 129"), ("scale-class-17", "entry_scale_class", 17, "entry_scale_class 17"),
    ("magnitude-code-81", "group_magnitude_code", 81, "group_magnitude_code 81"), ("limit-3", "group_adaptation_limit", 3, "group_adaptation_limit 3"),
    ("limit-11", "group_adaptation_limit", 11, "group_adaptation_limit 11"),
    ("codeword-bytes-large", "group_codeword_bytes", 2 ** 32, "group_codeword_bytes 2^32"),
    ("raw-bytes-large", "group_raw_bytes", 2 ** 32, "group_raw_bytes 2^32"),
    ("weight-error-minus-0", "group_weight_error", b"\0\0\0\x80", "group_weight_error −0"),
    ("weight-error-nan", "group_weight_error", NAN, "a group_weight_error that is no number"),
    ("weight-error-negative", "group_weight_error", -0.5, "a negative group_weight_error"),
    ("weight-error-large", "group_weight_error", b"\1\0\0\x7F", "a group_weight_error just above 2^127")]) + [
    ("group-mode-3", mixed, put("group.entry_coding_mode", 3), "unsupported_feature", "the first entry_coding_mode that is reserved"),
    ("group-mode-15", mixed, put("group.entry_coding_mode", 15), "unsupported_feature", "the last entry_coding_mode that is reserved"),
    ("group-index-of-uint8", lambda: retyped(indexed(), UINT8), nothing("group.entry_coding_mode"), "value_out_of_range", "index mode for uint8 in a group"),
    ("group-index-of-no-elements", lambda: emptied(), nothing("group.entry_coding_mode"), "value_out_of_range",
     "index mode for a tensor without elements in a group"),
    ("group-entries-descending", swapped, nothing("group.entry_tensor_index[1]"), "unit_order", "entries that do not ascend"),
    ("group-entry-twice", twice, nothing("group.entry_tensor_index[1]"), "unit_order", "a tensor twice in a group"),
    ("group-and-data", in_group_and_unit, nothing("group.entry_tensor_index"), "duplicate", "a tensor in a group and in a data unit"),
    ("group-entry-count-more", exact, put("group.entry_count", 3), "value_out_of_range", "more entries than the topology has tensors"),
    ("group-entry-count-bytes", empty, several(cut_at("group.entry_count"), append("group", b"\x01")), "truncated",
     "an entry_count of 1 at the end of the payload", "group", "entry_count"),
    ("group-indices-more", group((FLOAT32, (9,), some_indices(9), Grid(0.01), 8), (FLOAT32, (8,), some_indices(8), Grid(0.5), 0)),
     nothing("group.entry_coding_mode[1]"),
     "value_out_of_range", "more indices than a slice has elements"),
    ("group-large", large, nothing("group.entry_tensor_index[2]"), "value_out_of_range", "a group of 2^23 + 1 bytes"),
    ("group-frame-none", exact, several(put("group.group_raw_frame_bytes", 0), drop("group.frame")), "length_mismatch", "no frame for raw tensors",
     "group", "group_raw_frame_bytes"),
    ("group-frame-unneeded", indexed, several(insert("group.codeword", encode.Frame(encode.opaque("content", b""))),
     put("group.group_raw_frame_bytes", 9)), "length_mismatch",
     "a frame where no tensor is raw"),
    ("group-codeword-none", indexed, several(write("group.codeword", b""), write("group.raw_bits", b""), place="group.group_codeword_bytes"), "length_mismatch",
     "no codeword for tensors with indices"),
    ("group-codeword-unneeded", exact, write("group.codeword", b"\xFE"), "length_mismatch", "a codeword where no tensor has indices", "group",
     "group_codeword_bytes"),
    ("group-raw-bits-unneeded", exact, write("group.raw_bits", b"\0"), "length_mismatch", "raw bits where no tensor has indices", "group",
     "group_codeword_bytes"),
    ("group-frame-beyond", exact, put("group.group_raw_frame_bytes", 900), "truncated", "a frame that goes beyond the payload"),
    ("group-codeword-beyond", indexed, put("group.group_codeword_bytes", 900), "truncated", "a group's codeword that goes beyond the payload"),
    ("group-raw-bits-beyond", indexed, put("group.group_raw_bytes", 900), "truncated", "a group's raw bits that go beyond the payload"),
    ("group-frame-size", exact, content("group.frame", b"abcd"), "invalid_compressed_data", "a group's frame of too few bytes", "group",
     "group_raw_frame_bytes"),
    ("group-frame-damaged", exact, write("group.frame", lambda was: was[:-1]), "invalid_compressed_data", "a group's frame that is cut", "group",
     "group_raw_frame_bytes"),
    ("group-digest", mixed, bit("group.group_digest", 9), "tensor_digest", "another digest of a group"),
    ("group-empty-digest", empty, bit("group.group_digest", 9), "tensor_digest", "another digest of a group without entries"),
    ("group-empty-damaged", empty, put("group.payload_crc", 0x12345678), "payload_checksum", "another payload_crc of a group without entries"),
    ("group-trailing", mixed, append("group", b"\0"), "trailing_bytes", "a byte behind a group's raw bits"),
    ("group-cut", mixed, cut_at("group.entry_scale_class[2]"), "truncated", "a group that ends in an entry"),
    ("group-codeword-overlong", exact, write("group.group_raw_bytes", b"\x80\x00"), "overlong_integer", "group_raw_bytes 0 in two bytes"),
    codeword_row("group-longer", indexed, write("group.codeword", lambda was: was + b"\0"), "a byte more in a group's codeword", "group_codeword_bytes",
        "group"),
    codeword_row("group-raw-longer", indexed, write("group.raw_bits", lambda was: was + b"\0"), "a byte of raw bits more in a group",
        "group_codeword_bytes", "group"),
    codeword_row("group-half-overflow", group((FLOAT16, (2,), [1, 65520], Loose(Grid(1.0)), 16)), nothing("group.group_codeword_bytes"),
                 "a float16 element of a group that rounds to infinity", "group_codeword_bytes", "group"),
]


def emptied():
    made = indexed()
    made.units[2].payload.parts[1].content.parts[4].parts[3].value = 0
    return made
