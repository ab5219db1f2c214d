"""Invalid streams: signature, headers, order of units, start unit, parameter set, index and end."""
import encode

from .edits import (Edit, after, append, behind_index, bit, bytes_of, cut_at, drop, drop_unit, insert, insert_unit, move_unit, put, several,
                    signature, write)
from .exotic import ancillary, with_unit
from .valid_model import small, two_files


def raw():
    return small(2).stream()


def ended_at(count, place=None):
    """The stream's first bytes; or without its last for a negative number."""
    return bytes_of(lambda made: made[:count], place)


def ended_in(unit, count):
    """The stream up to `count` bytes into a unit."""
    def change(stream):
        before = len(stream.signature) + sum(len(each.bytes()) for each in stream.with_end().units[:unit])
        stream.finally_ = lambda made: made[:before + count]
    return Edit(None, change)


def with_end(edit):
    """An edit of the units before the end unit that leaves the end unit as it was."""
    def change(stream):
        stream.with_end()
        edit.change(stream)
    return Edit(edit.place, change)


def second(unit_number):
    """The same unit once more."""
    return lambda stream: stream.units[unit_number]


BAD_TEXTS = [
    ("overlong", b"\xC0\xAF", "an overlong form of /"), ("surrogate", b"\xED\xA0\x80", "half a surrogate pair"),
    ("beyond", b"\xF4\x90\x80\x80", "a character beyond U+10FFFF"), ("continuation", b"a\x80", "a continuation byte alone"),
    ("cut", b"ab\xE2\x82", "a character that is cut"), ("nul", b"a\0b", "U+0000"), ("newline", b"a\nb", "U+000A"), ("delete", b"\x7F", "U+007F"),
    ("c1", b"\xC2\x9F", "U+009F"),
]

SIGNATURE_ROWS = [
    ("signature-empty", raw, ended_at(0), "not_tamis", "an empty file", None, "signature"),
    ("signature-cut", raw, ended_at(5), "truncated", "five bytes of the signature", None, "signature"),
    ("signature-other", raw, signature(b"\xD4TMQ\r\n\x1A\n"), "not_tamis", "another byte in the signature", None, "signature"),
    ("signature-seven-bits", raw, signature(b"\x54TMS\r\n\x1A\n"), "not_tamis", "a signature whose highest bit was stripped", None, "signature"),
    ("signature-line-ends", raw, signature(b"\xD4TMS\n\x1A\n"), "not_tamis", "a signature whose line end was changed", None, "signature"),
    ("signature-preceded", raw, signature(b"\0" + encode.SIGNATURE), "not_tamis", "a byte in front of the signature", None, "signature"),
    ("signature-only", raw, ended_at(8), "truncated", "nothing after the signature", 0, None),
]

def damaged(made, unit, byte=0):
    """A stream with a bit turned in a byte of a unit."""
    place = 8
    for _ in range(unit):
        place += 17 + int.from_bytes(made[place + 1:place + 9], "little")
    return made[:place + byte] + bytes([made[place + byte] ^ 4]) + made[place + byte + 1:]


HEADER_ROWS = [
    ("cut-in-header", raw, ended_in(3, 12), "truncated", "the stream ends in a header", 3, None),
    ("cut-between-units", raw, ended_in(4, 0), "truncated", "the stream ends after a unit that is not the end unit", 4, None),
    ("cut-in-payload", raw, ended_in(4, 15), "truncated", "the stream ends in a payload", 4, "payload_length"),
    ("cut-in-payload-crc", raw, ended_in(7, 40), "truncated", "the last byte of the stream lacks", 7, "payload_length"),
    ("header-type-damaged", raw, bytes_of(lambda made: damaged(made, 0)), "header_checksum",
     "a bit of unit_type is turned: another type, but damage", 0, "header_crc"),
    ("header-crc", raw, put("data.header_crc", 0x12345678), "header_checksum", "another header_crc"),
    ("payload-length-more", raw, put("data[1].payload_length", 10000), "truncated", "payload_length beyond the end of the stream"),
    ("payload-length-most", raw, put("data.payload_length", 2 ** 64 - 1), "truncated", "payload_length 2^64 − 1: a sum that overflows"),
    ("payload-length-less", raw, put("parameters.payload_length", 10), "payload_checksum",
     "a payload_length that is too small: what follows is no checksum", 1, "payload_crc"),
    ("payload-crc", raw, put("data.payload_crc", 0x12345678), "payload_checksum", "another payload_crc"),
    ("payload-damaged", raw, bytes_of(lambda made: damaged(made, 5, 20)), "payload_checksum", "a bit of a payload is turned", 5, "payload_crc"),
    ("payload-damaged-start", raw, bytes_of(lambda made: damaged(made, 0, 15)), "payload_checksum", "a bit of the start unit's payload is turned", 0,
     "payload_crc"),
    ("ancillary-damaged", lambda: small().stream(ancillary=[ancillary(128, b"note")]), bytes_of(lambda made: damaged(made, 3, 14)), "payload_checksum",
     "a bit of an ancillary unit's payload is turned", 3, "payload_crc"),
    ("ancillary-header-damaged", lambda: small().stream(ancillary=[ancillary(128, b"note")]), bytes_of(lambda made: damaged(made, 3, 11)), "header_checksum",
     "a bit of an ancillary unit's header_crc is turned", 3, "header_crc"),
]


