"""The command ``tamis-study``: one module for each sub-command."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from ..._version import __version__
from ...errors import FileError, LimitError, MalformedError, MisuseError, NoInputError, OutputExistsError, TamisError, UnsupportedError

SUB_COMMANDS = ("analyze", "curve", "calibrate", "sensitivity", "tune")
_NEEDED = {"numpy", "scipy", "matplotlib", "onnx", "onnxruntime", "PIL", "yaml"}
#: Those of sysexits.h, as the command tamis has them; the first class that fits counts.
_EXIT_CODES: tuple[tuple[type[TamisError], int], ...] = (
    (NoInputError, 66), (OutputExistsError, 73), (FileError, 74), (MisuseError, 64), (MalformedError, 65), (UnsupportedError, 69),
    (LimitError, 77))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"error: {message}\nSee '{self.prog} --help'.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code, one of sysexits.h."""
    parser = _Parser(
        prog="tamis-study",
        description="Study how a model can be compressed: its weights, rate against accuracy, and the smallest file of an accuracy.",
        epilog="'tamis-study SUB-COMMAND --help' tells the rest.")
    parser.add_argument("--version", action="version", version=__version__)
    sub_commands = parser.add_subparsers(dest="command", required=True, metavar="SUB-COMMAND")
    arguments = argparse.Namespace()
    try:
        for name in SUB_COMMANDS:
            importlib.import_module(f".{name}", __name__).add(sub_commands)
        parser.parse_args(argv, arguments)
        return arguments.run(arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        return _failed(f"the package {error.name} is missing: pip install 'tamis[study]'", 69)
    except TamisError as error:
        return _failed(str(error), next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 70))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that closing it says nothing more
        return 74
    except KeyboardInterrupt:
        return _failed("; ".join(["interrupted", *getattr(arguments, "kept", ())]), 130)
    except Exception:
        traceback.print_exc()
        return _failed("this is a fault of tamis-study; please report it with what is above", 70)


def _failed(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
