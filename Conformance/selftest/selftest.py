#!/usr/bin/env python3
"""Tests the conformance vectors: each planted fault of broken_decoder.py must be noticed by one of them.

    selftest.py [--manifest PATH] [--fault NAME ...] [--every N]

Prints, for each fault, how many vectors notice it and the first of them, with what the broken decoder makes of it. Exit code 1 if a fault goes
unnoticed, or if a vector finds fault with the reference decoder itself; such a vector counts for no fault. A fault is tried on the vectors alone that
reach the functions it is in. Needs Python 3.11 or newer, and libzstd.
"""
import argparse
import json
import multiprocessing
import resource
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent)]
import broken_decoder
import check

MEMORY = 4 * 2 ** 30                                    # bytes of a broken decoder, which may have lost its bounds
SECONDS = 4                                             # of processor time for one vector

vectors = []                                            # (entry of the manifest, bytes, functions reached), in each process


def start(manifest):
    """Reads the vectors, before the processes are made."""
    module = broken_decoder.broken(None)
    for vector in json.loads(manifest.read_text())["vectors"]:
        stream = (manifest.parent / vector["file"]).read_bytes()
        vectors.append((vector, stream, functions_reached(module, stream)))


def functions_reached(module, stream):
    """The names of the functions of the module that decoding calls."""
    codes = set()
    sys.setprofile(lambda frame, event, _: codes.add(frame.f_code) if event == "call" else None)
    try:
        module.outcome(stream)
    finally:
        sys.setprofile(None)
    return {code.co_qualname for code in codes}


def confine():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, too_long)


class TooLong(BaseException):
    pass


def too_long(*_):
    raise TooLong


def noticed(module, vector, stream):
    """What is wrong with what the decoder does with the vector; None if nothing is."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return check.fault_of(vector, *module.outcome(stream))
    except TooLong:
        return f"no answer in {SECONDS} s"
    except Exception as fault:                          # a crash
        return f"{type(fault).__name__}: {fault}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def run(fault):
    """The vectors that notice a fault, as (id, how)."""
    module, functions = broken_decoder.broken(fault), broken_decoder.functions_of(fault) if fault else None
    found = [(vector["id"], noticed(module, vector, stream)) for vector, stream, reached in vectors if functions is None or functions & reached]
    return [(name, how) for name, how in found if how is not None]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--manifest", type=Path, default=HERE.parent / "manifest.json")
    arguments.add_argument("--fault", nargs="+", choices=broken_decoder.FAULTS, default=list(broken_decoder.FAULTS), metavar="NAME")
    arguments.add_argument("--every", type=int, default=1, metavar="N", help="every Nth fault only, for a quick test")
    options = arguments.parse_args()
    options.fault = options.fault[::max(1, options.every)]
    begin, failures = time.monotonic(), 0
    start(options.manifest)
    with multiprocessing.get_context("fork").Pool(initializer=confine) as pool:
        print(f"{'fault':22} {'noticed by':>10}  first")
        for fault, found in zip([None] + options.fault, pool.imap(run, [None] + options.fault)):
            if fault is None:
                unsound = {name for name, _ in found}
            else:
                found = [each for each in found if each[0] not in unsound]
            first = f"{found[0][0]}: {found[0][1][:90]}" if found else "-"
            print(f"{fault or 'none':22} {len(found):10}  {first}", flush=True)
            failures += (found != []) if fault is None else (found == [])
    print(f"{len(options.fault)} faults in {time.monotonic() - begin:.0f} s; " + (f"{failures} failures" if failures else "all are noticed"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
