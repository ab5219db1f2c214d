"""Times commands from a cold start of the process: what a loader or a person waits for, whatever the model's size."""
import statistics
import tempfile
from pathlib import Path

import speed_counts
import speed_runs
import tamis_command

REPEATS = 21
DEMO = tamis_command.ROOT / "Demo" / "digits.onnx"
LARGE = tamis_command.ROOT / "out" / "minilm-l6.onnx"
# As many weights as make a model of 90 MB, where scripts/minilm has made none.
LARGE_WEIGHTS = 22_500_000


def measure(say):
    """Rows of what was run, seconds (median and fastest) and the limit."""
    large = LARGE if LARGE.exists() else speed_counts.synthetic(LARGE_WEIGHTS)
    say("cold start: encoding")
    with tempfile.TemporaryDirectory() as name:
        demo, encoded = Path(name) / "demo.tamis", Path(name) / "large.tamis"
        tamis_command.run("encode", DEMO, "-o", demo, "-q")
        tamis_command.run("encode", large, "-o", encoded, "-q", "--effort", 1)
        commands = {
            f"decode -o -, {DEMO.name}": (["decode", demo, "-o", "-", "-q"], 0.030),
            f"inspect, {large.stem}.tamis": (["inspect", encoded], 0.100),
            f"inspect, {large.name}": (["inspect", large], 0.100),
            "--version": (["--version"], None),
        }
        runs = {what: [] for what in commands}
        for _ in range(REPEATS):
            for what, (arguments, _) in commands.items():
                runs[what].append(speed_runs.command(*arguments)["seconds"])
    return [{"what": what, "seconds": statistics.median(runs[what]), "fastest_seconds": min(runs[what]), "limit": limit}
            for what, (_, limit) in commands.items()]
