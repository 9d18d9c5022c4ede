"""What the length of a shot tells about it: `neighbour` with and without `model.times`, beside closed forms that are told the same.

    python -m benchmarks.lengths --work FOLDER [--sets NAME …] [--seeds 0,1,2]

The baselines are not told how long a hidden shot is, and a model with model.times is: a lead over them could be the length's alone.
So kriging is told it too: the shot that is to be expected of this length (a ridge regression on the logarithm of the length about the
title's mean, fitted on training titles) is taken away before and added afterwards. Test titles, one draw of hidden shots for all;
intervals over titles. Trainings that FOLDER has already are not repeated. Writes benchmarks/results/lengths.json and a table beside
it. The real sets are other people's work and not part of this repository; MSM_REAL_DATA says where they lie.
"""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.against_baselines import ROOT
from benchmarks.against_kriging import chosen_words, kept_catalog, run_of
from benchmarks.figures.lengths import lengths_tables
from benchmarks.why.interval import with_interval
from msm import baselines, metrics
from msm.baselines import kriging
from msm.data.catalog import Catalog, Title
from msm.data.writer import TitleData
from msm.evaluation.protocol import RATIO, SPAN, Case, hide_in_spans, hide_titles
from msm.inference.run import Run
from msm.io import files
from msm.runs.folder import versions

OUT = ROOT / "benchmarks" / "results" / "lengths.json"
SETS = ("friends_shots", "scene_shots")
COMMAND = "python -m benchmarks.lengths --work FOLDER"
FRAMES_A_SECOND = 25  # of scene_shots, which gives frames; the features do not depend on it
KNOTS, REACH, STRENGTH = np.linspace(-2, 2, 9), 0.5, 10.0  # of the regression on the logarithm of the length
MODELS = {"neighbour": (), "neighbour, told": ("model.times=true",)}


def main() -> None:
    chosen = chosen_words(__doc__, SETS)
    for name in chosen.sets:
        catalog = timed_catalog(name, chosen.work / "catalogs")
        seeds = [int(s) for s in chosen.seeds.split(",")]
        runs = {
            what: [
                run_of(catalog, chosen.work / "runs" / f"{name}-{what.replace(', ', '-')}-{s}", s, settings)
                for s in seeds
            ]
            for what, settings in MODELS.items()
        }
        write(name, measure(catalog, runs))


def timed_catalog(name: str, folder: Path) -> Catalog:
    """The catalog of a real set, with times; scene_shots has frames, in files beside it."""
    catalog = kept_catalog(name, folder)
    if not np.isnan(catalog.shot_times[:]).any():
        return catalog
    path = folder / f"{name}-timed"
    if not path.exists():
        source = Path(os.environ.get("MSM_REAL_DATA", ROOT.parent / "shared" / "data")) / name
        Catalog.write(path, [_timed(t, source) for t in catalog], modalities=catalog.modalities, dtype=catalog.dtype)
    return Catalog.open(path)


def _timed(title: Title, source: Path) -> TitleData:
    frames = np.load(source / f"{title.title_id}.npz", allow_pickle=False)["frames"]
    shots = title.shots.drop(columns=["title_id", "shot"])
    seconds = {"start_s": frames[:, 0] / FRAMES_A_SECOND, "end_s": (frames[:, 1] + 1) / FRAMES_A_SECOND}
    return TitleData(
        title_id=title.title_id, embeddings=title.embeddings, split=title.split, shots=shots.assign(**seconds)
    )


class Expected:
    """The shot that is to be expected of a length, about the training mean, fitted on training titles; and kriging of the rest."""

    def __init__(self, titles: Sequence[Title], run: Run):
        self.space = run.space
        shots = [self.space.fuse(t.embeddings) for t in titles]
        x, y = np.concatenate([described(t.times) for t in titles]), np.concatenate(shots) - self.space.mean
        self.weights = np.linalg.solve(x.T @ x + STRENGTH * np.eye(x.shape[1]), x.T @ y).astype(np.float32)
        rest = [s - self.of(t.times) for t, s in zip(titles, shots, strict=True)]
        self.mean = np.concatenate(rest).mean(axis=0)
        self.fitted = kriging.fit(rest, [], self.mean)

    def of(self, times: np.ndarray | None) -> np.ndarray:
        """(N, 2) seconds → (N, D)."""
        return described(times) @ self.weights

    def predict(self, case: Case) -> np.ndarray:
        """(H, D): kriging of what the lengths leave, and what they tell."""
        expected = self.of(case.told.times)
        rest = case.shots - expected
        found = baselines.predict_all(rest, case.hidden, self.mean, self.space.bandwidth, {"kriging": self.fitted})
        return found["kriging"] + expected[case.hidden]


