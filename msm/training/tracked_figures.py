"""Figures of a run for trackers: its loss, its validation against the baselines, and its report. Drawn by Matplotlib, which every tracker takes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msm import baselines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

MODEL, BASELINE, OTHER = "#2b7fd4", "#d9730d", "#8a8f98"  # as in the app: the model, the best baseline, the others
INCHES, DPI = (7.0, 3.6), 100
KEY, SCORE = "centred_cosine", "Centred cosine"
LINE_HEIGHT = 0.065  # of a name, as a share of the axis


def curves(lines: list[dict[str, Any]]) -> Iterator[tuple[str, Figure]]:
    """Figures of metrics.jsonl by name: `curves/loss`, and where the run has validated `curves/validation`."""
    steps = [(line["step"], line["loss"]) for line in lines if line.get("loss") is not None]
    if steps:
        figure, axes = _figure("Step", "Training loss")
        axes.plot(*zip(*steps, strict=True), color=MODEL, linewidth=1.2)
        yield "curves/loss", figure
    measured = [(line["step"], line["validation"]) for line in lines if line.get("validation")]
    if measured:
        figure, axes = _figure("Step", f"{SCORE} on validation titles")
        _draw_validation(axes, measured)
        yield "curves/validation", figure


def report_figure(measured: dict[str, Any]) -> Figure:
    """The centred cosine of the model and of every baseline with 95 % intervals; `measured` is what `msm evaluate` writes."""
    figure, axes = _figure(f"{SCORE} on {measured['split']} titles", "")
    ranges, best = measured.get("intervals") or {}, measured.get("best_baseline")
    rows = [("model", measured["centred_cosine"], ranges.get(KEY), MODEL)]
    for name, scores in measured["baselines"].items():
        color = BASELINE if name == best else OTHER
        rows.append((baselines.label(name), scores[KEY], (ranges.get("baselines") or {}).get(name), color))
    known = sorted((row for row in rows if row[1] is not None), key=lambda row: row[1])
    for place, (_, score, interval, color) in enumerate(known):
        axes.plot(score, place, "o", color=color)
        if interval:
            axes.plot([interval["low"], interval["high"]], [place, place], color=color)
    axes.set_yticks(range(len(known)), [row[0] for row in known])
    axes.margins(y=0.1)
    return figure


def picture(figure: Figure) -> Image:
    """The figure as an RGB image, for trackers that take pictures only."""
    from PIL import Image

    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=DPI)
    held.seek(0)
    return Image.open(held).convert("RGB")


def _figure(x: str, y: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # without pyplot there is no window system and nothing to close

    figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
    axes = figure.add_subplot(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _draw_validation(axes: Axes, measured: list[tuple[int, dict[str, Any]]]) -> None:
    """The model's curve with its interval, and each baseline as a line; each ends in its name."""
    last, best = measured[-1][1], measured[-1][1].get("best_baseline")
    ends = []
    for name in last.get("baselines", {}):
        held = [(step, v["baselines"].get(name, {}).get(KEY)) for step, v in measured]
        color = BASELINE if name == best else OTHER
        ends += [(end, baselines.label(name), color) for end in _draw_curve(axes, held, color, style="--")]
    ends += [(end, "model", MODEL) for end in _draw_curve(axes, [(step, v.get(KEY)) for step, v in measured], MODEL)]
    bands = [(step, v["intervals"][KEY]) for step, v in measured if (v.get("intervals") or {}).get(KEY)]
    if bands:
        low, high = ([band[end] for _, band in bands] for end in ("low", "high"))
        axes.fill_between([step for step, _ in bands], low, high, color=MODEL, alpha=0.15, linewidth=0)
    _write_names(axes, ends)


def _draw_curve(
    axes: Axes, points: list[tuple[int, float | None]], color: str, style: str = "-"
) -> list[tuple[int, float]]:
    """Its last point, in a list; [] where nothing was measured."""
    known = [(step, score) for step, score in points if score is not None]
    if known:
        marker = "." if len(known) == 1 else None
        axes.plot(*zip(*known, strict=True), color=color, linestyle=style, marker=marker)
    return known[-1:]


def _write_names(axes: Axes, ends: list[tuple[tuple[int, float], str, str]]) -> None:
    """Names beside the ends of curves, pushed apart where curves end at one height."""
    low, high = axes.get_ylim()
    apart, free_from = (high - low) * LINE_HEIGHT, low
    for (step, score), name, color in sorted(ends, key=lambda end: end[0][1]):
        height = max(score, free_from)
        free_from = height + apart
        axes.annotate(
            name,
            (step, height),
            xytext=(6, 0),
            textcoords="offset points",
            color=color,
            va="center",
            annotation_clip=False,
        )
