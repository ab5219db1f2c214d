#!/usr/bin/env python3
"""A decoder of Tamis streams that follows Spec/ section by section: plain, complete, slow.

    tamis_reference.py FILE.tamis [-o OUT]      decodes: prints SHA-256, length and name of each file of the model
    tamis_reference.py --testee FILE.tamis      speaks the protocol of Conformance/README.md
    tamis_reference.py --trace FILE.tamis       prints every element of the stream, up to the fault if there is one

With -o the files are written: one file to OUT; several into the folder OUT. Exit code 0: decoded; 65, 69 or 77: refused as malformed,
unsupported, or beyond a limit, with the verdict (§3.6), the unit, the element and the byte on standard error; 66: the file cannot be read.

The module has decode(stream), decode_model(stream) and trace(stream). It makes every check of the specification. A shard (§3.7) decodes to
its tensors alone. Memory is reserved for what the bounds of §9 allow only, and for no more decoded bytes than the decoder's own limit: 2^30,
or those of --memory. What needs more is refused as limit_exceeded.

It needs Python's standard library and libzstd. Nothing in it is taken from the product's code: only from the specification, whose order,
names and section numbers it has.
"""
import argparse
import collections
import contextlib
import ctypes
import ctypes.util
import hashlib
import json
import struct
import sys
from pathlib import Path

U32, U64 = 2 ** 32 - 1, 2 ** 64 - 1


# §2.3 Descriptors

# An element that was read: its structure and name as in the tables (§4), its value (an int, a float, a text; bytes in hexadecimal), the number of
# its unit (None: the signature), and where it lies: in the stream or, of a topology_body and its parts, in the decompressed body. Parts of the
# stream that no table has (signature, payload_crc, frames, codewords, raw bits, ancillary payloads) have the structure "".
Element = collections.namedtuple("Element", "structure element value unit offset size")


