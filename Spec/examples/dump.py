#!/usr/bin/env python3
"""Writes Spec/14-examples.md: the streams of this folder, field by field, from the trace of Conformance/reference/tamis_reference.py.

    dump.py            writes the page
    dump.py --check    exit code 1 if the page would change
"""
import re
import struct
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parent / "14-examples.md"
sys.path.insert(0, str(FOLDER.parent.parent / "Conformance" / "reference"))
import tamis_reference as reference  # noqa: E402
from follow import followed  # noqa: E402

HEAD = """# 14 Examples

Informative. Three streams of level 0, byte for byte; they lie in [examples/](examples/). This page is written by `examples/dump.py` from the trace of the reference decoder, the streams by `examples/make.py`.

*Offset* counts bytes from the start of the stream; in the topology's body, which is inside a frame, from its start. Bytes are hexadecimal, in stream order. Parts without a name in `code` are no elements: frames (§9.4), codewords (§6.1) and raw bits (§6.3).
"""
ABOUT = {
    "1-one-tensor": """## 14.1 One tensor

The file `a.bin` is `<`, the tensor `w`, `>`. The tensor is kept as it is. Nothing in a stream with a tensor can be left out; this is the least.""",
    "2-indices-and-group": """## 14.2 Indices and a group

A matrix of two rows of eight float32 weights, with a class for each row, neighbour contexts, and steps that follow the rows by half; a group of three tensors: one quantized, one raw whose value was changed, one raw as in the source.""",
    "3-trellis-and-float": """## 14.3 A trellis and float mode

Two files; the tensor `table` fills a hole in each. `conv` is coded under a trellis of 8 states, in rows of its second axis, with sign contexts, in two slices; `table` in float mode with short rows. The data units are not in the order of the topology.""",
}
UNITS = reference.UNIT_NAMES
TEXTS = ("encoder_name", "encoder_options", "source_format", "file_name", "tensor_name", "alias_name")
BODY = ("topology_body", "file_entry", "tensor_entry", "hole_entry", "tensor_alias")


def meaning(element, model):
    """What a value stands for, where the value does not say it."""
    value, key = element.value, element.element
    tensors = model.names

    def one_of(*names): return names[value]
    texts = {
        "signature": lambda: "§3.1", "unit_type": lambda: UNITS[value], "indexed_unit_type": lambda: UNITS[value],
        "header_crc": lambda: f"0x{value:08X}, CRC-32C of the nine bytes before", "payload_crc": lambda: f"0x{value:08X}, CRC-32C of the payload",
        "level": lambda: one_of("test", "standard", "large"), "shard_count": lambda: "this stream holds all of the model",
        "slice_elements_log2": lambda: f"slices of {2 ** value} elements", "body_bytes": lambda: "of the body, decompressed",
        "element_type": lambda: reference.ELEMENT_TYPES[value][0], "hole_file_index": lambda: model.files[value],
        "hole_tensor_index": lambda: tensors[value], "alias_tensor_index": lambda: tensors[value], "tensor_index": lambda: tensors[value],
        "entry_tensor_index": lambda: tensors[value], "file_index": lambda: model.files[value], "coding_mode": lambda: one_of("raw", "index", "float"),
        "entry_coding_mode": lambda: one_of("raw, as in the source", "index", "raw, changed"),
        "quantizer_kind": lambda: one_of("uniform", "trellis", "codebook", "companded", "minifloat", "integer"),
        "reconstruction_offset": lambda: f"{value} ⁄ 256 of a step", "trellis_states_log2": lambda: f"{2 ** value} states",
        "magnitude_code": lambda: f"t = {value - 16} for class 8", "group_magnitude_code": lambda: f"t = {value - 16} for class 8",
        "coding_order": lambda: one_of("C order", "row after row"), "row_step_exponent": lambda: f"α = {value} ⁄ 2",
        "tensor_digest": lambda: f"0x{value:016X}, XXH64", "group_digest": lambda: f"0x{value:016X}, XXH64", "unit_hash": lambda: f"0x{value:016X}, XXH64 of all header_crc and payload_crc",
        "unit_number": lambda: "the unit that holds the tensor", "unit_bytes": lambda: f"the next begins at {model.next_unit(element)}",
        "index_offset": lambda: "the index unit's header", "window_origin": lambda: "prefix of symbol 2", "gap_bytes": lambda: "of skeleton before the hole",
        "frame": lambda: "Zstandard frame: " + model.frame(element), "source_sha256": lambda: "of the file that was read", "file_sha256": lambda: "of the decoded file",
    }
    if key == "coding_tools":
        names = ("row classes", "column classes", "short rows") if element.structure == "float_coding" else ("row classes", "column classes", "neighbour contexts", "sign contexts")
        return ", ".join(name for bit, name in enumerate(names) if value >> bit & 1) or "none"
    return texts[key]() if key in texts else ""