def unit_type_row(unit_type):
    return (f"unit-type-{unit_type}", raw, insert_unit("skeleton", ancillary(unit_type)), "unknown_unit", f"a critical unit of the unknown type {unit_type}", 3, "unit_type")


def order_row(name, edit, about, unit, base=raw, code="unit_order", element="unit_type"):
    return (f"order-{name}", base, edit, code, about, unit, element)


ORDER_ROWS = [unit_type_row(unit_type) for unit_type in (0, 9, 127)] + [
    order_row("no-start", drop_unit("start", None), "no start unit", 0),
    order_row("start-twice", insert_unit("parameters", second(0)), "a second start unit", 1),
    order_row("start-later", move_unit("parameters", "start"), "the parameter set before the start unit", 0),
    order_row("no-parameters", drop_unit("parameters", None), "no parameter set", 1),
    order_row("parameters-twice", insert_unit("topology", second(1)), "a second parameter set", 2),
    order_row("parameters-later", move_unit("topology", "parameters"), "the topology before the parameter set", 1),
    order_row("no-topology", drop_unit("topology", None), "no topology", 2),
    order_row("topology-twice", insert_unit("skeleton", second(2)), "a second topology", 3),
    order_row("parameters-at-last", insert_unit(None, second(1)), "a second parameter set behind the data units", 6),
    order_row("skeleton-early", move_unit("skeleton", "topology"), "a skeleton before the topology", 2),
    order_row("data-early", move_unit("data", "topology"), "a data unit before the topology", 2),
    order_row("ancillary-first", insert_unit("start", ancillary(128)), "an ancillary unit before the start unit", 0),
    order_row("ancillary-behind-index", Edit(None, behind_index(ancillary(128))), "an ancillary unit between the index unit and the end unit", 7),
    order_row("index-twice", Edit(None, lambda stream: behind_index(stream.with_index().index)(stream)), "a second index unit", 7),
    order_row("data-behind-index", Edit(None, lambda stream: behind_index(stream.units[4])(stream)), "a data unit behind the index unit", 7),
    order_row("no-index", Edit(None, lambda stream: stream.with_index().units.remove(stream.index)), "no index unit", 6),
    order_row("end-early", Edit(None, lambda stream: stream.with_end().units.insert(3, stream.end)), "an end unit behind the topology", 3),
    order_row("no-end", Edit(None, lambda stream: stream.with_end().units.remove(stream.end)), "no end unit", 7, code="truncated", element=None),
    ("skeleton-twice", raw, insert_unit(None, second(3)), "duplicate", "the skeleton of a file twice", 6, "file_index"),
    ("skeleton-none", raw, drop_unit("skeleton", None), "missing", "no skeleton of a file", None, "file_index"),
    ("tensor-twice", raw, insert_unit(None, second(4)), "duplicate", "a tensor in two data units, of which the index names the second", 4, "tensor_index"),
    ("tensor-none", raw, Edit(None, lambda stream: lacking_tensor(stream)), "missing", "a tensor in no unit: the index places it in that of another", 4,
     "unit_number"),
    ("trailing-stream", raw, after(b"\0"), "trailing_bytes", "a byte behind the end unit", None, None),
    ("trailing-second-stream", raw, bytes_of(lambda made: made + made), "trailing_bytes", "a stream behind the stream", None, None),
    ("trailing-start", raw, append("start", b"\0"), "trailing_bytes", "a byte behind the elements of the start unit"),
    ("trailing-parameters", raw, append("parameters", b"\0"), "trailing_bytes", "a byte behind the elements of the parameter set"),
    ("trailing-index", raw, append("index", b"\0"), "trailing_bytes", "a byte behind the elements of the index unit"),
    ("trailing-end", raw, several(put("end.total_bytes", lambda was: was + 1), append("end", b"\0")), "trailing_bytes",
     "a byte behind the elements of the end unit"),
]


