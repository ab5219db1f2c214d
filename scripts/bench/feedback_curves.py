"""Curves of a study: error against how many times smaller a file is; what lies between their points, and their picture."""
import itertools
import math


class Curve:
    """Points (ratio, error) with both logarithms linear in between."""

    def __init__(self, points):
        self.points = sorted((ratio, error) for ratio, error in points if error > 0)

    def _segments(self):
        return zip(self.points, self.points[1:])

    def error_at(self, ratio):
        """None outside the points."""
        for (x0, y0), (x1, y1) in self._segments():
            if x0 <= ratio <= x1:
                t = math.log(ratio / x0) / math.log(x1 / x0) if x1 > x0 else 0
                return y0 * (y1 / y0) ** t
        return None

    def ratio_at(self, error):
        """How many times smaller the file may get until the error is first exceeded; None if no two points enclose that."""
        for (x0, y0), (x1, y1) in self._segments():
            if y0 <= error < y1:
                return x0 * (x1 / x0) ** (math.log(error / y0) / math.log(y1 / y0))
            if y0 > error:
                return None
        return None

    def against(self, other):
        """What self has over `other` where both are known: (changes of the error at equal size, changes of the size at equal error)."""
        errors = [error / there - 1 for ratio, error in self.points if (there := other.error_at(ratio))]
        errors += [here / error - 1 for ratio, error in other.points if (here := self.error_at(ratio))]
        sizes = [there / ratio - 1 for ratio, error in self.points if (there := other.ratio_at(error))]
        sizes += [ratio / here - 1 for ratio, error in other.points if (here := self.ratio_at(error))]
        return errors, sizes


def plot(panels, out):
    """panels: {title: (error's name, bar or None, {(kind, search): Curve})}."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    across = min(2, len(panels))
    down = math.ceil(len(panels) / across)
    figure, axes = pyplot.subplots(down, across, squeeze=False, layout="constrained", figsize=(6.2 * across, 0.4 + 4.4 * down))
    for axis, title in itertools.zip_longest(axes.flat, panels):
        if title is None:
            axis.axis("off")
            continue
        error, bar, curves = panels[title]
        kinds = list(dict.fromkeys(kind for kind, _ in curves))
        searches = list(dict.fromkeys(search for _, search in curves))
        for (kind, search), curve in curves.items():
            if curve.points:
                axis.plot(*zip(*curve.points), ["o--", "s-"][searches.index(search) % 2], color=f"C{kinds.index(kind)}", markersize=4, linewidth=1.3,
                          label=f"{kind}, {search}")
        if bar:
            axis.axhline(bar, color="gray", linewidth=0.9, linestyle=":")
        axis.set(title=title, xlabel="times smaller", ylabel=error, yscale="log")
        axis.grid(alpha=0.3, which="both")
        axis.legend(fontsize=8)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=140)
    pyplot.close(figure)
