#!/usr/bin/env python3
"""A decoder of Tamis streams that follows Spec/ section by section: plain, complete, slow.

    tamis_reference.py FILE.tamis [-o OUT]

Decodes the stream, makes every check of the specification that bears on what it decodes to, and prints a line for each file of the model:
its SHA-256, its length and its name. With -o it writes the file to OUT; OUT is a folder if the model has several files. Exit code 0: decoded;
1: refused, with the verdict (§3.6), the unit and the byte on standard error.

It needs Python's standard library and libzstd.so.1. Nothing in it is taken from the product's code: only from the specification. The
limits it has are those of the stream's level (§9.1); do not give it streams from strangers.
"""
import argparse
import ctypes
import ctypes.util
import hashlib
import struct
import sys
from pathlib import Path


# §3.6 Verdicts

class Refused(Exception):
    """The stream is invalid or unsupported: the verdict, the unit, and the byte of the stream (or of a decompressed body) it concerns."""

    def __init__(self, code, unit, byte, detail=""):
        self.code, self.unit, self.byte = code, unit, byte
        super().__init__(f"{code} in {unit}, byte {byte}" + (f": {detail}" if detail else ""))


# §2.3 Descriptors

class Reader:
    """Reads elements from bytes; `base` is the place of the first one in the stream, for reports."""

    def __init__(self, data, unit, base):
        self.data, self.unit, self.base, self.place = data, unit, base, 0

    def refuse(self, code, detail="", place=None):
        raise Refused(code, self.unit, self.base + (self.place if place is None else place), detail)

    def bytes(self, count):
        if count > len(self.data) - self.place:
            self.refuse("truncated", f"{count} bytes must follow, {len(self.data) - self.place} do")
        self.place += count
        return self.data[self.place - count:self.place]

    def rest(self):
        return self.bytes(len(self.data) - self.place)

    def end(self):
        if self.place != len(self.data):
            self.refuse("trailing_bytes")

    def in_range(self, element, value, low, high, start):
        if not low <= value <= high:                    # also for a NaN, which is in no range (§2.4)
            self.refuse("value_out_of_range", f"{element} is {value}", start)
        return value

    def fixed(self, element, width, low=0, high=None):  # u8, u16, u32, u64
        start = self.place
        value = int.from_bytes(self.bytes(width), "little")
        return self.in_range(element, value, low, 256 ** width - 1 if high is None else high, start)

    def u8(self, element, low=0, high=255): return self.fixed(element, 1, low, high)
    def u16(self, element): return self.fixed(element, 2)
    def u32(self, element): return self.fixed(element, 4)
    def u64(self, element): return self.fixed(element, 8)

    def any_uv(self, element):                          # §2.3.1
        start, value, shift = self.place, 0, 0
        while True:
            byte = self.bytes(1)[0]
            if shift == 63 and byte > 1:
                self.refuse("value_out_of_range", f"{element} has more than 64 bits", start)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if byte == 0 and shift > 7:
            self.refuse("overlong_integer", element, start)
        return value

    def uv(self, element, low=0, high=2 ** 64 - 1):
        start = self.place
        return self.in_range(element, self.any_uv(element), low, high, start)

    def sv(self, element, low, high):                   # §2.3.2
        start = self.place
        z = self.any_uv(element)
        return self.in_range(element, z // 2 if z % 2 == 0 else -(z + 1) // 2, low, high, start)

    def f32(self, element, low, high):
        start = self.place
        return self.in_range(element, struct.unpack("<f", self.bytes(4))[0], low, high, start)

    def text(self, element, longest):                   # §2.3.3
        length = self.uv(element, high=longest)
        start = self.place
        try:
            text = self.bytes(length).decode("utf-8")
        except UnicodeDecodeError:
            self.refuse("invalid_text", element, start)
        if any(ord(c) <= 0x1F or 0x7F <= ord(c) <= 0x9F for c in text):
            self.refuse("invalid_text", f"{element} has a control character", start)
        return text


U32 = 2 ** 32 - 1


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
MASK64 = 2 ** 64 - 1


def rotl(x, n):
    x &= MASK64
    return ((x << n) | (x >> (64 - n))) & MASK64


def xxh_round(lane, word):
    return rotl(lane + word * P2, 31) * P1 & MASK64


def xxh_merge(h, lane):
    return ((h ^ xxh_round(0, lane)) * P1 + P4) & MASK64


def xxh64(data):                                        # §8.2
    def u64(i): return int.from_bytes(data[i:i + 8], "little")
    def u32(i): return int.from_bytes(data[i:i + 4], "little")
    i, n = 0, len(data)
    if n >= 32:
        a, b, c, d = (P1 + P2) & MASK64, P2, 0, -P1 & MASK64
        while n - i >= 32:
            a, b = xxh_round(a, u64(i)), xxh_round(b, u64(i + 8))
            c, d = xxh_round(c, u64(i + 16)), xxh_round(d, u64(i + 24))
            i += 32
        h = (rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)) & MASK64
        for lane in (a, b, c, d):
            h = xxh_merge(h, lane)
    else:
        h = P5
    h = (h + n) & MASK64
    while n - i >= 8:
        h = (rotl(h ^ xxh_round(0, u64(i)), 27) * P1 + P4) & MASK64
        i += 8
    if n - i >= 4:
        h = (rotl(h ^ (u32(i) * P1 & MASK64), 23) * P2 + P3) & MASK64
        i += 4
    while n - i >= 1:
        h = rotl(h ^ (data[i] * P5 & MASK64), 11) * P1 & MASK64
        i += 1
    h = (h ^ (h >> 33)) * P2 & MASK64
    h = (h ^ (h >> 29)) * P3 & MASK64
    return h ^ (h >> 32)


