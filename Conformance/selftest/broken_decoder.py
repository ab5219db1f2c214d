#!/usr/bin/env python3
"""The reference decoder with one planted fault: what the conformance vectors must notice.

    broken_decoder.py --list
    broken_decoder.py --fault NAME FILE.tamis

Speaks the protocol of a testee (Conformance/README.md), so that the runner can be tried on it. A fault is one or a few edits of the reference decoder's
text, such as a decoder written from the specification might have by mistake. Exit code 64: no such fault.
"""
import argparse
import ast
import sys
import types
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "tamis_reference.py"

# name: what is wrong, and (text of the reference decoder, text in its place) of each edit
FAULTS = {
    "overlong-integers": ("an integer need not be in its shortest form", [
        ("if byte == 0 and shift > 7:", "if False:")]),
    "integers-of-65-bits": ("an integer's upper bits are cut off", [
        ("if shift == 63 and byte > 1:", "if False:"), ("if byte < 128:\n                break", "if byte < 128:\n                value &= U64\n                break")]),
    "control-characters": ("texts may contain control characters", [
        ("if any(ord(c) <= 0x1F or 0x7F <= ord(c) <= 0x9F for c in text):", "if False:")]),
    "nan-in-range": ("a NaN is in every range", [
        ("if not low <= value <= high: ", "if value < low or value > high: ")]),
    "ranges-unchecked": ("values outside their ranges are taken", [
        ("if not low <= value <= high: ", "if False: ")]),
    "header-checksum": ("header_crc is not checked", [
        ("if header_crc != crc32c(self.stream[place:place + 9]):", "if False:")]),
    "payload-checksum": ("payload_crc is not checked", [
        ("if payload_crc != crc32c(payload):", "if False:")]),
    "stream-hash": ("unit_hash is not checked", [
        ("if end.unit_hash != xxh64(self.checksums):", "if False:")]),
    "tensor-digest": ("digests of tensors are not checked, and bfloat16 is cut off instead of rounded", [
        ("if xxh64(content) != coding.tensor_digest:", "if False:"), ("(bits + 0x7FFF + (bits >> 16 & 1)) >> 16", "bits >> 16")]),
    "group-digest": ("digests of groups are not checked", [
        ("if xxh64(b\"\".join(contents)) != coding.group_digest:", "if False:")]),
    "file-digest": ("digests of files are not checked", [
        ("if hashlib.sha256(file).digest() != self.index.digests[number]:", "if False:")]),
    "unit-order": ("units may be in any order", [
        ("if not self.is_allowed(unit_type):", "if False:")]),
    "unknown-units": ("critical units of unknown types are skipped", [
        ("if unit_type not in UNIT_NAMES and unit_type < 128:", "if False:"), ("if unit_type >= 128:", "if unit_type not in UNIT_NAMES:")]),
    "ancillary-units": ("ancillary units are refused", [
        ("if unit_type not in UNIT_NAMES and unit_type < 128:", "if unit_type not in UNIT_NAMES:")]),
    "bytes-behind-the-end": ("bytes behind the end unit are ignored", [
        ("if place != len(self.stream):", "if False:")]),
    "bytes-behind-elements": ("bytes behind the elements of a payload are ignored", [
        ("            reader.end()\n", ""), ("        body.end()\n", "")]),
    "unsupported-family": ("what a later version may have is called malformed", [
        ("\"unsupported\" if code in UNSUPPORTED else", "")]),
    "reserved-values": ("reserved values are taken for the largest that is known", [
        ("            self.refuse(\"unsupported_feature\", element, f\"{value} is reserved\")\n", "            return largest\n")]),
    "level-limits": ("the level's limits are not checked", [
        ("        if value > limit:\n            self.refuse(\"level_exceeded\"", "        if False:\n            self.refuse(\"level_exceeded\"")]),
    "codeword-bound": ("elements are not bounded by the codeword's length", [
        ("if count > 16384 * (codeword_bytes + 1):", "if False:")]),
    "frame-bound": ("the content of a frame is not bounded by its length", [
        ("if content_bytes > 32768 * frame_bytes + 2 ** 17:", "if False:")]),
    "frame-window": ("frames may have any window", [
        ("if window > 2 ** 27:", "if False:")]),
    "frame-followed": ("bytes may follow a frame", [
        ("if ZSTD.ZSTD_findFrameCompressedSize(frame, len(frame)) != len(frame):", "if False:"),
        ("ZSTD.ZSTD_decompress(content, content_bytes, frame, len(frame))",
         "ZSTD.ZSTD_decompress(content, content_bytes, frame, ZSTD.ZSTD_findFrameCompressedSize(frame, len(frame)))")]),
    "frame-size": ("a frame need not state its content size", [
        ("if size_bytes == 0:", "if False:"), ("stated != content_bytes:", "size_bytes > 0 and stated != content_bytes:")]),
    "duplicate-names": ("two tensors may have the same name", [
        ("        if name in names:\n", "        if False:\n")]),
    "paths": ("a file's path may lead out of the folder", [
        ("part in (\"\", \".\", \"..\") or ", "")]),
    "duplicate-tensors": ("a tensor may be in units in which the index does not place it", [
        ("if self.index.places[number] != reader.unit:", "if False:")]),
    "lacking-skeleton": ("a file without a skeleton has no bytes but its tensors'", [
        ("if len(skeletons) != len(self.file_entries) and not self.is_shard:", "if False:")]),
    "last-gap": ("the skeleton behind the last hole is lost", [
        ("file += skeleton[place:skeleton_bytes]", "file += b\"\" if holes_of_file[number] else skeleton")]),
    "coding-order": ("the columns of coding order 1 are taken as if the row axes were the first", [
        ("p, s = column // self.S, column % self.S", "p, s = 0, column")]),
    "refill": ("the arithmetic decoder refills one bit too early", [
        ("if self.range < 2 ** 32:", "if self.range < 2 ** 33:")]),
    "codeword-end": ("the end of a codeword is not checked", [
        ("if self.place - z != len(self.codeword) or self.offset >= 256 ** z:", "if False:")]),
    "adaptation-limit": ("contexts adapt one step faster than the limit says", [
        ("shift = min(limit, ", "shift = min(limit - 1, ")]),
    "adaptation-rate": ("the rates of decision groups are rounded down instead of up", [
        ("(rate * (rate - 2 ** (16 - limit)) + 65535) >> 16", "(rate * (rate - 2 ** (16 - limit))) >> 16")]),
    "adaptation-target": ("a difference is rounded towards zero", [
        ("((target - self.probability[j]) >> 16) * rate", "int((target - self.probability[j]) / 65536) * rate")]),
    "start-probabilities": ("one start probability is wrong", [
        ("[3, 5, 15, 35, 62, 94,", "[4, 5, 15, 35, 62, 94,")]),
    "raw-padding": ("the bits behind the raw bits may be 1", [
        ("if self.taken % 8 != 0 and self.data[-1] >> self.taken % 8 != 0:", "if False:")]),
    "raw-length": ("bytes may follow the raw bits", [
        ("if not 8 * (m - 1) < self.taken <= 8 * m and not self.taken == m == 0:", "if self.taken > 8 * m:"),
        ("self.taken % 8 != 0 and self.data[-1]", "self.taken % 8 != 0 and self.data[self.taken // 8]")]),
    "neighbours": ("the neighbour class takes the indices two and three places before", [
        ("near = abs(self.before(1)) + abs(self.before(2))", "near = abs(self.before(2)) + abs(self.before(3))")]),
    "thresholds": ("a neighbour class needs more than its threshold", [
        ("near >= threshold for", "near > threshold for")]),
    "third-sign": ("the sign context leaves out the third sign", [
        ("3 * sgn(self.before(distance_1)) + sgn(self.before(distance_2)) + 13", "3 * sgn(self.before(distance_1)) + 13")]),
    "escape": ("an escape may be longer than 30, and an index larger than its range", [
        ("if g == 31:", "if g == 60:"), ("if v >= 2 ** 30 - 1:", "if False:")]),
    "largest-index": ("the largest index is refused", [
        ("if v >= 2 ** 30 - 1:", "if v >= 2 ** 30 - 2:")]),
    "low-contexts": ("the low bits have two contexts instead of three", [
        ("contexts[\"low\", min(x - 1, 2)]", "contexts[\"low\", min(x - 1, 1)]")]),
    "line-classes": ("the class −16 cannot be read", [
        ("last = 15 if negative else 14", "last = 14")]),
    "class-rounding": ("half a row's class is rounded towards zero", [
        ("(row_classes[r] * (2 - row_step_exponent)) >> 1", "int(row_classes[r] * (2 - row_step_exponent) / 2)")]),
    "row-steps": ("the steps of odd row classes have the wrong factor", [
        ("Q[e % 4] *", "Q[e % 4 & 2] *")]),
    "trellis-restart": ("the trellis goes on from slice to slice", [
        ("self.trellis, self.state = trellis, 0", "self.trellis, self.state = trellis, getattr(trellis, \"last\", 0)"),
        ("state, points = 0, []", "state, points = getattr(self, \"last\", 0), []"), ("        return points\n", "        self.last = state\n        return points\n")]),
    "trellis-64": ("the trellis of 64 states has a wrong polynomial", [
        ("6: (0o103, 0o024)", "6: (0o103, 0o026)")]),
    "double-rounding": ("float16 is rounded from binary64, without binary32 between", [
        ("return binary32(float(g) * (step * 2.0 ** -8))", "return float(g) * (step * 2.0 ** -8)"),
        ("        return struct.pack(\"<f\", value)\n", "        return struct.pack(\"<f\", binary32(value))\n")]),
    "single-precision": ("values are reconstructed in binary32 throughout", [
        ("return binary32(float(g) * (step * 2.0 ** -8))", "return binary32(binary32(float(g)) * (step * 2.0 ** -8))")]),
    "infinite-half": ("a float16 element may become infinite", [
        ("raise InvalidCodeword(f\"{value} is too large for float16\") from None", "return b\"\\0\\x7C\" if value > 0 else b\"\\0\\xFC\"")]),
    "fused-companding": ("companding multiplies and adds with one rounding", [
        ("p = p + (p + 1) * growth", "p = float(Fraction(p) + Fraction(p + 1) * Fraction(growth))"),
        ("    p, magnitudes = 0.0, [0.0]", "    from fractions import Fraction\n    p, magnitudes = 0.0, [0.0]")]),
    "minifloat-subnormals": ("subnormal numbers of a minifloat have the exponent 0", [
        ("return 2.0 ** (1 - bias) * (M / 2 ** mantissa_bits)", "return 2.0 ** -bias * (M / 2 ** mantissa_bits)")]),
    "integer-range": ("an integer beyond its type is wrapped", [
        ("if not low <= v <= high:", "if False:")]),
    "packing": ("the first of the fields is in the highest bits", [
        ("field << n * bits % 8", "field << 8 - bits - n * bits % 8")]),
    "float-states": ("the states of float mode are not checked at the end", [
        ("if state != [2 ** 16] * 4 or words:", "if words:")]),
    "float-words": ("words of float mode may be left over", [
        ("if state != [2 ** 16] * 4 or words:", "if state != [2 ** 16] * 4:")]),
    "float-frequencies": ("frequencies need not sum up to 4096", [
        ("if sum(table) != 4096 or max(table) > 4094 or table[0] < 2:", "if max(table) > 4094 or table[0] < 2:"),
        ("symbol = next(symbol for symbol in range(len(f)) if s[symbol] <= x % 4096 < s[symbol + 1])",
         "symbol = next((symbol for symbol in range(len(f)) if s[symbol] <= x % 4096 < s[symbol + 1]), 0)")]),
    "short-rows": ("escapes of short rows have as many bits as others", [
        ("return take(self.W - z) << z", "return take(self.W - self.z) << self.z")]),
    "parameter-unit": ("the parameter set is taken for unit 1, also behind ancillary units", [
        ("self.parameter_unit = reader.unit ", "self.parameter_unit = 1 ")]),
    "unit-after-level": ("one unit more than the level allows is taken", [
        ("header.limited(None, number + 1, ", "header.limited(None, number, ")]),
    "shard-digests": ("a stream that is no shard needs no file digests", [
        ("and not (self.is_shard and index.digests == []):", "and index.digests != []:"),
        ("if hashlib.sha256(file).digest() !=", "if self.index.digests and hashlib.sha256(file).digest() !=")]),
    "digests-of-shards": ("a shard may not have file digests", [
        ("if len(index.digests) != len(self.file_entries) and not (self.is_shard and index.digests == []):",
         "if len(index.digests) != (0 if self.is_shard else len(self.file_entries)):")]),
    "shard-without-digests": ("a shard needs file digests", [
        (" and not (self.is_shard and index.digests == []):", ":")]),
}


