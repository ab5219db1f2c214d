#!/usr/bin/env python3
"""A small encoder of Tamis streams: ONNX models in, streams of level 1 out. It follows Spec/ section by section and saves bytes nowhere.

    encode.py INPUT.onnx OUTPUT.tamis [--step-bits N] [--slice-log2 N]

Matrices of float32 among the initializers of the graph are quantized uniformly, with a step of their root mean square divided by 2^N (default
4); all other initializers stay as they are. What is no tensor's data goes to the skeleton. Exit code 0, or 1 with the reason on standard error.

It needs Python's standard library and numpy, and shares no code with the product nor with the reference decoder. A stream is first a tree of
named elements and becomes bytes at the end, so that Conformance/generator can build and edit streams with the same functions.
"""
import argparse
import hashlib
import math
import os
import struct
import sys
import unicodedata
from pathlib import Path

import numpy as np

# §2.3 Descriptors: parts of a stream. Every part has a name and bytes().


def uv_bytes(value):                                    # §2.3.1
    groups = []
    while True:
        value, group = value >> 7, value & 127
        groups.append(group | (128 if value else 0))
        if not value:
            return bytes(groups)


def text_bytes(value):                                  # §2.3.3
    content = value.encode() if isinstance(value, str) else value
    return uv_bytes(len(content)) + content


WRITERS = {
    "u8": lambda value: struct.pack("<B", value), "u16": lambda value: struct.pack("<H", value),
    "u32": lambda value: struct.pack("<I", value), "u64": lambda value: struct.pack("<Q", value),
    "uv": uv_bytes, "sv": lambda value: uv_bytes(2 * value if value >= 0 else -2 * value - 1),       # §2.3.2
    "f32": lambda value: struct.pack("<f", value), "text": text_bytes, "bytes": bytes,
}


class Element:
    """A value and its descriptor. Where the value is a part, the length of that part is written; None is for who writes the unit to fill in.
    `written`, of all parts: the bytes that stand in place of the right ones, if they are not None."""

    def __init__(self, descriptor, name, value):
        self.descriptor, self.name, self.value, self.written = descriptor, name, value, None

    def bytes(self, default=None):
        if self.written is not None:
            return self.written
        value = default if self.value is None else self.value
        return WRITERS[self.descriptor](value if isinstance(value, (int, float, str, bytes)) else len(value.bytes()))


def u8(name, value): return Element("u8", name, value)
def u16(name, value): return Element("u16", name, value)
def u32(name, value): return Element("u32", name, value)
def u64(name, value): return Element("u64", name, value)
def uv(name, value): return Element("uv", name, value)
def sv(name, value): return Element("sv", name, value)
def f32(name, value): return Element("f32", name, value)
def text(name, value): return Element("text", name, value)
def opaque(name, value): return Element("bytes", name, value)


class Structure:
    """Parts one after the other."""

    def __init__(self, name, parts):
        self.name, self.parts, self.written = name, list(parts), None

    def bytes(self):
        return b"".join(part.bytes() for part in self.parts) if self.written is None else self.written


# §8 Checksums and digests

MASK32, MASK64 = 2 ** 32 - 1, 2 ** 64 - 1


def crc_of_byte(crc):                                   # §8.1
    for _ in range(8):
        crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc


CRC_TABLE = [crc_of_byte(byte) for byte in range(256)]


def crc32c(data):
    crc = MASK32
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ MASK32


P1, P2, P3, P4, P5 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def xxh64(data):                                        # §8.2
    def rotl(x, n): return ((x << n) | (x >> (64 - n))) & MASK64
    def round_(lane, word): return rotl((lane + word * P2) & MASK64, 31) * P1 & MASK64

    n, i = len(data), 0
    if n >= 32:
        lanes = [(P1 + P2) & MASK64, P2, 0, -P1 & MASK64]
        for words in struct.iter_unpack("<4Q", data[:n - n % 32]):
            lanes = [round_(lane, word) for lane, word in zip(lanes, words)]
        i, h = n - n % 32, sum(rotl(lane, r) for lane, r in zip(lanes, (1, 7, 12, 18)))
        for lane in lanes:
            h = ((h ^ round_(0, lane)) * P1 + P4) & MASK64
    else:
        h = P5
    h = (h + n) & MASK64
    while n - i >= 8:
        h = (rotl(h ^ round_(0, struct.unpack_from("<Q", data, i)[0]), 27) * P1 + P4) & MASK64
        i += 8
    if n - i >= 4:
        h = (rotl(h ^ (struct.unpack_from("<I", data, i)[0] * P1 & MASK64), 23) * P2 + P3) & MASK64
        i += 4
    for byte in data[i:]:
        h = rotl(h ^ (byte * P5 & MASK64), 11) * P1 & MASK64
    h = (h ^ (h >> 33)) * P2 & MASK64
    h = (h ^ (h >> 29)) * P3 & MASK64
    return h ^ (h >> 32)


def sha256(data):
    return hashlib.sha256(data).digest()


def weight_error(tensors):                              # §8.4
    """Of all elements of the tensors together. Those that differ from their sources are of float32, float16 or bfloat16, and finite."""
    total = 0.0
    for tensor in tensors:
        if tensor.source != tensor.content:
            source, decoded = (unpacked(tensor.element_type, each).astype(np.float64) for each in (tensor.source, tensor.content))
            total += math.fsum((source - decoded) ** 2)
    return min(binary32(math.sqrt(total / max(sum(tensor.elements for tensor in tensors), 1))), 2.0 ** 127)


# §9.4 Zstandard frames, of blocks that are stored or repeat a byte (RFC 8878)

