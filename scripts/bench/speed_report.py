"""What scripts/bench/speed has measured as rows, CSV, tables and a plot, and what the machine is."""
import csv
import os
import platform
import statistics
from pathlib import Path

import tamis_command

MIB = 1 << 20
COLUMNS = ("model", "weights", "rate", "effort", "bits_per_weight", "bytes", "coder", "what", "threads", "repeats", "seconds", "fastest_seconds",
           "processor_seconds", "weights_per_second", "float32_bytes_per_second", "peak_bytes", "limit_bytes")
DOCS = tamis_command.ROOT / "docs"
BEGIN, END = "<!-- measured -->\n", "<!-- end of measured -->\n"
PEERS = ("zstd -3", "zstd -19")
PLOTTED = ("decoder", "tamis encode", *PEERS)


class Series:
    """Runs of one thing, and what it is."""

    def __init__(self, facts):
        self.facts, self.runs = facts, []

    def add(self, run):
        self.runs.append(run)

    def row(self, clock):
        """Medians; speeds are by the clock named, seconds or processor_seconds."""
        row = {key: self.facts.get(key) for key in COLUMNS}
        wall = [run["seconds"] for run in self.runs]
        row |= {"repeats": len(wall), "seconds": statistics.median(wall), "fastest_seconds": min(wall),
                "processor_seconds": statistics.median(run["processor_seconds"] for run in self.runs)}
        row["weights_per_second"] = row["weights"] / max(row[clock], 1e-9)
        row["float32_bytes_per_second"] = 4 * row["weights_per_second"]
        if peaks := [run["peak_bytes"] for run in self.runs if "peak_bytes" in run]:
            row["peak_bytes"] = max(peaks)
        return row


class Machine:
    """What the figures were measured on, from the start of the measurement to when it is asked."""

    def __init__(self):
        self.load = os.getloadavg()[0]

    def __str__(self):
        lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor() or "unknown processor")
        return (f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}; tamis {tamis_command.run('--version').split()[-1]}; "
                f"load {self.load:.2f} before and {os.getloadavg()[0]:.2f} after")


def is_over(row):
    return bool(row["peak_bytes"] and row["limit_bytes"] and row["peak_bytes"] > row["limit_bytes"])