class Names:
    """What a trace says about names, for the meaning of others."""

    def __init__(self, elements):
        self.files = [each.value for each in elements if each.element == "file_name"]
        self.names = [each.value for each in elements if each.element == "tensor_name"]
        self.place = 8

    def next_unit(self, element):
        self.place += element.value
        return self.place

    def frame(self, element):
        frame = bytes.fromhex(element.value)
        size = [1, 2, 4, 8][frame[4] >> 6]              # of a single segment (RFC 8878)
        stated = int.from_bytes(frame[5:5 + size], "little") + (256 if size == 2 else 0)
        head = int.from_bytes(frame[5 + size:8 + size], "little")
        return f"magic number, descriptor, {stated} bytes of content; a block, " + ("stored" if head >> 1 & 3 == 0 else "repeated")


def shown(element):
    if isinstance(element.value, str):
        return f"“{element.value}”" if element.element in TEXTS else ""
    return f"{element.value:g}" if isinstance(element.value, float) else str(element.value)


def row(element, data, names):
    taken = data[element.offset:element.offset + element.size].hex(" ").upper()
    lines = "<br>".join(taken[i:i + 48].strip() for i in range(0, len(taken), 48))
    name = f"`{element.element}`" if element.structure or element.element == "payload_crc" else element.element
    value = "" if element.element.endswith(("_crc", "_digest")) or element.element == "unit_hash" else shown(element)
    return f"| {element.offset} | {lines} | {name} | {value} | {meaning(element, names)} |"


TABLE = "| offset | bytes | element | value | meaning |\n|---|---|---|---|---|"


def page_of(name):
    stream = (FOLDER / f"{name}.tamis").read_bytes()
    elements, fault = reference.trace_and_fault(stream)
    if fault:
        raise SystemExit(f"error: {name}.tamis is refused: {fault}")
    names, parts, unit, structure = Names(elements), [ABOUT[name], f"`examples/{name}.tamis`, {len(stream)} bytes:"], -1, ""
    body = [each for each in elements if each.structure in BODY]
    content = b""
    for element in [each for each in elements if each not in body]:
        number = -1 if element.unit is None else element.unit
        if number != unit or not parts[-1].startswith("|"):
            title = "signature" if number < 0 else f"unit {number}: {UNITS[stream[element.offset]]}"
            parts += [f"**{title[0].upper() + title[1:]}**", TABLE]
        elif element.structure != structure and element.structure not in ("", "unit_header"):
            parts[-1] += f"\n| | | *{element.structure}* | | |"
        unit, structure = number, element.structure
        parts[-1] += "\n" + row(element, stream, names)
        if element.element == "frame" and number == 2:
            content = stored(bytes.fromhex(element.value))
    for place, part in enumerate(parts):                # the body's table behind the topology unit's
        if "topology_unit**" in part:
            table, last = TABLE, ""
            for element in body:
                if element.structure != last:
                    table += f"\n| | | *{element.structure}* | | |"
                last = element.structure
                table += "\n" + row(element, content, names)
            parts.insert(place + 2, "The body:\n\n" + table)
            break
    parts[2:2] = [decoded(stream)]
    steps = followed(stream)
    return "\n\n".join(parts + (["### How its codewords are decoded"] + steps if steps else []))


def stored(frame):
    """The content of a frame of one stored block."""
    return frame[9:] if frame[4] >> 6 == 0 else frame[10:]


def decoded(stream):
    """What the stream decodes to, in a few lines."""
    model = reference.decode_model(stream)
    lines = ["It decodes to", ""]
    for tensor, content in model.tensors:
        lines.append(f"- the {tensor.type_name} tensor `{tensor.name}` of shape {tensor.dimensions}: " + values(tensor, content) + ";")
    for name, content in model.files:
        lines.append(f"- the file `{name}` of {len(content)} bytes" + (f", `{content.hex(' ').upper()}`" if len(content) < 32 else "") + ";")
    return re.sub(";$", ".", "\n".join(lines))


def values(tensor, content):
    form = {"float32": "f", "uint8": "B", "int64": "q"}.get(tensor.type_name)
    if form is None:                                    # bfloat16
        numbers = [struct.unpack("<f", b"\0\0" + content[i:i + 2])[0] for i in range(0, len(content), 2)]
    else:
        numbers = struct.unpack(f"<{tensor.elements}{form}", content)
    return ", ".join(f"{number:.9g}" for number in numbers).replace("-", "−")


def main():
    page = "\n".join([HEAD] + [page_of(name) + "\n" for name in ABOUT])
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("error: Spec/14-examples.md differs from what dump.py writes: run it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
