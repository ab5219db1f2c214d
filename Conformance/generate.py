#!/usr/bin/env python3
"""Makes the conformance vectors, the sources, manifest.json, COVERAGE.md and the tables of README.md.

    generate.py [--encode] [--erratum ID ...] [--tamis COMMAND]

Vectors are put together from the functions of reference/encode.py, by the tables of generator/. Those called encoded-… and the sources are left as
they are, unless --encode makes them anew, the vectors with the tamis command. Every vector is held against the reference decoder; if it answers
otherwise, or a row of the Spec is not covered, nothing is written. Then the tamis command is, if there is one: exit code 1 if it answers otherwise.
The same vectors come out each time.

What manifest.json lists is golden: if a vector or source of it would vanish, or its bytes, its expectation, or what it decodes to would change,
nothing is written, unless --erratum names it (a source as sources/ID), or is `all`. New ones may be added.

Needs Python 3.11 or newer, numpy and libzstd; onnx for --encode, and for a source that is not there.
"""
import argparse
import hashlib
import importlib
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE / "reference")]
import tamis_reference
from generator import coverage, documents, encoded, golden, sources, vectors

VALID = ("valid_model", "valid_index", "valid_float")
INVALID = ("invalid_stream", "invalid_model", "invalid_coding", "invalid_float", "invalid_group")
LEAST = {"valid": 80, "exotic": 20, "invalid": 120, "limits": 12}
LARGEST, LARGEST_SUM, SLOWEST = 25_000, 600_000, 1.0
EXIT_CODES = {"malformed": 65, "unsupported": 69, "limit": 77}


def table(name):
    module = importlib.import_module("generator." + name)
    return module.ROWS_OF_TABLE if hasattr(module, "ROWS_OF_TABLE") else module.ROWS


def all_vectors(tamis, encode_anew):
    made = [vector for name in VALID for vector in vectors.decodes("valid", table(name))]
    for vector in encoded.vectors(tamis):
        kept = HERE / "vectors" / "valid" / f"{vector.id}.tamis"
        if not encode_anew and kept.exists():
            vector.make = lambda content=kept.read_bytes(): (content, None)
        made.append(vector)
    made += vectors.decodes("exotic", table("exotic"))
    made += [vector for name in INVALID for vector in vectors.refused("invalid", table(name))]
    made += vectors.refused("limits", table("limits"))
    ids = [vector.id for vector in made]
    if len(set(ids)) != len(ids):
        raise SystemExit(f"error: twice: {sorted(name for name in set(ids) if ids.count(name) > 1)}")
    return made


def repetitions(chosen, made):
    """Vectors that are the same stream."""
    first = {}
    for vector, (content, _) in zip(chosen, made):
        if content in first:
            yield f"{vector.id} is the same stream as {first[content]}"
        first[content] = vector.id


def unsound_bases(chosen):
    """Streams that are to be spoilt, but are not sound in the first place."""
    seen = set()
    for vector in chosen:
        if vector.base and vector.base not in seen:
            seen.add(vector.base)
            if tamis_reference.outcome(vector.base().bytes())[1] != 0:
                yield f"{vector.id} is made from a stream that is not sound"


def examined(content):
    """What the reference decoder says, its exit code, the seconds it took, and the trace."""
    start = time.monotonic()
    outcome, exit_code = tamis_reference.outcome(content)
    seconds = time.monotonic() - start
    return outcome, exit_code, seconds, tamis_reference.trace(content)


def same_refusal(said, expected):
    return said["code"] == expected["code"] and all(
        said[what] == expected[what] for what in ("unit", "element") if None not in (said[what], expected[what]))


def faults(vector, content, expected, outcome, exit_code, seconds):
    """What is wrong with a vector by the reference decoder."""
    if len(content) > LARGEST:
        yield f"has {len(content)} bytes"
    if seconds > SLOWEST:
        yield f"takes {seconds:.1f} s"
    if "error" in expected:
        if exit_code != EXIT_CODES[expected["error"]["family"]] or not same_refusal(outcome["error"], expected["error"]):
            yield f"the reference decoder says {outcome.get('error', 'that it is sound')}, expected {expected['error']}"
    elif exit_code != 0 or {what: outcome[what] for what in ("files", "tensors")} != expected:
        yield f"the reference decoder says {outcome}, expected {expected}"


def disagreements(tamis, paths, entries):
    """What the tamis command says otherwise, as far as it can be seen."""
    if b"--manifest" in subprocess.run([tamis, "conformance", "decoder", "--help"], capture_output=True).stdout:
        done = subprocess.run([tamis, "conformance", "decoder", "--manifest", str(paths), "--command", f"{tamis} conformance testee {{input}}"], capture_output=True, text=True)
        return [] if done.returncode == 0 else [done.stdout + done.stderr]
    found = []
    for entry in entries:
        done = subprocess.run([tamis, "verify", "--quiet", str(paths.parent / entry["file"])], capture_output=True, text=True)
        expected = EXIT_CODES[entry["error"]["family"]] if "error" in entry else 0
        if done.returncode != expected and not (entry["expectation"] == "decodes_or_unsupported" and done.returncode == 69):
            found.append(f"{entry['id']}: exit code {done.returncode} instead of {expected}: {done.stderr.strip()}")
        elif "error" in entry and f"[{entry['error']['code']}]" not in done.stderr:
            found.append(f"{entry['id']}: {done.stderr.strip()} instead of {entry['error']['code']}")
    return found