def frame_bytes(content, checksum=False):
    n = len(content)
    flag, size = (0, n.to_bytes(1, "little")) if n < 256 else (1, (n - 256).to_bytes(2, "little")) if n < 65536 + 256 else \
        (2, n.to_bytes(4, "little")) if n < 2 ** 32 else (3, n.to_bytes(8, "little"))
    made = [b"\x28\xB5\x2F\xFD", bytes([flag << 6 | 0x20 | (4 if checksum else 0)]), size]
    for first in range(0, max(n, 1), 2 ** 17):
        block = content[first:first + 2 ** 17]
        repeats = len(block) > 1 and block.count(block[0]) == len(block)
        head = int(first + 2 ** 17 >= n) | (2 if repeats else 0) | len(block) << 3
        made += [head.to_bytes(3, "little"), block[:1] if repeats else block]
    return b"".join(made) + (struct.pack("<I", xxh64(content) & MASK32) if checksum else b"")


class Frame:
    """A frame of a part's bytes."""

    def __init__(self, content, name="frame", checksum=False):
        self.name, self.content, self.checksum, self.written = name, content, checksum, None

    def bytes(self):
        return frame_bytes(self.content.bytes(), self.checksum) if self.written is None else self.written


# §3 The stream

SIGNATURE = bytes.fromhex("D4544D530D0A1A0A")           # §3.1
START, PARAMETERS, TOPOLOGY, SKELETON, DATA, GROUP, INDEX, END = range(1, 9)


class Unit:                                             # §3.2
    """`tensors`: numbers of the tensors it holds."""

    def __init__(self, unit_type, payload, tensors=()):
        self.header = Structure("unit_header", [u8("unit_type", unit_type), u64("payload_length", None), u32("header_crc", None)])
        self.payload, self.payload_crc, self.tensors = payload, u32("payload_crc", None), list(tensors)

    @property
    def unit_type(self):
        return self.header.parts[0].value

    @property
    def parts(self):
        return [self.header, self.payload, self.payload_crc]

    def bytes(self):
        unit_type, payload_length, header_crc = self.header.parts
        payload = self.payload.bytes()
        head = unit_type.bytes() + payload_length.bytes(len(payload))
        return head + header_crc.bytes(crc32c(head)) + payload + self.payload_crc.bytes(crc32c(payload))


class Stream:
    """Units between the signature and the end of the file. The index unit and the end unit can be made once the others are as they shall be."""

    def __init__(self, units, tensors, files, digested=None):
        """`tensors` of the topology; `files`: names and contents of what the stream decodes to, none in a shard. `digested`: those that the index
        has digests of, all of the model in a shard that knows them (§3.7). `after`: bytes behind the end."""
        self.signature, self.units, self.tensors, self.files, self.after = SIGNATURE, units, tensors, files, b""
        self.digested = files if digested is None else digested
        self.index = self.end = None

    def with_index(self):                               # §4.7
        if self.index is None:
            holder = {tensor: number for number, unit in enumerate(self.units) for tensor in unit.tensors}
            lengths = [(unit.unit_type, len(unit.bytes())) for unit in self.units]
            self.index = Unit(INDEX, Structure("index_unit", [
                uv("unit_count", len(self.units)),
                *(Structure("indexed_unit", [u8("indexed_unit_type", t), uv("unit_bytes", length)]) for t, length in lengths),
                uv("place_count", len(self.tensors)),
                *(Structure("tensor_place", [uv("unit_number", holder.get(tensor, 0))]) for tensor in range(len(self.tensors))),
                uv("digest_count", len(self.digested)),
                *(Structure("file_digest", [opaque("file_sha256", sha256(content))]) for _, content in self.digested)]))
            self.units = self.units + [self.index]
        return self

    def with_end(self):                                 # §4.8
        self.with_index()
        if self.end is None:
            made = [unit.bytes() for unit in self.units]
            total = len(self.signature) + sum(len(unit) for unit in made)
            place = next((n for n, unit in enumerate(self.units) if unit is self.index), len(made))
            self.end = Unit(END, Structure("end_unit", [
                u64("total_bytes", total + 41), u64("index_offset", len(self.signature) + sum(len(unit) for unit in made[:place])),
                u64("unit_hash", xxh64(b"".join(unit[9:13] + unit[-4:] for unit in made)))]))
            self.units = self.units + [self.end]
        return self

    def bytes(self):
        self.with_end()
        return self.signature + b"".join(unit.bytes() for unit in self.units) + self.after


# §4 Units, §5 the model

ELEMENT_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,     # §5.2
                17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2, 27: 6, 28: 6}
FLOAT32, UINT8, FLOAT16, BFLOAT16 = 1, 2, 10, 16


