"""Do far shots of the same place or speaker count? Hide them too, and as many other far shots instead, and compare what is lost.

Shape letters: N shots of a title.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.why.interval import with_interval
from msm import baselines, metrics
from msm.data.catalog import Catalog, Title
from msm.data.scenes import UNKNOWN, scene_numbers
from msm.data.told import NOTHING
from msm.evaluation.protocol import RATIO
from msm.inference.run import Run
from msm.masking import random_hidden

LABELS = {"friends_shots": "place", "series": "speakers", "tv4_dialogue": "speakers"}
FAR = 16  # shots: farther than any reach that the neighbourhood explains
MOST_SHOTS = 300  # hidden shots that are asked about
PREDICTORS = ("kriging", "neighbour")


def call_backs(catalog: Catalog, run: Run, label: str, rng: np.random.Generator) -> dict[str, Any] | None:
    """What hiding the far shots with the same label costs, what hiding as many others as far away costs, and the difference.

    Costs are in centred cosine of the hidden shot. None where too few shots have a call-back.
    """
    rows = []
    hide = np.random.default_rng(0)
    queries: list[tuple[Title, np.ndarray, int]] = []
    for title in catalog.split("test"):
        hidden = random_hidden(title.num_shots, RATIO, hide)
        queries += [(title, hidden, int(place)) for place in np.flatnonzero(hidden)]
    for i in rng.permutation(len(queries)).tolist():
        title, hidden, place = queries[i]
        found = _cost(title, hidden, place, run, label, rng)
        if found is not None:
            rows.append(found)
        if len(rows) == MOST_SHOTS:
            break
    if len(rows) < 30:
        return None
    table = pd.DataFrame(rows)
    titles = table["title"].to_numpy()
    return {
        "label": label,
        "shots": len(table),
        "titles": int(table["title"].nunique()),
        "far_shots": float(table["count"].mean()),
        **{
            p: {
                what: with_interval(table[f"{p} {what}"].to_numpy(), titles)
                for what in ("same", "other", "same - other")
            }
            for p in PREDICTORS
        },
    }


def _cost(
    title: Title, hidden: np.ndarray, place: int, run: Run, label: str, rng: np.random.Generator
) -> dict[str, Any] | None:
    same, other = _far_shots(title, hidden, place, label, rng)
    if not len(same):
        return None
    shots = run.space.fuse(title.embeddings)
    near = {p: _scores(run, shots, [hidden, *(_also(hidden, s) for s in (same, other))], place, p) for p in PREDICTORS}
    found: dict[str, Any] = {"title": title.title_id, "count": len(same)}
    for p, (before, without_same, without_other) in near.items():
        found |= {
            f"{p} same": before - without_same,
            f"{p} other": before - without_other,
            f"{p} same - other": without_other - without_same,
        }
    return found


def _far_shots(
    title: Title, hidden: np.ndarray, place: int, label: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Visible shots more than FAR away and of another scene, with the same label; and as many with another one, as far away."""
    values = title.shots[label].fillna("").astype(str).to_numpy()
    scene = scene_numbers(title.shots)
    distance = np.abs(np.arange(len(values)) - place)
    elsewhere = (scene != scene[place]) | (scene == UNKNOWN)
    far = ~hidden & (distance > FAR) & elsewhere & (values != "")
    same, other = np.flatnonzero(far & (values == values[place])), np.flatnonzero(far & (values != values[place]))
    if values[place] == "" or not len(same) or len(other) < len(same):
        return np.array([], dtype=int), np.array([], dtype=int)
    taken: list[int] = []
    for shot in rng.permutation(same):
        free = np.setdiff1d(other, taken)
        taken.append(int(free[np.abs(distance[free] - distance[shot]).argmin()]))
    return same, np.array(taken)


def _also(hidden: np.ndarray, shots: np.ndarray) -> np.ndarray:
    both = hidden.copy()
    both[shots] = True
    return both


def _scores(run: Run, shots: np.ndarray, masks: list[np.ndarray], place: int, predictor: str) -> list[float]:
    space, found = run.space, []
    for hidden in masks:
        row = int(hidden[:place].sum())
        if predictor == "kriging":
            fitted = {"kriging": space.baselines["kriging"]}
            predicted = baselines.predict_all(shots, hidden, space.mean, space.bandwidth, fitted)["kriging"]
        else:
            predicted = run.predict(shots, hidden, NOTHING)
        found.append(float(metrics.centred_cosine(predicted[row : row + 1], shots[place : place + 1], space.mean)[0]))
    return found