def described(times: np.ndarray | None) -> np.ndarray:
    """(N, 2) seconds → (N, 10) float32: bumps of the logarithm of each shot's length about the title's mean."""
    assert times is not None
    length = np.log(np.maximum(times[:, 1] - times[:, 0], 0.04))
    bumps = np.exp(-0.5 * ((length[:, None] - length.mean() - KNOTS) / REACH) ** 2)
    return np.concatenate([np.ones((len(length), 1)), bumps], axis=1).astype(np.float32)


def measure(catalog: Catalog, runs: dict[str, list[Run]]) -> dict[str, Any]:
    """Centred cosine on test titles by what is hidden, and the gain over kriging, each with an interval over titles."""
    run = runs["neighbour"][0]
    expected = Expected(catalog.split("train"), run)
    titles = catalog.split("test")
    long_enough = [t for t in titles if t.num_shots >= SPAN + 2]
    ways = {
        "20%": hide_titles(titles, run.space, RATIO, (0,)),
        "80%": hide_titles(titles, run.space, 0.8, (0,)),
        "spans": hide_titles(long_enough, run.space, RATIO, (0,), hide_in_spans),
    }
    return {way: _scores(cases, expected, runs) for way, cases in ways.items()}


def _scores(cases: Any, expected: Expected, runs: dict[str, list[Run]]) -> dict[str, Any]:
    scores: dict[str, list[np.ndarray]] = {}
    names: list[str] = []
    space = expected.space
    for case in cases:
        truth = case.shots[case.hidden]
        names += [case.title_id] * len(truth)
        fitted = {"kriging": space.baselines["kriging"]}
        plain = baselines.predict_all(case.shots, case.hidden, space.mean, space.bandwidth, fitted)["kriging"]
        rows = {
            "kriging": [plain],
            "the length alone": [space.mean + expected.of(case.told.times)[case.hidden]],
            "kriging, told": [expected.predict(case)],
            **{what: [run.predict(case.shots, case.hidden, case.told) for run in some] for what, some in runs.items()},
        }
        for what, predictions in rows.items():
            near = [metrics.centred_cosine(p, truth, space.mean) for p in predictions]
            scores.setdefault(what, []).append(np.mean(near, axis=0))
    of, title = {k: np.concatenate(v) for k, v in scores.items()}, np.array(names)
    pairs = [("neighbour", "kriging"), ("kriging, told", "kriging")]
    pairs += [("neighbour, told", "kriging"), ("neighbour, told", "kriging, told")]
    return {
        **{k: with_interval(v, title) for k, v in of.items()},
        "gain": {f"{k} - {base}": with_interval(of[k] - of[base], title) for k, base in pairs},
    }


def write(name: str, measured: dict[str, Any]) -> None:
    """Keep a set's figures beside those of the others."""
    sets = files.read_json(OUT)["sets"] if OUT.exists() else {}
    document = {
        "command": COMMAND,
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": versions(),
        "sets": {n: s for n, s in ({**sets, name: measured}).items() if n in SETS},
    }
    files.write_json(OUT, document)
    OUT.with_suffix(".md").write_text(markdown(document), encoding="utf-8")
    print(name, {way: m["gain"] for way, m in measured.items()}, flush=True)


def markdown(document: dict[str, Any]) -> str:
    """A table a set: a row a predictor, a column a way of hiding."""
    lines = [f"    {document['command']}", "", f"{document['date']}, {document['machine']}.", ""]
    lines += [
        "Centred cosine on test titles, mean of the trainings; gains with 95 % intervals over titles.",
        "",
        lengths_tables(document),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