class Tensor:
    """`content`: the bytes it decodes to; `source`: those it was made from, the same if it is not quantized. Both may come later."""

    def __init__(self, name, element_type, shape, content=None):
        self.name, self.element_type, self.shape = name, element_type, tuple(shape)
        self.elements = math.prod(shape)
        self.content = self.source = content

    @property
    def byte_count(self):
        return -(-self.elements * ELEMENT_BITS[self.element_type] // 8)


class File:                                             # §5.1
    """`holes`: for each the bytes of skeleton before it, and the number of the tensor."""

    def __init__(self, name, skeleton, holes):
        self.name, self.skeleton, self.holes = name, skeleton, holes

    def filled(self, contents):
        made, place = [], 0
        for gap, tensor in self.holes:
            made += [self.skeleton[place:place + gap], contents[tensor]]
            place += gap
        return b"".join(made) + self.skeleton[place:]


def start_unit(level, shard_number=0, shard_count=1):   # §4.1
    return Unit(START, Structure("start_unit", [
        u16("format_version", 1), u8("profile", 0), u8("level", level), u16("shard_number", shard_number), u16("shard_count", shard_count)]))


def model_parameter_set(slice_log2, encoder, options, source_format, float_elements, sources):              # §4.2
    return Unit(PARAMETERS, Structure("model_parameter_set", [
        u8("slice_elements_log2", slice_log2), text("encoder_name", encoder), text("encoder_options", options),
        text("source_format", source_format), uv("source_float_elements", float_elements), uv("source_count", len(sources)),
        *(Structure("source_file", [uv("source_bytes", len(source)), opaque("source_sha256", sha256(source))]) for source in sources)]))


def topology_unit(files, tensors, aliases):             # §4.3
    holes = [(number, gap, tensor) for number, file in enumerate(files) for gap, tensor in file.holes]
    body = Structure("topology_body", [
        uv("file_count", len(files)),
        *(Structure("file_entry", [text("file_name", file.name), uv("skeleton_bytes", len(file.skeleton))]) for file in files),
        uv("tensor_count", len(tensors)),
        *(Structure("tensor_entry", [text("tensor_name", tensor.name), u8("element_type", tensor.element_type), u8("rank", len(tensor.shape)),
                                     *(uv("dimension", dimension) for dimension in tensor.shape)]) for tensor in tensors),
        uv("hole_count", len(holes)),
        *(Structure("hole_entry", [uv("hole_file_index", file), uv("gap_bytes", gap), uv("hole_tensor_index", tensor)]) for file, gap, tensor in holes),
        uv("alias_count", len(aliases)),
        *(Structure("tensor_alias", [text("alias_name", name), uv("alias_tensor_index", tensor)]) for name, tensor in aliases)])
    return Unit(TOPOLOGY, Structure("topology_unit", [uv("body_bytes", body), Frame(body)]))


def skeleton_unit(number, skeleton, checksum=False):    # §4.4
    return Unit(SKELETON, Structure("skeleton_unit", [uv("file_index", number), Frame(opaque("skeleton", skeleton), checksum=checksum)]))


def data_unit(number, tensor, coding_mode, rest):       # §4.5
    return Unit(DATA, Structure("data_unit", [
        uv("tensor_index", number), u64("tensor_digest", xxh64(tensor.content)), f32("weight_error", weight_error([tensor])),
        u8("coding_mode", coding_mode), *rest]), [number])


def raw_unit(number, tensor):
    return data_unit(number, tensor, 0, [Frame(opaque("content", tensor.content))])


def slice_parts(slices):
    """The slice_entries, and the parts that they measure."""
    parts = [(opaque("codeword", codeword), opaque("raw_bits", raw)) for codeword, raw in slices]
    return [Structure("slice_entry", [uv("codeword_bytes", codeword), uv("raw_bytes", raw)]) for codeword, raw in parts], \
        [part for pair in parts for part in pair]


class Matrix:                                           # §5.3
    def __init__(self, shape, row_axis, row_axis_count):
        self.row_axis, self.row_axis_count = row_axis, row_axis_count
        self.P, self.R = math.prod(shape[:row_axis]), math.prod(shape[row_axis:row_axis + row_axis_count])
        self.S = math.prod(shape[row_axis + row_axis_count:])

    def place(self, n, coding_order=0):
        """Row, column and C-order place of the element at place n of the coding order."""
        if coding_order == 0:
            rest, s = divmod(n, self.S)
            p, r = divmod(rest, self.R)
            return r, p * self.S + s, n
        r, column = divmod(n, self.P * self.S)
        p, s = divmod(column, self.S)
        return r, column, (p * self.R + r) * self.S + s


def index_unit(number, tensor, indices, quantizer, slice_log2, magnitude_code=16, row_axis=0, row_axis_count=None, coding_order=0, rows=None,
               columns=None, neighbours=False, sign_distances=None, row_step_exponent=0, limit=6):
    """`indices` in coding order. `rows`, `columns`: classes of the lines, where they are sent. Sets the tensor's content, and its source if there
    is none."""
    fields_log2 = getattr(quantizer, "fields_log2", 0)
    shape = (*tensor.shape[:-1], tensor.shape[-1] << fields_log2) if fields_log2 else tensor.shape          # §7.7
    matrix = Matrix(shape, row_axis, min(1, len(shape)) if row_axis_count is None else row_axis_count)
    if len(indices) != math.prod(shape) or len(rows or []) not in (0, matrix.R) or len(columns or []) not in (0, matrix.P * matrix.S):
        raise ValueError("numbers of indices or classes that do not fit the shape")
    places = [matrix.place(n, coding_order) for n in range(len(indices))]
    classes = [scale_class(rows[r] if rows else 0, columns[c] if columns else 0, row_step_exponent) for r, c, _ in places]
    slices, values = [], [0] * len(indices)
    for first in range(0, len(indices), 2 ** slice_log2):
        cut = slice(first, first + 2 ** slice_log2)
        slices.append(slice_bytes(indices[cut], classes[cut], magnitude_code, limit, neighbours, sign_distances, quantizer.trellis))
        for point, (r, _, place) in zip(quantizer.points(indices[cut]), places[cut]):
            values[place] = quantizer.value(point, row_factor(rows[r], row_step_exponent) if rows else 1.0)
    tensor.content = packed(tensor.element_type, values, fields_log2)
    tensor.source = tensor.content if tensor.source is None else tensor.source
    entries, contents = slice_parts(slices)
    lines = [opaque("line_class_codeword", line_class_bytes([kind for kind in (rows, columns) if kind]))] if rows or columns else []
    tools = (1 if rows else 0) + (2 if columns else 0) + (4 if neighbours else 0) + (8 if sign_distances else 0)
    return data_unit(number, tensor, 1, [
        Structure("index_coding", [
            u8("quantizer_kind", quantizer.kind), *quantizer.parts(), u8("magnitude_code", magnitude_code),
            u8("row_axis", matrix.row_axis), u8("row_axis_count", matrix.row_axis_count), u8("coding_order", coding_order), u8("coding_tools", tools), u8("row_step_exponent", row_step_exponent), u8("adaptation_limit", limit),
            *(uv(f"sign_distance_{n}", distance) for n, distance in enumerate(sign_distances or (), 1)),
            *(uv("line_class_bytes", part) for part in lines)]),
        *entries, *lines, *contents])


def float_unit(number, tensor, slice_log2, zero_bits, modelled_bits, window_origin, window_symbols, row_axis=0, row_axis_count=None, rows=None,
               columns=None, short_zero_bits=None, short=None, tables=None):
    """The tensor's content, bit for bit. `short`: for each row whether it is short. `tables`: 17 lists of frequencies, one for each scale class,
    those that follow each other equal or not; by default one that fits."""
    width = ELEMENT_BITS[tensor.element_type]
    elements = [int.from_bytes(tensor.content[i:i + width // 8], "little") for i in range(0, len(tensor.content), width // 8)]
    matrix = Matrix(tensor.shape, row_axis, min(1, len(tensor.shape)) if row_axis_count is None else row_axis_count)
    places = [matrix.place(n)[:2] for n in range(len(elements))]
    classes = [scale_class(rows[r] if rows else 0, columns[c] if columns else 0, 0) for r, c in places]
    window = FloatWindow(tensor.element_type, zero_bits, modelled_bits, window_origin, window_symbols, short_zero_bits)
    is_short = [bool(short and short[r]) for r, _ in places]
    tables = tables or [fitting_frequencies([window.symbol(*each)[0] for each in zip(elements, is_short)], window_symbols + 2)] * 17
    tables_of = [tables[c] for c in classes]
    coded = [window.symbol(*each) for each in zip(elements, is_short, tables_of)]
    slices = [float_slice_bytes(coded[cut], tables_of[cut]) for cut in (
        slice(first, first + 2 ** slice_log2) for first in range(0, len(elements), 2 ** slice_log2))]
    entries, contents = slice_parts(slices)
    lines = [opaque("line_class_codeword", line_class_bytes([kind for kind in (rows, columns) if kind]))] if rows or columns else []
    shorts = [opaque("short_row_codeword", short_row_bytes(short))] if short else []
    frequencies = opaque("frequency_codeword", frequency_bytes(tables, bool(lines)))
    tools = (1 if rows else 0) + (2 if columns else 0) + (4 if short else 0)
    return data_unit(number, tensor, 2, [
        Structure("float_coding", [
            u8("zero_bits", zero_bits), u8("modelled_bits", modelled_bits), uv("window_origin", window_origin), uv("window_symbols", window_symbols),
            u8("row_axis", matrix.row_axis), u8("row_axis_count", matrix.row_axis_count), u8("coding_tools", tools),
            *(uv("line_class_bytes", part) for part in lines),
            *(part for codeword in shorts for part in (u8("short_zero_bits", short_zero_bits), uv("short_row_bytes", codeword))),
            uv("frequency_bytes", frequencies)]),
        *entries, *lines, *shorts, frequencies, *contents])


class GroupEntry:                                       # §4.6
    """A tensor in a group: raw, or with indices of one scale class."""

    def __init__(self, number, tensor, indices=None, quantizer=None, scale_class=8):
        self.number, self.tensor, self.indices, self.quantizer, self.scale_class = number, tensor, indices, quantizer, scale_class
        if quantizer:
            tensor.content = packed(tensor.element_type, [quantizer.value(q, 1.0) for q in indices])
            tensor.source = tensor.content if tensor.source is None else tensor.source
        self.mode = 1 if quantizer else 0 if tensor.source == tensor.content else 2

    def structure(self):
        return Structure("group_entry", [uv("entry_tensor_index", self.number), u8("entry_coding_mode", self.mode), *(
            [*self.quantizer.parts(), u8("entry_scale_class", self.scale_class)] if self.quantizer else [])])


def group_unit(entries, magnitude_code=16, limit=6):
    exact = b"".join(entry.tensor.content for entry in entries if not entry.quantizer)
    indices = [q for entry in entries if entry.quantizer for q in entry.indices]
    classes = [entry.scale_class for entry in entries if entry.quantizer for _ in entry.indices]
    codeword, raw = slice_bytes(indices, classes, magnitude_code, limit) if indices else (b"", b"")
    frames = [Frame(opaque("content", exact))] if exact else []
    codeword, raw = opaque("codeword", codeword), opaque("raw_bits", raw)
    return Unit(GROUP, Structure("group_unit", [
        u64("group_digest", xxh64(b"".join(entry.tensor.content for entry in entries))),
        f32("group_weight_error", weight_error([entry.tensor for entry in entries if entry.mode != 0])), uv("entry_count", len(entries)),
        *(entry.structure() for entry in entries),
        u8("group_magnitude_code", magnitude_code), u8("group_adaptation_limit", limit),
        uv("group_raw_frame_bytes", frames[0] if frames else 0), uv("group_codeword_bytes", codeword), uv("group_raw_bytes", raw),
        *frames, codeword, raw]), [entry.number for entry in entries])


# §6.1 Arithmetic encoding (note), §6.2 adaptive probabilities

class Context:
    def __init__(self):
        self.probability, self.count = 2 ** 21, 0

    def adapt(self, value, limit):
        shift = min(limit, (self.count + 2).bit_length() - 1)
        self.probability += ((2 ** 22 - 2 ** 11 if value else 2 ** 11) - self.probability) >> shift
        self.count = min(self.count + 1, 2 ** limit - 2)


class Contexts(dict):
    """Contexts by name, each fresh when it is first used."""

    def __missing__(self, name):
        self[name] = Context()
        return self[name]


class DecisionGroup:
    def __init__(self, first, others):                  # F[s] of §6.4.2
        self.probability, self.rate = [first << 23] + [others << 23] * 3, [2 ** 13] * 4

    def bounds(self, size):
        s, r, made = 2 ** 15, size >> 15, [size]
        for j in range(4):
            s = (s * (self.probability[j] >> 16)) >> 15
            made.append(r * (s + 4 - j))
        return made + [0]

    def adapt(self, value, limit):
        for j in range(min(value, 3) + 1):
            target, rate = 2 ** 31 - 2 ** 20 if j < value else 2 ** 20, self.rate[j]
            self.probability[j] += ((target - self.probability[j]) >> 16) * rate
            self.rate[j] -= (rate * (rate - 2 ** (16 - limit)) + 2 ** 16 - 1) >> 16


class ArithmeticEncoder:
    """`words`: the 32-bit words that have left low. A carry out of low runs through them."""

    def __init__(self, limit):
        self.limit, self.low, self.range, self.words = limit, 0, 2 ** 64 - 1, []

    def bin(self, context, value):
        split = (self.range >> 16) * (context.probability >> 6)
        self.narrow(0, split) if value else self.narrow(split, self.range - split)
        context.adapt(value, self.limit)

    def symbol(self, group, value):
        bound = group.bounds(self.range)
        self.narrow(bound[value + 1], bound[value] - bound[value + 1])
        group.adapt(value, self.limit)

    def narrow(self, above, size):
        self.low, self.range = self.low + above, size
        self.carry()
        if self.range < 2 ** 32:
            self.words.append(self.low >> 32)
            self.low, self.range = (self.low & MASK32) << 32, self.range << 32

    def carry(self):
        if self.low > MASK64:
            self.low -= 2 ** 64
            last = len(self.words) - 1
            while self.words[last] == MASK32:
                self.words[last] = 0
                last -= 1
            self.words[last] += 1

    def finish(self):
        z = (self.range.bit_length() - 1) // 8
        self.low = -(-self.low // 256 ** z) * 256 ** z
        self.carry()
        return b"".join(word.to_bytes(4, "big") for word in self.words) + self.low.to_bytes(8, "big")[:8 - z]


class RawBits:                                          # §6.3
    def __init__(self):
        self.number = self.count = 0

    def put(self, value, count):
        self.number, self.count = self.number | value << self.count, self.count + count

    def bytes(self):
        return self.number.to_bytes((self.count + 7) // 8, "little")


# §6.4 Binarization of an index

START_PROBABILITIES = [3, 5, 15, 35, 62, 94, 126, 155, 180, 199, 215, 226, 234, 240, 245, 248, 250, 252, 253]      # §6.4.2


def sgn(x):
    return (x > 0) - (x < 0)


class ScaleClass:
    """The decision groups and contexts of a scale class, as at the start of a slice."""

    def __init__(self, magnitude_code, c):
        t = magnitude_code - 16 + c - 8                 # §6.4.1
        self.k = min((t - 1) // 2, 24) if t > 2 else 0
        h, m = t >> 1, 2048 if t % 2 == 0 else 2896
        e = m << h if h >= 0 else m >> -h
        self.thresholds = [min((e * f + 32767) >> 15, MASK32) for f in (13, 29, 51)]
        first, others = (START_PROBABILITIES[max(-5, min(13, s)) + 5] for s in (t + 2, t - 2 * self.k))
        self.start = [[DecisionGroup(first, others) for _ in range(4)] for _ in range(2)]
        self.more, self.escape, self.low = [DecisionGroup(others, others) for _ in range(2)], Contexts(), Contexts()


def slice_bytes(indices, scale_classes, magnitude_code, limit, neighbours=False, sign_distances=None, trellis=None):
    """The codeword and the raw bits of a slice (§6.4.5 and §6.5, the other way round)."""
    encoder, raw, signs, classes, state = ArithmeticEncoder(limit), RawBits(), Contexts(), {}, 0
    for place, (q, c) in enumerate(zip(indices, scale_classes)):
        group = classes[c] = classes.get(c) or ScaleClass(magnitude_code, c)
        near = sum(abs(p) for p in indices[max(0, place - 2):place]) if neighbours else 0
        n = sum(near >= threshold for threshold in group.thresholds) if neighbours else 0
        start, k, v = group.start[state & 1][n], group.k, abs(q) - 1
        state = trellis.next(state, q) if trellis else 0
        x = 0 if q == 0 else (v >> k) + 1
        for done, decisions in zip((0, 4, 8), (start, *group.more)):
            if x >= done:
                encoder.symbol(decisions, min(x - done, 4))
        if x >= 12:                                     # the escape
            g = (x - 11).bit_length() - 1
            for i in range(g + 1):
                encoder.bin(group.escape[min(i, 15)], int(i < g))
            raw.put(x - 11 - 2 ** g, g)
        if q == 0:
            continue
        if sign_distances:                              # §6.4.4
            q1, qa, qb = (sgn(indices[place - d]) if d <= place else 0 for d in (1, *sign_distances))
            encoder.bin(signs[9 * q1 + 3 * qa + qb], int(q < 0))
        else:
            raw.put(int(q < 0), 1)
        if k > 0:
            encoder.bin(group.low[min(x - 1, 2)], v >> (k - 1) & 1)
            raw.put(v & (2 ** (k - 1) - 1), k - 1)
    return encoder.finish(), raw.bytes()


def line_class_bytes(kinds):                            # §6.6
    """The codeword of the classes of rows, of columns, or of rows and columns."""
    encoder = ArithmeticEncoder(5)
    for classes in kinds:
        contexts, before = Contexts(), 0
        for line_class in classes:
            near = min(abs(before), 2)
            encoder.bin(contexts["zero", near], int(line_class != 0))
            if line_class != 0:
                encoder.bin(contexts["sign", sgn(before)], int(line_class < 0))
                v, last = abs(line_class) - 1, 15 if line_class < 0 else 14
                for j in range(min(v + 1, last)):
                    encoder.bin(contexts["unary", near, j], int(j < v))
            before = line_class
    return encoder.finish()


def scale_class(row_class, column_class, row_step_exponent):                # §6.7
    return max(-8, min(8, (row_class * (2 - row_step_exponent) >> 1) + column_class)) + 8


# §6.9 Float mode

FLOAT_LAYOUTS = {11: (64, 52, 1), 1: (32, 23, 1), 10: (16, 10, 1), 16: (16, 7, 1), 17: (8, 3, 1), 18: (8, 3, 1), 19: (8, 2, 1), 20: (8, 2, 1),
                 24: (8, 0, 0)}                         # W, m, sign bits


class FloatWindow:                                      # §6.9.1
    def __init__(self, element_type, zero_bits, modelled_bits, origin, symbols, short_zero_bits=None):
        self.W, self.m, self.sign_bits = FLOAT_LAYOUTS[element_type]
        self.z, self.t, self.origin, self.symbols, self.short_z = zero_bits, modelled_bits, origin, symbols, short_zero_bits

    def symbol(self, element, is_short, frequencies=None):
        """The symbol, its raw bits and their number. The escape takes the place of symbols of frequency 0."""
        z, low_bits, magnitude_bits = self.short_z if is_short else self.z, self.m - self.t, self.W - self.sign_bits
        if element & (2 ** z - 1) != 0:
            raise ValueError("the lowest bits are not 0")
        prefix = (element & (2 ** magnitude_bits - 1)) >> low_bits
        symbol = 1 if element == 0 else prefix - self.origin + 2 if 0 <= prefix - self.origin < self.symbols else 0
        if symbol == 0 or frequencies and frequencies[symbol] == 0:
            return 0, element >> z, self.W - z
        if symbol == 1:
            return 1, 0, 0
        low = (element & (2 ** low_bits - 1)) >> z
        return symbol, low | (element >> magnitude_bits) << (low_bits - z), low_bits - z + self.sign_bits


def fitting_frequencies(symbols, symbol_count):
    """Frequencies about as the symbols have them: 2 for the escape at least, 4096 altogether."""
    counts = [symbols.count(symbol) for symbol in range(symbol_count)]
    table = [max(2 if symbol == 0 else 1 if count else 0, count * 4000 // len(symbols)) for symbol, count in enumerate(counts)]
    most = max(range(symbol_count), key=lambda symbol: (table[symbol], symbol))
    table[most] += 4096 - sum(table)
    if table[most] > 4094:                              # nothing but escapes
        table[most], table[1 if most == 0 else 0] = 4094, 2
    return table


def frequency_bytes(tables, classes_sent):              # §6.9.2
    encoder, contexts = ArithmeticEncoder(5), Contexts()
    sent = [tables[0]]
    for before, table in zip(tables, tables[1:]) if classes_sent else ():
        encoder.bin(contexts["new"], int(table != before))
        sent += [table] if table != before else []
    for table in sent:
        before = 0
        for frequency in table:
            n = frequency.bit_length()
            encoder.bin(contexts["stays", before], int(n == before))
            if n != before:
                up, distance = int(n > before), abs(n - before)
                if 0 < before < 12:
                    encoder.bin(contexts["rises", before], up)
                for d in range(1, min(distance + 1, 12 - before if up else before)):
                    encoder.bin(contexts["further", up, d], int(d < distance))
            for b in range(n - 2, -1, -1):
                encoder.bin(contexts["highest", n] if b == n - 2 else contexts["lower"], frequency >> b & 1)
            before = n
    return encoder.finish()


def short_row_bytes(short):                             # §6.9.1
    encoder, contexts, before = ArithmeticEncoder(5), Contexts(), 0
    for is_short in short:
        encoder.bin(contexts[before], int(is_short))
        before = int(is_short)
    return encoder.finish()


def float_slice_bytes(coded, tables):                   # §6.9.3, note
    """`coded`: symbol, raw bits and their number of each element; `tables`: its frequencies."""
    raw, states, words = RawBits(), [2 ** 16] * 4, []
    for _, bits, count in coded:
        raw.put(bits, count)
    for i in range(len(coded) - 1, -1, -1):
        symbol, table, x = coded[i][0], tables[i], states[i % 4]
        f, s = table[symbol], sum(table[:symbol])
        if x >= f << 20:
            words.append(x & 0xFFFF)
            x >>= 16
        states[i % 4] = (x // f << 12) + x % f + s
    return struct.pack("<4I", *states) + b"".join(struct.pack("<H", word) for word in reversed(words)), raw.bytes()


# §7 Reconstruction: quantizers. parts(): the elements after quantizer_kind; points(): of the indices of a slice; value(): of a point.

def binary32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


Q = [float.fromhex(x) for x in ("0x1.000000p0", "0x1.306FE0p0", "0x1.6A09E6p0", "0x1.AE89FAp0")]


def row_factor(row_class, row_step_exponent):           # §7.2
    e = row_class * row_step_exponent
    return Q[e % 4] * 2.0 ** (e // 4)


class Trellis:                                          # §7.3
    POLYNOMIALS = {3: (0o13, 0o04), 4: (0o23, 0o04), 5: (0o45, 0o10), 6: (0o103, 0o024), 7: (0o235, 0o126), 8: (0o515, 0o362)}

    def __init__(self, states_log2):
        self.states_log2, (self.h0, self.h1) = states_log2, self.POLYNOMIALS[states_log2]

    def next(self, state, q):
        return (state >> 1) ^ (self.h0 >> 1 if state & 1 else 0) ^ (self.h1 >> 1 if q & 1 else 0)


class Quantizer:
    trellis = None

    def points(self, indices):
        return indices


class Grid(Quantizer):                                  # §7.1; under a trellis if states_log2 is given
    def __init__(self, step, offset=0, states_log2=None):
        self.step, self.offset = binary32(step), offset
        self.kind, self.trellis = (0, None) if states_log2 is None else (1, Trellis(states_log2))

    def parts(self):
        return [Structure("quantizer_grid", [f32("step", self.step), sv("reconstruction_offset", self.offset)])] \
            + ([u8("trellis_states_log2", self.trellis.states_log2)] if self.trellis else [])

    def points(self, indices):
        made, state = [], 0
        for q in indices:
            made.append(2 * q - (state & 1) * sgn(q) if self.trellis else q)
            state = self.trellis.next(state, q) if self.trellis else 0
        return made

    def value(self, d, factor):
        return binary32(float(256 * d + sgn(d) * self.offset) * (binary32(self.step * factor) * 2.0 ** -8))


class Codebook(Quantizer):                              # §7.4
    kind = 2

    def __init__(self, first, values):
        self.first, self.values = first, [binary32(value) for value in values]

    def parts(self):
        return [Structure("codebook", [sv("codebook_first", self.first), uv("codebook_count", len(self.values)),
                                       *(Structure("codebook_entry", [f32("codebook_value", value)]) for value in self.values)])]

    def value(self, q, _):
        return self.values[q - self.first]


class Companding(Quantizer):                            # §7.5
    kind = 3

    def __init__(self, amplitude, growth, levels):
        self.amplitude, self.growth, self.levels = binary32(amplitude), binary32(growth), levels
        self.p = [0.0]
        for _ in range(levels):
            step = (self.p[-1] + 1) * self.growth
            self.p.append(self.p[-1] + step)

    def parts(self):
        return [Structure("companding", [f32("companding_amplitude", self.amplitude), f32("companding_growth", self.growth),
                                         uv("companding_levels", self.levels)])]

    def value(self, q, _):
        return binary32(self.amplitude * self.p[abs(q)]) * (-1 if q < 0 else 1)


class Minifloat(Quantizer):                             # §7.6
    kind = 4

    def __init__(self, exponent_bits, mantissa_bits, bias, subnormals, top):
        self.e, self.m, self.bias, self.subnormals, self.top = exponent_bits, mantissa_bits, bias, subnormals, top

    def parts(self):
        return [Structure("minifloat", [u8("minifloat_exponent_bits", self.e), u8("minifloat_mantissa_bits", self.m), sv("minifloat_bias", self.bias),
                                        u8("minifloat_subnormals", self.subnormals), uv("minifloat_top", self.top)])]

    def value(self, q, _):
        if q == 0:
            return 0.0
        exponent, mantissa = divmod(self.top - abs(q), 2 ** self.m)
        fraction = mantissa / 2 ** self.m
        magnitude = 2.0 ** (1 - self.bias) * fraction if self.subnormals and exponent == 0 else 2.0 ** (exponent - self.bias) * (1 + fraction)
        return -magnitude if q < 0 else magnitude


class Integers(Quantizer):                              # §7.7
    kind = 5

    def __init__(self, offset=0, fields_log2=0):
        self.offset, self.fields_log2 = offset, fields_log2

    def parts(self):
        return [Structure("integer_coding", [sv("integer_offset", self.offset), u8("fields_log2", self.fields_log2)])]

    def value(self, q, _):
        return q + self.offset


def packed(element_type, values, fields_log2=0):        # §7.8; integers as in §5.2 and §7.7
    if element_type == FLOAT32:
        return struct.pack(f"<{len(values)}f", *values)
    if element_type == FLOAT16:
        return struct.pack(f"<{len(values)}e", *values)
    if element_type == BFLOAT16:
        bits = struct.unpack(f"<{len(values)}I", struct.pack(f"<{len(values)}f", *values))
        return struct.pack(f"<{len(values)}H", *((b + 0x7FFF + (b >> 16 & 1)) >> 16 for b in bits))
    bits, number = ELEMENT_BITS[element_type] >> fields_log2, 0
    for value in reversed(values):
        number = number << bits | value % 2 ** bits
    return number.to_bytes((len(values) * bits + 7) // 8, "little")


def unpacked(element_type, content):
    """The values of a tensor of float32, float16 or bfloat16."""
    if element_type == BFLOAT16:
        return (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")
    return np.frombuffer(content, {FLOAT32: "<f4", FLOAT16: "<f2"}[element_type])


def stream_of(files, tensors, coded_units, level=1, aliases=(), slice_log2=16, encoder="tamis reference encoder", options="", source_format="bytes",
              ancillary=()):
    """The units in their usual order: skeletons first. `tensors` have their contents by now."""
    contents = [file.filled([tensor.content for tensor in tensors]) for file in files]
    sources = [file.filled([tensor.source for tensor in tensors]) for file in files]
    floats = sum(tensor.elements for tensor in tensors if tensor.element_type in (1, 10, 11, 14, 15, 16, 17, 18, 19, 20, 23, 24, 27, 28))
    return Stream([
        start_unit(level), model_parameter_set(slice_log2, encoder, options, source_format, floats, sources), topology_unit(files, tensors, aliases),
        *ancillary, *(skeleton_unit(number, file.skeleton) for number, file in enumerate(files)), *coded_units],
        tensors, [(file.name, content) for file, content in zip(files, contents)])


# ONNX models: the initializers of the graph, found in the file by a walk over its messages

class InvalidModel(Exception):
    pass


def fields(data, first, end):
    """Of the message in data[first ..< end]: number, wire type, and value or first and last place of each field."""
    def varint(place):
        value = shift = 0
        while True:
            if place >= end or shift > 63:
                raise InvalidModel(f"no protobuf at byte {place}")
            value |= (data[place] & 127) << shift
            place, shift = place + 1, shift + 7
            if data[place - 1] < 128:
                return value, place

    while first < end:
        key, first = varint(first)
        wire_type = key & 7
        if wire_type == 0:
            value, first = varint(first)
            yield key >> 3, wire_type, value, first
            continue
        if wire_type == 2:
            length, first = varint(first)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise InvalidModel(f"wire type {wire_type} before byte {first}")
        if length > end - first:
            raise InvalidModel(f"a field goes beyond its message at byte {first}")
        yield key >> 3, wire_type, first, first + length
        first += length


def initializers(data):
    """(name, element type, shape, first byte, last byte) of each whose data are in the file and that level 1 allows, in the order of the data."""
    found = []
    for number, wire_type, *graph in fields(data, 0, len(data)):
        if (number, wire_type) != (7, 2):               # ModelProto.graph
            continue
        for number, wire_type, *tensor in fields(data, *graph):
            if (number, wire_type) != (5, 2):           # GraphProto.initializer
                continue
            name, element_type, shape, places, external = b"", 0, [], [], False
            for number, wire_type, first, end in fields(data, *tensor):         # TensorProto
                if number == 1:                         # dims
                    shape += [first] if wire_type == 0 else [value for value in packed_varints(data, first, end)]
                elif number == 2:
                    element_type = first
                elif number == 8:
                    name = data[first:end]
                elif number == 9 or number == 4 and wire_type == 2 and end > first: # raw_data, packed float_data
                    places.append((first, end))
                elif number == 14:
                    external = first == 1
            bits = ELEMENT_BITS.get(element_type)
            whole = len(places) == 1 and not external and bits and len(shape) <= 8 and all(d < 2 ** 63 for d in shape)
            if whole and places[0][1] - places[0][0] == -(-math.prod(shape) * bits // 8):
                found.append((name, element_type, shape, *places[0]))
    return sorted(found, key=lambda each: each[3])


def packed_varints(data, first, end):
    value = shift = 0
    for byte in data[first:end]:
        value, shift = value | (byte & 127) << shift, shift + 7
        if byte < 128:
            yield value
            value = shift = 0


def cleaned(name):
    """Without what a text may not have (§2.3.3)."""
    return "".join("_" if ord(c) <= 0x1F or 0x7F <= ord(c) <= 0x9F or 0xDC80 <= ord(c) <= 0xDCFF else c for c in name.decode(errors="surrogateescape"))


def cut(name, size):
    return name.encode()[:size].decode(errors="ignore")


def canonical(name):
    """The same text for all names that are canonically equivalent."""
    return unicodedata.normalize("NFC", name)


def tensor_names(found):                                # Names of ONNX tensors
    """Of initializers only: cleaned, cut, and told apart by #2, #3 … where a name is there before, or one that is canonically equivalent."""
    names, taken, last = [], set(), {}                  # last: of a stem, the n up to which all are taken
    for name in found:
        base = name = cut(cleaned(name) or "unnamed", 4096)
        stem = cut(base, 4076)
        n = last.get(canonical(stem), 1)
        while canonical(name) in taken:
            n += 1
            name = f"{stem}#{n}"
        last[canonical(stem)] = n
        taken.add(canonical(name))
        names.append(name)
    return names


# The encoder

GROUPED_BYTES = 4096


def quantized(number, tensor, step_bits, slice_log2):
    """The data unit of a matrix, or None if it has values that are not finite, or none but 0."""
    with np.errstate(invalid="ignore"):                 # signalling NaN
        values = unpacked(FLOAT32, tensor.content).astype(np.float64)
    rms = math.sqrt(np.mean(values * values)) if np.isfinite(values).all() else 0.0
    if not 2.0 ** -90 < rms < 2.0 ** 90:
        return None
    quantizer = Grid(min(max(rms * 2.0 ** -step_bits, 2.0 ** -100), 2.0 ** 80))
    indices = np.rint(values / quantizer.step).astype(np.int64)
    if np.abs(indices).max() >= 2 ** 30:
        return None
    magnitude = max(float(np.mean(np.abs(indices))), 2.0 ** -8)
    tensor.source = tensor.content
    return index_unit(number, tensor, indices.tolist(), quantizer, slice_log2,
                      magnitude_code=min(max(round(16 + 2 * math.log2(magnitude)), 0), 80))


def encoded(data, name, step_bits=4, slice_log2=16):
    """The stream of the ONNX model in `data`, whose file is called `name`."""
    found, tensors, units, small, skeleton, holes, place = initializers(data), [], [], [], [], [], 0
    for number, (tensor_name, (_, element_type, shape, first, end)) in enumerate(zip(tensor_names([each[0] for each in found]), found)):
        tensor = Tensor(tensor_name, element_type, shape, data[first:end])
        tensors.append(tensor)
        skeleton.append(data[place:first])
        holes.append((first - place, number))
        place = end
        unit = quantized(number, tensor, step_bits, slice_log2) if element_type == FLOAT32 and len(shape) >= 2 and tensor.elements > 0 else None
        if unit:
            units.append(unit)
        elif tensor.byte_count <= GROUPED_BYTES:
            small.append(GroupEntry(number, tensor))
        else:
            units.append(raw_unit(number, tensor))
    for first in range(0, len(small), 256):             # at most 1 MiB a group (§4.6)
        units.append(group_unit(small[first:first + 256]))
    return stream_of([File(name, b"".join(skeleton) + data[place:], holes)], tensors, units, slice_log2=slice_log2, options=f"step-bits {step_bits}",
                     source_format="onnx").bytes()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("input", metavar="INPUT.onnx", type=Path)
    arguments.add_argument("output", metavar="OUTPUT.tamis", type=Path)
    arguments.add_argument("--step-bits", type=int, default=4, metavar="N", help="the step is the root mean square divided by 2^N: -4 ... 16, default 4")
    arguments.add_argument("--slice-log2", type=int, default=16, metavar="N", help="2^N elements in a slice: 4 ... 20, default 16")
    options = arguments.parse_args()
    if not (-4 <= options.step_bits <= 16 and 4 <= options.slice_log2 <= 20):
        arguments.error("a value is out of its range")
    try:
        name = cleaned(os.fsencode(options.input.name)).replace("\\", "_")
        options.output.write_bytes(encoded(options.input.read_bytes(), name, options.step_bits, options.slice_log2))
    except (InvalidModel, OSError) as fault:
        print(f"error: {options.input}: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
