"""Edits of a stream: each makes one fault, and knows the unit and the element it is in.

A place is `unit.element`: a unit's name, with a number if there are several of its type (`data[1]`), and the name of a part in it, with a number if
there are several (`topology.tensor_entry[1]`), counted in the order of the stream. Checksums, and lengths that follow from what is edited, are made
right, unless they are what is edited.
"""
import re
import struct

import encode

UNIT_TYPES = {"start": 1, "parameters": 2, "topology": 3, "skeleton": 4, "data": 5, "group": 6, "index": 7, "end": 8}


def named(text):
    name, number = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", text).groups()
    return name, int(number or 0)


def unit_of(stream, text):
    name, number = named(text)
    if name == "index":
        stream.with_index()
    if name == "end":
        stream.with_end()

    def matches(unit):
        return unit.unit_type >= 128 if name == "ancillary" else unit.unit_type == UNIT_TYPES[name]
    return [unit for unit in stream.units if matches(unit)][number]


def slots(holder):
    """(list, place in it) of each part below, in the order of the stream."""
    for place, part in enumerate(holder.parts):
        yield holder.parts, place
        inner = part.content if isinstance(part, encode.Frame) else part
        if isinstance(inner, encode.Structure):
            yield from slots(inner)


def slot(stream, place):
    unit_name, part_name = place.split(".")
    unit, (name, number) = unit_of(stream, unit_name), named(part_name)
    return [(parts, at) for parts, at in slots(unit) if parts[at].name == name][number]


class Edit:
    """`place`: where the fault is; `change`: what it does to a stream."""

    def __init__(self, place, change):
        self.place, self.change = place, change

    @property
    def element(self):
        return named(self.place.split(".")[1])[0] if "." in self.place else None


def put(place, value):
    """Another value; or a function of the one that was there."""
    def change(stream):
        parts, at = slot(stream, place)
        parts[at].value = value(parts[at].value) if callable(value) else value
    return Edit(place, change)


def write(place, content):
    """Other bytes in place of a part; or a function of those that were there."""
    def change(stream):
        parts, at = slot(stream, place)
        made = content(parts[at].bytes()) if callable(content) else content
        parts[at].written = made
    return Edit(place, change)


def content(place, made):
    """Another content of a frame, whose compressed form is made anew."""
    def change(stream):
        parts, at = slot(stream, place)
        parts[at].content = encode.opaque("content", made(parts[at].content.bytes()) if callable(made) else made)
    return Edit(place, change)


def drop(place):
    def change(stream):
        parts, at = slot(stream, place)
        del parts[at]
    return Edit(place, change)


def insert(place, *made):
    """Parts before the one at the place."""
    def change(stream):
        parts, at = slot(stream, place)
        parts[at:at] = made
    return Edit(place, change)


def append(unit_name, made):
    """Bytes at the end of a unit's payload."""
    return Edit(unit_name, lambda stream: unit_of(stream, unit_name).payload.parts.append(encode.opaque("rest", made)))


def cut_at(place, count=0):
    """A payload, or a topology's body, that ends `count` bytes into a part."""
    def change(stream):
        parts, at = slot(stream, place)
        target, unit = parts[at], unit_of(stream, place.split(".")[0])
        holder = unit.payload
        for parts, at in slots(unit):
            if isinstance(parts[at], encode.Frame) and any(p[a] is target for p, a in slots(encode.Structure("", [parts[at]])) if p[a] is not parts[at]):
                holder = parts[at].content
        kept, found = [], False
        for part in leaves(holder):
            if part is target:
                kept.append(encode.opaque(part.name, part.bytes()[:count]))
                found = True
                break
            kept.append(part)
        assert found
        holder.parts[:] = kept
    return Edit(place, change)


def leaves(holder):
    for part in holder.parts:
        if isinstance(part, encode.Structure):
            yield from leaves(part)
        else:
            yield part


# Edits of the sequence of units. The place is the unit that is wrong where it comes to stand.

def position(stream, text):
    return stream.units.index(unit_of(stream, text))


def drop_unit(text, at_fault):
    def change(stream):
        del stream.units[position(stream, text)]
    return Edit(at_fault, change)


def move_unit(text, before, at_fault=None):
    """In front of another unit."""
    def change(stream):
        unit, other = unit_of(stream, text), unit_of(stream, before)
        stream.units.remove(unit)
        stream.units.insert(stream.units.index(other), unit)
    return Edit(at_fault or text, change)


def insert_unit(before, unit, at_fault=None):
    """A unit, or a function of the stream that makes one, in front of another; at the end of the units for None."""
    def change(stream):
        made = unit(stream) if callable(unit) else unit
        if before is None:
            stream.units.append(made)
        else:
            stream.units.insert(position(stream, before), made)
    return Edit(at_fault, change)


def after(made):
    """Bytes after the end unit."""
    def change(stream):
        stream.after = made
    return Edit(None, change)


def signature(made):
    def change(stream):
        stream.signature = made
    return Edit(None, change)


def bytes_of(change_bytes, place=None):
    """A change of the stream's bytes as they are at the end: nothing is made right after it."""
    def change(stream):
        stream.finally_ = change_bytes
    return Edit(place, change)


def edited(stream, edit):
    """The stream's bytes after an edit, and the number of the unit at fault."""
    stream.finally_ = None
    edit.change(stream)
    made = stream.bytes()
    unit = stream.units.index(unit_of(stream, edit.place.split(".")[0])) if edit.place else None
    return (stream.finally_(made) if stream.finally_ else made), unit


def several(*edits, place=None):
    """Edits that make one fault together, at the place of the last."""
    def change(stream):
        for edit in edits:
            edit.change(stream)
    return Edit(place or edits[-1].place, change)


def nothing(place):
    """The stream was made with its fault."""
    return Edit(place, do_nothing)


def do_nothing(_):
    pass


def bit(place, number=0):
    """One bit of a part turned."""
    def turned(was):
        made = bytearray(was)
        made[number // 8] ^= 1 << number % 8
        return bytes(made)
    return write(place, turned)


def behind_index(unit):
    """A unit between the index unit and the end unit."""
    def change(stream):
        stream.with_index()
        stream.units.append(unit)
    return change