# §9.1 Levels

class Level:
    def __init__(self, files, tensors, holes, elements, rank, name_bytes, topology_bytes, output_bytes, units):
        self.files, self.tensors, self.holes, self.elements, self.rank = files, tensors, holes, elements, rank
        self.name_bytes, self.topology_bytes, self.output_bytes, self.units = name_bytes, topology_bytes, output_bytes, units


LEVELS = [
    Level(2, 16, 64, 2 ** 16, 4, 64, 2 ** 8, 2 ** 20, 64),
    Level(256, 2 ** 16, 2 ** 18, 2 ** 31, 8, 4096, 2 ** 26, 2 ** 32, 2 ** 18),
    Level(2 ** 16, 2 ** 20, 2 ** 22, 2 ** 36, 16, 4096, 2 ** 28, 2 ** 40, 2 ** 21),
]


# §9.4 Zstandard frames

def load_zstd():
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
    library.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    return library


ZSTD = load_zstd()


def decompress(reader, frame_bytes, content_bytes):
    """Takes one frame of `frame_bytes` bytes that shall decode to `content_bytes` bytes."""
    start = reader.place
    frame = reader.bytes(frame_bytes)

    def refuse(detail):
        reader.refuse("invalid_compressed_data", detail, start)
    if content_bytes > 32768 * frame_bytes + 2 ** 17:
        reader.refuse("expansion_ratio", f"{content_bytes} bytes from a frame of {frame_bytes}", start)
    if len(frame) < 6 or frame[:4] != b"\x28\xB5\x2F\xFD":
        refuse("no frame")
    descriptor = frame[4]                               # RFC 8878, 3.1.1.1.1
    single_segment = descriptor & 0x20 != 0
    size_bytes = [1 if single_segment else 0, 2, 4, 8][descriptor >> 6]
    if descriptor & 3 != 0:
        refuse("the frame has a dictionary")
    if size_bytes == 0:
        refuse("the frame does not state its content size")
    place = 5
    window = None
    if not single_segment:
        base = 2 ** (10 + (frame[5] >> 3))
        window = base + base // 8 * (frame[5] & 7)
        place = 6
    stated = int.from_bytes(frame[place:place + size_bytes], "little") + (256 if size_bytes == 2 else 0)
    if len(frame) < place + size_bytes or stated != content_bytes:
        refuse(f"the frame states {stated} bytes, not {content_bytes}")
    if (content_bytes if window is None else window) > 2 ** 27:
        refuse("the frame's window is too large")
    if ZSTD.ZSTD_findFrameCompressedSize(frame, len(frame)) != len(frame):
        refuse("not one frame and nothing more")
    content = ctypes.create_string_buffer(max(content_bytes, 1))
    if ZSTD.ZSTD_decompress(content, content_bytes, frame, len(frame)) != content_bytes:
        refuse("the frame is not sound")
    return content.raw[:content_bytes]


# §6.1 Arithmetic decoding, §6.2 adaptive probabilities

class InvalidCodeword(Exception):
    pass


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
        self.number, self.bytes, self.taken = int.from_bytes(data, "little"), len(data), 0

    def take(self, count):
        value = (self.number >> self.taken) & (2 ** count - 1)
        self.taken += count
        return value

    def finish(self):
        if (self.taken + 7) // 8 != self.bytes or self.number >> self.taken != 0:
            raise InvalidCodeword("raw bits are left over or missing")


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


def read_slice(reader, codeword_bytes, raw_bytes, scale_classes, *coding):
    start = reader.place
    if len(scale_classes) > 16384 * (codeword_bytes + 1):                   # §9.3
        reader.refuse("expansion_ratio", f"{len(scale_classes)} elements in {codeword_bytes} bytes")
    codeword, raw = reader.bytes(codeword_bytes), reader.bytes(raw_bytes)
    try:
        return SliceDecoder(codeword, raw, *coding).decode(scale_classes)
    except InvalidCodeword as fault:
        reader.refuse("invalid_codeword", str(fault), start)


