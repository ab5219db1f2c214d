#!/usr/bin/env python3
"""Checks the conformance vectors, and the reference decoder by them.

    check.py [--manifest PATH] [--group GROUP ...] [--only ID ...]

Each file of manifest.json must be the file it was, and none may be there that it does not list; the reference decoder must decode each vector to the
files and tensors stated, or refuse it with the verdict, the unit and the element stated. Then the reference decoder is held against the examples
of Spec §6.9.4. Needs Python's standard library and libzstd. Prints a table; exit code 1 if a check fails.
"""
import argparse
import collections
import hashlib
import json
import multiprocessing
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "reference"))
import check_float_examples
import tamis_reference


def fault_of(vector, outcome, exit_code):
    """What is wrong with what a decoder says of a vector (README.md, the protocol); None if nothing is."""
    if exit_code == 0:
        if vector["expectation"] == "refused":
            return "accepted"
        for what in ("files", "tensors"):
            if outcome[what] != vector[what]:
                return f"other {what}"
        return None
    family = next((name for name, code in tamis_reference.FAMILIES.items() if code == exit_code), None)
    if vector["expectation"] == "decodes_or_unsupported" and family == "unsupported":
        return None
    found = outcome["error"]
    text = f"{found['code']}, unit {found['unit']}, {found['element']}"
    if vector["expectation"] != "refused":
        return f"refused: {text}"
    expected = vector["error"]
    if family != expected["family"]:
        return f"{text}: {family} instead of {expected['family']}"
    for what in ("code", "unit", "element"):
        if found[what] != expected[what] and (what == "code" or None not in (found[what], expected[what])):
            return f"{text} instead of {expected['code']}, unit {expected['unit']}, {expected['element']}"
    return None


def check(task):
    """What is wrong with a vector, or None, and the seconds it took."""
    folder, vector = task
    start = time.monotonic()
    try:
        stream = Path(folder, vector["file"]).read_bytes()
    except OSError as fault:
        return fault.strerror, 0
    if hashlib.sha256(stream).hexdigest() != vector["sha256"]:
        return "not the file it was: its SHA-256 differs", 0
    return fault_of(vector, *tamis_reference.outcome(stream)), time.monotonic() - start


def strays(folder, manifest):
    """Files beside the manifest that it does not list; sources that are not what they were."""
    listed = {Path(folder, entry["file"]) for entry in manifest["vectors"] + manifest.get("sources", [])}
    found = {path for name in ("vectors", "sources") for path in Path(folder, name).rglob("*") if path.is_file()}
    for path in sorted(found - listed):
        yield f"{path.name}: not in the manifest"
    for source in manifest.get("sources", []):
        path = Path(folder, source["file"])
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != source["sha256"]:
            yield f"{source['id']}: missing, or not the file it was"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--manifest", type=Path, default=HERE / "manifest.json")
    arguments.add_argument("--group", nargs="+", default=[], metavar="GROUP")
    arguments.add_argument("--only", nargs="+", default=[], metavar="ID")
    options = arguments.parse_args()
    manifest, folder = json.loads(options.manifest.read_text()), options.manifest.parent
    vectors = [vector for vector in manifest["vectors"]
               if vector["group"] in (options.group or [vector["group"]]) and vector["id"] in (options.only or [vector["id"]])]
    faults, groups = list(strays(folder, manifest)), collections.defaultdict(lambda: [0, 0, 0, 0.0, ""])
    with multiprocessing.Pool() as pool:
        for vector, (fault, seconds) in zip(vectors, pool.map(check, [(str(folder), vector) for vector in vectors], chunksize=4)):
            row = groups[vector["group"]]
            row[0 if fault is None else 1] += 1
            row[2] += seconds
            if seconds >= row[3]:
                row[3:] = seconds, vector["id"]
            if fault:
                faults.append(f"{vector['id']}: {fault}")
    print(f"{'group':10} {'passed':>6} {'failed':>6} {'seconds':>7}  longest")
    for group, (passed, failed, seconds, longest, name) in groups.items():
        print(f"{group:10} {passed:6} {failed:6} {seconds:7.1f}  {longest:.2f} {name}")
    for fault in faults:
        print(fault)
    check_float_examples.main()
    return 0 if vectors and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