def level_of(content):
    return content[24] if len(content) > 24 and content[8] == 1 else None


def all_sources(make_anew):
    """The entry and the bytes of each source."""
    for number, (name, make, about) in enumerate(sources.SOURCES):
        path = HERE / "sources" / f"{name}.onnx"
        content = path.read_bytes() if path.exists() and not make_anew else sources.made(number, make)
        yield {"id": name, "file": f"sources/{name}.onnx", "sha256": hashlib.sha256(content).hexdigest(), "about": about}, content


def write_files(files):
    """Vectors and sources: writes those that are other or not there, by their paths, and removes all others."""
    for path in {path for folder in ("vectors", "sources") for path in (HERE / folder).rglob("*") if path.is_file()} - set(files):
        path.unlink()
    for path, content in files.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def changes_of_golden(manifest, errata):
    """What errata change; ends the program if something changes without."""
    path = HERE / "manifest.json"
    changed = golden.changes(json.loads(path.read_text()), manifest) if path.exists() else {}
    stopping = golden.unexplained(changed, errata)
    if stopping:
        raise SystemExit("\n".join(["error: nothing is written, as the vectors are golden:"] + stopping
                                   + ["Add a vector under another id instead; one that contradicts the Spec is withdrawn by an erratum: name it with --erratum."]))
    return changed


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--encode", action="store_true", help="make the sources and the vectors encoded-… anew")
    arguments.add_argument("--erratum", nargs="+", default=[], metavar="ID", help="vectors, or sources/ID, that may change or vanish; or all")
    arguments.add_argument("--tamis", default=os.environ.get("TAMIS", str(HERE.parent / ".build" / "release" / "tamis")))
    options = arguments.parse_args()

    chosen = all_vectors(options.tamis, options.encode)
    made = [vector.make() for vector in chosen]
    with multiprocessing.Pool(2) as pool:
        results = pool.map(examined, [content for content, _ in made], chunksize=8)
    rows, codes = coverage.spec_rows(HERE.parent / "Spec"), coverage.spec_codes(HERE.parent / "Spec")
    checks = coverage.spec_checks(HERE.parent / "Spec")
    reader, wrong, entries, covers, basic = coverage.Rows(rows), [], [], [], None
    for vector, (content, expected), (outcome, exit_code, seconds, trace) in zip(chosen, made, results):
        expected = expected if expected is not None else outcome if exit_code == 0 else {}
        wrong += [f"{vector.id}: {fault}" for fault in faults(vector, content, expected, outcome, exit_code, seconds)]
        items = coverage.of_refusal(expected["error"]) if "error" in expected else reader.covered(trace)
        basic = basic if basic is not None else items   # what every stream has
        covers.append((vector.id, items, expected["error"]["element"] if "error" in expected else None))
        listed = sorted(item for item in (items - basic if entries else items) if not item.startswith("check="))
        entries.append({"id": vector.id, "file": f"vectors/{vector.group}/{vector.id}.tamis", "group": vector.group, "expectation": vector.expectation,
                        "sha256": hashlib.sha256(content).hexdigest(), "level": level_of(content), "about": vector.about, "covers": listed, **expected})
    wrong += unsound_bases(chosen)
    wrong += repetitions(chosen, made)
    page, lacking = documents.coverage_page(rows, codes, checks, covers)
    wrong += [f"not covered: {item}" for item in lacking]
    count = {group: sum(vector.group == group for vector in chosen) for group in LEAST}
    wrong += [f"{group}: {count[group]} vectors, at least {least} are wanted" for group, least in LEAST.items() if count[group] < least]
    total = sum(len(content) for content, _ in made)
    if total > LARGEST_SUM:
        wrong.append(f"{total} bytes altogether")
    if wrong:
        raise SystemExit("\n".join(["error: nothing is written:"] + wrong))
    made_sources = list(all_sources(options.encode))
    manifest = {"format_version": 1, "vectors": entries, "sources": [entry for entry, _ in made_sources]}
    changed = changes_of_golden(manifest, options.erratum)

    write_files({HERE / entry["file"]: content for entry, content in [*zip(entries, (content for content, _ in made)), *made_sources]})
    (HERE / "manifest.json").write_text(written(manifest))
    (HERE / "COVERAGE.md").write_text(page)
    readme = HERE / "README.md"
    readme.write_text(documents.with_tables(readme.read_text(), [(entry, len(content)) for entry, (content, _) in zip(entries, made)]))
    print("\n".join(f"erratum: {name} {what}" for name, what in changed.items()) or "no vector or source that was there is changed")
    for group in LEAST:
        print(f"{count[group]:4} {group}, {sum(len(content) for vector, (content, _) in zip(chosen, made) if vector.group == group)} bytes")
    seconds = [seconds for _, _, seconds, _ in results]
    print(f"{total:7} bytes altogether; the slowest takes the reference decoder {max(seconds):.2f} s, all {sum(seconds):.1f} s")
    if Path(options.tamis).exists():
        differences = disagreements(options.tamis, HERE / "manifest.json", entries)
        print("\n".join(differences + [f"{len(differences)} differences from {options.tamis}"]))
        return 1 if differences else 0
    return 0


def written(manifest):
    """JSON with a line for each vector and source."""
    parts = [f' "{name}": [\n' + ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in manifest[name]) + "\n ]" for name in ("vectors", "sources")]
    return f'{{\n "format_version": {manifest["format_version"]},\n' + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