def broken(name):
    """The reference decoder, a module, with this fault; without one for None."""
    source = REFERENCE.read_text()
    for text, replacement in FAULTS[name][1] if name else ():
        place_of(text, source)
        source = source.replace(text, replacement)
    module = types.ModuleType("tamis_reference")
    exec(compile(source, f"{REFERENCE} ({name})", "exec"), module.__dict__)
    return module


def place_of(text, source):
    """Where the one place is that an edit changes."""
    if source.count(text) != 1:
        raise ValueError(f"an edit changes a text that is in the reference decoder {source.count(text)} times: {text}")
    return source.index(text)


def functions_of(name):
    """The names of the functions that a fault is in; None if one of its edits is in no function."""
    source = REFERENCE.read_text()
    lines = {source.count("\n", 0, place_of(text, source) + len(text) - len(text.lstrip("\n"))) + 1 for text, _ in FAULTS[name][1]}
    functions = {line: name for name, first, last in functions_in(ast.parse(source)) for line in lines if first <= line <= last}
    return set(functions.values()) if len(functions) == len(lines) else None


def functions_in(node, outer=""):
    """(qualified name, first line, last line) of each function."""
    for child in getattr(node, "body", []):
        if isinstance(child, ast.FunctionDef):
            yield outer + child.name, child.lineno, child.end_lineno
        elif isinstance(child, ast.ClassDef):
            yield from functions_in(child, f"{outer}{child.name}.")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--list", action="store_true", help="print the names of the faults and what they are")
    arguments.add_argument("--fault", metavar="NAME")
    arguments.add_argument("file", metavar="FILE.tamis", nargs="?")
    options = arguments.parse_args()
    if options.list:
        for name, (about, _) in FAULTS.items():
            print(f"{name:22} {about}")
        return 0
    if options.fault not in FAULTS or options.file is None:
        print("error: name a fault of --list, and a file", file=sys.stderr)
        return 64
    sys.argv[1:] = ["--testee", options.file]
    return broken(options.fault).main()


if __name__ == "__main__":
    sys.exit(main())
