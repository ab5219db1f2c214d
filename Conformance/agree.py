#!/usr/bin/env python3
"""Holds the reference decoder and the tamis command against each other, on random streams.

    agree.py [--count N] [--seed S] [--only NUMBER ...] [--command TAMIS] [--keep FOLDER]

Makes N streams (default 2000) with the functions of reference/encode.py: small models in every mode, about half of them broken by one edit. Both
decoders must give the same verdict: the same files and tensors, and the same elements in the trace; or the same code, and the same unit and element
where both name one. If an edit may show in several ways (a wrong count, say, after which everything is read as something else) the family suffices.
A stream that shows a difference is kept in FOLDER (default: a new temporary folder). Prints what was made, the verdicts, and each difference; exit
code 1 if there is one.

Needs Python with numpy, libzstd, and the tamis command: --command, $TAMIS, or the newest build in the repository.
"""
import argparse
import collections
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE / "reference"), str(HERE / "selftest")]
import random_streams
import tamis_reference

BATCH = 100                                             # streams for one run of the command


def newest_build():
    if "TAMIS" in os.environ:
        return os.environ["TAMIS"]
    builds = [HERE.parent / ".build" / build / "tamis" for build in ("release", "debug")]
    builds = [build for build in builds if build.exists()]
    if not builds:
        raise SystemExit("error: no tamis command was found; build it, or name it with --command")
    return str(max(builds, key=lambda build: build.stat().st_mtime))


def of_reference(stream):
    """The verdict, as an object of the protocol (README.md), the family of a refusal, and the trace: a list of tuples."""
    elements, result = tamis_reference.examine(stream)
    verdict, _ = tamis_reference.described(result)
    if "error" in verdict:
        verdict["error"]["family"] = result.family
    return verdict, [(e.unit, e.structure, e.element, e.offset, e.size, e.value) for e in elements if e.structure != ""]


def of_command(command, paths):
    """The same from the command, on each file."""
    done = subprocess.run([command, "conformance", "stream", "--json", "--trace", *map(str, paths)], stdin=subprocess.DEVNULL, capture_output=True)
    lines = done.stdout.decode().splitlines()
    if len(lines) != len(paths):
        raise SystemExit(f"error: {command} conformance stream: {len(lines)} verdicts on {len(paths)} files, exit code {done.returncode}\n"
                         + done.stderr.decode(errors="replace"))
    return [of_line(json.loads(line)) for line in lines]


def of_line(line):
    if line["verdict"] == "refused":
        return {"error": line["error"]}, []             # whose trace ends where each decoder likes
    trace = [(e["unit"], e["structure"], e["element"], e["offset"], e["bytes"],
              tamis_reference.binary32(e["value"]) if e["descriptor"] == "f32" else e["value"]) for e in line["trace"] if e["descriptor"] != "opaque"]
    return {"files": line["files"], "tensors": line["tensors"]}, trace


def differs(stream, reference, command):
    """In what the verdicts and traces differ; None if they agree."""
    (reference, trace), (command, other_trace) = reference, command
    if command.get("error", {}).get("element") == "shard_count" and int.from_bytes(stream.stream[27:29], "little") > 1:
        return None                                     # a decoder of whole models may refuse a shard (§3.7)
    if command.get("error", {}).get("code") == "limit_exceeded" and command["error"]["element"] in ("dimension", "skeleton_bytes") \
            and reference.get("error", {}).get("code") != "level_exceeded":
        return None                                     # and may have limits of its own (§9.1)
    if "error" not in reference or "error" not in command:
        if reference != command:
            return "verdict" if "error" in reference or "error" in command else "content"
        return None if trace == other_trace else "trace: " + first_difference(trace, other_trace)
    for what in ("family",) if stream.shows_in_several_ways else ("code", "unit", "element"):
        ours, theirs = reference["error"][what], command["error"][what]
        if ours != theirs and (what in ("family", "code") or None not in (ours, theirs)):
            return what
    return None


def first_difference(trace, other):
    for place, (element, another) in enumerate(zip(trace, other)):
        if element != another:
            return f"element {place}, {element} and {another}"
    return f"{len(trace)} and {len(other)} elements"


def batch(task):
    """Makes and checks a batch: what was made, the verdicts, and (number, edit, difference, both verdicts) of each difference."""
    command, seed, numbers, folder = task
    made_counts, verdict_counts, differences = collections.Counter(), collections.Counter(), []
    made, paths = [], []
    for number in numbers:
        made.append(random_streams.stream(seed, number))
        paths.append(Path(folder, f"{seed}-{number}.tamis"))
        paths[-1].write_bytes(made[-1].stream)
    for number, stream, path, theirs in zip(numbers, made, paths, of_command(command, paths)):
        ours = of_reference(stream.stream)
        made_counts.update(["streams", "broken" if stream.edit else "sound", *stream.modes])
        verdict_counts[ours[0]["error"]["code"] if "error" in ours[0] else "decoded"] += 1
        difference = differs(stream, ours, theirs)
        if difference is None and not stream.edit and "error" in ours[0]:
            difference = "sound stream refused"
        if difference:
            differences.append((number, stream.edit, difference, ours[0], theirs[0]))
        else:
            path.unlink()
    return made_counts, verdict_counts, differences


def short(verdict):
    if "error" in verdict:
        return " ".join(str(verdict["error"][what]) for what in ("code", "unit", "element"))
    return json.dumps(verdict)[:400]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=2000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int, nargs="+", metavar="NUMBER", help="these streams only")
    arguments.add_argument("--command", metavar="TAMIS")
    arguments.add_argument("--keep", metavar="FOLDER", help="where streams are written, and kept if there is a difference")
    options = arguments.parse_args()
    command, numbers = options.command or newest_build(), options.only or range(options.count)
    folder = options.keep or tempfile.mkdtemp(prefix="tamis-agree-")
    Path(folder).mkdir(parents=True, exist_ok=True)
    tasks = [(command, options.seed, numbers[first:first + BATCH], folder) for first in range(0, len(numbers), BATCH)]
    made, verdicts, differences, start = collections.Counter(), collections.Counter(), [], time.monotonic()
    with multiprocessing.Pool() as pool:
        for some_made, some_verdicts, some_differences in pool.imap(batch, tasks):
            made += some_made
            verdicts += some_verdicts
            differences += some_differences
    print(f"seed {options.seed}, {time.monotonic() - start:.0f} s")
    for title, counts in (("made", made), ("verdicts", verdicts)):
        print(f"{title}: " + ", ".join(f"{name} {count}" for name, count in counts.most_common()))
    for number, edit, difference, ours, theirs in differences:
        print(f"stream {number} ({edit or 'sound'}): {difference}\n    reference: {short(ours)}\n    tamis:     {short(theirs)}")
    print(f"{len(differences)} differences" + (f"; their streams are in {folder}" if differences else ""))
    if not differences and not options.keep:
        Path(folder).rmdir()
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
