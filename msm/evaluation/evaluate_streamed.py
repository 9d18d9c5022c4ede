"""The whole evaluation of one predictor on a split of many titles, each read once, in memory that does not grow with them.

The report is that of `msm.evaluation.evaluate_titles`, from sums (`msm.evaluation.tallies`) instead of a table of all scores: the
same hidden shots, the same numbers but for rounding.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from msm import metrics
from msm.data import scenes
from msm.data.catalog import Title
from msm.data.space import Space
from msm.evaluation.protocol import RATIO, RATIOS, SEEDS, SPAN, Hide, Predictor, Sharpen, hide_at_random, hide_in_spans
from msm.evaluation.report import DISTANCES, SPAN_DISTANCES
from msm.evaluation.scoring import NothingHidden, score_fill_in
from msm.evaluation.tallies import Tallies, against_best, distance_name, middle


@dataclass
class Way:
    """One way of hiding shots: how, by which seeds, and what has been scored so."""

    hide: Hide
    rngs: Sequence[np.random.Generator]
    tallies: Tallies
    predict: Predictor
    modality: int | None = None
    fewest_shots: int = 0

    @classmethod
    def of(cls, hide: Hide, seeds: Sequence[int], predict: Predictor, tallies: Tallies, **more: Any) -> Way:
        return cls(hide, [np.random.default_rng(seed) for seed in seeds], tallies, predict, **more)


def evaluate_streamed(
    ways: dict[str, Way],
    titles: Sequence[Title],
    space: Space,
    sharpen: Sharpen | None,
    on_case: Callable[[], None],
) -> None:
    """Score every title in every way, and leave the sums in the ways' tallies. InputError where no shot gets hidden."""
    marked = bool(titles) and bool(set(scenes.COLUMNS) & set(titles[0].catalog.shot_labels))
    for title in titles:
        shots, metadata = space.fuse(title.embeddings), title.global_embedding
        positions = scenes.position_in_scene(scenes.scene_numbers(title.shots)) if marked else None
        for way in ways.values():
            if len(shots) < way.fewest_shots:
                continue
            tables = []
            for rng in way.rngs:
                hidden = way.hide(len(shots), rng)
                if hidden.any():
                    predicted = way.predict(shots, hidden, metadata)
                    sharp = sharpen(shots, hidden, predicted) if sharpen and way.modality is None else None
                    tables.append(score_fill_in(shots, hidden, predicted, space, way.modality, sharp))
                on_case()
            way.tallies.add(title.title_id, tables, positions)
    if not ways["usual"].tallies.titles:
        raise NothingHidden("no shot was hidden: there are too few shots in these titles to evaluate on")


def ways_of(
    predict: Predictor,
    space: Space,
    full_seeds: Sequence[int],
    *,
    full: bool,
    by_part: Callable[[int], tuple[Predictor, int | None]],
) -> dict[str, Way]:
    """The ways of hiding shots that a report needs; `by_part` gives predictor and place of a modality that is hidden alone."""
    ways = {"usual": Way.of(hide_at_random(RATIO), SEEDS, predict, Tallies(distances=DISTANCES))}
    if not full:
        return ways
    for ratio in RATIOS:
        if ratio != RATIO:
            ways[f"ratio {ratio}"] = Way.of(hide_at_random(ratio), full_seeds, predict, Tallies())
    spans = Tallies(distances=SPAN_DISTANCES)
    ways["spans"] = Way.of(hide_in_spans, full_seeds, predict, spans, fewest_shots=SPAN + 2)
    for place, m in enumerate(space.modalities if len(space.modalities) > 1 else ()):
        by, told = by_part(place)
        tallies = Tallies(f"centred_{m.name}")
        ways[f"part {m.name}"] = Way.of(hide_at_random(RATIO), full_seeds, by, tallies, modality=told)
    return ways


def report_of(
    ways: dict[str, Way],
    titles: Sequence[Title],
    split: str,
    space: Space,
    about: Mapping[str, Any],
    *,
    sees_rest: bool,
) -> dict[str, Any]:
    """The content of evaluation.json that `evaluate_titles` would have made of the table of scores, with what it is `about`."""
    usual = ways["usual"].tallies
    measured = {
        **_report(usual, split),
        "titles": _by_title(usual, titles),
        "by_position": _by_position(usual),
        **about,
    }
    if len(ways) == 1:
        return measured
    tables = {r: usual if r == RATIO else ways[f"ratio {r}"].tallies for r in RATIOS}
    measured["by_ratio"] = [_by_ratio(tallies, ratio) for ratio, tallies in tables.items()]
    left_out = sum(t.num_shots < SPAN + 2 for t in titles)
    measured["spans"] = _by_span(ways["spans"].tallies, left_out)
    measured["by_part"] = [
        {"modality": m.name, "rest_shown": sees_rest, **_named_best(ways[f"part {m.name}"].tallies)}
        for m in space.modalities
        if f"part {m.name}" in ways
    ]
    return measured


