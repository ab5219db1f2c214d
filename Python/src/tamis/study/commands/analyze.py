"""``tamis-study analyze``."""

from __future__ import annotations

import argparse
from typing import Any

from ..analysis import RELATIVE_STEP, STEP, STEPS, Analysis, Statistics, analyze
from ..distributions import DENSITIES
from ..outputs import require_free
from . import arguments as shared


def add(subcommands: Any) -> None:
    parser = subcommands.add_parser(
        "analyze", help="distributions of weights, their entropies, and the quantizer that suits them",
        description="Looks at the floating-point weights of a model, each tensor and all together: moments, outliers, entropies, the "
                    "densities that fit best, scales of rows and columns, correlation of neighbours, and the optimum deadzone.")
    parser.add_argument("model", metavar="MODEL", help="an ONNX, safetensors or .tamis file")
    parser.add_argument("--step", type=_step, default=STEP, metavar="S", help="step at which indices are counted (default: 2/2^8)")
    parser.add_argument("--tensors", default="*", metavar="GLOB", help="only tensors whose names fit, such as '*weight'")
    shared.add_output(parser, "REPORT.html", "write a page with figures")
    shared.add_speech(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.output:
        require_free([arguments.output], arguments.force, [arguments.model])
    with shared.ProgressLine(arguments, "weights") as progress:
        found = analyze(arguments.model, step=arguments.step, tensors=arguments.tensors, progress=progress)
    if arguments.output:
        from ..analysis_page import write  # needs matplotlib, which takes its time

        write(arguments.output, found, overwrite=arguments.force)
    shared.show(arguments, found.as_dict(), lambda: _print(found))
    return 0


def _step(text: str) -> float:
    """A step of a file, as a number or a fraction of two."""
    above, _, below = text.partition("/")
    try:
        step = float(above) / float(below or 1)
    except (ValueError, ZeroDivisionError):
        step = 0.0
    if not STEPS[0] <= step <= STEPS[1]:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 2^-100 to 2^80, such as 0.0078125 or 2/256")
    return step


def _print(found: Analysis) -> None:
    whole = found.whole
    print(f"{found.model}: {whole.moments.count} weights in {len(found.tensors)} tensors; float entropy {whole.value_entropy:.3f} bits; "
          f"indices at step {found.step:g}: {whole.index_entropy:.3f} bits")
    if found.left_out > whole.moments.count:
        print(f"Most of the model is left out: {found.left_out} values are integers, or in tensors with values that are not finite "
              "(listed at the end)")
    print(f"By SSE: {_first(whole.by_sse)}. By KL: {_first(whole.fits)}.")
    best = whole.optimum
    print(f"Optimum for the fitted Laplacian at this step: deadzone {best.deadzone:.3f}, reconstruction {best.offset:.3f} steps above "
          f"the lower end of a bin; {best.rate:.3f} bits, {best.snr:.2f} dB" + (f" ({best.degenerate})" if best.degenerate else "") + "\n")
    shared.table(
        ["tensor", "shape", "count", "deviation", "skewness", "kurtosis", "max/dev", ">4 dev %", "zeros %", "float bits",
         f"bits @{found.step:.4g}", f"bits @{RELATIVE_STEP:g}dev", "SSE", "KL", "shape g", "rows", "columns", "deadzone"],
        [_row("(all)", "", whole, None), *(_row(t.name, "x".join(map(str, t.shape)), t.statistics, t.structure) for t in found.tensors)])
    print("\nSSE, KL: the density that fits best. shape g: of the generalized Gaussian (1 Laplace, 2 Gaussian). rows, columns: spread of "
          "their scales in octaves.\ndeadzone: optimum for the fitted Laplacian at the step, in steps.")
    if found.skipped:
        print(f"\nSkipped ({len(found.skipped)}):")
        for skipped in found.skipped:
            print(f"  {skipped.name} {'x'.join(map(str, skipped.shape))}: {skipped.reason}")


def _first(fits: list[Any]) -> str:
    return ", ".join(DENSITIES[fit.name] for fit in fits[:3])


def _row(name: str, shape: str, of: Statistics, structure: Any) -> list[str]:
    m = of.moments
    spreads = ["-" if spread is None else f"{spread:.2f}" for spread in (
        (structure.row_spread, structure.column_spread) if structure else (None, None))]
    return [
        name, shape, str(m.count), f"{m.deviation:.4g}", f"{m.skewness:.2f}", f"{m.kurtosis:.4g}", f"{m.peak:.1f}",
        f"{100 * m.beyond_4:.2f}", f"{100 * m.zeros:.1f}", f"{of.value_entropy:.3f}", f"{of.index_entropy:.3f}",
        f"{of.relative_index_entropy:.3f}", DENSITIES[of.by_sse[0].name], DENSITIES[of.fits[0].name], f"{m.shape:.2f}", *spreads, f"{of.optimum.deadzone:.3f}"]
