#!/usr/bin/env python3
"""Holds the reference decoder against the examples of Spec §6.9.4, which the Swift tests (FloatSliceTests) are held against too."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "reference"))
from tamis_reference import FLOAT_LAYOUTS, FloatWindow, InvalidCodeword, float_frequencies, float_slice, short_rows

FLOAT32, BFLOAT16 = 1, 16
TABLE = [16, 512, 256, 1024, 2032, 256]


def expect(found, expected):
    if found != expected:
        raise SystemExit(f"error: an example of Spec §6.9.4 gives {found}; expected {expected}")


def refused(*arguments):
    try:
        float_slice(*arguments)
    except InvalidCodeword:
        return True
    return False


def main():
    example = bytes.fromhex
    frequencies = float_frequencies(example("87B944C1B515A56A"), 6, False)
    expect(frequencies, ([0] * 17, [TABLE]))
    window = FloatWindow(FLOAT_LAYOUTS[FLOAT32], 20, 1, 252, 4)
    codeword, raw = example("10020010 20240800 10718000 10090200"), example("28003007")
    expect(float_slice(codeword, raw, window, frequencies, [8] * 7, [0] * 7),
           [0x3F000000, 0xBF500000, 0, 0x3F800000, 0x80000000, 0x3F900000, 0xBFF00000])
    for damaged in [(codeword[:-2], raw), (codeword + b"\0\0", raw), (codeword, raw[:-1]), (codeword, raw + b"\0"), (codeword[:5] + b"\7" + codeword[6:], raw)]:
        expect(refused(*damaged, window, frequencies, [8] * 7, [0] * 7), True)

    frequencies = float_frequencies(example("C19564619F899E4A0DCEDC6C9380"), 6, True)
    expect(frequencies, ([0] * 8 + [1] * 9, [TABLE, [16, 16, 16, 1000, 2048, 1000]]))
    expect(short_rows(example("80"), 2), [0, 1])
    window = FloatWindow(FLOAT_LAYOUTS[BFLOAT16], 0, 0, 120, 4, short_zero_bits=4)
    elements = float_slice(
        example("40E24100 10030004 301E0400 10021000"), example("01817F91F807"), window, frequencies, [6, 7, 8, 7, 8, 9], [0, 0, 0, 1, 1, 1])
    expect(elements, [0x3C01, 0xBC81, 0x3DFF, 0x3C10, 0xBD90, 0x7F80])

    expect(short_rows(example("A3FA"), 8), [0, 0, 1, 1, 1, 0, 1, 1])
    print("The reference decoder agrees with the examples of float mode")


if __name__ == "__main__":
    main()
