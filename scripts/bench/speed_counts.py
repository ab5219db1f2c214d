"""Instructions per weight and allocations of decoder and encoder, and the thresholds that they are held against."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import callgrind
import speed_runs
import tamis_command

THRESHOLDS = Path(__file__).resolve().parent / "speed-thresholds.json"
WEIGHTS = (500_000, 1_500_000)
RATES = (1.5, 2.5, 5)
# Gives these models about 2.5 bits/weight, in one pass.
QUALITY = 8
# Of a recorded figure; more is a regression. Another compiler or another libc may take that much.
TOLERANCE = 0.03
UNITS = {"instructions_per_weight": "instructions/weight", "allocations_per_slice": "allocations/slice"}


def synthetic(weights):
    """A Laplacian model in out/, made if it is not there."""
    path = tamis_command.ROOT / "out" / f"laplacian-{weights}.onnx"
    if not path.exists():
        generator = Path(__file__).resolve().parent / "laplacian_model.py"
        subprocess.run([sys.executable, generator, "--weights", str(weights), "--out", path], check=True, stdout=sys.stderr)
    return path


def measure(efforts=(1,), say=lambda text: None):
    """{what: {figure: value}}, of one thread.

    decode: by the difference between no repeats and two, so that start-up is left out, for the stream of effort 1 at each rate;
    slices: the same of the slices alone. encode: by the difference between two sizes of model, the command without SHA-256.
    """
    if not callgrind.is_there():
        raise SystemExit("error: instructions are counted by valgrind, and strip makes it quick; install them: apt-get install valgrind binutils")
    small, large = map(synthetic, WEIGHTS)
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tamis, decoder = (callgrind.stripped(program, folder) for program in (tamis_command.tamis(), speed_runs.tamis_speed()))
        stream = folder / "model.tamis"
        for rate in RATES:
            tamis_command.run("encode", large, "-o", stream, "-f", "-q", "--effort", 1, "--bits-per-weight", rate)
            facts = speed_runs.decoder(stream, 1, 0)
            for what, weights in {"decode": facts["elements"], "slices": facts["slice_elements"]}.items():
                say(f"instructions: {what} at {rate:g} bits/weight")
                few, many = (callgrind.run([decoder, stream, "--repeats", repeats, "--measure", what]) for repeats in (0, 2))
                counted = many - few
                found[f"{what} at {rate:g} bits/weight"] = {
                    "instructions_per_weight": round(counted.instructions / 2 / weights, 2),
                    "allocations_per_slice": round(counted.allocations / 2 / facts["slice_count"], 2)}
        for effort in efforts:
            say(f"instructions: encode at effort {effort}")
            options = ["-o", stream, "-f", "-q", "-T", 1, "--effort", effort, "--quality", QUALITY]
            runs = [(callgrind.run([tamis, "encode", model, *options]), tamis_command.inspect(stream)["elements"]) for model in (small, large)]
            counted, weights = runs[1][0] - runs[0][0], runs[1][1] - runs[0][1]
            found[f"encode at effort {effort}"] = {
                "instructions_per_weight": round((counted.instructions - counted.digest_instructions) / weights, 1)}
    return found


def problems(found, recorded):
    """What is above its threshold, in words; and what should be recorded anew: because it is far below, or was never recorded."""
    above, below = [], []
    for what, figures in recorded.items():
        for figure, threshold in figures.items():
            value = found.get(what, {}).get(figure)
            if value is None:
                above.append(f"{what}: {UNITS[figure]} were recorded, but not measured; record anew by --record")
            elif value > threshold * (1 + TOLERANCE) + 0.01:
                above.append(f"{what}: {value:g} {UNITS[figure]}, recorded were {threshold:g}, expected at most {100 * TOLERANCE:g} % more")
            elif value < threshold * 0.9:
                below.append(f"{what}: {value:g} {UNITS[figure]}, recorded were {threshold:g}; hold on to the gain by --record")
    unknown = [f"{what} has no threshold yet; record one by --record" for what in found if what not in recorded]
    return above, below + unknown


def check():
    """Measures, prints, and says what is above its threshold; the exit code."""
    recorded = json.loads(THRESHOLDS.read_text())
    found = measure(say=lambda text: print(f"{text} ...", file=sys.stderr, flush=True))
    rows = [[what, UNITS[figure], f"{value:g}", f"{recorded[what][figure]:g}" if figure in recorded.get(what, {}) else "none"]
            for what, figures in found.items() for figure, value in figures.items()]
    tamis_command.table(["", "of", "measured", "recorded"], rows)
    above, below = problems(found, recorded)
    for text in below:
        print(f"note: {text}", file=sys.stderr)
    for text in above:
        print(f"error: {text}", file=sys.stderr)
    return 1 if above else 0


def record():
    found = measure(say=lambda text: print(f"{text} ...", file=sys.stderr, flush=True))
    THRESHOLDS.write_text(json.dumps(found, indent=1) + "\n")
    print(f"recorded in {THRESHOLDS.relative_to(tamis_command.ROOT)}:\n{THRESHOLDS.read_text()}", end="")