# §6.6 Line classes

def read_line_classes(reader, codeword_bytes, rows, columns):
    """The classes of the rows and of the columns; the number of lines is None, and so are the classes, of a kind that is not sent."""
    start = reader.place
    if (rows or 0) + (columns or 0) > 16384 * (codeword_bytes + 1):
        reader.refuse("expansion_ratio", f"{(rows or 0) + (columns or 0)} lines in {codeword_bytes} bytes")
    kinds = []
    try:
        decoder = ArithmeticDecoder(reader.bytes(codeword_bytes), 5)
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
    except InvalidCodeword as fault:
        reader.refuse("invalid_codeword", str(fault), start)
    return kinds


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


Q = [float.fromhex(x) for x in ("0x1.000000p0", "0x1.306FE0p0", "0x1.6A09E6p0", "0x1.AE89FAp0")]


def row_step(step, row_class, row_step_exponent):       # §7.2
    e = row_class * row_step_exponent
    return binary32(step * (Q[e % 4] * 2.0 ** (e // 4)))


def value_of(d, reconstruction_offset, step):           # §7.1
    g = 256 * d + sgn(d) * reconstruction_offset
    return binary32(float(g) * (step * 2.0 ** -8))


def element_bytes(reader, element_type, value, place):  # §7.8
    if element_type == FLOAT32:
        return struct.pack("<f", value)
    if element_type == FLOAT16:
        try:
            return struct.pack("<e", value)
        except OverflowError:
            reader.refuse("invalid_codeword", f"{value} is too large for float16", place)
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    return struct.pack("<H", (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)


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


# §4 Units, §5 the model

UNIT_NAMES = {1: "start_unit", 2: "model_parameter_set", 3: "topology_unit", 4: "skeleton_unit", 5: "data_unit", 6: "group_unit",
              7: "index_unit", 8: "end_unit"}
ELEMENT_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,     # §5.2
                17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2, 27: 6, 28: 6}
FLOAT32, UINT8, FLOAT16, BFLOAT16 = 1, 2, 10, 16
SIGNED, UNSIGNED = (3, 5, 6, 7, 22, 26), (2, 4, 9, 12, 13, 21, 25)


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


class Tensor:
    def __init__(self, name, element_type, dimensions):
        self.name, self.element_type, self.dimensions = name, element_type, dimensions
        self.elements = product(dimensions)
        self.bytes = -(-self.elements * ELEMENT_BITS[element_type] // 8)


class Decoder:
    def __init__(self, stream):
        self.stream = stream
        self.level = None
        self.files, self.tensors, self.holes = [], [], []
        self.skeletons = {}                             # by file
        self.contents = {}                              # by tensor: its bytes
        self.units_of_tensor = {}                       # by tensor: the places of the units that hold it
        self.units = []                                 # (type, bytes) of each unit
        self.checksums = b""                            # header_crc and payload_crc of each unit before the end unit

    # §3

    def decode(self):
        """The model's files: (name, bytes), in order."""
        signature = bytes.fromhex("D4544D530D0A1A0A")   # §3.1
        if self.stream == b"" or not signature.startswith(self.stream[:8]):
            raise Refused("not_tamis", "signature", 0)
        if len(self.stream) < 8:
            raise Refused("truncated", "signature", len(self.stream))
        place = 8
        while not self.units or self.units[-1][0] != 8:
            place = self.unit(place)
        if place != len(self.stream):
            raise Refused("trailing_bytes", "the stream", place)
        self.consistency()
        return self.assembled()

    def unit(self, place):                              # §3.2, and §3.3 step 2
        number = len(self.units)
        header = Reader(self.stream[place:place + 13], f"unit {number}", place)
        unit_type = header.u8("unit_type")
        payload_length = header.u64("payload_length")
        if header.u32("header_crc") != crc32c(self.stream[place:place + 9]):
            header.refuse("header_checksum", place=9)
        if payload_length + 4 > len(self.stream) - place - 13:
            header.refuse("truncated", f"a payload of {payload_length} bytes")
        end = place + 13 + payload_length
        payload, payload_crc = self.stream[place + 13:end], int.from_bytes(self.stream[end:end + 4], "little")
        if unit_type not in UNIT_NAMES and unit_type < 128:
            header.refuse("unknown_unit", f"type {unit_type}", 0)
        name = f"unit {number} ({UNIT_NAMES.get(unit_type, 'ancillary')})"
        if not self.is_allowed(unit_type):
            raise Refused("unit_order", name, place)
        if payload_crc != crc32c(payload):
            raise Refused("payload_checksum", name, end)
        self.units.append((unit_type, payload_length + 17))
        reader = Reader(payload, name, place + 13)
        if unit_type != 8:
            self.checksums += self.stream[place + 9:place + 13] + self.stream[end:end + 4]
            if self.level and len(self.units) > self.level.units:
                reader.refuse("level_exceeded", "units")
        if unit_type in UNIT_NAMES:
            getattr(self, UNIT_NAMES[unit_type])(reader)
            reader.end()
        return end + 4

    def is_allowed(self, unit_type):                    # §3.4
        before = [t for t, _ in self.units if t < 128]
        if not before:
            return unit_type == 1
        if before[-1] == 7:
            return unit_type == 8
        if unit_type >= 128:
            return True
        if len(before) < 3:
            return unit_type == len(before) + 1
        return unit_type in (4, 5, 6, 7)

    def limited(self, reader, value, limit, what):
        if value > limit:
            reader.refuse("level_exceeded", f"{value} {what}")
        return value

    # §4.1

    def start_unit(self, reader):
        version = reader.u16("format_version")
        if version != 0:
            reader.refuse("unknown_version", str(version), 0)
        profile = reader.u8("profile")
        if profile != 0:
            reader.refuse("unknown_profile", str(profile), 2)
        self.level = LEVELS[reader.u8("level", high=2)]

    # §4.2

    def model_parameter_set(self, reader):
        self.slice_elements = 2 ** reader.u8("slice_elements_log2", 4, 20)
        reader.text("encoder_name", 255)
        reader.text("encoder_options", 65535)
        reader.text("source_format", 255)
        reader.uv("source_float_elements")
        self.source_count = self.limited(reader, reader.uv("source_count", high=U32), self.level.files, "files")
        for _ in range(self.source_count):
            reader.uv("source_bytes")
            reader.bytes(32)                            # source_sha256

    # §4.3

    def topology_unit(self, reader):
        body_bytes = self.limited(reader, reader.uv("body_bytes"), self.level.topology_bytes, "bytes of topology")
        body = Reader(decompress(reader, len(reader.data) - reader.place, body_bytes), "topology_body", 0)
        for _ in range(self.limited(body, body.uv("file_count", high=U32), self.level.files, "files")):
            start = body.place
            name = body.text("file_name", 1024)
            parts = name.encode().split(b"/")
            if len(parts) > 16 or b"\\" in name.encode() or any(part in (b"", b".", b"..") or len(part) > 255 for part in parts):
                body.refuse("value_out_of_range", f"file_name {name!r}", start)
            self.files.append((name, body.uv("skeleton_bytes")))
        paths = [name for name, _ in self.files]
        if len(set(paths)) != len(paths) or any(other.startswith(name + "/") for name in paths for other in paths):
            body.refuse("duplicate", "file names")
        names = set()
        for _ in range(self.limited(body, body.uv("tensor_count", high=U32), self.level.tensors, "tensors")):
            self.tensors.append(self.tensor_entry(body, names))
        gaps, last_file = [0] * len(self.files), 0
        for _ in range(self.limited(body, body.uv("hole_count", high=U32), self.level.holes, "holes")):
            file = body.uv("hole_file_index", last_file, len(self.files) - 1)
            gap = body.uv("gap_bytes")
            tensor = body.uv("hole_tensor_index", 0, len(self.tensors) - 1)
            gaps[file] += gap
            if gaps[file] > self.files[file][1]:
                body.refuse("value_out_of_range", "gaps beyond the skeleton")
            self.holes.append((file, gap, tensor))
            last_file = file
        for _ in range(self.limited(body, body.uv("alias_count", high=U32), self.level.holes, "aliases")):
            names.add(self.name(body, "alias_name", names))
            body.uv("alias_tensor_index", 0, len(self.tensors) - 1)
        if {tensor for _, _, tensor in self.holes} != set(range(len(self.tensors))):
            body.refuse("missing", "a tensor without a hole")
        output = sum(skeleton for _, skeleton in self.files) + sum(self.tensors[tensor].bytes for _, _, tensor in self.holes)
        self.limited(body, output, self.level.output_bytes, "bytes of files")   # §5.1
        body.end()

    def name(self, body, element, names):
        start = body.place
        name = body.text(element, 65535)
        self.limited(body, len(name.encode()), self.level.name_bytes, "bytes of a name")
        if name == "" or name in names:
            body.refuse("duplicate" if name else "value_out_of_range", f"{element} {name!r}", start)
        return name

    def tensor_entry(self, body, names):
        name = self.name(body, "tensor_name", names)
        names.add(name)
        element_type = body.u8("element_type", 1, 28)
        if element_type not in ELEMENT_BITS:
            body.refuse("value_out_of_range", f"element_type {element_type}")
        rank = self.limited(body, body.u8("rank", high=16), self.level.rank, "dimensions")
        dimensions = [body.uv("dimension") for _ in range(rank)]
        if product(d for d in dimensions if d != 0) >= 2 ** 64:
            body.refuse("value_out_of_range", "dimensions")
        tensor = Tensor(name, element_type, dimensions)
        self.limited(body, tensor.elements, self.level.elements, "elements")
        return tensor

    # §4.4

    def skeleton_unit(self, reader):
        file = reader.uv("file_index", 0, len(self.files) - 1)
        if file in self.skeletons:
            reader.refuse("duplicate", f"skeleton of file {file}")
        self.skeletons[file] = decompress(reader, len(reader.data) - reader.place, self.files[file][1])

    # §4.5

    def data_unit(self, reader):
        number = reader.uv("tensor_index", 0, len(self.tensors) - 1)
        tensor = self.tensors[number]
        digest = reader.u64("tensor_digest")
        mode = reader.u8("coding_mode", high=2)
        if mode == 0:
            content = decompress(reader, len(reader.data) - reader.place, tensor.bytes)
        else:
            content = (self.index_coding if mode == 1 else self.float_coding)(reader, tensor)
        if xxh64(content) != digest:
            reader.refuse("tensor_digest", tensor.name)
        self.put(reader, number, content)

    def put(self, reader, number, content):
        self.contents[number] = content
        self.units_of_tensor.setdefault(number, []).append(len(self.units) - 1)

    def quantizer_grid(self, reader):
        return reader.f32("step", 2.0 ** -100, 2.0 ** 80), reader.sv("reconstruction_offset", -128, 128)

    # Tables of values: from index to value (§7.4 ... §7.6)

    def codebook(self, reader):
        first = reader.sv("codebook_first", -65535, 0)
        start = reader.place
        count = reader.uv("codebook_count", 1, 65536)
        if first + count <= 0:
            reader.refuse("value_out_of_range", f"codebook_count is {count}: 0 is no index", start)
        return {first + entry: reader.f32("codebook_value", -2.0 ** 120, 2.0 ** 120) for entry in range(count)}

    def companding(self, reader):
        amplitude = reader.f32("companding_amplitude", 2.0 ** -100, 2.0 ** 80)
        growth = reader.f32("companding_growth", 2.0 ** -24, 2.0 ** 10)
        start = reader.place
        levels = reader.uv("companding_levels", 1, 65535)
        magnitudes = companding_magnitudes(amplitude, growth, levels)
        if magnitudes[-1] > 2.0 ** 120:
            reader.refuse("value_out_of_range", f"companding_levels is {levels}: the last is {magnitudes[-1]}", start)
        return with_signs(magnitudes)

    def minifloat(self, reader):
        exponent_bits = reader.u8("minifloat_exponent_bits", high=5)
        mantissa_bits = reader.u8("minifloat_mantissa_bits", high=10)
        bias = reader.sv("minifloat_bias", -80, 100)
        subnormals = reader.u8("minifloat_subnormals", high=1)
        start = reader.place
        top = reader.uv("minifloat_top", 1, 2 ** 15)
        if top > 2 ** (exponent_bits + mantissa_bits):
            reader.refuse("value_out_of_range", f"minifloat_top is {top}", start)
        return with_signs([0.0] + [minifloat_magnitude(top - q, mantissa_bits, bias, subnormals) for q in range(1, top + 1)])

    def index_coding(self, reader, tensor):
        kind = reader.u8("quantizer_kind", high=5)
        trellis, fields_log2 = None, 0
        if kind <= 1:
            step, offset = self.quantizer_grid(reader)
        if kind == 1:
            trellis = Trellis(reader.u8("trellis_states_log2", 3, 8))
        if kind in (2, 3, 4):
            table = [self.codebook, self.companding, self.minifloat][kind - 2](reader)
        if kind == 5:
            integer_offset, fields_log2 = reader.sv("integer_offset", -2 ** 31, 2 ** 32), reader.u8("fields_log2", high=2)
        may_have = SIGNED + UNSIGNED if kind == 5 else (FLOAT32, FLOAT16, BFLOAT16)
        if tensor.element_type not in may_have or tensor.elements == 0 or fields_log2 > 0 and (tensor.element_type != UINT8 or tensor.dimensions == []):
            reader.refuse("value_out_of_range", "a tensor that cannot have such indices")
        dimensions = list(tensor.dimensions)
        if fields_log2 > 0:
            dimensions[-1] *= 2 ** fields_log2                              # §7.7
        bits, elements = ELEMENT_BITS[tensor.element_type] >> fields_log2, product(dimensions)
        magnitude_code = reader.u8("magnitude_code", high=80)
        row_axis = reader.u8("row_axis", high=16)
        row_axis_count = reader.u8("row_axis_count", high=16)
        if row_axis + row_axis_count > len(dimensions):
            reader.refuse("value_out_of_range", "row axes beyond the tensor's")
        p_count = product(dimensions[:row_axis])                            # §5.3: P, R and S
        rows = product(dimensions[row_axis:row_axis + row_axis_count])
        s_count = product(dimensions[row_axis + row_axis_count:])
        columns = p_count * s_count
        coding_order = reader.u8("coding_order", high=1 if bits >= 8 else 0)
        tools = reader.u8("coding_tools", high=15)
        sends_rows, sends_columns, uses_neighbours = tools & 1 != 0, tools & 2 != 0, tools & 4 != 0
        if sends_rows and columns < 8 or sends_columns and rows < 8:
            reader.refuse("value_out_of_range", "classes of lines of fewer than 8 elements")
        row_step_exponent = reader.u8("row_step_exponent", high=2 if sends_rows and kind <= 1 else 0)
        limit = reader.u8("adaptation_limit", 4, 10)
        sign_distances = None
        if tools & 8 != 0:
            sign_distances = reader.uv("sign_distance_1", 1, U32), reader.uv("sign_distance_2", 1, U32)
        line_class_bytes = reader.uv("line_class_bytes", 1) if sends_rows or sends_columns else 0

        slice_count = -(-elements // self.slice_elements)                   # §6.5
        slices = [(reader.uv("codeword_bytes", 1, U32), reader.uv("raw_bytes", 0, U32)) for _ in range(slice_count)]
        row_classes = column_classes = None
        if line_class_bytes > 0:
            row_classes, column_classes = read_line_classes(
                reader, line_class_bytes, rows if sends_rows else None, columns if sends_columns else None)

        def place_of(n):
            """Row, column and C-order place of the element at place n of the coding order (§5.3)."""
            if coding_order == 0:
                r, s = n // s_count % rows, n % s_count
                return r, n // s_count // rows * s_count + s, n
            r, column = n // columns, n % columns
            return r, column, (column // s_count * rows + r) * s_count + column % s_count

        def scale_class(r, column):                                         # §6.7
            row_part = (row_classes[r] * (2 - row_step_exponent)) >> 1 if sends_rows else 0
            column_part = column_classes[column] if sends_columns else 0
            return max(-8, min(8, row_part + column_part)) + 8

        content = 0 if kind == 5 else bytearray(tensor.bytes)
        for number, (codeword_bytes, raw_bytes) in enumerate(slices):
            first = number * self.slice_elements
            count = min(self.slice_elements, elements - first)
            if count > 16384 * (codeword_bytes + 1):                        # §9.3, before memory is reserved
                reader.refuse("expansion_ratio", f"{count} elements in {codeword_bytes} bytes")
            places = [place_of(n) for n in range(first, first + count)]
            classes = [scale_class(r, column) for r, column, _ in places]
            start = reader.place
            indices = read_slice(reader, codeword_bytes, raw_bytes, classes, magnitude_code, limit, uses_neighbours, sign_distances, trellis)
            if kind == 5:                                                   # §7.7
                low, high = (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if tensor.element_type in SIGNED else (0, 2 ** bits - 1)
                for q, (_, _, place) in zip(indices, places):
                    if not low <= q + integer_offset <= high:
                        reader.refuse("invalid_codeword", f"index {q} has no value", start)
                    content |= ((q + integer_offset) % 2 ** bits) << (bits * place)
                continue
            size = tensor.bytes // tensor.elements
            grid_points = trellis.grid_points(indices) if trellis else indices
            for d, (r, _, place) in zip(grid_points, places):
                if kind >= 2:
                    if d not in table:                                      # §6.5
                        reader.refuse("invalid_codeword", f"index {d} has no value", start)
                    value = table[d]
                else:
                    value = value_of(d, offset, row_step(step, row_classes[r], row_step_exponent) if sends_rows and row_step_exponent > 0 else step)
                content[size * place:size * place + size] = element_bytes(reader, tensor.element_type, value, start)
        return content.to_bytes(tensor.bytes, "little") if kind == 5 else bytes(content)

    def float_coding(self, reader, tensor):
        if tensor.element_type not in FLOAT_LAYOUTS or tensor.elements == 0:
            reader.refuse("value_out_of_range", "a tensor that float mode cannot code")
        layout = W, m, sign_bits = FLOAT_LAYOUTS[tensor.element_type]
        zero_bits, modelled_bits = reader.u8("zero_bits", high=52), reader.u8("modelled_bits", high=4)
        window_origin, window_symbols = reader.uv("window_origin", high=32767), reader.uv("window_symbols", 1, 254)
        if zero_bits + modelled_bits > m or window_origin + window_symbols > 2 ** (W - sign_bits - m + modelled_bits):
            reader.refuse("value_out_of_range", "the window")
        row_axis = reader.u8("row_axis", high=16)
        row_axis_count = reader.u8("row_axis_count", high=16)
        if row_axis + row_axis_count > len(tensor.dimensions):
            reader.refuse("value_out_of_range", "row axes beyond the tensor's")
        p_count = product(tensor.dimensions[:row_axis])                     # §5.3
        rows = product(tensor.dimensions[row_axis:row_axis + row_axis_count])
        s_count = product(tensor.dimensions[row_axis + row_axis_count:])
        columns = p_count * s_count
        tools = reader.u8("coding_tools", high=7)
        sends_rows, sends_columns, sends_short = tools & 1 != 0, tools & 2 != 0, tools & 4 != 0
        if (sends_rows or sends_short) and columns < 8 or sends_columns and rows < 8 or sends_short and p_count > 1:
            reader.refuse("value_out_of_range", "lines of fewer than 8 elements, or rows in parts")
        line_class_bytes = reader.uv("line_class_bytes", 1) if sends_rows or sends_columns else 0
        short_zero_bits = short_row_bytes = None
        if sends_short:
            short_zero_bits, short_row_bytes = reader.u8("short_zero_bits", 1, 52), reader.uv("short_row_bytes", 1)
            if not zero_bits < short_zero_bits <= m - modelled_bits:
                reader.refuse("value_out_of_range", f"short_zero_bits is {short_zero_bits}")
        frequency_bytes = reader.uv("frequency_bytes", 1)

        slice_count = -(-tensor.elements // self.slice_elements)            # §6.5
        slices = [(reader.uv("codeword_bytes", 1, U32), reader.uv("raw_bytes", 0, U32)) for _ in range(slice_count)]
        row_classes = column_classes = None
        if line_class_bytes > 0:
            row_classes, column_classes = read_line_classes(
                reader, line_class_bytes, rows if sends_rows else None, columns if sends_columns else None)
        is_short = [False] * rows
        start = reader.place
        try:
            if sends_short:
                if rows > 16384 * (short_row_bytes + 1):                    # §9.3
                    reader.refuse("expansion_ratio", f"{rows} rows in {short_row_bytes} bytes")
                is_short = short_rows(reader.bytes(short_row_bytes), rows)
                start = reader.place
            frequencies = float_frequencies(reader.bytes(frequency_bytes), window_symbols + 2, sends_rows or sends_columns)
        except InvalidCodeword as fault:
            reader.refuse("invalid_codeword", str(fault), start)
        window = FloatWindow(layout, zero_bits, modelled_bits, window_origin, window_symbols, short_zero_bits)
        content = b""
        for number, (codeword_bytes, raw_bytes) in enumerate(slices):
            first = number * self.slice_elements
            count = min(self.slice_elements, tensor.elements - first)
            if count > 16384 * (codeword_bytes + 1):                        # §9.3
                reader.refuse("expansion_ratio", f"{count} elements in {codeword_bytes} bytes")
            lines = [(n // s_count % rows, n // s_count // rows * s_count + n % s_count) for n in range(first, first + count)]
            classes = [max(-8, min(8, (row_classes[r] if sends_rows else 0) + (column_classes[c] if sends_columns else 0))) + 8 for r, c in lines]
            start = reader.place
            codeword, raw = reader.bytes(codeword_bytes), reader.bytes(raw_bytes)
            try:
                elements = float_slice(codeword, raw, window, frequencies, classes, [is_short[r] for r, _ in lines])
            except InvalidCodeword as fault:
                reader.refuse("invalid_codeword", str(fault), start)
            content += b"".join(element.to_bytes(W // 8, "little") for element in elements)
        return content

    # §4.6

    def group_unit(self, reader):
        digest = reader.u64("group_digest")
        entries, last, group_bytes = [], -1, 0
        for _ in range(reader.uv("entry_count", high=U32)):
            number = reader.uv("entry_tensor_index", 0, len(self.tensors) - 1)
            if number <= last:
                reader.refuse("unit_order", "entries of a group")
            last = number
            tensor = self.tensors[number]
            mode = reader.u8("entry_coding_mode", high=1)
            grid = scale_class = None
            if mode == 1:
                grid, scale_class = self.quantizer_grid(reader), reader.u8("entry_scale_class", high=16)
                if tensor.element_type not in (FLOAT32, FLOAT16, BFLOAT16) or tensor.elements == 0:
                    reader.refuse("value_out_of_range", "a tensor that cannot have indices")
            group_bytes += tensor.bytes
            if group_bytes > 2 ** 23:
                reader.refuse("value_out_of_range", "the group is too large")
            entries.append((number, tensor, grid, scale_class))
        magnitude_code = reader.u8("group_magnitude_code", high=80)
        limit = reader.u8("group_adaptation_limit", 4, 10)
        frame_bytes = reader.uv("group_raw_frame_bytes")
        codeword_bytes = reader.uv("group_codeword_bytes", high=U32)
        raw_bytes = reader.uv("group_raw_bytes", high=U32)
        exact_bytes = sum(tensor.bytes for _, tensor, grid, _ in entries if grid is None)
        coded_elements = sum(tensor.elements for _, tensor, grid, _ in entries if grid is not None)
        if coded_elements > self.slice_elements:
            reader.refuse("value_out_of_range", "more elements than a slice has")
        if (frame_bytes == 0) != (exact_bytes == 0) or (codeword_bytes == 0) != (coded_elements == 0) or (raw_bytes > 0 and codeword_bytes == 0):
            reader.refuse("length_mismatch", "frame or codeword of the group")
        exact = decompress(reader, frame_bytes, exact_bytes) if frame_bytes > 0 else b""
        indices = []
        if codeword_bytes > 0:
            classes = [scale_class for _, tensor, grid, scale_class in entries if grid is not None for _ in range(tensor.elements)]
            indices = read_slice(reader, codeword_bytes, raw_bytes, classes, magnitude_code, limit, False, None)
        everything = b""
        exact_place = index_place = 0
        for number, tensor, grid, _ in entries:
            if grid is None:
                content = exact[exact_place:exact_place + tensor.bytes]
                exact_place += tensor.bytes
            else:
                step, offset = grid
                content = b"".join(element_bytes(reader, tensor.element_type, value_of(q, offset, step), reader.place)
                                   for q in indices[index_place:index_place + tensor.elements])
                index_place += tensor.elements
            self.put(reader, number, content)
            everything += content
        if xxh64(everything) != digest:
            reader.refuse("tensor_digest", "a group")

    # §4.7

    def index_unit(self, reader):
        self.index_offset = reader.base - 13
        unit_count = reader.uv("unit_count", high=U32)
        indexed = [(reader.u8("indexed_unit_type", 1), reader.uv("unit_bytes", 17)) for _ in range(unit_count)]
        place_count = self.limited(reader, reader.uv("place_count", high=U32), self.level.tensors, "tensors")
        tensor_places = [reader.uv("unit_number", high=U32) for _ in range(place_count)]
        digest_count = self.limited(reader, reader.uv("digest_count", high=U32), self.level.files, "files")
        self.file_digests = [reader.bytes(32) for _ in range(digest_count)]
        if indexed != self.units[:-1]:
            reader.refuse("length_mismatch", "the list of units")
        if place_count != len(self.tensors) or digest_count != len(self.files):
            reader.refuse("length_mismatch", "places or digests")
        for number, unit in enumerate(tensor_places):
            holders = self.units_of_tensor.get(number, [])
            if unit not in holders:
                reader.refuse("missing", f"tensor {number}")
            if len(holders) > 1:
                reader.refuse("duplicate", f"tensor {number}")
        if len(self.skeletons) != len(self.files):
            reader.refuse("missing", "a skeleton")

    # §4.8

    def end_unit(self, reader):
        self.total_bytes = reader.u64("total_bytes")
        self.stated_index_offset = reader.u64("index_offset")
        self.unit_hash = reader.u64("unit_hash")

    # §3.5

    def consistency(self):
        if self.total_bytes != len(self.stream) or self.stated_index_offset != self.index_offset:
            raise Refused("length_mismatch", "end_unit", len(self.stream) - 41)
        if self.unit_hash != xxh64(self.checksums):
            raise Refused("stream_hash", "end_unit", len(self.stream) - 12)
        if self.source_count != len(self.files):
            raise Refused("length_mismatch", "model_parameter_set", 0, "source_count")

    # §5.1

    def assembled(self):
        outputs = []
        for number, (name, skeleton_bytes) in enumerate(self.files):
            skeleton, output, place = self.skeletons[number], bytearray(), 0
            for file, gap_bytes, tensor in self.holes:
                if file == number:
                    output += skeleton[place:place + gap_bytes]
                    place += gap_bytes
                    output += self.contents[tensor]
            output += skeleton[place:skeleton_bytes]
            if hashlib.sha256(output).digest() != self.file_digests[number]:
                raise Refused("file_digest", "index_unit", self.index_offset, name)
            outputs.append((name, bytes(output)))
        return outputs


def decode(stream):
    """The files of the model in a stream: a list of (name, bytes). Raises Refused."""
    return Decoder(stream).decode()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", metavar="FILE.tamis", type=Path)
    arguments.add_argument("-o", "--output", metavar="OUT", type=Path)
    options = arguments.parse_args()
    try:
        files = decode(options.file.read_bytes())
    except (Refused, OSError) as fault:
        print(f"{options.file}: {fault}", file=sys.stderr)
        return 1
    for name, content in files:
        print(hashlib.sha256(content).hexdigest(), len(content), name)
    if options.output:
        if len(files) == 1:
            options.output.write_bytes(files[0][1])
        else:
            options.output.mkdir(parents=True, exist_ok=True)
            for name, content in files:
                (options.output / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
