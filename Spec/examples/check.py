#!/usr/bin/env python3
"""Holds the worked examples, tables and proofs of Spec/ against the reference decoder and against arithmetic. Exit code 1 if one is wrong.

Examples of float mode (§6.9.4) are checked by Conformance/check_float_examples.py, those of section 14 by make.py and dump.py.
"""
import math
import random
import re
import struct
import sys
from pathlib import Path

SPEC = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SPEC.parent / "Conformance" / "reference"))
import tamis_reference as reference  # noqa: E402

PAGES = {page.name.split("-")[0]: page.read_text(encoding="utf-8") for page in SPEC.glob("[0-9]*.md")}
faults = []


def check(section, what, is_true):
    if not is_true:
        faults.append(f"§{section}: {what}")


def written(section, text):
    """The text, which the page of the section has."""
    check(section, f"'{text}' is not there", text in PAGES[section.split(".")[0]])
    return text


def codeword(section, text):
    return bytes.fromhex(written(section, text))


def slice_of(section, word, raw, magnitude_code, limit, classes, neighbours=False, distances=None, trellis=None):
    raw = codeword(section, raw) if raw else b""
    try:
        return reference.SliceDecoder(codeword(section, word), raw, magnitude_code, limit, neighbours, distances, trellis).decode(classes)
    except reference.InvalidCodeword as fault:
        return str(fault)


def line_classes(section, word, rows, columns):
    try:
        return reference.line_classes(codeword(section, word), rows, columns)
    except reference.InvalidCodeword as fault:
        return str(fault)


def entropy_coding():                                   # §6.8
    first, second = [0, 1, -2, 0, 3, 40], [5, -9, 0, 12, -30, 700, 1, -2, 0, 0, 3, -4]
    classes, all_classes, trellis = [8, 9, 8, 10, 11, 12, 8, 7, 0, 3, 8, 16], [n % 17 for n in range(65536)], reference.Trellis(3)
    check("6.8", "example 1", slice_of("6.8", "B3 8D A9 C6 0B", "6A", 16, 6, [8] * 6) == first)
    check("6.8", "example 2", slice_of("6.8", "D5 E2 2F DE 0A E4 8D", "60 BD 25 07", 24, 8, classes, True, (3, 5)) == second)
    check("6.8", "example 3, rows", line_classes("6.8", "98 AA 29 01 29 A4 64", 10, None) == [[0, 1, -2, 3, -16, 15, 15, 0, 2, 2], None])
    check("6.8", "example 3, both", line_classes("6.8", "CF 8A", 3, 3) == [[0, 0, 0], [1, 1, -1]])
    written("6.8", "`FF FF FF FF FF FF FF FE`, then 36 bytes FF and `F9`")
    long = reference.SliceDecoder(b"\xFF" * 7 + b"\xFE" + b"\xFF" * 36 + b"\xF9", b"", 16, 6, False, None).decode(all_classes)
    check("6.8", "example 4", long == [0] * 65536 and slice_of("6.8", "FF FF FF FF FF FF FF EF", "", 0, 6, all_classes) == [0] * 65536)
    indices = slice_of("6.8", "B3 7A E9 34 C1", "6A", 16, 6, [8] * 6, trellis=trellis)
    check("6.8", "example 5", indices == first and trellis.grid_points(indices) == [0, 2, -4, 0, 5, 79])
    indices = slice_of("6.8", "D5 E2 2F DE 0A E4 B1", "60 BD 25 07", 24, 8, classes, True, (3, 5), trellis)
    check("6.8", "example 5, second", indices == second and trellis.grid_points(indices) == [10, -18, 0, 24, -60, 1399, 1, -3, 0, 0, 5, -8])
    shares = re.search(r"\| F\[s\] \|(.*)\|", PAGES["6"]).group(1).split("|")
    check("6.4.2", "F[s]", [int(share) for share in shares] == [3] + [round(256 * math.exp(-2 ** (-s / 2))) for s in range(-4, 14)])


def reconstruction():                                   # §7.2, §7.3, §7.9
    for i, (hexadecimal, bits) in enumerate(re.findall(r"\| \d \| (0x1\.\w+p0) \| (0x\w+) \|", PAGES["7"])):
        value = float.fromhex(hexadecimal)
        check("7.2", f"Q[{i}]", value == reference.binary32(2 ** (i / 4)) and struct.pack(">f", value) == int(bits, 16).to_bytes(4, "big"))
    for states, log2, h0, h1, big0, big1 in re.findall(r"\| (\d+) \| (\d) \| (\d+) \| (\d+) \| (0x\w\w) \| (0x\w\w) \|", PAGES["7"]):
        check("7.3", f"{states} states", int(states) == 2 ** int(log2) and int(h0, 8) >> 1 == int(big0, 16) and int(h1, 8) >> 1 == int(big1, 16))
    check("7.3", "example", reference.Trellis(3).grid_points([1, 0, -3, 2, -1, 0]) == [2, 0, -5, 3, -2, 0])
    noise = random.Random(1)
    for _ in range(20000):
        step, d, far = reference.binary32(noise.uniform(1, 2) * 2.0 ** noise.randint(-100, 79)), noise.randint(-2 ** 24, 2 ** 24), noise.randint(2 - 2 ** 31, 2 ** 31 - 2)
        check("7.9", f"{d} · {step}", reference.value_of(d, 0, step) == reference.binary32(d * step))           # d · step is exact in binary64
        check("7.9", f"{far} · {step}", reference.value_of(far, 0, step) == reference.binary32(float(far) * step))