def lacking_tensor(stream):
    """The second data unit goes, and the index has both tensors in the first."""
    del stream.units[5]
    stream.units[4].tensors.append(1)


START_ROWS = [
    ("version-0", raw, put("start.format_version", 0), "unknown_version", "format_version 0, that of drafts"),
    ("version-2", raw, put("start.format_version", 2), "unknown_version", "format_version 2"),
    ("version-most", raw, put("start.format_version", 65535), "unknown_version", "format_version 65535"),
    ("version-2-longer", raw, several(append("start", b"more of it"), put("start.format_version", 2)), "unknown_version",
     "format_version 2 with a longer start unit: what follows the version is not read"),
    ("profile-1", raw, put("start.profile", 1), "unknown_profile", "profile 1"),
    ("profile-most", raw, put("start.profile", 255), "unknown_profile", "profile 255"),
    ("level-3", raw, put("start.level", 3), "unsupported_feature", "the first level that is reserved"),
    ("level-15", raw, put("start.level", 15), "unsupported_feature", "the last level that is reserved"),
    ("level-16", raw, put("start.level", 16), "value_out_of_range", "a level beyond the range"),
    ("shard-number-equal", raw, put("start.shard_number", 1), "value_out_of_range", "shard_number 1 of 1"),
    ("shard-number-65535", raw, several(put("start.shard_count", 65535), put("start.shard_number", 65535)), "value_out_of_range",
     "shard_number beyond its range"),
    ("shard-count-0", raw, put("start.shard_count", 0), "value_out_of_range", "shard_count 0"),
    ("start-empty", raw, cut_at("start.format_version"), "truncated", "a start unit without payload"),
    ("start-cut", raw, cut_at("start.shard_count", 1), "truncated", "a start unit that ends in its last element"),
]

SECOND_SOURCE = several(
    insert("parameters.source_file", encode.Structure("source_file", [encode.uv("source_bytes", 1), encode.opaque("source_sha256", bytes(32))])),
    put("parameters.source_count", 2))

PARAMETER_ROWS = [
    ("slice-log2-3", raw, put("parameters.slice_elements_log2", 3), "value_out_of_range", "slice_elements_log2 3"),
    ("slice-log2-21", raw, put("parameters.slice_elements_log2", 21), "value_out_of_range", "slice_elements_log2 21"),
    ("encoder-name-256", raw, put("parameters.encoder_name", "x" * 256), "value_out_of_range", "an encoder_name of 256 bytes"),
    ("encoder-name-overlong-length", raw, write("parameters.encoder_name", b"\x83\x00abc"), "overlong_integer",
     "the length of a text in two bytes where one is enough"),
    ("encoder-options-long", raw, write("parameters.encoder_options", encode.uv_bytes(65536)), "value_out_of_range",
     "encoder_options whose stated length is 65536"),
    ("encoder-options-beyond", raw, write("parameters.encoder_options", encode.uv_bytes(60000)), "truncated", "encoder_options that go beyond the payload"),
    ("source-format-256", raw, put("parameters.source_format", "x" * 256), "value_out_of_range", "a source_format of 256 bytes"),
    ("uv-overlong", raw, write("parameters.source_float_elements", b"\x80\x00"), "overlong_integer", "0 in two bytes"),
    ("uv-overlong-long", raw, write("parameters.source_float_elements", b"\xFF" * 8 + b"\x80\x00"), "overlong_integer", "ten bytes, of which the last is 0"),
    ("uv-tenth-byte-2", raw, write("parameters.source_float_elements", b"\xFF" * 9 + b"\x02"), "value_out_of_range", "2^64: a tenth byte of 2"),
    ("uv-eleven-bytes", raw, write("parameters.source_float_elements", b"\x81" * 10 + b"\x01"), "value_out_of_range", "a variable integer of eleven bytes"),
    ("uv-cut", raw, several(cut_at("parameters.source_float_elements"), append("parameters", b"\x81\x82")), "truncated",
     "a payload that ends in a variable integer",
     "parameters", "source_float_elements"),
    ("source-count-other", raw, SECOND_SOURCE, "length_mismatch", "two source files for one file"),
    ("source-count-behind-ancillary", lambda: with_unit(1, ancillary()), SECOND_SOURCE, "length_mismatch",
     "two source files for one file, in a parameter set behind an ancillary unit"),
    ("source-count-bytes", lambda: small(level=2).stream(), put("parameters.source_count", 60000), "truncated", "source_count 60000 with room for one"),
    ("source-bytes-overlong", raw, write("parameters.source_bytes", b"\x80\x00"), "overlong_integer", "source_bytes 0 in two bytes"),
    ("source-file-cut", raw, cut_at("parameters.source_sha256", 31), "truncated", "a parameter set without its last byte: its list of one source has no room",
     "parameters", "source_count"),
    ("source-sha256-cut", raw, several(put("parameters.source_bytes", 128), cut_at("parameters.source_sha256", 31)), "truncated",
     "a source_sha256 of 31 bytes"),
] + [(f"text-{name}", raw, write("parameters.encoder_name", encode.text_bytes(made)), "invalid_text", f"a text with {about}") for name, made, about in BAD_TEXTS]