def write_csv(rows, out):
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def table(heading, rows):
    """A Markdown table, the first column flush left."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def speed(row):
    """Millions of weights a second, and of bytes of float32."""
    if row is None:
        return ""
    millions = row["weights_per_second"] / 1e6
    return f"{millions:.{1 if millions < 100 else 0}f} ({4 * millions:.0f})"


def find(rows, **wanted):
    return next((row for row in rows if all(row[key] == value for key, value in wanted.items())), None)


def settings(rows):
    """(rate, effort, bits/weight) of each stream, in order."""
    return list(dict.fromkeys((row["rate"], row["effort"], row["bits_per_weight"]) for row in rows if row["effort"] is not None))


def threads_of(rows):
    return sorted({row["threads"] for row in rows})


def words(count):
    return "1 thread" if count == 1 else f"{count} threads"


def decoding(rows, clock):
    counts = threads_of(rows)
    # Inner loops, whichever tamis-speed knows.
    loops = [name for name in ("slices", "plain") if find(rows, coder=name)]
    heading = ["bits/weight", "effort", *(f"decoder, {words(n)}" for n in counts), *loops, *(["times plain"] if len(loops) == 2 else []),
               *(f"command, {words(n)}" for n in counts), "open ms", "memcpy", *PEERS]
    lines = []
    for rate, effort, bits in settings(rows):
        own = [row for row in rows if (row["rate"], row["effort"], row["what"]) == (rate, effort, "decode")]
        inner = [find(own, coder=name, threads=1) for name in loops]
        ratio = [f"{inner[1][clock] / inner[0][clock]:.2f}"] if len(loops) == 2 and all(inner) else [""] * (len(loops) == 2)
        opened = find(own, coder="open", threads=counts[0])
        lines.append([
            f"{bits:.2f}", str(effort), *(speed(find(own, coder="decoder", threads=n)) for n in counts), *map(speed, inner), *ratio,
            *(speed(find(own, coder="tamis decode", threads=n)) for n in counts), f"{1000 * opened[clock]:.1f}",
            speed(find(own, coder="memcpy", threads=counts[0])),
            *(speed(find(rows, coder=name, rate=rate, what="decode")) for name in PEERS)])
    return table(heading, lines)


def encoding(rows, clock):
    counts = threads_of(rows)
    by_processor = ["per second of the processor"] if clock == "seconds" else []
    lines = []
    for rate, effort, bits in settings(rows):
        own = [find(rows, rate=rate, effort=effort, coder="tamis encode", threads=n) for n in counts]
        one = own[0]["weights"] / own[0]["processor_seconds"] / 1e6 if own[0]["processor_seconds"] else 0
        lines.append([f"{bits:.2f}", str(effort), *map(speed, own), *([f"{one:.1f}"] * len(by_processor)),
                      *(speed(find(rows, coder=name, rate=rate, what="encode")) for name in PEERS)])
    heading = ["bits/weight", "effort", *(f"command, {words(n)}" for n in counts), *by_processor, *PEERS]
    return table(heading, lines)


def floats(rows):
    own = [row for row in rows if row["effort"] is None and row["rate"] is None]
    lines = [[name, f"{find(own, coder=name)['bits_per_weight']:.2f}", *(speed(find(own, coder=name, what=what)) for what in ("encode", "decode"))]
             for name in dict.fromkeys(row["coder"] for row in own)]
    return table(["float32, one thread", "bits/weight", "encode", "decode"], lines)


def integers(rows):
    own = [row for row in rows if row["coder"] in PEERS and row["what"] == "decode"]
    return table(["8-bit indices, one thread", "of entropy", "bits/weight"],
                 [[row["coder"], f"{row['rate']:g}", f"{row['bits_per_weight']:.2f}"] for row in own]) if own else ""


def memory(rows):
    lines = []
    for what in ("encode", "decode"):
        for count in threads_of(rows):
            own = [row for row in rows if row["peak_bytes"] and (row["what"], row["threads"]) == (what, count)]
            if own:
                worst = max(own, key=lambda row: row["peak_bytes"] / row["limit_bytes"])
                lines.append([what, str(count), f"{worst['peak_bytes'] / MIB:.0f}", f"{worst['limit_bytes'] / MIB:.0f}", "OVER" if is_over(worst) else "kept"])
    return table(["command", "threads", "peak MiB", "limit MiB", "limit"], lines)


def markdown(machine, rows, cold, counts, clock):
    second = "Mweights/s (MB/s of float32)" + (", per second of the processor, of all threads together," if clock != "seconds" else "")
    parts = [f"{machine}.\n"]
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        weights = next(row["weights"] for row in own if row["coder"] == "tamis decode")
        parts += [f"### {model}: {weights / 1e6:.1f} million weights\n", f"{second} to decode:\n", decoding(own, clock),
                  f"{second} to encode:\n", encoding(own, clock), floats(own), integers(own), memory(own)]
    if cold:
        lines = [[row["what"], f"{1000 * row['seconds']:.1f}", f"{1000 * row['fastest_seconds']:.1f}",
                  f"{1000 * row['limit']:.0f}{' OVER' if row['seconds'] > row['limit'] else ''}" if row["limit"] else "–"] for row in cold]
        parts += ["### Cold start\n", table(["tamis", "median ms", "fastest ms", "limit ms"], lines)]
    if counts:
        keys = ("instructions_per_weight", "allocations_per_slice")
        lines = [[what, *(f"{figures[key]:g}" if key in figures else "–" for key in keys)] for what, figures in counts.items()]
        parts += ["### Instructions\n", table(["one thread", "instructions/weight", "allocations/slice"], lines)]
    return "\n".join(part for part in parts if part)


def plot(rows, out):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    models = list(dict.fromkeys(row["model"] for row in rows))
    figure, panels = pyplot.subplots(len(models), 2, squeeze=False, layout="constrained", figsize=(12, 0.4 + 4.6 * len(models)))
    for line, model in zip(panels, models):
        for panel, what in zip(line, ("decode", "encode")):
            own = [row for row in rows if (row["model"], row["what"]) == (model, what)]
            floats = [row for row in own if row["effort"] is None and row["rate"] is None]
            curves = {}
            for row in own:
                if row not in floats and row["coder"] in PLOTTED:
                    curves.setdefault((row["coder"], row["effort"], row["threads"]), []).append((row["bits_per_weight"], row["weights_per_second"] / 1e6))
            for k, ((coder, effort, count), points) in enumerate(curves.items()):
                name = coder if effort is None else f"{coder}, effort {effort}, {words(count)}"
                panel.plot(*zip(*sorted(points)), "x:" if effort is None else "o-", color=f"C{k % 10}", markersize=4, linewidth=1.2, label=name)
            for k, row in enumerate(floats):
                panel.axhline(row["weights_per_second"] / 1e6, color="gray", linewidth=1, linestyle=["-", "--", "-."][k % 3], label=row["coder"])
            panel.set(title=f"{model}: {what}", xlabel="bits/weight", ylabel="Mweights/s", yscale="log")
            panel.grid(alpha=0.3, which="both")
            panel.legend(fontsize=7)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=120)
    pyplot.close(figure)


def write_docs(text, rows):
    """Replaces what docs/speed.md has between its marks, and the plot beside it."""
    page = DOCS / "speed.md"
    before, found, rest = page.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"error: {page} lacks the lines '{BEGIN.strip()}' and '{END.strip()}', between which the tables go")
    image = "![Weights a second by bits a weight](speed.png)\n\n" if rows else ""
    page.write_text(before + BEGIN + "\n" + image + text + "\n" + END + after)
    if rows:
        plot(rows, DOCS / "speed.png")
