"""What a vector is."""
import hashlib
from dataclasses import dataclass
from typing import Callable

from . import edits
from .models import TYPE_NAMES

FAMILIES = {code: "unsupported" for code in ("unknown_unit", "unknown_version", "unknown_profile", "unsupported_feature")} | {"limit_exceeded": "limit"}


@dataclass
class Vector:
    """`make` gives the stream's bytes, and what the manifest says of what a decoder makes of it."""
    id: str
    group: str
    about: str
    make: Callable
    expectation: str
    base: Callable | None = None                        # makes the sound stream that an edit spoils


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def decoded(stream):
    """What a stream of encode.py decodes to: its files, and the tensors that it has."""
    held = {number for unit in stream.units for number in unit.tensors}
    return {
        "files": [{"name": name, "bytes": len(content), "sha256": sha256(content)} for name, content in stream.files],
        "tensors": [{"name": tensor.name, "type": TYPE_NAMES[tensor.element_type], "shape": list(tensor.shape), "sha256": sha256(tensor.content)}
                    for number, tensor in enumerate(stream.tensors) if number in held],
    }


def decodes(group, rows):
    """Rows of id, function that makes the stream, and what it is about."""
    def make(build):
        stream = build()
        return stream.bytes(), decoded(stream)
    return [Vector(name, group, about, lambda build=build: make(build), "decodes_or_unsupported" if name.startswith("shard-") else "decodes")
            for name, build, about in rows]


SAME = object()


def refused(group, rows):
    """Rows of id, function that makes the sound stream, edit, code, what it is about, and, where they are not those of the edit's place, the
    unit (by number or name, or None) and the element."""
    def vector(name, base, edit, code, about, unit=SAME, element=SAME):
        def make():
            stream = base()
            made, number = edits.edited(stream, edit)
            if unit is not SAME:
                number = stream.units.index(edits.unit_of(stream, unit)) if isinstance(unit, str) else unit
            return made, {"error": {"code": code, "family": FAMILIES.get(code, "malformed"), "unit": number, "element": edit.element if element is SAME else element}}
        return Vector(name, group, about, make, "refused", base if edit.change is not edits.do_nothing else None)
    return [vector(*row) for row in rows]