INDEX_ROWS = [
    ("unit-count-less", raw, several(drop("index.indexed_unit[5]"), put("index.unit_count", 5)), "length_mismatch", "a unit is not in the index"),
    ("unit-count-bytes", lambda: small(level=2).stream(), put("index.unit_count", 2 ** 20), "truncated", "unit_count 2^20 with room for a few"),
    ("indexed-type-other", raw, put("index.indexed_unit_type[5]", 6), "length_mismatch", "another type of a unit in the index", "index", "unit_bytes"),
    ("indexed-type-0", raw, put("index.indexed_unit_type[2]", 0), "value_out_of_range", "indexed_unit_type 0"),
    ("unit-bytes-more", raw, put("index.unit_bytes[4]", lambda was: was + 1), "length_mismatch", "a unit that is longer in the index"),
    ("unit-bytes-16", raw, put("index.unit_bytes[4]", 16), "value_out_of_range", "a unit of 16 bytes"),
    ("place-count-less", raw, several(drop("index.tensor_place[1]"), put("index.place_count", 1)), "length_mismatch", "a tensor has no place in the index"),
    ("place-count-more", raw, several(insert("index.tensor_place[1]", encode.Structure("tensor_place", [encode.uv("unit_number", 4)])),
     put("index.place_count", 3)),
     "length_mismatch", "a place more than there are tensors"),
    ("unit-number-skeleton", raw, put("index.unit_number[1]", 3), "length_mismatch", "a tensor placed in a skeleton unit"),
    ("unit-number-beyond", raw, put("index.unit_number[1]", 6), "length_mismatch", "a tensor placed in the index unit itself"),
    ("unit-number-0", raw, put("index.unit_number[1]", 0), "length_mismatch", "a tensor placed in the start unit, as if another shard had it"),
    ("unit-number-other", raw, put("index.unit_number[1]", 4), "duplicate",
     "a tensor placed in the unit of another: that which holds it holds it once too often",
     "data[1]", "tensor_index"),
    ("digest-count-0", raw, several(drop("index.file_digest"), put("index.digest_count", 0)), "length_mismatch", "no digest of the file"),
    ("digest-count-more", raw, several(insert("index.file_digest", encode.opaque("file_sha256", bytes(32))), put("index.digest_count", 2)), "length_mismatch",
     "a digest more than there are files"),
    ("file-digest", raw, bit("index.file_sha256", 77), "file_digest", "another digest of the file"),
    ("file-digest-second", two_files, bit("index.file_sha256[1]", 0), "file_digest", "another digest of the second file"),
    ("index-cut", raw, cut_at("index.file_sha256", 20), "truncated", "an index unit that ends in a digest", "index", "digest_count"),
    ("index-empty", raw, cut_at("index.unit_count"), "truncated", "an index unit without payload"),
    ("total-bytes-less", raw, put("end.total_bytes", lambda was: was - 1), "length_mismatch", "total_bytes less than the stream has"),
    ("total-bytes-more", raw, put("end.total_bytes", lambda was: was + 1), "length_mismatch", "total_bytes more than the stream has"),
    ("index-offset", raw, put("end.index_offset", lambda was: was - 1), "length_mismatch", "another index_offset"),
    ("unit-hash", raw, bit("end.unit_hash", 63), "stream_hash", "another unit_hash"),
    ("unit-replaced", raw, with_end(several(bit("data.frame", 80), put("data.tensor_digest", lambda was: 0x1D23456789ABCDEF), place="end.unit_hash")),
     "stream_hash",
     "a data unit replaced by another of the same length, whose checksums are right"),
    ("end-cut", raw, several(put("end.total_bytes", lambda was: was - 1), cut_at("end.unit_hash", 7)), "truncated", "an end unit that lacks a byte"),
]

ROWS = SIGNATURE_ROWS + HEADER_ROWS + ORDER_ROWS + START_ROWS + PARAMETER_ROWS + INDEX_ROWS
