"""Runs a command and measures it: time of the wall clock and of the processor, and peak memory."""
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple


class Measured(NamedTuple):
    exit_code: int
    seconds: float
    processor_seconds: float
    # Resident set, as the kernel counts it for the ended process: pages of mapped files are in it. It is this process's own at the
    # start, about 12 MiB and more with numpy, so smaller ones do not show.
    peak_bytes: int
    # The largest resident anonymous memory seen, every 20 ms: what cannot be given back. 0 where /proc has no such line.
    anonymous_bytes: int


def run(command, **options):
    """Runs the command to its end. options: of subprocess.Popen."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], **options)
    watch = _Watch(process.pid)
    watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    watch.ended.set()
    watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(process.returncode, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, watch.peak)


class _Watch(threading.Thread):
    def __init__(self, process):
        super().__init__(daemon=True)
        self.path = Path(f"/proc/{process}/status")
        self.ended = threading.Event()
        self.peak = 0

    def run(self):
        while not self.ended.wait(0.02):
            try:
                text = self.path.read_text()
            except OSError:
                return
            lines = [line for line in text.splitlines() if line.startswith("RssAnon:")]
            if lines:
                self.peak = max(self.peak, int(lines[0].split()[1]) * 1024)
