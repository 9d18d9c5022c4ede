"""The pictures of docs/why.md, drawn from benchmarks/results/why.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
COLOURS = ("#4269d0", "#efb118", "#ff725c", "#3ca951", "#a463f2")  # Observable's categorical scheme, colour-blind safe


def draw(found: dict[str, Any]) -> None:
    """Draw each picture whose part has been measured."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {
        "svg.hashsalt": "msm", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10,
        "axes.spines.top": False, "axes.spines.right": False,
    }  # fmt: skip
    for part, picture in (("context", context), ("ceiling", ceiling)):
        if part in found:
            picture(found[part])


def context(found: dict[str, Any]) -> None:
    """A line a set: centred cosine by reach, the model solid and kriging dashed."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.2, 3.6), layout="constrained")
    for colour, entry in zip(COLOURS, found.values(), strict=False):
        reaches = list(entry["neighbour"])
        for predictor, style in (("neighbour", "-"), ("kriging", "--")):
            means = [entry[predictor][r]["mean"] for r in reaches]
            axes.plot(reaches, means, style, color=colour, marker="o" if style == "-" else None, markersize=4)
        low, high = ([entry["neighbour"][r][e] for r in reaches] for e in ("low", "high"))
        axes.fill_between(reaches, low, high, color=colour, alpha=0.12, linewidth=0)
    for colour, (name, height) in zip(
        COLOURS, apart({n: e["neighbour"]["all"]["mean"] for n, e in found.items()}), strict=False
    ):
        axes.annotate(name, (3, height), xytext=(8, 0), textcoords="offset points", va="center", color=colour)
    axes.set(xlabel="visible shots within", ylabel="centred cosine", xlim=(-0.2, len(reaches) + 0.6), ylim=(0, None))
    _save(figure, "why-context")


def apart(heights: dict[str, float], least: float = 0.035) -> list[tuple[str, float]]:
    """Heights of labels in the given order, moved up where one would lie on another."""
    placed: dict[str, float] = {}
    for name in sorted(heights, key=lambda n: heights[n]):
        placed[name] = max([heights[name], *(h + least for h in placed.values())])
    return [(name, placed[name]) for name in heights]


def ceiling(found: dict[str, Any]) -> None:
    """A row a set: kriging, the model and the oracles on one scale."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.2, 0.55 * len(found) + 1.1), layout="constrained")
    kinds = ("kriging", "neighbour", "scene", "4 most alike", "1 most alike")
    marks = dict(zip(kinds, "|o^sD", strict=True))
    for row, entry in enumerate(reversed(found.values())):
        for colour, kind in zip(COLOURS, kinds, strict=True):
            if kind in entry["oracles"]:
                axes.plot(entry["oracles"][kind]["mean"], row, marks[kind], color=colour, markersize=10 if kind == "kriging" else 6,
                          label=LEGEND[kind] if row == len(found) - 1 else None)  # fmt: skip
    axes.set_yticks(range(len(found)), list(reversed(found)))
    axes.set(xlabel="centred cosine, 20 % hidden")
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    _save(figure, "why-ceiling")


LEGEND = {
    "kriging": "kriging",
    "neighbour": "neighbour",
    "scene": "kriging, told the scenes",
    "4 most alike": "oracle: the 4 shots most alike",
    "1 most alike": "oracle: the shot most alike",
}


def _save(figure: Any, name: str) -> None:
    from matplotlib import pyplot as plt

    FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)
