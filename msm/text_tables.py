"""Reports as text for a terminal: what `msm evaluate` and `msm fill` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msm.fill import FillIn

WORDS = {
    "model": "model",
    "global_mean": "mean of the training shots",
    "title_mean": "mean of the title",
    "nearest_visible": "nearest visible shot",
    "linear": "line between the neighbours",
    "distance_weighted": "distance-weighted mean",
}


def evaluation_as_text(measured: dict[str, Any]) -> str:
    """The report of `msm.evaluate.report`: a line a predictor, then by distance and by modality."""
    rows = [["model", measured], *measured["baselines"].items()]
    lines = [f"{measured['num_titles']} {measured['split']} titles, {measured['num_hidden']} hidden shots", ""]
    header = ["", "centred cosine", "raw cosine", "median rank"]
    lines += _table(header, [[WORDS[n], *_scores(scores)] for n, scores in rows])
    lines += ["", f"skill {measured['skill']:+.3f} against the {WORDS[measured['best_baseline']]}", ""]
    header = ["distance", "hidden shots", "model", "baseline", "skill"]
    far = [p for p in measured["by_distance"] if p["num_hidden"]]
    keys = ("centred_cosine", "best_baseline", "skill")
    lines += _table(header, [[p["distance"], str(p["num_hidden"]), *(f"{p[k]:.3f}" for k in keys)] for p in far])
    header = ["modality", "model", "best baseline", "skill"]
    keys = ("centred_cosine", "best_baseline_centred_cosine", "skill")
    rows = [[name, *(f"{part[k]:.3f}" for k in keys)] for name, part in measured["by_modality"].items()]
    return "\n".join([*lines, "", *_table(header, rows)])


def fill_in_as_text(fill: FillIn) -> str:
    """A line a hidden shot, and the sum of it."""
    header = ["shot", "model", fill.best_baseline_name.replace("_", " "), "skill", "rank of truth"]
    rows = [
        [
            str(r.shot),
            f"{r.centred_cosine:.3f}",
            f"{r.best_baseline:.3f}",
            f"{r.skill:+.3f}",
            f"{r.rank:g} of {r.num_shots}",
        ]
        for r in fill.table.itertuples()
    ]
    total = f"centred cosine {fill.centred_cosine:.3f}, {WORDS[fill.best_baseline_name]} {fill.best_baseline:.3f}"
    return "\n".join([*_table(header, rows), "", f"{fill.title_id}: {total}, skill {fill.skill:+.3f}"])


def _scores(scores: dict[str, Any]) -> list[str]:
    rank = scores["median_rank"]
    return [f"{scores['centred_cosine']:.3f}", f"{scores['cosine']:.3f}", "–" if rank is None else f"{rank:.1%}"]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in [header, *rows]
    ]