def digests():                                          # §8
    check("8.1", "123456789", reference.crc32c(b"123456789") == int(written("8.1", "0xE3069283"), 16))
    check("8.1", "32 zero bytes", reference.crc32c(bytes(32)) == int(written("8.1", "0x8A9136AA"), 16))
    check("8.2", "no bytes", reference.xxh64(b"") == int(written("8.2", "0xEF46DB3751D8E999"), 16))
    check("8.2", "abc", reference.xxh64(b"abc") == int(written("8.2", "0x44BC2CF5AD770999"), 16))


def bounds():                                           # §9.3
    def least(factor): return -math.log2(factor)
    bin_bits, symbol_bits = least(1 - 2 ** -11 * (1 - 2 ** -16)), least(1 - 19 * 2 ** -15 * (1 - 2 ** -17))
    written("9.3", "more than 7.0460 · 10^−4 bits"), written("9.3", "8 · n ⁄ (7.0460 · 10^−4) < 11354 · n"), written("9.3", "8 · n ⁄ (8.3676 · 10^−4) < 9561 · n")
    check("9.3", "bits of a bin", bin_bits > 7.0460e-4 and 8 / 7.0460e-4 < 11354)
    check("9.3", "bits of a symbol", symbol_bits >= 8.3675e-4 and 8 / symbol_bits < 9561 and bin_bits < symbol_bits)
    largest = max(s - ((15 * s) >> 15) + 1 for s in range(1, 32753))
    fourth = 2 ** 15
    for _ in range(4):
        fourth = (fourth * 32752) >> 15
    check("9.3", "values 1 … 4", largest == 32739 == 2 ** 15 - 29 and fourth + 1 == 32705 and least(1 - 29 * 2 ** -15) > symbol_bits)
    element_bits = math.log2(1 + 2 * 16 / (4094 * 17))
    written("9.3", "n <= 12133 · (16 + 2 · w)")
    check("9.3", "float mode", element_bits > 6.63e-4 and math.log2(17 / 16) < 0.0875 and 16.0875 / 6.63e-4 < 2 * 12133 and 64 / 6.63e-4 < 16 * 12133)
    check("9.3", "the rule", 16384 > max(11354, 9561, 12133))


def numbers():                                          # §13.1
    t = range(0 - 16 + 0 - 8, 80 - 16 + 16 - 8 + 1)
    check("13.1", "h", (min(t) >> 1, max(t) >> 1) == (-12, 36) and (2896 << 36) < 2 ** 48 and (2896 << 36) * 51 < 2 ** 54)
    x = 12 + 2 ** 30 + (2 ** 30 - 1) - 1
    check("13.1", "x and v", x == 12 + 2 ** 30 + 2 ** 30 - 2 < 2 ** 32 and (x - 1) << 24 < 2 ** 56)
    low, high = 2 ** 20 - 2 ** 13, 2 ** 31 - 2 ** 20
    check("13.1", "differences", (2 ** 20 - high) >> 16 == -32736 and (high - low) >> 16 == 32736)
    check("13.1", "bound[1]", (2 ** 64 - 1 >> 15) * (32752 + 4) < 2 ** 64 - 1)
    check("13.1", "g", 256 * (2 ** 31 - 2) + 128 < 2 ** 39)
    steps = [step * 2.0 ** (quarters // 4) for step in (2.0 ** -100, 2.0 ** 80) for quarters in (-32, 30)]
    check("13.2", "smallest and largest values", 128 * min(steps) / 256 == 2.0 ** -109 and 2.0 ** 39 * max(steps) * 2 ** 0.5 / 256 < 2.0 ** 119)


def levels():                                           # §9.1
    columns = [re.findall(r"\| ([^|]+)", row)[1:] for row in re.search(r"\| files \|.*?\n\n", PAGES["9"], re.S).group(0).strip().split("\n")]
    for number, level in enumerate(reference.LEVELS):
        stated = [int(2 ** int(cell[number][2:]) if "^" in cell[number] else cell[number]) for cell in columns]
        names = ("files", "tensors", "holes", "elements", "rank", "name_bytes", "topology_bytes", "output_bytes", "units")
        check("9.1", f"level {number}", stated == [getattr(level, name) for name in names])


for part in (entropy_coding, reconstruction, digests, bounds, numbers, levels):
    part()
for fault in faults[:20]:
    print("error:", fault, file=sys.stderr)
print(f"{len(faults)} faults" if faults else "all examples, tables and proofs hold")
sys.exit(1 if faults else 0)