class Reader:
    """Reads elements from bytes. `base` is the place of the first one in the stream; `elements` receives each element that is read."""

    def __init__(self, data, structure, unit, base, elements):
        self.data, self.structure, self.unit, self.base, self.elements = data, structure, unit, base, elements
        self.place = 0

    def refuse(self, code, element=None, detail="", place=None):
        raise Refused(code, self.unit, element, self.base + (self.place if place is None else place), detail)

    @contextlib.contextmanager
    def inside(self, structure):
        """Elements read inside belong to this nested structure."""
        outer, self.structure = self.structure, structure
        yield
        self.structure = outer

    def left(self):
        return len(self.data) - self.place

    def take(self, element, count):
        if count > self.left():
            self.refuse("truncated", element, f"{count} bytes must follow, {self.left()} do")
        self.place += count
        return self.data[self.place - count:self.place]

    def found(self, element, value, start, structure=None):
        structure = self.structure if structure is None else structure
        self.elements.append(Element(structure, element, value, self.unit, self.base + start, self.place - start))

    def part(self, name, count):
        """Bytes that no table has an element for."""
        start = self.place
        value = self.take(None, count)
        self.found(name, value, start, structure="")
        return value

    def in_range(self, element, value, low, high, start):
        self.found(element, value, start)
        if not low <= value <= high:                    # also for a NaN, which is in no range (§2.4)
            self.refuse("value_out_of_range", element, f"it is {value}", start)
        return value

    def fixed(self, element, width, low, high):
        start = self.place
        value = int.from_bytes(self.take(element, width), "little")
        return self.in_range(element, value, low, 256 ** width - 1 if high is None else high, start)

    def u8(self, element, low=0, high=None): return self.fixed(element, 1, low, high)
    def u16(self, element, low=0, high=None): return self.fixed(element, 2, low, high)
    def u32(self, element, low=0, high=None): return self.fixed(element, 4, low, high)
    def u64(self, element, low=0, high=None): return self.fixed(element, 8, low, high)

    def any_uv(self, element):                          # §2.3.1
        start, value, shift = self.place, 0, 0
        while True:
            byte = self.take(element, 1)[0]
            if shift == 63 and byte > 1:
                self.refuse("value_out_of_range", element, "more than 64 bits", start)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if byte == 0 and shift > 7:
            self.refuse("overlong_integer", element, place=start)
        return value

    def uv(self, element, low=0, high=U64):
        start = self.place
        return self.in_range(element, self.any_uv(element), low, high, start)

    def sv(self, element, low, high):                   # §2.3.2
        start = self.place
        z = self.any_uv(element)
        return self.in_range(element, z // 2 if z % 2 == 0 else -(z + 1) // 2, low, high, start)

    def f32(self, element, low, high):
        start = self.place
        return self.in_range(element, struct.unpack("<f", self.take(element, 4))[0], low, high, start)

    def text(self, element, longest):                   # §2.3.3
        start = self.place
        length = self.any_uv(element)
        if length > longest:
            self.refuse("value_out_of_range", element, f"{length} bytes", start)
        try:
            text = self.take(element, length).decode("utf-8")
        except UnicodeDecodeError:
            self.refuse("invalid_text", element, "not UTF-8", start)
        if any(ord(c) <= 0x1F or 0x7F <= ord(c) <= 0x9F for c in text):
            self.refuse("invalid_text", element, "a control character", start)
        self.found(element, text, start)
        return text

    def bytes(self, element, count):
        start = self.place
        value = self.take(element, count)
        self.found(element, value, start)
        return value

    def count(self, element, limit, least):
        """The number of items of a list: at most the level's limit (§9.1), each of `least` bytes or more (§3.3)."""
        start = self.place
        value = self.limited(element, self.uv(element, high=U32), limit, start)
        self.room(element, value, least)
        return value

    def room(self, element, count, least):              # §3.3: before the items of a list
        if count * least > self.left():
            self.refuse("truncated", element, f"{count} items cannot be in {self.left()} bytes")

    def limited(self, element, value, limit, place=None):                   # §9.1
        if value > limit:
            self.refuse("level_exceeded", element, f"{value}; the level has {limit}", place)
        return value

    def unreserved(self, element, value, largest):      # a value that is reserved for later versions
        if value > largest:
            self.refuse("unsupported_feature", element, f"{value} is reserved")
        return value

    def end(self):
        if self.left() > 0:
            self.refuse("trailing_bytes", detail=f"{self.left()}")


# §3.1 Signature, §3.2 unit types

SIGNATURE = bytes.fromhex("D4544D530D0A1A0A")
START_UNIT, MODEL_PARAMETER_SET, TOPOLOGY_UNIT, SKELETON_UNIT, DATA_UNIT, GROUP_UNIT, INDEX_UNIT, END_UNIT = range(1, 9)
UNIT_NAMES = {START_UNIT: "start_unit", MODEL_PARAMETER_SET: "model_parameter_set", TOPOLOGY_UNIT: "topology_unit", SKELETON_UNIT: "skeleton_unit",
              DATA_UNIT: "data_unit", GROUP_UNIT: "group_unit", INDEX_UNIT: "index_unit", END_UNIT: "end_unit"}


# §3.6 Verdicts

FAMILIES = {"malformed": 65, "unsupported": 69, "limit": 77}                # and the exit code of each
UNSUPPORTED = ("unknown_unit", "unknown_version", "unknown_profile", "unsupported_feature")


class Refused(Exception):
    """The stream is refused: with the verdict `code`, for the unit of this number and the element of this name (None: no particular one);
    `byte` is the place in the stream, or in a decompressed topology_body."""

    def __init__(self, code, unit=None, element=None, byte=None, detail=""):
        self.code, self.unit, self.element, self.byte, self.detail = code, unit, element, byte, detail
        self.family = "unsupported" if code in UNSUPPORTED else "limit" if code == "limit_exceeded" else "malformed"
        place = ("" if unit is None else f" in unit {unit}") + ("" if element is None else f", {element}") + ("" if byte is None else f", byte {byte}")
        super().__init__(code + place + (f": {detail}" if detail else ""))


class InvalidCodeword(Exception):
    """An arithmetic codeword, or raw bits, are not those of so many elements: the verdict invalid_codeword."""


DEFAULT_MEMORY = 2 ** 30


class Limits:
    """What this decoder is willing to do (§9.1), whatever the level of a stream allows. `output_bytes`: of tensors, skeletons and topology
    together, and of all files together."""

    def __init__(self, output_bytes=DEFAULT_MEMORY):
        self.output_bytes = output_bytes


# §3 The stream, §4 units: a method for each structure, in the order of the specification

class Decoder:
    def __init__(self, stream, limits=None):
        self.stream, self.limits = stream, limits or Limits()
        self.elements = []                              # every element read (class Element)
        self.units = []                                 # (type, bytes) of each unit, the one that is read included
        self.critical_units = []                        # types of the units so far that are not ancillary
        self.checksums = bytearray()                    # header_crc and payload_crc of each unit before the end unit
        self.level = None
        self.is_shard = False
        self.file_entries, self.tensors, self.holes = [], [], []            # (name, skeleton_bytes); Tensor; (file, gap_bytes, tensor)
        self.coded_units, self.skeleton_units = [], []  # readers of the payloads of data and group units; of skeleton units
        self.contents = {}                              # by tensor: its bytes
        self.reserved_bytes = 0

    def decode(self):                                   # §3.3
        """The model: its files, and the tensors that the stream holds."""
        self.signature()
        place = 8
        while not self.units or self.units[-1][0] != END_UNIT:
            place = self.unit(place)
        if place != len(self.stream):
            raise Refused("trailing_bytes", byte=place)
        self.consistency()
        coded_units = [getattr(self, reader.structure)(reader) for reader in self.coded_units]
        skeletons = self.all_skeletons()
        self.nothing_lacks(coded_units, skeletons)
        for coding in coded_units:
            getattr(self, "decode_" + coding.reader.structure)(coding)
        files = self.files(skeletons)
        return Model([] if self.is_shard else files, [(tensor, self.contents[n]) for n, tensor in enumerate(self.tensors) if n in self.contents])

    def signature(self):                                # §3.1
        start = self.stream[:8]
        if start == b"" or not SIGNATURE.startswith(start):
            raise Refused("not_tamis", None, "signature", 0)
        if len(start) < 8:
            raise Refused("truncated", None, "signature", len(start))
        self.elements.append(Element("", "signature", start, None, 0, 8))

    def unit(self, place):                              # §3.2; returns the place of the next unit
        number = len(self.units)
        header = Reader(self.stream[place:place + 13], "unit_header", number, place, self.elements)
        if header.left() < 13:
            header.refuse("truncated", detail="a unit header of 13 bytes must follow")
        unit_type = header.u8("unit_type")
        payload_length = header.u64("payload_length")
        header_crc = header.u32("header_crc")
        if header_crc != crc32c(self.stream[place:place + 9]):
            header.refuse("header_checksum", "header_crc", place=9)
        end = place + 13 + payload_length
        if end + 4 > len(self.stream):
            header.refuse("truncated", "payload_length", f"{payload_length} bytes of payload and 4 of payload_crc must follow")
        if unit_type not in UNIT_NAMES and unit_type < 128:
            header.refuse("unknown_unit", "unit_type", f"type {unit_type}", 0)
        if self.level and unit_type != END_UNIT:
            header.limited(None, number + 1, self.level.units)
        if not self.is_allowed(unit_type):
            header.refuse("unit_order", "unit_type", f"type {unit_type}", 0)
        payload, payload_crc = self.stream[place + 13:end], int.from_bytes(self.stream[end:end + 4], "little")
        if payload_crc != crc32c(payload):
            raise Refused("payload_checksum", number, "payload_crc", end)
        self.elements.append(Element("", "payload_crc", payload_crc, number, end, 4))
        self.units.append((unit_type, payload_length + 17))
        self.critical_units += [unit_type] if unit_type in UNIT_NAMES else []
        if unit_type != END_UNIT:
            self.checksums += self.stream[place + 9:place + 13] + self.stream[end:end + 4]
        reader = Reader(payload, UNIT_NAMES.get(unit_type, ""), number, place + 13, self.elements)
        if unit_type in (DATA_UNIT, GROUP_UNIT):
            self.coded_units.append(reader)
        elif unit_type == SKELETON_UNIT:
            self.skeleton_units.append(reader)
        elif unit_type in UNIT_NAMES:
            getattr(self, UNIT_NAMES[unit_type])(reader)
            reader.end()
        else:
            reader.part("ancillary payload", payload_length)
        return end + 4

    def is_allowed(self, unit_type):                    # §3.4
        before = self.critical_units
        if not before:
            return unit_type == START_UNIT
        if before[-1] == INDEX_UNIT:
            return unit_type == END_UNIT
        if unit_type >= 128:
            return True
        if len(before) < 3:
            return unit_type == len(before) + 1
        return unit_type in (SKELETON_UNIT, DATA_UNIT, GROUP_UNIT, INDEX_UNIT)

    def consistency(self):                              # §3.5
        end, index = self.end, self.index
        if end.total_bytes != len(self.stream):
            end.reader.refuse("length_mismatch", "total_bytes", f"{end.total_bytes}; the stream has {len(self.stream)}")
        if end.index_offset != index.offset:
            end.reader.refuse("length_mismatch", "index_offset", f"{end.index_offset}; it is at {index.offset}")
        if end.unit_hash != xxh64(self.checksums):
            end.reader.refuse("stream_hash", "unit_hash")
        refuse, units = index.reader.refuse, self.units[:index.reader.unit]
        if len(index.units) != len(units):
            refuse("length_mismatch", "unit_count", f"{len(index.units)} of {len(units)} units")
        for number, (indexed, unit) in enumerate(zip(index.units, units)):
            if indexed != unit:
                refuse("length_mismatch", "unit_bytes", f"type and bytes {indexed}; unit {number} has {unit}")
        if len(index.places) != len(self.tensors):
            refuse("length_mismatch", "place_count", f"{len(index.places)} for {len(self.tensors)} tensors")
        for place in index.places:
            if not (place < len(units) and units[place][0] in (DATA_UNIT, GROUP_UNIT)) and not (self.is_shard and place == 0):
                refuse("length_mismatch", "unit_number", f"{place} is no unit with tensors")
        if len(index.digests) != len(self.file_entries) and not (self.is_shard and index.digests == []):
            refuse("length_mismatch", "digest_count", f"{len(index.digests)} for {len(self.file_entries)} files")
        if self.source_count != len(self.file_entries):
            raise Refused("length_mismatch", self.parameter_unit, "source_count", None, f"{self.source_count} for {len(self.file_entries)} files")

    def held_tensor(self, reader, element, number):     # §3.4
        """The tensor of this number, which is in this unit."""
        if number >= len(self.tensors):
            reader.refuse("value_out_of_range", element, f"{number} of {len(self.tensors)} tensors")
        if self.index.places[number] != reader.unit:
            reader.refuse("duplicate", element, f"the index places tensor {number} in unit {self.index.places[number]}")
        return self.tensors[number]

    def all_skeletons(self):
        """The reader of the frame of each file's skeleton."""
        skeletons = {}
        for reader in self.skeleton_units:
            file = self.skeleton_unit(reader)
            if file in skeletons:
                reader.refuse("duplicate", "file_index", f"a second skeleton of file {file}")
            skeletons[file] = reader
        return skeletons

    def nothing_lacks(self, coded_units, skeletons):    # §3.4
        tensors = {number for coding in coded_units for number in coding.numbers}
        for number, place in enumerate(self.index.places):
            if number not in tensors and not (self.is_shard and place == 0):
                raise Refused("missing", place, "unit_number", detail=f"tensor {number} is not in this unit")
        if len(skeletons) != len(self.file_entries) and not self.is_shard:
            raise Refused("missing", None, "file_index", detail="a file has no skeleton")

    def reserve(self, reader, count):
        """To be called before `count` bytes are decoded, once the bounds of §9 are checked."""
        self.reserved_bytes += count
        if self.reserved_bytes > self.limits.output_bytes:
            reader.refuse("limit_exceeded", detail=f"{self.reserved_bytes} bytes; this decoder has a limit of {self.limits.output_bytes}")

    # §4.1

    def start_unit(self, reader):
        version = reader.u16("format_version")
        if version != 1:
            reader.refuse("unknown_version", "format_version", str(version), 0)
        profile = reader.u8("profile")
        if profile != 0:
            reader.refuse("unknown_profile", "profile", str(profile), 2)
        self.level = LEVELS[reader.unreserved("level", reader.u8("level", high=15), 2)]
        shard_number = reader.u16("shard_number", high=65534)
        shard_count = reader.u16("shard_count", low=1)
        if shard_number >= shard_count:
            reader.refuse("value_out_of_range", "shard_number", f"{shard_number} of {shard_count}", 4)
        self.is_shard = shard_count > 1

    # §4.2

    def model_parameter_set(self, reader):
        self.parameter_unit = reader.unit               # 1, or more behind ancillary units
        self.slice_elements = 2 ** reader.u8("slice_elements_log2", 4, 20)
        reader.text("encoder_name", 255)
        reader.text("encoder_options", 65535)
        reader.text("source_format", 255)
        reader.uv("source_float_elements")
        self.source_count = reader.count("source_count", self.level.files, least=33)
        for _ in range(self.source_count):
            with reader.inside("source_file"):
                reader.uv("source_bytes")
                reader.bytes("source_sha256", 32)

    # §4.3

    def topology_unit(self, reader):
        start = reader.place
        body_bytes = reader.limited("body_bytes", reader.uv("body_bytes"), self.level.topology_bytes, start)
        self.expands(reader, reader.left(), body_bytes, "body_bytes")
        body = Reader(self.frame(reader, reader.left(), body_bytes), "topology_body", reader.unit, 0, self.elements)
        self.topology_body(body)

    def topology_body(self, body):
        paths, folders, names, level = set(), set(), set(), self.level
        for _ in range(body.count("file_count", level.files, least=2)):
            with body.inside("file_entry"):
                self.file_entry(body, paths, folders)
        for _ in range(body.count("tensor_count", level.tensors, least=3)):
            with body.inside("tensor_entry"):
                self.tensors.append(self.tensor_entry(body, names))
        gaps = [0] * len(self.file_entries)             # sum of those of each file
        for _ in range(body.count("hole_count", level.holes, least=3)):
            with body.inside("hole_entry"):
                self.hole_entry(body, gaps)
        for _ in range(body.count("alias_count", level.holes, least=2)):
            with body.inside("tensor_alias"):
                self.name(body, "alias_name", names)
                body.uv("alias_tensor_index", 0, len(self.tensors) - 1)
        body.end()
        if {tensor for _, _, tensor in self.holes} != set(range(len(self.tensors))):
            body.refuse("missing", "hole_tensor_index", "a tensor without a hole")
        output_bytes = sum(skeleton for _, skeleton in self.file_entries) + sum(self.tensors[tensor].bytes for _, _, tensor in self.holes)
        body.limited("skeleton_bytes", output_bytes, level.output_bytes)    # §5.1

    def file_entry(self, body, paths, folders):
        start = body.place
        name = body.text("file_name", 1024)
        components = name.split("/")
        if len(components) > 16 or "\\" in name or any(part in ("", ".", "..") or len(part.encode()) > 255 for part in components):
            body.refuse("value_out_of_range", "file_name", repr(name), start)
        above = {"/".join(components[:count]) for count in range(1, len(components))}
        if name in paths or name in folders or above & paths:
            body.refuse("duplicate", "file_name", repr(name), start)
        paths.add(name)
        folders |= above
        self.file_entries.append((name, body.uv("skeleton_bytes")))

    def name(self, body, element, names):
        start = body.place
        name = body.text(element, 65535)
        body.limited(element, len(name.encode()), self.level.name_bytes, start)
        if name == "":
            body.refuse("value_out_of_range", element, "no bytes", start)
        if name in names:
            body.refuse("duplicate", element, repr(name), start)
        names.add(name)
        return name

    def tensor_entry(self, body, names):
        name = self.name(body, "tensor_name", names)
        element_type = body.unreserved("element_type", body.u8("element_type", 1, 63), 28)
        if element_type not in ELEMENT_TYPES:
            body.refuse("value_out_of_range", "element_type", str(element_type))
        rank = body.limited("rank", body.u8("rank", high=16), self.level.rank)
        start = body.place
        dimensions = [body.uv("dimension") for _ in range(rank)]
        if product(d for d in dimensions if d != 0) > U64:
            body.refuse("value_out_of_range", "dimension", f"{dimensions}", start)
        body.limited("dimension", product(dimensions), self.level.elements, start)
        return Tensor(name, element_type, dimensions)

    def hole_entry(self, body, gaps):
        last_file = self.holes[-1][0] if self.holes else 0
        file = body.uv("hole_file_index", last_file, len(self.file_entries) - 1)
        gap_bytes = body.uv("gap_bytes")
        gaps[file] += gap_bytes
        if gaps[file] > self.file_entries[file][1]:
            body.refuse("length_mismatch", "gap_bytes", f"gaps of {gaps[file]} bytes, a skeleton of {self.file_entries[file][1]}")
        self.holes.append((file, gap_bytes, body.uv("hole_tensor_index", 0, len(self.tensors) - 1)))

    # §4.4

    def skeleton_unit(self, reader):
        """The number of the file."""
        file = reader.uv("file_index", high=U32)
        if file >= len(self.file_entries):
            reader.refuse("value_out_of_range", "file_index", f"{file} of {len(self.file_entries)} files")
        self.expands(reader, reader.left(), self.file_entries[file][1], "skeleton_bytes")
        return file

    # §4.5: the elements of a data unit, then its tensor

    def data_unit(self, reader):
        coding = Coding()
        coding.reader, number = reader, reader.uv("tensor_index", high=U32)
        coding.tensor_digest = reader.u64("tensor_digest")
        self.weight_error(reader, "weight_error")
        coding.mode = reader.unreserved("coding_mode", reader.u8("coding_mode", high=15), 2)
        if coding.mode == 1:
            with reader.inside("index_coding"):
                self.index_coding(reader, coding)
        if coding.mode == 2:
            with reader.inside("float_coding"):
                self.float_coding(reader, coding)
        coding.numbers, tensor = [number], self.held_tensor(reader, "tensor_index", number)
        coding.tensor = tensor
        if coding.mode == 0:
            self.expands(reader, reader.left(), tensor.bytes, None)
        if coding.mode == 1:
            self.index_rules(reader, tensor, coding)
            self.slice_entries(reader, tensor.elements << coding.fields_log2, coding)
            self.bounds(reader, coding)
            self.parts(reader, [("line_class_bytes", coding.line_class_bytes)] + self.slice_parts(coding))
        if coding.mode == 2:
            self.float_rules(reader, tensor, coding)
            self.slice_entries(reader, tensor.elements, coding)
            self.bounds(reader, coding)
            self.parts(reader, [("line_class_bytes", coding.line_class_bytes), ("short_row_bytes", coding.short_row_bytes),
                                ("frequency_bytes", coding.frequency_bytes)] + self.slice_parts(coding))
        return coding

    def decode_data_unit(self, coding):
        reader, tensor = coding.reader, coding.tensor
        if coding.mode == 0:
            content = self.frame(reader, reader.left(), tensor.bytes)
        elif coding.mode == 1:
            content = self.index_mode(reader, tensor, coding)
        else:
            content = self.float_mode(reader, tensor, coding)
        if xxh64(content) != coding.tensor_digest:
            reader.refuse("tensor_digest", "tensor_digest", tensor.name)
        self.contents[coding.numbers[0]] = content

    def weight_error(self, reader, element):
        start = reader.place
        reader.f32(element, 0, 2.0 ** 127)
        if reader.data[start:reader.place] == b"\x00\x00\x00\x80":
            reader.refuse("value_out_of_range", element, "-0", start)

    def index_coding(self, reader, coding):
        kind = coding.quantizer_kind = reader.unreserved("quantizer_kind", reader.u8("quantizer_kind", high=15), 5)
        coding.trellis, coding.fields_log2 = None, 0
        if kind <= 1:
            coding.step, coding.reconstruction_offset = self.quantizer_grid(reader)
        if kind == 1:
            coding.trellis = Trellis(reader.u8("trellis_states_log2", 3, 8))
        if kind == 2:
            coding.make_values = self.codebook(reader)
        if kind == 3:
            coding.make_values = self.companding(reader)
        if kind == 4:
            coding.make_values = self.minifloat(reader)
        if kind == 5:
            coding.integer_offset, coding.fields_log2 = self.integer_coding(reader)
        coding.magnitude_code = reader.u8("magnitude_code", high=80)
        coding.row_axis, coding.row_axis_count = reader.u8("row_axis", high=16), reader.u8("row_axis_count", high=16)
        coding.coding_order = reader.u8("coding_order", high=1)
        tools = reader.u8("coding_tools", high=15)
        coding.sends_rows, coding.sends_columns, coding.uses_neighbours = tools & 1 != 0, tools & 2 != 0, tools & 4 != 0
        coding.row_step_exponent = reader.u8("row_step_exponent", high=2)
        coding.adaptation_limit = reader.u8("adaptation_limit", 4, 10)
        coding.sign_distances = None
        if tools & 8 != 0:
            coding.sign_distances = reader.uv("sign_distance_1", 1, U32), reader.uv("sign_distance_2", 1, U32)
        coding.line_class_bytes = reader.uv("line_class_bytes", 1) if tools & 3 != 0 else 0

    def index_rules(self, reader, tensor, coding):
        kind = coding.quantizer_kind
        if tensor.elements == 0 or tensor.element_type not in (SIGNED + UNSIGNED if kind == 5 else (FLOAT32, FLOAT16, BFLOAT16)):
            reader.refuse("value_out_of_range", "quantizer_kind" if kind == 5 else "coding_mode", f"{tensor.elements} elements of {tensor.type_name}")
        coding.bits = tensor.element_bits >> coding.fields_log2             # of an element, or of a field in its place (§7.7)
        dimensions = list(tensor.dimensions)
        if coding.fields_log2 > 0:
            if tensor.element_type != UINT8 or dimensions == []:
                reader.refuse("value_out_of_range", "fields_log2", "fields of what is no uint8 tensor, or is a scalar")
            dimensions[-1] <<= coding.fields_log2
        self.line_rules(reader, dimensions, coding)
        if coding.coding_order == 1 and coding.bits < 8:
            reader.refuse("value_out_of_range", "coding_order", "1 for fields of less than 8 bits")
        if coding.row_step_exponent > 0 and (not coding.sends_rows or kind >= 2):
            reader.refuse("value_out_of_range", "row_step_exponent", "no row classes, or no grid")

    def line_rules(self, reader, dimensions, coding):
        if coding.row_axis + coding.row_axis_count > len(dimensions):
            reader.refuse("value_out_of_range", "row_axis", f"{coding.row_axis_count} row axes from {coding.row_axis} of {len(dimensions)} axes")
        coding.view = MatrixView(dimensions, coding.row_axis, coding.row_axis_count)
        if coding.sends_rows and coding.view.columns < 8 or coding.sends_columns and coding.view.rows < 8:
            reader.refuse("value_out_of_range", "coding_tools", "classes of lines of fewer than 8 elements")

    def bounds(self, reader, coding):                   # §9.3
        for _, count, codeword_bytes, _ in coding.slices:
            bounded(reader, "codeword_bytes", count, codeword_bytes)
        if coding.line_class_bytes > 0:
            lines = (coding.view.rows if coding.sends_rows else 0) + (coding.view.columns if coding.sends_columns else 0)
            bounded(reader, "line_class_bytes", lines, coding.line_class_bytes)
        if coding.mode == 2 and coding.sends_short:
            bounded(reader, "short_row_bytes", coding.view.rows, coding.short_row_bytes)

    def quantizer_grid(self, reader):
        with reader.inside("quantizer_grid"):
            return reader.f32("step", 2.0 ** -100, 2.0 ** 80), reader.sv("reconstruction_offset", -128, 128)

    # Functions that make a table of values, from index to value (§7.4 ... §7.6): there is only one such table at a time (§9.5)

    def codebook(self, reader):
        with reader.inside("codebook"):
            first = reader.sv("codebook_first", -65535, 0)
            start = reader.place
            count = reader.uv("codebook_count", 1, 65536)
            if first + count <= 0:
                reader.refuse("value_out_of_range", "codebook_count", f"{count} from {first}: 0 is no index", start)
            reader.room("codebook_count", count, 4)
            with reader.inside("codebook_entry"):
                values = [reader.f32("codebook_value", -2.0 ** 120, 2.0 ** 120) for _ in range(count)]
            return lambda: dict(enumerate(values, first))

    def companding(self, reader):
        with reader.inside("companding"):
            amplitude = reader.f32("companding_amplitude", 2.0 ** -100, 2.0 ** 80)
            growth = reader.f32("companding_growth", 2.0 ** -24, 2.0 ** 10)
            start = reader.place
            levels = reader.uv("companding_levels", 1, 65535)
            last = companding_magnitudes(amplitude, growth, levels)[-1]
            if last > 2.0 ** 120:
                reader.refuse("value_out_of_range", "companding_levels", f"{levels}: the last value is {last}", start)
            return lambda: with_signs([binary32(magnitude) for magnitude in companding_magnitudes(amplitude, growth, levels)])

    def minifloat(self, reader):
        with reader.inside("minifloat"):
            exponent_bits = reader.u8("minifloat_exponent_bits", high=5)
            mantissa_bits = reader.u8("minifloat_mantissa_bits", high=10)
            bias = reader.sv("minifloat_bias", -80, 100)
            subnormals = reader.u8("minifloat_subnormals", high=1)
            start = reader.place
            top = reader.uv("minifloat_top", 1, 2 ** 15)
            if top > 2 ** (exponent_bits + mantissa_bits):
                reader.refuse("value_out_of_range", "minifloat_top", f"{top}", start)
            return lambda: with_signs([0.0] + [minifloat_magnitude(top - q, mantissa_bits, bias, subnormals) for q in range(1, top + 1)])

    def integer_coding(self, reader):
        with reader.inside("integer_coding"):
            return reader.sv("integer_offset", -2147483648, 4294967296), reader.u8("fields_log2", high=2)

    def float_coding(self, reader, coding):
        coding.zero_bits, coding.modelled_bits = reader.u8("zero_bits", high=52), reader.u8("modelled_bits", high=4)
        coding.window_origin, coding.window_symbols = reader.uv("window_origin", high=32767), reader.uv("window_symbols", 1, 254)
        coding.row_axis, coding.row_axis_count = reader.u8("row_axis", high=16), reader.u8("row_axis_count", high=16)
        tools = reader.u8("coding_tools", high=7)
        coding.sends_rows, coding.sends_columns, coding.sends_short = tools & 1 != 0, tools & 2 != 0, tools & 4 != 0
        coding.line_class_bytes = reader.uv("line_class_bytes", 1) if tools & 3 != 0 else 0
        coding.short_zero_bits = reader.u8("short_zero_bits", 1, 52) if coding.sends_short else None
        coding.short_row_bytes = reader.uv("short_row_bytes", 1) if coding.sends_short else 0
        coding.frequency_bytes = reader.uv("frequency_bytes", 1)

    def float_rules(self, reader, tensor, coding):
        if tensor.element_type not in FLOAT_LAYOUTS or tensor.elements == 0:
            reader.refuse("value_out_of_range", "coding_mode", f"{tensor.elements} elements of {tensor.type_name}")
        W, m, sign_bits = coding.layout = FLOAT_LAYOUTS[tensor.element_type]
        if coding.zero_bits + coding.modelled_bits > m:
            reader.refuse("value_out_of_range", "window_symbols", f"{coding.zero_bits} and {coding.modelled_bits} of {m} bits of mantissa")
        if coding.window_origin + coding.window_symbols > 2 ** (W - sign_bits - m + coding.modelled_bits):
            reader.refuse("value_out_of_range", "window_symbols", "the window ends beyond the prefixes")
        self.line_rules(reader, tensor.dimensions, coding)
        if coding.sends_short:
            if coding.view.columns < 8:
                reader.refuse("value_out_of_range", "coding_tools", "short rows of fewer than 8 elements")
            if coding.view.P > 1:
                reader.refuse("value_out_of_range", "coding_tools", "short rows behind another axis")
            if not coding.zero_bits < coding.short_zero_bits <= m - coding.modelled_bits:
                reader.refuse("value_out_of_range", "short_zero_bits", f"{coding.short_zero_bits}")

    def slice_entries(self, reader, elements, coding):
        """(first element, elements, codeword_bytes, raw_bytes) of each slice (§6.5)."""
        reader.room("codeword_bytes", -(-elements // self.slice_elements), 2)
        coding.slices = []
        with reader.inside("slice_entry"):
            for first in range(0, elements, self.slice_elements):
                count = min(self.slice_elements, elements - first)
                coding.slices.append((first, count, reader.uv("codeword_bytes", 1, U32), reader.uv("raw_bytes", 0, U32)))

    def parts(self, reader, sizes):
        """The rest of a payload has parts of these sizes, (element, bytes): none may be missing, nothing left."""
        left = reader.left()
        for element, size in sizes:
            if size > left:
                reader.refuse("truncated", element, f"{size} bytes must follow, {left} do")
            left -= size
        if left > 0:
            reader.refuse("trailing_bytes", detail=f"{left} bytes")

    def slice_parts(self, coding):
        return [part for _, _, codeword_bytes, raw_bytes in coding.slices for part in (("codeword_bytes", codeword_bytes), ("raw_bytes", raw_bytes))]

    def line_classes(self, reader, coding):
        """The classes of the rows and of the columns; None of a kind of line that is not sent."""
        if coding.line_class_bytes == 0:
            return None, None
        rows, columns = coding.view.rows if coding.sends_rows else None, coding.view.columns if coding.sends_columns else None
        with codewords(reader, "line_class_bytes"):
            return line_classes(reader.part("line class codeword", coding.line_class_bytes), rows, columns)

    def index_mode(self, reader, tensor, coding):
        self.reserve(reader, tensor.bytes)
        row_classes, column_classes = self.line_classes(reader, coding)
        values = coding.make_values() if 2 <= coding.quantizer_kind <= 4 else None
        content = [None] * (tensor.elements << coding.fields_log2)          # in C order
        for first, count, codeword_bytes, raw_bytes in coding.slices:
            positions = [coding.view.position(n, coding.coding_order) for n in range(first, first + count)]
            classes = [scale_class(row_classes, column_classes, coding.row_step_exponent, r, p) for r, p, _ in positions]
            codeword, raw = reader.part("slice codeword", codeword_bytes), reader.part("slice raw bits", raw_bytes)
            with codewords(reader, "codeword_bytes"):
                indices = SliceDecoder(codeword, raw, coding.magnitude_code, coding.adaptation_limit, coding.uses_neighbours,
                                       coding.sign_distances, coding.trellis).decode(classes)
                points = coding.trellis.grid_points(indices) if coding.trellis else indices
                for d, (r, _, place) in zip(points, positions):
                    content[place] = self.element(tensor.element_type, coding, row_classes, values, d, r)
        return packed(content, coding.bits) if coding.quantizer_kind == 5 else b"".join(content)

    def element(self, element_type, coding, row_classes, values, d, r):     # §7; a field of kind 5 as an integer
        if coding.quantizer_kind <= 1:
            step = row_step(coding.step, row_classes[r], coding.row_step_exponent) if row_classes else coding.step
            return element_bytes(element_type, value_of(d, coding.reconstruction_offset, step))
        if coding.quantizer_kind <= 4:
            if d not in values:
                raise InvalidCodeword(f"index {d} has no value")
            return element_bytes(element_type, values[d])
        return integer_field(element_type, coding.bits, d + coding.integer_offset)

    def float_mode(self, reader, tensor, coding):
        self.reserve(reader, tensor.bytes)
        row_classes, column_classes = self.line_classes(reader, coding)
        is_short = [0] * coding.view.rows
        if coding.short_row_bytes > 0:
            with codewords(reader, "short_row_bytes"):
                is_short = short_rows(reader.part("short row codeword", coding.short_row_bytes), coding.view.rows)
        with codewords(reader, "frequency_bytes"):
            frequencies = float_frequencies(reader.part("frequency codeword", coding.frequency_bytes), coding.window_symbols + 2,
                                            coding.sends_rows or coding.sends_columns)
        window = FloatWindow(coding.layout, coding.zero_bits, coding.modelled_bits, coding.window_origin, coding.window_symbols, coding.short_zero_bits)
        content = []
        for first, count, codeword_bytes, raw_bytes in coding.slices:
            positions = [coding.view.position(n, 0) for n in range(first, first + count)]
            classes = [scale_class(row_classes, column_classes, 0, r, p) for r, p, _ in positions]
            codeword, raw = reader.part("slice codeword", codeword_bytes), reader.part("slice raw bits", raw_bytes)
            with codewords(reader, "codeword_bytes"):
                elements = float_slice(codeword, raw, window, frequencies, classes, [is_short[r] for r, _, _ in positions])
            content += [element.to_bytes(window.W // 8, "little") for element in elements]
        return b"".join(content)

    # §4.6

    def group_unit(self, reader):
        coding = Coding()
        coding.reader, coding.group_digest = reader, reader.u64("group_digest")
        self.weight_error(reader, "group_weight_error")
        entry_count = reader.uv("entry_count", high=U32)
        if entry_count > len(self.tensors):
            reader.refuse("value_out_of_range", "entry_count", f"{entry_count} of {len(self.tensors)} tensors")
        reader.room("entry_count", entry_count, 2)
        with reader.inside("group_entry"):
            coding.entries = [self.group_entry(reader) for _ in range(entry_count)]
        coding.numbers = [entry.number for entry in coding.entries]
        coding.magnitude_code = reader.u8("group_magnitude_code", high=80)
        coding.adaptation_limit = reader.u8("group_adaptation_limit", 4, 10)
        coding.frame_bytes = reader.uv("group_raw_frame_bytes")
        coding.codeword_bytes = reader.uv("group_codeword_bytes", high=U32)
        coding.raw_bytes = reader.uv("group_raw_bytes", high=U32)
        self.group_rules(reader, coding)
        self.parts(reader, [("group_raw_frame_bytes", coding.frame_bytes), ("group_codeword_bytes", coding.codeword_bytes),
                            ("group_raw_bytes", coding.raw_bytes)])
        return coding

    def group_entry(self, reader):
        entry = Coding()
        entry.number = reader.uv("entry_tensor_index", high=U32)
        entry.mode = reader.unreserved("entry_coding_mode", reader.u8("entry_coding_mode", high=15), 2)
        if entry.mode == 1:
            entry.step, entry.reconstruction_offset = self.quantizer_grid(reader)
            entry.scale_class = reader.u8("entry_scale_class", high=16)
        return entry

    def group_rules(self, reader, coding):
        before = -1
        coding.exact_bytes = coding.coded_bytes = coding.coded_elements = 0
        for entry in coding.entries:
            if entry.number <= before:
                reader.refuse("unit_order", "entry_tensor_index", f"{entry.number} after {before}")
            before = entry.number
            tensor = entry.tensor = self.held_tensor(reader, "entry_tensor_index", entry.number)
            if entry.mode == 1:
                if tensor.element_type not in (FLOAT32, FLOAT16, BFLOAT16) or tensor.elements == 0:
                    reader.refuse("value_out_of_range", "entry_coding_mode", f"{tensor.elements} elements of {tensor.type_name}")
                coding.coded_bytes += tensor.bytes
                coding.coded_elements += tensor.elements
                if coding.coded_elements > self.slice_elements:
                    reader.refuse("value_out_of_range", "entry_coding_mode", "more elements in index mode than a slice has")
            else:
                coding.exact_bytes += tensor.bytes
            if coding.exact_bytes + coding.coded_bytes > 2 ** 23:
                reader.refuse("value_out_of_range", "entry_tensor_index", "a group of more than 2^23 bytes")
        if (coding.frame_bytes == 0) != (coding.exact_bytes == 0):
            reader.refuse("length_mismatch", "group_raw_frame_bytes", f"{coding.frame_bytes} for {coding.exact_bytes} bytes in raw mode")
        if (coding.codeword_bytes == 0) != (coding.coded_elements == 0) or coding.codeword_bytes == 0 and coding.raw_bytes > 0:
            reader.refuse("length_mismatch", "group_codeword_bytes", f"{coding.codeword_bytes} and {coding.raw_bytes} for {coding.coded_elements} indices")
        if coding.frame_bytes > 0:
            self.expands(reader, coding.frame_bytes, coding.exact_bytes, "group_raw_frame_bytes")
        if coding.codeword_bytes > 0:
            bounded(reader, "group_codeword_bytes", coding.coded_elements, coding.codeword_bytes)

    def decode_group_unit(self, coding):
        reader, entries, indices = coding.reader, coding.entries, []
        exact = self.frame(reader, coding.frame_bytes, coding.exact_bytes, "group_raw_frame_bytes") if coding.frame_bytes > 0 else b""
        contents, exact_place, index_place = [], 0, 0
        if coding.codeword_bytes > 0:
            self.reserve(reader, coding.coded_bytes)
            classes = [entry.scale_class for entry in entries if entry.mode == 1 for _ in range(entry.tensor.elements)]
            codeword, raw = reader.part("slice codeword", coding.codeword_bytes), reader.part("slice raw bits", coding.raw_bytes)
            with codewords(reader, "group_codeword_bytes"):
                indices = SliceDecoder(codeword, raw, coding.magnitude_code, coding.adaptation_limit, False, None).decode(classes)
        for entry in entries:
            tensor = entry.tensor
            if entry.mode == 1:
                with codewords(reader, "group_codeword_bytes"):
                    contents.append(b"".join(element_bytes(tensor.element_type, value_of(q, entry.reconstruction_offset, entry.step))
                                             for q in indices[index_place:index_place + tensor.elements]))
                index_place += tensor.elements
            else:
                contents.append(exact[exact_place:exact_place + tensor.bytes])
                exact_place += tensor.bytes
        if xxh64(b"".join(contents)) != coding.group_digest:
            reader.refuse("tensor_digest", "group_digest")
        self.contents.update(zip(coding.numbers, contents))

    # §4.7

    def index_unit(self, reader):
        index, level = Coding(), self.level
        index.reader, index.offset = reader, reader.base - 13
        index.units, index.places, index.digests = [], [], []
        for _ in range(reader.count("unit_count", level.units, least=2)):
            with reader.inside("indexed_unit"):
                index.units.append((reader.u8("indexed_unit_type", 1), reader.uv("unit_bytes", 17)))
        for _ in range(reader.count("place_count", level.tensors, least=1)):
            with reader.inside("tensor_place"):
                index.places.append(reader.uv("unit_number", high=U32))
        for _ in range(reader.count("digest_count", level.files, least=32)):
            with reader.inside("file_digest"):
                index.digests.append(reader.bytes("file_sha256", 32))
        self.index = index

    # §4.8

    def end_unit(self, reader):
        end = self.end = Coding()
        end.reader = reader
        end.total_bytes = reader.u64("total_bytes")
        end.index_offset = reader.u64("index_offset")
        end.unit_hash = reader.u64("unit_hash")

    # §5.1

    def files(self, skeletons):
        """(name, bytes) of each file; of a shard, whose skeletons are decoded only, of none."""
        files, written, holes_of_file = [], 0, [[] for _ in self.file_entries]
        for file, gap_bytes, tensor in self.holes:
            holes_of_file[file].append((gap_bytes, tensor))
        for number, (name, skeleton_bytes) in enumerate(self.file_entries):
            if number not in skeletons:
                continue
            skeleton, file, place = self.frame(skeletons[number], skeletons[number].left(), skeleton_bytes), bytearray(), 0
            if self.is_shard:
                continue
            for gap_bytes, tensor in holes_of_file[number]:
                file += skeleton[place:place + gap_bytes]
                place += gap_bytes
                file += self.contents[tensor]
                if written + len(file) > self.limits.output_bytes:
                    raise Refused("limit_exceeded", detail=f"files of more than {self.limits.output_bytes} bytes, up to {name}")
            file += skeleton[place:skeleton_bytes]
            if hashlib.sha256(file).digest() != self.index.digests[number]:
                self.index.reader.refuse("file_digest", "file_sha256", name)
            files.append((name, bytes(file)))
            written += len(file)
        return files

    # §9.4

    def expands(self, reader, frame_bytes, content_bytes, element):
        if content_bytes > 32768 * frame_bytes + 2 ** 17:
            reader.refuse("expansion_ratio", element, f"{content_bytes} bytes from a frame of {frame_bytes}")

    def frame(self, reader, frame_bytes, content_bytes, element=None):
        """What a frame of `frame_bytes` bytes decodes to: `content_bytes` bytes; `element` states the frame's length."""
        start = reader.place
        frame = reader.part("frame", frame_bytes)
        fault = fault_of_frame(frame, content_bytes)
        if fault is None:
            self.reserve(reader, content_bytes)
            content = zstd_decompress(frame, content_bytes)
            if content is not None:
                return content
        reader.refuse("invalid_compressed_data", element, fault or "not sound", start)
        return None


class Coding:
    """Elements of a structure, and what follows from them, by name."""


@contextlib.contextmanager
def codewords(reader, element):
    """A codeword that fails in here is refused; `element` states its length."""
    try:
        yield
    except InvalidCodeword as fault:
        reader.refuse("invalid_codeword", element, str(fault))


# §5.2 Element types

ELEMENT_TYPES = {                                       # name, bits of an element
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16), 6: ("int32", 32), 7: ("int64", 64), 9: ("bool", 8),
    10: ("float16", 16), 11: ("float64", 64), 12: ("uint32", 32), 13: ("uint64", 64), 14: ("complex64", 64), 15: ("complex128", 128),
    16: ("bfloat16", 16), 17: ("float8e4m3fn", 8), 18: ("float8e4m3fnuz", 8), 19: ("float8e5m2", 8), 20: ("float8e5m2fnuz", 8), 21: ("uint4", 4),
    22: ("int4", 4), 23: ("float4e2m1", 4), 24: ("float8e8m0", 8), 25: ("uint2", 2), 26: ("int2", 2), 27: ("float6e2m3", 6), 28: ("float6e3m2", 6)}
FLOAT32, UINT8, FLOAT16, BFLOAT16 = 1, 2, 10, 16
SIGNED, UNSIGNED = (3, 5, 6, 7, 22, 26), (2, 4, 9, 12, 13, 21, 25)          # int2 ... int64; uint2 ... uint64 and bool


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


class Tensor:
    def __init__(self, name, element_type, dimensions):
        self.name, self.element_type, self.dimensions = name, element_type, dimensions
        self.type_name, self.element_bits = ELEMENT_TYPES[element_type]
        self.elements = product(dimensions)
        self.bytes = -(-self.elements * self.element_bits // 8)


class Model:
    """What a stream decodes to: `files`, a list of (name, bytes), and `tensors`, a list of (Tensor, bytes)."""

    def __init__(self, files, tensors):
        self.files, self.tensors = files, tensors


# §5.3 Matrix view

class MatrixView:
    def __init__(self, dimensions, row_axis, row_axis_count):
        self.P = product(dimensions[:row_axis])
        self.rows = product(dimensions[row_axis:row_axis + row_axis_count])
        self.S = product(dimensions[row_axis + row_axis_count:])
        self.columns = self.P * self.S

    def position(self, n, coding_order):
        """Row, column and C-order place of the element at place n of the coding order."""
        if coding_order == 0:
            p, r, s = n // self.S // self.rows, n // self.S % self.rows, n % self.S
        else:
            r, column = n // self.columns, n % self.columns
            p, s = column // self.S, column % self.S
        return r, p * self.S + s, (p * self.rows + r) * self.S + s


# §6.1 Arithmetic decoding, §6.2 adaptive probabilities

class Context:
    __slots__ = ("probability", "count")

    def __init__(self):
        self.probability, self.count = 2 ** 21, 0

    def adapt(self, value, limit):
        shift = min(limit, (self.count + 2).bit_length() - 1)
        target = 2 ** 22 - 2 ** 11 if value == 1 else 2 ** 11
        self.probability += (target - self.probability) >> shift
        if self.count < 2 ** limit - 2:
            self.count += 1


class DecisionGroup:
    __slots__ = ("probability", "rate")

    def __init__(self, first, others):                  # probabilities in units of 2^-8
        self.probability, self.rate = [first << 23] + [others << 23] * 3, [2 ** 13] * 4

    def bounds(self, range):
        """bound[0 ... 5] of §6.1: the intervals of the values 0 ... 4 lie between them, from the top down."""
        p = [probability >> 16 for probability in self.probability]
        r, s, bound = range >> 15, 2 ** 15, [range]
        for j in (1, 2, 3, 4):
            s = (s * p[j - 1]) >> 15
            bound.append(r * (s + 5 - j))
        return bound + [0]

    def adapt(self, value, limit):
        for j in (0, 1, 2, 3)[:value + 1]:              # the decisions that were made
            rate = self.rate[j]
            target = 2 ** 31 - 2 ** 20 if j < value else 2 ** 20
            self.probability[j] += ((target - self.probability[j]) >> 16) * rate
            self.rate[j] -= (rate * (rate - 2 ** (16 - limit)) + 65535) >> 16


class Contexts(dict):
    """Contexts by name, each fresh when it is first used."""

    def __missing__(self, name):
        self[name] = Context()
        return self[name]


class ArithmeticDecoder:
    def __init__(self, codeword, limit):
        self.codeword, self.limit = codeword, limit
        self.range, self.offset, self.place = 2 ** 64 - 1, self.big_endian(0, 8), 8
        if self.offset >= self.range:
            raise InvalidCodeword("offset beyond the range")

    def big_endian(self, place, count):
        return int.from_bytes(self.codeword[place:place + count].ljust(count, b"\0"), "big")

    def bin(self, context):
        split = (self.range >> 16) * (context.probability >> 6)
        if self.offset < split:
            value, self.range = 1, split
        else:
            value, self.range, self.offset = 0, self.range - split, self.offset - split
        context.adapt(value, self.limit)
        self.refill()
        return value

    def symbol(self, group):
        bound = group.bounds(self.range)
        value = sum(self.offset < bound[j] for j in (1, 2, 3, 4))
        self.range, self.offset = bound[value] - bound[value + 1], self.offset - bound[value + 1]
        group.adapt(value, self.limit)
        self.refill()
        return value

    def refill(self):
        if self.range < 2 ** 32:
            self.range <<= 32
            self.offset = (self.offset << 32) + self.big_endian(self.place, 4)
            self.place += 4

    def finish(self):
        z = (self.range.bit_length() - 1) // 8
        if self.place - z != len(self.codeword) or self.offset >= 256 ** z:
            raise InvalidCodeword("the codeword does not end with its last bin")


# §6.3 Raw bits

class RawBits:
    def __init__(self, data):
        self.data, self.taken = data, 0

    def take(self, count):                              # zeros past the end: finish refuses those
        first, last = self.taken // 8, (self.taken + count + 7) // 8
        value = (int.from_bytes(self.data[first:last], "little") >> self.taken % 8) & (2 ** count - 1)
        self.taken += count
        return value

    def finish(self):
        m = len(self.data)
        if not 8 * (m - 1) < self.taken <= 8 * m and not self.taken == m == 0:
            raise InvalidCodeword("raw bits are left over or missing")
        if self.taken % 8 != 0 and self.data[-1] >> self.taken % 8 != 0:
            raise InvalidCodeword("the bits behind the raw bits are not 0")


# §6.4 Binarization of an index

def sgn(x):
    return (x > 0) - (x < 0)


START_PROBABILITIES = [3, 5, 15, 35, 62, 94, 126, 155, 180, 199, 215, 226, 234, 240, 245, 248, 250, 252, 253]


def start_probability(s):                               # §6.4.2: F[s]
    return START_PROBABILITIES[max(-5, min(13, s)) + 5]


class ScaleClass:
    """What a slice has for the indices of one scale class c; fresh, as at its start."""

    def __init__(self, magnitude_code, c):
        t = magnitude_code - 16 + c - 8                 # §6.4.1
        self.k = k = min((t - 1) // 2, 24) if t > 2 else 0
        h = t >> 1
        m = 2048 if t % 2 == 0 else 2896
        e = m << h if h >= 0 else m >> -h
        self.thresholds = [min((e * f + 32767) >> 15, U32) for f in (13, 29, 51)]

        first, others = start_probability(t + 2), start_probability(t - 2 * k)          # §6.4.2
        self.start = [[DecisionGroup(first, others) for n in range(4)] for b in range(2)]
        self.more = [DecisionGroup(others, others) for i in range(2)]
        self.contexts = Contexts()                      # "escape", i and "low", i


class SliceDecoder:                                     # §6.5: one for each slice, so that everything starts anew
    def __init__(self, codeword, raw, magnitude_code, limit, uses_neighbours, sign_distances, trellis=None):
        self.decoder, self.raw = ArithmeticDecoder(codeword, limit), RawBits(raw)
        self.classes = [ScaleClass(magnitude_code, c) for c in range(17)]
        self.sign_contexts = Contexts()
        self.uses_neighbours, self.sign_distances = uses_neighbours, sign_distances
        self.trellis, self.state = trellis, 0
        self.indices = []

    def before(self, distance):
        return self.indices[-distance] if distance <= len(self.indices) else 0

    def index(self, c):                                 # §6.4.5
        bin, symbol, take = self.decoder.bin, self.decoder.symbol, self.raw.take
        scale_class = self.classes[c]
        k, contexts = scale_class.k, scale_class.contexts
        n = 0
        if self.uses_neighbours:                        # §6.4.3
            near = abs(self.before(1)) + abs(self.before(2))
            n = sum(near >= threshold for threshold in scale_class.thresholds)
        b = self.state & 1                              # §6.4.2; without a trellis the state stays 0
        x = v = symbol(scale_class.start[b][n])
        for group in scale_class.more:
            if v == 4:
                v = symbol(group)
                x += v
        if v == 4:
            g = 0
            while bin(contexts["escape", min(g, 15)]) == 1:
                g += 1
                if g == 31:
                    raise InvalidCodeword("an escape is too long")
            x = 12 + 2 ** g + take(g) - 1
        if x == 0:
            return 0
        if self.sign_distances:                         # §6.4.4
            distance_1, distance_2 = self.sign_distances
            s = 9 * sgn(self.before(1)) + 3 * sgn(self.before(distance_1)) + sgn(self.before(distance_2)) + 13
            negative = bin(self.sign_contexts[s])
        else:
            negative = take(1)
        v = (x - 1) << k
        if k > 0:
            v += bin(contexts["low", min(x - 1, 2)]) << (k - 1)
            v += take(k - 1)
        if v >= 2 ** 30 - 1:
            raise InvalidCodeword("an index is too large")
        return -(v + 1) if negative else v + 1

    def decode(self, scale_classes):
        for c in scale_classes:
            self.indices.append(self.index(c))
            if self.trellis:
                self.state = self.trellis.next(self.state, self.indices[-1])
        self.decoder.finish()
        self.raw.finish()
        return self.indices


# §6.6 Line classes

def line_classes(codeword, rows, columns):
    """The classes of so many rows and columns; None for a kind of line that is not sent, whose number is None."""
    decoder, kinds = ArithmeticDecoder(codeword, 5), []
    for lines in (rows, columns):
        if lines is None:
            kinds.append(None)
            continue
        contexts, classes, before = Contexts(), [], 0
        for _ in range(lines):
            near = min(abs(before), 2)
            line_class = 0
            if decoder.bin(contexts["zero", near]) == 1:
                negative = decoder.bin(contexts["sign", sgn(before)])
                last = 15 if negative else 14
                v = 0
                while v < last and decoder.bin(contexts["unary", near, v]) == 1:
                    v += 1
                line_class = -(v + 1) if negative else v + 1
            classes.append(line_class)
            before = line_class
        kinds.append(classes)
    decoder.finish()
    return kinds


# §6.7 Scale class of a weight

def scale_class(row_classes, column_classes, row_step_exponent, r, p):
    """That of the element in row r, column p; the classes are None for a kind of line that is not sent."""
    row_part = (row_classes[r] * (2 - row_step_exponent)) >> 1 if row_classes is not None else 0
    column_part = column_classes[p] if column_classes is not None else 0
    return max(-8, min(8, row_part + column_part)) + 8


# §6.9 Float mode

FLOAT_LAYOUTS = {11: (64, 52, 1), 1: (32, 23, 1), 10: (16, 10, 1), 16: (16, 7, 1), 17: (8, 3, 1), 18: (8, 3, 1), 19: (8, 2, 1), 20: (8, 2, 1),
                 24: (8, 0, 0)}                         # W, m, sign bits, by element type


class FloatWindow:                                      # §6.9.1
    def __init__(self, layout, zero_bits, modelled_bits, window_origin, window_symbols, short_zero_bits=None):
        (self.W, self.m, self.sign_bits), self.z, self.t = layout, zero_bits, modelled_bits
        self.origin, self.symbols, self.short_z = window_origin, window_symbols + 2, short_zero_bits

    def element(self, symbol, is_short, take):
        z = self.short_z if is_short else self.z
        if symbol == 0:
            return take(self.W - z) << z
        if symbol == 1:
            return 0
        prefix = self.origin + symbol - 2
        low = take(self.m - self.t - z)
        sign = take(self.sign_bits)
        return (sign << (self.W - 1)) | (prefix << (self.m - self.t)) | (low << z)


def short_rows(codeword, rows):
    """Whether each row is short."""
    decoder, contexts, flags = ArithmeticDecoder(codeword, 5), Contexts(), []
    for _ in range(rows):
        flags.append(decoder.bin(contexts[flags[-1] if flags else 0]))
    decoder.finish()
    return flags


def float_frequencies(codeword, symbols, classes_sent): # §6.9.2
    """The number of the table of each scale class, and the tables: lists of frequencies by symbol."""
    decoder, contexts = ArithmeticDecoder(codeword, 5), Contexts()
    bin = decoder.bin
    table_of_class = [0]
    for _ in range(1, 17):
        table_of_class.append(table_of_class[-1] + (bin(contexts["new"]) if classes_sent else 0))
    tables = []
    for _ in range(table_of_class[16] + 1):
        before, table = 0, []
        for _ in range(symbols):
            n = before
            if bin(contexts["stays", before]) == 0:
                up = 1 if before == 0 else 0 if before == 12 else bin(contexts["rises", before])
                last = 12 - before if up else before
                distance = 1
                while distance < last and bin(contexts["further", up, distance]) == 1:
                    distance += 1
                n = before + distance if up else before - distance
            frequency = min(n, 1)
            for b in range(n - 2, -1, -1):
                frequency = 2 * frequency + bin(contexts["highest", n] if b == n - 2 else contexts["lower"])
            table.append(frequency)
            before = n
        tables.append(table)
    decoder.finish()
    for table in tables:
        if sum(table) != 4096 or max(table) > 4094 or table[0] < 2:
            raise InvalidCodeword("frequencies that no table may have")
    return table_of_class, tables


def float_slice(codeword, raw, window, frequencies, scale_classes, rows_short): # §6.9.3
    """The elements of a slice, as integers; `scale_classes` and `rows_short` say for each its class and whether its row is short."""
    if len(codeword) < 16 or len(codeword) % 2 != 0:
        raise InvalidCodeword("a codeword of an impossible length")
    table_of_class, tables = frequencies
    starts = [[sum(table[:symbol]) for symbol in range(len(table) + 1)] for table in tables]
    state = list(struct.unpack("<4I", codeword[:16]))
    words = list(struct.unpack(f"<{len(codeword) // 2 - 8}H", codeword[16:]))
    if min(state) < 2 ** 16:
        raise InvalidCodeword("a state is too small")
    words.reverse()
    bits, elements = RawBits(raw), []
    for i, (scale_class, is_short) in enumerate(zip(scale_classes, rows_short)):
        x = state[i % 4]
        s, f = starts[table_of_class[scale_class]], tables[table_of_class[scale_class]]
        symbol = next(symbol for symbol in range(len(f)) if s[symbol] <= x % 4096 < s[symbol + 1])
        x = f[symbol] * (x // 4096) + x % 4096 - s[symbol]
        if x < 2 ** 16:
            if not words:
                raise InvalidCodeword("words are missing")
            x = x * 2 ** 16 + words.pop()
        state[i % 4] = x
        elements.append(window.element(symbol, is_short, bits.take))
    if state != [2 ** 16] * 4 or words:
        raise InvalidCodeword("the codeword does not end with its last element")
    bits.finish()
    return elements


# §7 Reconstruction

def binary32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def value_of(d, reconstruction_offset, step):           # §7.1
    g = 256 * d + sgn(d) * reconstruction_offset
    return binary32(float(g) * (step * 2.0 ** -8))


Q = [float.fromhex(x) for x in ("0x1.000000p0", "0x1.306FE0p0", "0x1.6A09E6p0", "0x1.AE89FAp0")]


def row_step(step, row_class, row_step_exponent):       # §7.2
    e = row_class * row_step_exponent
    return binary32(step * (Q[e % 4] * 2.0 ** (e // 4)))


class Trellis:                                          # §7.3
    POLYNOMIALS = {3: (0o13, 0o04), 4: (0o23, 0o04), 5: (0o45, 0o10), 6: (0o103, 0o024), 7: (0o235, 0o126), 8: (0o515, 0o362)}

    def __init__(self, states_log2):
        h0, h1 = self.POLYNOMIALS[states_log2]
        self.H0, self.H1 = h0 >> 1, h1 >> 1

    def next(self, state, q):
        result = state >> 1
        if state & 1 == 1:
            result ^= self.H0
        if abs(q) % 2 == 1:
            result ^= self.H1
        return result

    def grid_points(self, indices):
        """Those of the indices of a slice."""
        state, points = 0, []
        for q in indices:
            b = state & 1
            points.append(2 * q - b * sgn(q))
            state = self.next(state, q)
        return points


def companding_magnitudes(amplitude, growth, levels):   # §7.5: for each magnitude of an index, in binary64
    p, magnitudes = 0.0, [0.0]
    for _ in range(levels):
        p = p + (p + 1) * growth
        magnitudes.append(amplitude * p)
    return magnitudes


def minifloat_magnitude(rank, mantissa_bits, bias, subnormals):             # §7.6
    E, M = rank >> mantissa_bits, rank & (2 ** mantissa_bits - 1)
    if subnormals == 1 and E == 0:
        return 2.0 ** (1 - bias) * (M / 2 ** mantissa_bits)
    return 2.0 ** (E - bias) * (1 + M / 2 ** mantissa_bits)


def with_signs(magnitudes):
    """The values of indices by the magnitude of the index, as a table of values."""
    return {q: magnitudes[abs(q)] if q >= 0 else -magnitudes[-q] for q in range(1 - len(magnitudes), len(magnitudes))}


def integer_field(element_type, bits, v):               # §7.7: the field, as an unsigned integer
    low, high = (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if element_type in SIGNED else (0, 2 ** bits - 1)
    if not low <= v <= high:
        raise InvalidCodeword(f"{v} is not an integer of {bits} bits")
    return v % 2 ** bits


def packed(fields, bits):                               # §5.2: the first in the lowest bits of the first byte
    if bits >= 8:
        return b"".join(field.to_bytes(bits // 8, "little") for field in fields)
    content = bytearray(-(-len(fields) * bits // 8))
    for n, field in enumerate(fields):
        content[n * bits // 8] |= field << n * bits % 8
    return bytes(content)


def element_bytes(element_type, value):                 # §7.8
    if element_type == FLOAT32:
        return struct.pack("<f", value)
    if element_type == FLOAT16:
        try:
            return struct.pack("<e", value)
        except OverflowError:
            raise InvalidCodeword(f"{value} is too large for float16") from None
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    return struct.pack("<H", (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)


# §8 Checksums and digests

def crc_table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


CRC_TABLE = crc_table()


def crc32c(data):                                       # §8.1, eight steps at a time
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def rotl(x, n):
    x &= U64
    return ((x << n) | (x >> (64 - n))) & U64


def xxh_round(lane, word):
    return rotl(lane + word * P2, 31) * P1 & U64


def xxh_merge(h, lane):
    return ((h ^ xxh_round(0, lane)) * P1 + P4) & U64


def xxh64(data):                                        # §8.2
    def u64(i): return int.from_bytes(data[i:i + 8], "little")
    def u32(i): return int.from_bytes(data[i:i + 4], "little")
    i, n = 0, len(data)
    if n >= 32:
        a, b, c, d = (P1 + P2) & U64, P2, 0, -P1 & U64
        while n - i >= 32:
            a, b = xxh_round(a, u64(i)), xxh_round(b, u64(i + 8))
            c, d = xxh_round(c, u64(i + 16)), xxh_round(d, u64(i + 24))
            i += 32
        h = (rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)) & U64
        for lane in (a, b, c, d):
            h = xxh_merge(h, lane)
    else:
        h = P5
    h = (h + n) & U64
    while n - i >= 8:
        h = (rotl(h ^ xxh_round(0, u64(i)), 27) * P1 + P4) & U64
        i += 8
    if n - i >= 4:
        h = (rotl(h ^ (u32(i) * P1 & U64), 23) * P2 + P3) & U64
        i += 4
    while n - i >= 1:
        h = rotl(h ^ (data[i] * P5 & U64), 11) * P1 & U64
        i += 1
    h = (h ^ (h >> 33)) * P2 & U64
    h = (h ^ (h >> 29)) * P3 & U64
    return h ^ (h >> 32)


# §9.1 Levels

Level = collections.namedtuple("Level", "files tensors holes elements rank name_bytes topology_bytes output_bytes units")
LEVELS = [
    Level(2, 16, 64, 2 ** 16, 4, 64, 2 ** 8, 2 ** 20, 64),
    Level(256, 2 ** 16, 2 ** 18, 2 ** 31, 8, 4096, 2 ** 26, 2 ** 32, 2 ** 18),
    Level(2 ** 16, 2 ** 20, 2 ** 22, 2 ** 36, 16, 4096, 2 ** 28, 2 ** 44, 2 ** 21),
]


# §9.3 Elements of a codeword

def bounded(reader, element, count, codeword_bytes):
    if count > 16384 * (codeword_bytes + 1):
        reader.refuse("expansion_ratio", element, f"{count} in a codeword of {codeword_bytes} bytes")


# §9.4 Zstandard frames

def load_zstd():
    try:
        library = ctypes.CDLL("libzstd.so.1")
    except OSError:
        library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
    library.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    return library


ZSTD = load_zstd()


def fault_of_frame(frame, content_bytes):
    """Why this is no frame of §9.4 that decodes to so many bytes; None if its header says that it is."""
    if len(frame) < 6 or frame[:4] != b"\x28\xB5\x2F\xFD":
        return "no frame"
    descriptor = frame[4]                               # RFC 8878, 3.1.1.1.1
    single_segment = descriptor & 0x20 != 0
    size_bytes = [1 if single_segment else 0, 2, 4, 8][descriptor >> 6]
    if descriptor & 3 != 0:
        return "it has a dictionary"
    if size_bytes == 0:
        return "it does not state its content size"
    place, window = (5, content_bytes) if single_segment else (6, 2 ** (10 + (frame[5] >> 3)) // 8 * (8 + (frame[5] & 7)))
    stated = int.from_bytes(frame[place:place + size_bytes], "little") + (256 if size_bytes == 2 else 0)
    if len(frame) < place + size_bytes or stated != content_bytes:
        return f"it states {stated} bytes, not {content_bytes}"
    if window > 2 ** 27:
        return f"its window has {window} bytes"
    if ZSTD.ZSTD_findFrameCompressedSize(frame, len(frame)) != len(frame):
        return "not one frame and nothing more"
    return None


def zstd_decompress(frame, content_bytes):
    """The content; None if the frame is not sound."""
    content = ctypes.create_string_buffer(max(content_bytes, 1))
    if ZSTD.ZSTD_decompress(content, content_bytes, frame, len(frame)) != content_bytes:
        return None
    return content.raw[:content_bytes]


# The module's functions, and the command

def decode_model(stream, limits=None):
    """What the stream decodes to, a Model. Raises Refused."""
    return decoded(Decoder(stream, limits))


def decoded(decoder):
    try:
        return decoder.decode()
    except MemoryError:
        raise Refused("limit_exceeded", len(decoder.units) - 1, detail="out of memory") from None


def decode(stream, limits=None):
    """The files of the model in a stream: a list of (name, bytes). Raises Refused."""
    return decode_model(stream, limits).files


def trace(stream, with_parts=False, limits=None):
    """The elements of a stream, in stream order (class Element); of a stream that is refused, those read until then.
    With `with_parts` also what no table has: frames, codewords ..."""
    elements, _ = trace_and_fault(stream, limits)
    return [element for element in elements if with_parts or element.structure != ""]


def trace_and_fault(stream, limits=None):
    """All parts of a stream, and the Refused, or None."""
    elements, result = examine(stream, limits)
    return elements, result if isinstance(result, Refused) else None


def examine(stream, limits=None):
    """All parts of a stream, in stream order, and the Model, or the Refused. Coded units are read after all others (§3.3)."""
    decoder = Decoder(stream, limits)
    try:
        result = decoded(decoder)
    except Refused as fault:
        result = fault
    elements = sorted(decoder.elements, key=lambda element: (-1 if element.unit is None else element.unit, element.element == "payload_crc"))
    return [element._replace(value=element.value.hex()) if isinstance(element.value, bytes) else element for element in elements], result


def described(result):
    """What the protocol says of a Model or Refused (Conformance/README.md): an object for JSON, and the exit code."""
    if isinstance(result, Refused):
        return {"error": {"code": result.code, "unit": result.unit, "element": result.element}}, FAMILIES[result.family]

    def sha256(content): return hashlib.sha256(content).hexdigest()
    return {
        "files": [{"name": name, "bytes": len(content), "sha256": sha256(content)} for name, content in result.files],
        "tensors": [{"name": tensor.name, "type": tensor.type_name, "shape": tensor.dimensions, "sha256": sha256(content)}
                    for tensor, content in result.tensors],
    }, 0


def outcome(stream, limits=None):
    """What the protocol says of a stream."""
    return described(examine(stream, limits)[1])


def print_trace(stream, limits):
    elements, fault = trace_and_fault(stream, limits)
    for element in elements:
        number = "" if element.unit is None else element.unit
        name = f"{element.structure}.{element.element}" if element.structure else element.element
        print(f"{number:>5} {element.offset:>8} {element.size:>6}  {name} = {element.value}")
    if fault:
        print(fault, file=sys.stderr)
    return FAMILIES[fault.family] if fault else 0


def write(files, output):
    if len(files) == 1:
        output.write_bytes(files[0][1])
    for name, content in files if len(files) > 1 else []:
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_bytes(content)


def byte_count(text):
    """The bytes that an option states: a number, with K, M or G for multiples of 1024."""
    number, unit = (text[:-1], "KMG".index(text[-1]) + 1) if text[-1:] in tuple("KMG") else (text, 0)
    if not (number.isascii() and number.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes, such as 1048576, 512M or 4G")
    return int(number) * 1024 ** unit


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", metavar="FILE.tamis", type=Path)
    arguments.add_argument("-o", "--output", metavar="OUT", type=Path, help="write the files of the model here")
    arguments.add_argument("--testee", action="store_true", help="print files and tensors, or the verdict, as JSON")
    arguments.add_argument("--trace", action="store_true", help="print unit, byte, size, name and value of every element")
    arguments.add_argument("--memory", metavar="BYTES", type=byte_count, default=DEFAULT_MEMORY, help="refuse what decodes to more than this, all tensors, "
                           "skeletons and the topology together, or all files together: a number, with K, M or G for multiples of 1024 (default: 1G)")
    options = arguments.parse_args()
    limits = Limits(options.memory)
    try:
        stream = options.file.read_bytes()
    except OSError as fault:
        print(f"{options.file}: {fault.strerror}", file=sys.stderr)
        return 66
    if options.trace:
        return print_trace(stream, limits)
    if options.testee:
        result, exit_code = outcome(stream, limits)
        print(json.dumps(result))
        return exit_code
    try:
        files = decode(stream, limits)
    except Refused as fault:
        print(f"{options.file}: {fault}", file=sys.stderr)
        return FAMILIES[fault.family]
    for name, content in files:
        print(hashlib.sha256(content).hexdigest(), len(content), name)
    if options.output:
        write(files, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
