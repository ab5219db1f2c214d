"""README.md's tables of refused vectors, and COVERAGE.md."""
from . import coverage

BEGIN, END = "<!-- generated: {} -->", "<!-- end of {} -->"


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(entries):
    """A row for each refused vector."""
    lines = ["| vector | bytes | verdict | unit | element | fault |", "|---|---|---|---|---|---|"]
    for entry, size in entries:
        error = entry["error"]
        lines.append(f"| `{entry['id']}` | {size} | `{error['code']}` | {'–' if error['unit'] is None else error['unit']} | "
                     f"{'–' if error['element'] is None else '`' + error['element'] + '`'} | {cell(entry['about'])} |")
    return "\n".join(lines)


def plain_table(entries):
    return "\n".join(["| vector | bytes | level | what it shows |", "|---|---|---|---|"] + [
        f"| `{entry['id']}` | {size} | {entry['level']} | {cell(entry['about'])} |" for entry, size in entries])


def with_tables(text, entries):
    """README.md with what stands between its markers made anew."""
    for group in ("valid", "exotic", "invalid", "limits"):
        begin, end = BEGIN.format(group), END.format(group)
        chosen = [each for each in entries if each[0]["group"] == group]
        made = table(chosen) if group in ("invalid", "limits") else plain_table(chosen)
        before, rest = text.split(begin)
        text = before + begin + "\n\n" + made + "\n\n" + end + rest.split(end)[1]
    return text


def coverage_page(rows, codes, checks, covers):
    """COVERAGE.md. `covers`: for each vector in order, (id, what it covers, the row it is refused at or None). Also what is not covered."""
    by_item, refused = {}, {}
    for name, items, blamed in covers:
        for item in items:
            by_item.setdefault(item, []).append(name)
        if blamed:
            refused.setdefault(blamed, []).append(name)

    def said(item):
        names = by_item.get(item, [])
        return f"{len(names)}: " + ", ".join(f"`{name}`" for name in names[:3]) + (" …" if len(names) > 3 else "") if names else "**none**"

    def refusals(row):
        names = refused.get(row.element, []) if not row.is_nested else []
        return f"{len(names)}: `{names[0]}`" + (" …" if len(names) > 1 else "") if names else ""

    lines = ["# Coverage", "", "Made by `generate.py` from the reference decoder's trace of every vector. Each cell has the number of vectors and the first of them.", "",
             "## Rows of the Spec's tables", "",
             "*Present*: sound streams that have the element. *Absent*, where it has a condition: sound streams that have its structure without it.",
             "*Refused*: vectors that are refused at an element of this name.", ""]
    structure = None
    for row in rows:
        if row.structure != structure:
            structure = row.structure
            lines += ["", f"### {structure}", "", "| element | condition | present | absent | refused |", "|---|---|---|---|---|"]
        if row.may_lack:
            lines.append(f"| `{row.element}` | {cell(row.condition)} | {said(row.name + ' present')} | {said(row.name + ' absent')} | {refusals(row)} |")
        else:
            lines.append(f"| `{row.element}` | {cell(row.condition)} | {said(row.name)} | {coverage.ALWAYS_THERE.get(row.element, '')} | {refusals(row)} |")
    lines += ["", "## Values", "", "| element | value | vectors |", "|---|---|---|"]
    for name, values in coverage.ENUMERATED.items():
        lines += [f"| `{name}` | {value} | {said(f'{name}={value}')} |" for value in values]
    lines += [f"| `{name}` | reserved | {said(f'{name}=reserved')} |" for name in coverage.RESERVED]
    lines += ["", "## Verdicts", "", "| verdict | vectors |", "|---|---|"]
    lines += [f"| `{code}` | {said(f'verdict={code}')} |" for code in codes if code != "limit_exceeded"]
    lines += ["", "`limit_exceeded` depends on the limits that a decoder was given, so no vector has it.", ""]
    lines += ["## Checks of §3.10", "", "Vectors with the verdict and, where the check names one, the element.", "", "| check | verdict | element | vectors |", "|---|---|---|---|"]
    lines += [f"| {cell(text)} | `{code}` | {f'`{element}`' if element else '–'} | {said(f'check={code},{element}')} |"
              for text, code, elements in checks for element in elements]
    wanted = list(dict.fromkeys(coverage.demanded(rows, codes, checks)))
    lacking = [item for item in wanted if item not in by_item]
    lines += ["", f"Covered: {len(wanted) - len(lacking)} of {len(wanted)}.", ""]
    return "\n".join(lines), lacking
