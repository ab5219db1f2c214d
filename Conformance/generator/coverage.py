"""What vectors cover: rows of the Spec's tables and enumerated values, found in the reference decoder's trace of each stream."""
import re
from collections import defaultdict

DESCRIPTORS = ("u8", "u16", "u32", "u64", "uv", "sv", "f32", "text", "bytes", "struct", "list of")
ALWAYS_THERE = {"codebook_entry": "a codebook has at least one entry", "indexed_unit": "at least three units come before the index unit"}
CODES = re.compile(r"`(\w+)`")

# Values that shall occur in sound streams. Ancillary unit types are one value.
ENUMERATED = {
    "unit_header.unit_type": [*range(1, 9), "ancillary"], "start_unit.level": [0, 1, 2], "data_unit.coding_mode": [0, 1, 2],
    "model_parameter_set.slice_elements_log2": [4, 20],
    "index_coding.quantizer_kind": range(6), "index_coding.trellis_states_log2": range(3, 9), "index_coding.magnitude_code": range(81),
    "index_coding.coding_order": [0, 1], "index_coding.coding_tools": range(16), "index_coding.row_step_exponent": range(3),
    "index_coding.adaptation_limit": range(4, 11), "index_coding.row_axis": [0, 16], "index_coding.row_axis_count": [0, 16],
    "quantizer_grid.reconstruction_offset": [-128, 0, 128],
    "minifloat.minifloat_exponent_bits": [0, 5], "minifloat.minifloat_mantissa_bits": [0, 10], "minifloat.minifloat_bias": [-80, 100],
    "minifloat.minifloat_subnormals": [0, 1], "integer_coding.fields_log2": range(3), "integer_coding.integer_offset": [-2 ** 31, 2 ** 32],
    "float_coding.modelled_bits": range(5), "float_coding.zero_bits": [0, 52], "float_coding.window_symbols": [1, 254],
    "float_coding.window_origin": [0, 32767], "float_coding.coding_tools": range(8),
    "group_entry.entry_coding_mode": [0, 1, 2], "group_entry.entry_scale_class": range(17), "group_unit.group_magnitude_code": [0, 80],
    "group_unit.group_adaptation_limit": [4, 10], "tensor_entry.rank": range(5), "indexed_unit.indexed_unit_type": [*range(1, 7), "ancillary"],
    "tensor_entry.element_type": [code for code in range(1, 29) if code != 8],
}
RESERVED = ["start_unit.format_version", "start_unit.profile", "start_unit.level", "tensor_entry.element_type", "data_unit.coding_mode", "index_coding.quantizer_kind",
            "group_entry.entry_coding_mode", "unit_header.unit_type"]
UNSUPPORTED = ("unknown_unit", "unknown_version", "unknown_profile", "unsupported_feature")


class Row:
    def __init__(self, structure, descriptor, element, condition):
        self.structure, self.descriptor, self.element, self.condition = structure, descriptor, element, condition
        self.name = f"{structure}.{element}"
        self.is_nested = descriptor in ("struct", "list of")
        self.may_lack = condition != "" and element not in ALWAYS_THERE


def spec_rows(folder):
    """The rows of all structures, in the order of the Spec."""
    rows = []
    for page in ("3-stream.md", "4-units.md"):
        structure = None
        for line in (folder / page).read_text().splitlines():
            if line.startswith("#"):
                structure = (re.findall(r"`(\w+)`", line) or [None])[-1]
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if structure and len(cells) == 5 and cells[0] in DESCRIPTORS:
                rows.append(Row(structure, cells[0], cells[1].strip("`"), cells[2]))
    return rows


def spec_codes(folder):
    """The verdicts of §3.6."""
    text = (folder / "3-stream.md").read_text()
    section = text[text.index("| code | family |"):]
    codes = []
    for line in section.splitlines()[2:]:
        if not line.startswith("|"):
            return codes
        codes += CODES.findall(line.split("|")[1])


def spec_checks(folder):
    """The single checks of §3.10: text, verdict, and the elements that are blamed ([None]: none, or one of any name)."""
    text = (folder / "3-stream.md").read_text()
    section = text[text.index("The single checks:"):]
    checks = []
    for line in section[section.index("|---"):].splitlines()[1:]:
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 4:
            return checks
        code, elements = CODES.findall(cells[1])[0], CODES.findall(cells[0] if cells[3] == "it" else cells[3])
        if code != "limit_exceeded" and cells[0] != "a shard, for a decoder of whole models":       # of decoders, not of streams
            checks.append((cells[0], code, elements or [None]))


class Rows:
    """What the trace of a stream covers: names of rows, with `present` or `absent` where both may be, and `row=value`."""

    def __init__(self, rows):
        self.of_structure = defaultdict(list)
        for row in rows:
            self.of_structure[row.structure].append(row)
        self.parents = defaultdict(list)
        for row in rows:
            if row.is_nested:
                self.parents[row.element].append(row)

    def covered(self, trace):
        found, open_, unit = set(), {}, None

        def close(structure):
            present = open_.pop(structure, None)
            for row in self.of_structure[structure] if present is not None else ():
                if row.may_lack:
                    found.add(f"{row.name} {'present' if row.element in present else 'absent'}")
                elif row.element in present:
                    found.add(row.name)

        for element in trace:
            if element.unit != unit:
                for structure in list(open_):
                    close(structure)
                unit = element.unit
            structure = element.structure
            if not structure:
                continue
            if structure not in open_ or element.element == self.of_structure[structure][0].element:
                close(structure)
                open_[structure] = set()
                for row in self.parents[structure]:
                    if row.structure in open_:
                        open_[row.structure].add(structure)
            open_[structure].add(element.element)
            name = f"{structure}.{element.element}"
            if name in ENUMERATED:
                value = "ancillary" if name.endswith("unit_type") and element.value >= 128 else element.value
                if value in ENUMERATED[name]:
                    found.add(f"{name}={value}")
        for structure in list(open_):
            close(structure)
        return found


def demanded(rows, codes, checks):
    """Everything that shall be covered, in order."""
    made = []
    for row in rows:
        made += [f"{row.name} present", f"{row.name} absent"] if row.may_lack else [row.name]
    for name, values in ENUMERATED.items():
        made += [f"{name}={value}" for value in values]
    made += [f"{name}=reserved" for name in RESERVED]
    made += [f"verdict={code}" for code in codes if code != "limit_exceeded"]
    return made + [f"check={code},{element}" for _, code, elements in checks for element in elements]


def of_refusal(error):
    """What a refused vector covers: its verdict, the check of §3.10, and the reserved value if it has one."""
    covered = {f"verdict={error['code']}", f"check={error['code']},{error['element']}", f"check={error['code']},None"}
    if error["code"] in UNSUPPORTED and error["element"]:
        covered |= {f"{name}=reserved" for name in RESERVED if name.endswith("." + error["element"])}
    return covered
