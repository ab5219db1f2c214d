"""Runs what scripts/bench/speed times: tamis commands, the decoder in its own process, and the peers; each run is a dict of seconds."""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tamis_command

HERE = Path(__file__).resolve().parent


def tamis_speed():
    """The program that times the decoder: $TAMIS_SPEED, or the release build."""
    path = Path(os.environ.get("TAMIS_SPEED", tamis_command.ROOT / ".build" / "release" / "tamis-speed"))
    if not path.exists():
        raise SystemExit(f"error: no {path}; build it by: swift build -c release --product tamis-speed (or name one in TAMIS_SPEED)")
    return str(path)


def command(*arguments):
    """Runs tamis, its output thrown away; seconds, processor_seconds and peak_bytes.

    The peak is that of the resident set as the kernel counts it, which holds this process's own at the start, about 12 MiB.
    """
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen([tamis_command.tamis(), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
            raise SystemExit(f"error: tamis {' '.join(map(str, arguments))}: exit code {process.returncode}: {said}")
    return {"seconds": seconds, "processor_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}


def decoder(stream, threads, repeats=1, measure=()):
    """What tamis-speed prints about a stream."""
    chosen = ["--measure", *measure] if measure else []
    done = subprocess.run([tamis_speed(), str(stream), "--threads", str(threads), "--repeats", str(repeats), *chosen],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"error: tamis-speed {stream}: exit code {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def measurements(printed):
    """Of what tamis-speed prints for one repeat: {measurement: run}."""
    return {name: {key: values[0] for key, values in field.items()} for name, field in printed.items() if isinstance(field, dict)}


class Peers:
    """The process of speed_peers.py; `facts` lists what it has."""

    def __init__(self, model, rates):
        command = [sys.executable, HERE / "speed_peers.py", model, "--rates", *map(str, rates)]
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = self._answer()

    def measure(self, fact):
        self.process.stdin.write(json.dumps([fact["coder"], fact["rate"]]) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"error: speed_peers.py ended with exit code {self.process.wait()}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