def _report(tallies: Tallies, split: str) -> dict[str, Any]:
    best = tallies.best_baseline()
    scored = {name: _means(tallies, name) for name in tallies.baselines}
    scored["global_mean"]["median_rank"] = None  # it predicts the same for every shot, so it ranks nothing
    model = _means(tallies, "model")
    return {
        "split": split,
        **model,
        "skill": metrics.skill(model["centred_cosine"], scored[best]["centred_cosine"]),
        "best_baseline": best,
        "num_titles": len(tallies.titles),
        "num_hidden": tallies.count(),
        "baselines": scored,
        "intervals": _intervals(tallies, best),
        "by_distance": [
            {"distance": name, **against_best(tallies, best, name)}
            for name in (distance_name(*bounds) for bounds in tallies.distances)
        ],
        "by_modality": _by_modality(tallies),
    }


def _means(tallies: Tallies, name: str) -> dict[str, Any]:
    means = {column: tallies.mean(name, column) for column in ("cosine", "centred_cosine")}
    return {**means, "median_rank": tallies.median_rank(name)}


def _intervals(tallies: Tallies, best: str) -> dict[str, Any] | None:
    drawn = tallies.resampled()
    if drawn is None:
        return None
    model, base = drawn["model"], drawn[best]
    difference = tallies.mean("model", tallies.column) - tallies.mean(best, tallies.column)
    return {
        "centred_cosine": middle(model),
        "skill": middle((model - base) / np.maximum(1 - base, 1e-6)),
        "difference": {"mean": difference, **middle(model - base)},
        "baselines": {name: middle(drawn[name]) for name in tallies.baselines},
    }


def _by_modality(tallies: Tallies) -> dict[str, Any]:
    out = {}
    for column in (c for c in tallies.columns if c.startswith("centred_") and c != "centred_cosine"):
        means = {name: tallies.mean(name, column) for name in tallies.names}
        own = means.pop("model")
        if np.isnan(own):
            continue
        best = max(means, key=lambda name: means[name])
        out[column.removeprefix("centred_")] = {
            "centred_cosine": own,
            "best_baseline": best,
            "best_baseline_centred_cosine": means[best],
            "skill": metrics.skill(own, means[best]),
        }
    return out


def _by_position(tallies: Tallies) -> list[dict[str, Any]]:
    best = tallies.best_baseline()
    parts = [{"position": place, **against_best(tallies, best, place)} for place in scenes.POSITIONS]
    return [part for part in parts if part["num_hidden"]]


def _by_ratio(tallies: Tallies, ratio: float) -> dict[str, Any]:
    named = _named_best(tallies)
    rank = tallies.median_rank("model") if tallies.titles else None
    return {"ratio": ratio, "best_baseline_name": named.pop("best_baseline_name"), "median_rank": rank, **named}


def _named_best(tallies: Tallies) -> dict[str, Any]:
    if not tallies.titles or not tallies.count():
        return {"best_baseline_name": None, **against_best(tallies, "")}
    best = tallies.best_baseline()
    return {"best_baseline_name": best, **against_best(tallies, best)}


def _by_span(tallies: Tallies, left_out: int) -> dict[str, Any]:
    about = {"length": SPAN, "ratio": RATIO, "titles_left_out": left_out}
    if not tallies.titles:
        return {**about, "skipped": f"no title has the {SPAN + 2} shots that hiding {SPAN} in a row takes."}
    best = tallies.best_baseline()
    parts = (distance_name(*bounds) for bounds in tallies.distances)
    by_distance = [{"distance": name, **against_best(tallies, best, name)} for name in parts]
    return {**about, **_named_best(tallies), "by_distance": by_distance}


def _by_title(tallies: Tallies, titles: Sequence[Title]) -> list[dict[str, Any]]:
    best, names = tallies.best_baseline(), {t.title_id: t.name for t in titles}
    model_at, best_at = tallies.names.index("model"), tallies.names.index(best)
    rows = []
    for tally in tallies.titles:
        whole = tally.parts[""]
        own, base = (float(whole.total[at] / whole.count) for at in (model_at, best_at))
        rows.append(
            {
                "title_id": tally.title_id,
                "name": names[tally.title_id],
                "num_hidden": whole.count,
                "centred_cosine": own,
                "best_baseline": base,
                "difference": own - base,
                "skill": metrics.skill(own, base),
                "median_rank": tally.median_rank,
            }
        )
    return rows
