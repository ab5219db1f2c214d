"""Counts instructions and allocations of a program under valgrind's callgrind: figures that no other load changes."""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"}
# A line of callgrind's file: a position, and the number of instructions spent there.
COST = re.compile(r"(?:[+-]?\d+|\*|0x[0-9a-f]+) (\d+)$")
NAME = re.compile(r"\((\d+)\)(?: (.*))?$")


class Counts(NamedTuple):
    instructions: int
    # Of these, in SHA-256: valgrind has none of the processor's instructions for it, so they stand for no time.
    digest_instructions: int
    # Calls of malloc and its like.
    allocations: int

    def __sub__(self, other):
        return Counts(*(a - b for a, b in zip(self, other)))


def is_there():
    return bool(shutil.which("valgrind") and shutil.which("strip"))


def stripped(program, folder):
    """A copy without debugging information, which valgrind takes minutes to read."""
    copy = Path(folder) / Path(program).name
    subprocess.run(["strip", "--strip-debug", "-o", copy, Path(program).resolve()], check=True)
    return copy


def run(command):
    """Counts of the command, which must end with exit code 0."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        options = ["--tool=callgrind", f"--callgrind-out-file={out}", "--dump-line=no"]
        done = subprocess.run(["valgrind", "-q", *options, *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"error: {' '.join(map(str, command))} under valgrind: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
        with open(out) as lines:
            return counts(lines)


def counts(lines):
    """Reads callgrind's file: costs of functions themselves, and how often each was called."""
    names, spent, called = {}, {}, {}
    function = None
    is_call = False

    def name(text):
        number, known = NAME.match(text).groups()
        if known is not None:
            names[number] = known
        return names[number]

    for line in lines:
        if line.startswith("fn="):
            function = name(line[3:].rstrip("\n"))
        elif line.startswith("cfn="):
            callee = name(line[4:].rstrip("\n"))
        elif line.startswith("calls="):
            called[callee] = called.get(callee, 0) + int(line[6:].split()[0])
            is_call = True
        elif function is not None and (cost := COST.match(line)):
            if not is_call:  # what a call took counts where it was spent
                spent[function] = spent.get(function, 0) + int(cost[1])
            is_call = False
    digest = sum(cost for function, cost in spent.items() if "sha256" in function.lower())
    # Recursive calls have names like malloc'2.
    allocations = sum(count for callee, count in called.items() if callee.split("'")[0] in ALLOCATORS)
    return Counts(sum(spent.values()), digest, allocations)
