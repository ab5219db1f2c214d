#!/usr/bin/env python3
"""Checks the conformance vectors: their SHA-256, and what the decoders make of them.

    check.py

Each vector of manifest.json must be the file it was, and the reference decoder must decode it to the stated SHA-256; so must the tamis command,
if there is one: $TAMIS, or the release or debug build. Needs Python's standard library and libzstd. Exit code 1 if a check fails.
"""
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "reference"))
import check_float_examples
import tamis_reference


def command():
    """The tamis command, or None."""
    if "TAMIS" in os.environ:
        return os.environ["TAMIS"]
    builds = [HERE.parent / ".build" / build / "tamis" for build in ("release", "debug")]
    builds = [build for build in builds if build.exists()]
    return str(max(builds, key=lambda build: build.stat().st_mtime)) if builds else None


def outcome_of_reference(path):
    """The SHA-256 of the decoded file, or why there is none."""
    try:
        return hashlib.sha256(b"".join(content for _, content in tamis_reference.decode(path.read_bytes()))).hexdigest()
    except tamis_reference.Refused as fault:
        return str(fault)


def outcome_of_command(tamis, path):
    done = subprocess.run([tamis, "decode", "--quiet", "--output", "-", str(path)], stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        return f"exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()}"
    return hashlib.sha256(done.stdout).hexdigest()


def main():
    vectors = json.loads((HERE / "manifest.json").read_text())["vectors"]
    tamis = command()
    print(f"{'vector':16} {'bytes':>7}  {'file':6} {'reference':9}  tamis" + ("" if tamis else " (not built)"))
    passed = failed = 0
    for vector in vectors:
        path = HERE / vector["file"]
        if not path.exists():
            failed += 1
            print(f"{vector['id']:16} {'-':>7}  missing")
            continue
        outcomes = [(hashlib.sha256(path.read_bytes()).hexdigest(), vector["sha256"]), (outcome_of_reference(path), vector["decoded_sha256"])]
        if tamis:
            outcomes.append((outcome_of_command(tamis, path), vector["decoded_sha256"]))
        words = ["ok" if outcome == expected else "FAILED" for outcome, expected in outcomes]
        if not tamis:
            words.append("-")
        print(f"{vector['id']:16} {path.stat().st_size:7}  {words[0]:6} {words[1]:9}  {words[2]}")
        for outcome, expected in outcomes:
            if outcome != expected:
                print(f"    {outcome}\n    instead of {expected}")
        if "FAILED" in words:
            failed += 1
        else:
            passed += 1
    check_float_examples.main()
    listed = {(HERE / vector["file"]) for vector in vectors}
    for stray in sorted(set((HERE / "vectors").rglob("*.tamis")) - listed):
        failed += 1
        print(f"{stray.name} is not in the manifest")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
