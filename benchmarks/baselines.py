"""The baselines against each other: what they reach at every share of hidden shots, and what kriging costs.

    python -m benchmarks.baselines real [--sets NAME …]     centred cosine on the test titles of the real sets
    python -m benchmarks.baselines time                     milliseconds of a prediction

Writes benchmarks/results/baselines.json and a table beside it. The protocol is that of `msm evaluate --full`: five draws at 20 %,
two elsewhere. Times are of one thread's processor, the median of alternating repeats: the distance-weighted mean, kriging for the
first choice of hidden shots of a title and for the next one, and the posterior mean solved from scratch with NumPy. The real sets are
other people's work and not part of this repository; MSM_REAL_DATA says where they lie.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.against_baselines import GLOBAL_FROM
from msm import baselines
from msm.baselines import Example, distance_weighted, kriging
from msm.baselines.kriging.posterior import PRECISIONS, by_covariance, covariance
from msm.data.catalog import Catalog
from msm.evaluation.evaluate_streamed import FULL_SEEDS
from msm.evaluation.protocol import RATIO, RATIOS, SEEDS, Hide, hide_at_random, hide_in_spans
from msm.evaluation.scoring import score_titles
from msm.evaluation.space import fit_space
from msm.importers.convert import ImportOptions, import_embeddings
from msm.io import files
from msm.runs.folder import versions

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks" / "results" / "baselines.json"
SETS = ("scene_shots", "screenplays", "series", "friends_shots", "tv4_dialogue")
LENGTHS = (90, 250, 500, 2000)  # shots of a title
WIDTH, SHARE, REPEATS = 768, 0.2, 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("real", "time"))
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    chosen = parser.parse_args()
    with threadpool_limits(1):
        if chosen.which == "time":
            write({"time": [time_of(length) for length in LENGTHS]})
            return
        for name in chosen.sets:
            write({"sets": {name: measure_real(name)}})


def measure_real(name: str) -> dict[str, Any]:
    """Mean centred cosine of every baseline on the test titles, by what is hidden."""
    source = Path(os.environ.get("MSM_REAL_DATA", ROOT.parent / "shared" / "data")) / name
    with tempfile.TemporaryDirectory() as folder:
        options = ImportOptions(global_from=GLOBAL_FROM.get(name, ()))
        catalog = import_embeddings(source, Path(folder) / name, options)
        return measure(catalog)


def measure(catalog: Catalog) -> dict[str, Any]:
    started = time.process_time()
    train, validation, test = (catalog.split(s) for s in ("train", "validation", "test"))
    space = fit_space(train, validation, catalog.modalities, "per_modality")
    fit_s = time.process_time() - started
    hides: dict[str, Hide] = {f"{ratio:.0%}": hide_at_random(ratio) for ratio in RATIOS} | {"spans": hide_in_spans}
    rows = {}
    for what, hide in hides.items():
        seeds = SEEDS if what == f"{RATIO:.0%}" else FULL_SEEDS
        scores = score_titles(None, test, space, seeds=seeds, hide=hide)
        rows[what] = by_predictor(scores)
        print(catalog.path.name, what, {k: round(v["centred_cosine"], 4) for k, v in rows[what].items()}, flush=True)
    return {"train_shots": sum(t.num_shots for t in train), "fit_s": round(fit_s, 1), "hidden": rows}


def by_predictor(scores: pd.DataFrame) -> dict[str, dict[str, float]]:
    grouped = scores.groupby("predictor", sort=False)
    means, ranks = grouped[["centred_cosine", "cosine"]].mean(), grouped["rank_share"].median()
    return {str(n): {**row.to_dict(), "median_rank": float(ranks[n])} for n, row in means.iterrows()}


def time_of(num_shots: int) -> dict[str, Any]:
    """Milliseconds of a prediction of SHARE of a title's shots, and the ratios of kriging to the others."""
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(num_shots + 2000, WIDTH)) * np.geomspace(1, 0.1, WIDTH)
    walk = np.cumsum(steps, axis=0) / 10 + steps
    shots = (walk / np.linalg.norm(walk, axis=1, keepdims=True)).astype(np.float32)
    mean = shots.mean(axis=0)
    parameters = kriging.fit([shots[:2000]], [], mean)
    title, hidden = shots[2000:], rng.random(num_shots) < SHARE
    example = Example(title[~hidden], np.flatnonzero(~hidden), np.flatnonzero(hidden), mean)

    def first() -> None:
        PRECISIONS.clear()
        kriging.predict(example, **parameters)

    ways: dict[str, Callable[[], Any]] = {
        "distance_weighted": lambda: distance_weighted.predict(example, 3.0),
        "kriging_first": first,
        "kriging_next": lambda: kriging.predict(example, **parameters),
        "naive": lambda: naive(example, **parameters),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            started = time.process_time()
            way()
            took[name].append(1000 * (time.process_time() - started))
    ms = {name: float(np.median(values)) for name, values in took.items()}
    ratios = {
        "next_to_distance_weighted": ms["kriging_next"] / ms["distance_weighted"],
        "naive_to_first": ms["naive"] / ms["kriging_first"],
        "naive_to_next": ms["naive"] / ms["kriging_next"],
    }
    return {"shots": num_shots, "hidden": int(hidden.sum()), "width": WIDTH, "ms": ms, "ratios": ratios}


def naive(example: Example, components: np.ndarray, decays: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """The posterior mean of the whole title from its covariance matrices."""
    basis = components.astype(float)
    about = example.visible.astype(float) - example.mean
    table = covariance(int(max(example.seen[-1], example.where[-1])) + 1, decays, variances)
    leading, rest = by_covariance(table, example.where, example.seen, about @ basis, about)
    return example.mean + rest + (leading - rest @ basis) @ basis.T


def write(measured: dict[str, Any]) -> None:
    """Keep what was measured; everything else in the file stays as it is."""
    kept: dict[str, Any] = files.read_json(OUT) if OUT.exists() else {}
    document = {
        "command": "python -m benchmarks.baselines real; python -m benchmarks.baselines time",
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, one thread",
        "versions": versions(),
        "sets": kept.get("sets", {}) | measured.get("sets", {}),
        "time": measured.get("time", kept.get("time", [])),
    }
    document["sets"] = {name: document["sets"][name] for name in SETS if name in document["sets"]}
    files.write_json(OUT, document)
    table = markdown(document)
    OUT.with_suffix(".md").write_text(table, encoding="utf-8")
    print(table)


def markdown(document: dict[str, Any]) -> str:
    named = ", ".join(f"{k} {v}" for k, v in document["versions"].items())
    lines = ["# The baselines against each other", "", f"    {document['command']}", ""]
    lines += [f"{document['date']}, {document['machine']}, {named}.", ""]
    for name, entry in document["sets"].items():
        lines += [f"## {name}", "", f"{entry['train_shots']:,} training shots; fitted in {entry['fit_s']:.1f} s.", ""]
        shares = list(entry["hidden"])
        lines += [f"| hidden | {' | '.join(shares)} |", "| --- " * (len(shares) + 1) + "|"]
        for predictor in baselines.NAMES:
            cells = [entry["hidden"][share].get(predictor) for share in shares]
            if all(cells):
                lines.append(f"| {baselines.label(predictor)} | {' | '.join(cell_of(c) for c in cells if c)} |")
        lines.append("")
    if document["time"]:
        lines += ["## Milliseconds of a prediction", ""]
        head = "shots | hidden | distance-weighted mean | kriging, first choice | next choice | from scratch | next / distance-weighted | from scratch / next"
        lines += [f"| {head} |", "| ---: " * 8 + "|"]
        for row in document["time"]:
            ms, ratios = row["ms"], row["ratios"]
            times = " | ".join(f"{ms[k]:.2f}" for k in ("distance_weighted", "kriging_first", "kriging_next", "naive"))
            lines.append(
                f"| {row['shots']} | {row['hidden']} | {times} | {ratios['next_to_distance_weighted']:.1f} "
                f"| {ratios['naive_to_next']:.1f} |"
            )
        lines.append("")
    return "\n".join(lines)


def cell_of(scores: dict[str, float]) -> str:
    return f"{scores['centred_cosine']:.3f} ({scores['median_rank']:.1%})"


if __name__ == "__main__":
    main()
