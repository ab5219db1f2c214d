"""Random edits of a stream: each breaks it in one place, most of the time."""
import struct

import encode

# Elements that say what follows
SHIFTING = ("source_count", "file_count", "tensor_count", "rank", "hole_count", "alias_count", "coding_mode", "quantizer_kind", "codebook_count",
            "coding_tools", "entry_count", "entry_coding_mode", "unit_count", "place_count", "digest_count", "unit_type")


def shows_in_several_ways(edit):
    """Whether an edit may break more than one rule."""
    return edit == "damaged" or " a payload of " in edit or any(f".{name}:" in edit for name in SHIFTING)


def leaves(part):
    """Elements, frames and opaque parts below, as (structure, part)."""
    inner = [part.content] if isinstance(part, encode.Frame) else getattr(part, "parts", [])
    for each in inner:
        if isinstance(each, encode.Element):
            yield getattr(part, "name", ""), each
        else:
            if isinstance(each, encode.Frame):
                yield part.name, each
            yield from leaves(each)


def broken(rng, tree):
    """Makes one random edit, and says which."""
    rng.choice((tree.with_index, tree.with_end, *[lambda: None] * 6))()
    if rng.random() < 0.12:
        return edit_of_units(rng, tree)
    weights = {encode.DATA: 6, encode.GROUP: 6, encode.TOPOLOGY: 3}
    unit = rng.choice([unit for unit in tree.units for _ in range(weights.get(unit.unit_type, 1))])
    if rng.random() < 0.08:
        return edit_of_payload(rng, unit)
    places = [place for place in leaves(unit) if place[0] != "unit_header" or rng.random() < 0.1]
    if not places:
        return edit_of_payload(rng, unit)
    structure, part = rng.choice(places)
    if isinstance(part, encode.Frame) or part.descriptor == "bytes":
        part.written = changed_bytes(rng, part.bytes())
        return f"unit type {unit.unit_type}, {structure}: bytes of {part.name}"
    if part.value is None:                              # payload_length and the checksums
        part.written = rng.randbytes(8 if part.descriptor == "u64" else 4)
        return f"unit type {unit.unit_type}, {part.name}"
    if part.descriptor in ("uv", "sv", "text") and rng.random() < 0.1:
        part.written = rng.choice((part.bytes()[:-1] + bytes([part.bytes()[-1] | 128, 0]), b"\xFF" * 9 + b"\1", b"\xFF" * 9 + b"\2", b"\x80" * 10 + b"\0"))
        return f"unit type {unit.unit_type}, {structure}.{part.name} of the form {part.written.hex()}"
    before = part.value if isinstance(part.value, (int, float, str, bytes)) else len(part.value.bytes())
    part.value = changed_value(rng, part.descriptor, before)
    return f"unit type {unit.unit_type}, {structure}.{part.name}: {before!r} becomes {part.value!r}"


def changed_value(rng, descriptor, value):
    if descriptor == "text":
        return rng.choice(("", value + "x", value[:-1], "tensor 0", "model.0", "../a", "a//b", "a\\b", b"\xFF", b"a\0", b"\xC2\x85", "x" * 70,
                           "x" * 300))
    if descriptor == "f32":
        return rng.choice((0.0, -0.0, -value, 2 * value if abs(value) < 1e30 else 1.0, float("nan"), float("inf"), 2.0 ** -149, 2.0 ** 127, 2.0 ** -101,
                           2.0 ** 81))
    if descriptor == "sv":
        return rng.choice((value + 1, value - 1, -value, 0, 1, -1, 129, -129, 2 ** 32, -2 ** 31 - 1, 2 ** 62))
    most = {"u8": 255, "u16": 65535, "u32": 2 ** 32 - 1}.get(descriptor, 2 ** 64 - 1)
    return max(0, min(most, rng.choice((value + 1, value - 1, value ^ 1, value ^ 2, value * 2, 0, 1, 3, 8, 16, 17, 29, 63, 64, most, most - 1,
                                        2 ** 32 - 1, 2 ** 32, 2 ** 40, rng.randrange(256)))))


def changed_bytes(rng, content):
    place = rng.randrange(len(content) + 1)
    return rng.choice((
        lambda: content[:place] + content[place + 1:],
        lambda: content[:-1],
        lambda: content + rng.choice((b"\0", b"\1", rng.randbytes(3))),
        lambda: content[:place] + rng.randbytes(1) + content[place + 1:],
        lambda: content[:place] + bytes(byte ^ 1 << rng.randrange(8) for byte in content[place:place + 1]) + content[place + 1:]))()


def edit_of_payload(rng, unit):
    content = unit.payload.bytes()
    unit.payload.written = rng.choice((content[:rng.randrange(len(content) + 1)], content + b"\0", content[:-1], b"", changed_bytes(rng, content)))
    return f"unit type {unit.unit_type}: a payload of {len(unit.payload.written)} bytes instead of {len(content)}, or other bytes"


def edit_of_units(rng, tree):
    place, other = rng.randrange(len(tree.units)), rng.randrange(len(tree.units))
    edit = rng.choice(("drop", "repeat", "exchange", "insert"))
    if edit == "drop":
        del tree.units[place]
    elif edit == "repeat":
        tree.units.insert(other, tree.units[place])
    elif edit == "exchange":
        tree.units[place], tree.units[other] = tree.units[other], tree.units[place]
    else:
        tree.units.insert(place, encode.Unit(rng.choice((0, 9, 127, 128, 255)), encode.Structure("", [encode.opaque("", b"?")])))
    return f"units: {edit} {place} {other}"


def damaged(rng, content):
    """Bytes changed, with no checksum made right."""
    if rng.random() < 0.5:
        return changed_bytes(rng, content)
    return rng.choice((content[:rng.randrange(len(content))], content + content, rng.randbytes(100), content[1:], struct.pack("<Q", 0) + content))
