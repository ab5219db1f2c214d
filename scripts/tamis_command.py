"""Runs the tamis command line for the scripts: where it is, what it said, and tables of what was measured."""
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"


class CommandFailed(Exception):
    """A run of tamis that ended with an unexpected exit code; says which, and the last lines of its error output."""


def use_environment():
    """Starts the running script again under .venv's Python, where its packages are, if this is another one."""
    if PYTHON.exists() and Path(sys.prefix).resolve() != PYTHON.parent.parent.resolve():
        os.execv(PYTHON, [str(PYTHON), *sys.argv])


def tamis():
    """The command to run: $TAMIS, or the release build."""
    path = Path(os.environ.get("TAMIS", ROOT / ".build" / "release" / "tamis"))
    if not path.exists():
        raise SystemExit(f"error: no {path}; build it by: swift build -c release --product tamis (or name one in TAMIS)")
    return str(path)


def run(*arguments, accepted=(0,)):
    """Runs tamis and returns its standard output; CommandFailed unless the exit code is an accepted one."""
    command = [str(argument) for argument in arguments]
    done = subprocess.run([tamis(), *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode not in accepted:
        last = " / ".join(done.stderr.strip().splitlines()[-3:])
        raise CommandFailed(f"tamis {' '.join(command)}: exit code {done.returncode}: {last}")
    return done.stdout


def inspect(path):
    return json.loads(run("inspect", "--json", path))


def compare(first, second):
    return json.loads(run("compare", "--json", first, second, accepted=(0, 1)))


def decibels(value):
    """A signal-to-noise ratio for a table; None stands for no noise at all."""
    return "exact" if value is None or value == float("inf") else f"{value:.2f}"


def table(heading, rows, file=None):
    """Prints rows of strings under a heading, the first column flush left and the others flush right."""
    widths = [max(len(row[k]) for row in [heading, *rows]) for k in range(len(heading))]
    for row in [heading, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        print("  ".join(cells).rstrip(), file=file, flush=True)
