"""Streams put together element by element, for what the specification allows and the tamis encoder does not make today."""
import ctypes
import hashlib
import struct

import tamis_reference as reference


def uv(value):                                          # §2.3.1
    groups = []
    while True:
        value, group = value >> 7, value & 127
        groups.append(group | (128 if value else 0))
        if not value:
            return bytes(groups)


def text(value):
    return uv(len(value.encode())) + value.encode()


def frame(content):                                     # §9.4
    target = ctypes.create_string_buffer(len(content) + 1000)
    zstd = reference.ZSTD
    zstd.ZSTD_compress.restype = ctypes.c_size_t
    size = zstd.ZSTD_compress(target, ctypes.c_size_t(len(target)), content, ctypes.c_size_t(len(content)), 3)
    return target.raw[:size]


def unit(unit_type, payload):                           # §3.2
    head = struct.pack("<BQ", unit_type, len(payload))
    return head + struct.pack("<I", reference.crc32c(head)) + payload + struct.pack("<I", reference.crc32c(payload))


class Coder:
    """An arithmetic encoder with an integer as long as it gets in place of carries."""

    def __init__(self, limit):
        self.limit, self.low, self.range, self.words = limit, 0, 2 ** 64 - 1, 0

    def bin(self, context, value):                      # §6.1, note
        split = (self.range >> 16) * (context.probability >> 6)
        if value:
            self.range = split
        else:
            self.low, self.range = self.low + split, self.range - split
        context.adapt(value, self.limit)
        if self.range < 2 ** 32:
            self.low, self.range, self.words = self.low << 32, self.range << 32, self.words + 1

    def finish(self):
        z = (self.range.bit_length() - 1) // 8
        return (-(-self.low // 256 ** z)).to_bytes(8 + 4 * self.words - z, "big")


def line_classes(kinds):                                # §6.6
    coder = Coder(5)
    for classes in kinds:
        contexts, before = reference.Contexts(), 0
        for line_class in classes:
            near = min(abs(before), 2)
            coder.bin(contexts["zero", near], int(line_class != 0))
            if line_class != 0:
                coder.bin(contexts["sign", reference.sgn(before)], int(line_class < 0))
                v, last = abs(line_class) - 1, 15 if line_class < 0 else 14
                for j in range(min(v + 1, last)):
                    coder.bin(contexts["unary", near, j], int(j < v))
            before = line_class
    return coder.finish()


def one_slice(indices, scale_classes, limit):
    """Indices of magnitude up to 14, coded with magnitude_code 0: no low bits, no escapes, no neighbour or sign contexts (§6.4.5)."""
    coder, contexts, signs = Coder(limit), [reference.Contexts() for _ in range(17)], []
    for q, c in zip(indices, scale_classes):
        coder.bin(contexts[c]["zero", 0], int(q != 0))
        if q != 0:
            signs.append(int(q < 0))
            for u in range(abs(q)):
                name = ("first", 0) if u == 0 else ("second", 0) if u == 1 else ("later", u)
                coder.bin(contexts[c][name], int(u < abs(q) - 1))
    number = sum(sign << place for place, sign in enumerate(signs))
    return coder.finish(), number.to_bytes((len(signs) + 7) // 8, "little")


def row_steps(row_step_exponent):
    """A [3, 10, 4] tensor with row axis 1, coded row after row in slices of 16 elements, rows of classes -16 to 15, columns of classes, too.

    An ancillary unit, two holes for the tensor, level 0.
    """
    rows, columns = [-16, 15, 0, 1, 2, 3, -1, -2, -3, 7], [0, 1, -1, 3, 0, 0, -9, 9, 2, 0, 0, 1]
    step, offset, limit = 0.0123, 20, 4
    step = reference.binary32(step)
    indices = [(n * n * 7 + n) % 29 - 14 if n % 3 else 0 for n in range(120)]
    classes = [max(-8, min(8, ((rows[n // 12] * (2 - row_step_exponent)) >> 1) + columns[n % 12])) + 8 for n in range(120)]
    content = bytearray(480)
    for n, q in enumerate(indices):
        r, column = divmod(n, 12)
        place = (column // 4 * 10 + r) * 4 + column % 4
        content[4 * place:4 * place + 4] = reference.value_bytes(q, offset, reference.row_step(step, rows[r], row_step_exponent))
    content = bytes(content)
    lines = line_classes([rows, columns])
    slices = [one_slice(indices[n:n + 16], classes[n:n + 16], limit) for n in range(0, 120, 16)]
    coding = struct.pack("<f", step) + uv(2 * offset) + bytes([0, 1, 1, 1, 3, row_step_exponent, limit]) + uv(len(lines))
    data = uv(0) + struct.pack("<QB", reference.xxh64(content), 1) + coding + b"".join(uv(len(a)) + uv(len(b)) for a, b in slices) \
        + lines + b"".join(a + b for a, b in slices)

    name, skeleton = "row-steps.bin", b"before, between, after"
    output = skeleton[:8] + content + skeleton[8:17] + content + skeleton[17:]
    body = uv(1) + text(name) + uv(len(skeleton)) + uv(1) + text("t") + bytes([1, 3, 3, 10, 4]) + uv(2) + bytes([0, 8, 0, 0, 9, 0])
    parameters = bytes([4]) + text("conformance") + text("") + text("bytes") + uv(120) + uv(1) + uv(len(output)) + hashlib.sha256(output).digest()
    payloads = [(1, bytes([0, 0, 0, 0])), (2, parameters), (3, uv(len(body)) + frame(body)), (200, b"to be skipped"), (5, data),
                (4, uv(0) + frame(skeleton))]
    index = uv(len(payloads)) + b"".join(bytes([t]) + uv(len(p) + 17) for t, p in payloads) + bytes([1, 4, 1]) + hashlib.sha256(output).digest()
    units = [unit(*each) for each in payloads + [(7, index)]]
    stream = bytes.fromhex("D4544D530D0A1A0A") + b"".join(units)
    checksums = b"".join(u[9:13] + u[-4:] for u in units)
    end = struct.pack("<QQQ", len(stream) + 41, len(stream) - len(units[-1]), reference.xxh64(checksums))
    return stream + unit(8, end), name, output
