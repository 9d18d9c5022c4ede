"""The whole evaluation of one predictor on a split of many titles, each read once, in memory that does not grow with them.

Titles are scored in parts (`msm.runner.run_parts`), here or on many workers: which shots are hidden follows from the state that
each generator has where a part begins. A small split leaves a table of all scores, a large one sums
(`msm.evaluation.tallies`): the same hidden shots, the same numbers but for rounding.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from msm import metrics
from msm.data import scenes
from msm.data.catalog import Catalog, Title
from msm.data.space import Space
from msm.data.told import Told
from msm.evaluation.protocol import RATIO, RATIOS, SEEDS, SPAN, Hide, Predictor, Sharpen, hide_at_random, hide_in_spans
from msm.evaluation.report import DISTANCES, SPAN_DISTANCES
from msm.evaluation.scoring import score_fill_in
from msm.evaluation.tallies import Distances, Tallies, against_best, distance_name, middle, packed, tally, unpacked
from msm.inference.draws import of_draws
from msm.runner import Arrays, Do, Tell, stretches

FULL_SEEDS = SEEDS[:2]
PART_SHOTS = 1 << 13  # of a part: seconds to minutes of work
CASES = "cases"  # of a part's arrays: the seed, the title and the rows of each table
States = Mapping[str, Sequence[Mapping[str, Any]]]  # way → the state of the generator of each of its seeds


@dataclass(frozen=True)
class Way:
    """One way of hiding shots: how, by which seeds, who predicts, and what counts."""

    hide: Hide
    seeds: Sequence[int]
    predict: Predictor
    modality: int | None = None
    fewest_shots: int = 0
    column: str = "centred_cosine"  # of the scores that counts as the centred cosine
    distances: Distances = ()

    def rngs(self, states: Sequence[Mapping[str, Any]] | None = None) -> list[np.random.Generator]:
        """A generator for each seed, in these states, or as they begin."""
        found = [np.random.default_rng(seed) for seed in self.seeds]
        for rng, state in zip(found, states or (), strict=states is not None):
            rng.bit_generator.state = state
        return found


@dataclass(frozen=True)
class Part:
    """Some titles of a split, in plain values: rows of titles.parquet, and where the generators stand before them."""

    rows: tuple[int, ...]
    states: States
    tabled: bool  # leave tables of scores, not sums
    cases: int


def ways_of(
    predict: Predictor,
    space: Space,
    *,
    full: bool,
    by_part: Callable[[int], tuple[Predictor, int | None]],
) -> dict[str, Way]:
    """The ways of hiding shots that a report needs; `by_part` gives predictor and place of a modality that is hidden alone."""
    ways = {"usual": Way(hide_at_random(RATIO), SEEDS, predict, distances=DISTANCES)}
    if not full:
        return ways
    for ratio in RATIOS:
        if ratio != RATIO:
            ways[f"ratio {ratio}"] = Way(hide_at_random(ratio), FULL_SEEDS, predict)
    ways["spans"] = Way(hide_in_spans, FULL_SEEDS, predict, fewest_shots=SPAN + 2, distances=SPAN_DISTANCES)
    for place, m in enumerate(space.modalities if len(space.modalities) > 1 else ()):
        by, told = by_part(place)
        column = f"centred_{m.name}"
        ways[f"part {m.name}"] = Way(hide_at_random(RATIO), FULL_SEEDS, by, modality=told, column=column)
    return ways


def parts_of(ways: Mapping[str, Way], titles: Sequence[Title], *, tabled: bool) -> list[Part]:
    """The titles of a split in parts. All shots are hidden once on the way, which costs little, to know the generators' states."""
    rngs = {name: way.rngs() for name, way in ways.items()}
    found = []
    for stretch in stretches([t.num_shots for t in titles], PART_SHOTS):
        chosen, cases = titles[stretch.start : stretch.stop], 0
        states = {name: [rng.bit_generator.state for rng in of_way] for name, of_way in rngs.items()}
        for title in chosen:
            for name, way in ways.items():
                if title.num_shots >= way.fewest_shots:
                    cases += len(way.seeds)
                    for rng in rngs[name]:
                        way.hide(title.num_shots, rng)
        found.append(Part(tuple(t.index for t in chosen), states, tabled, cases))
    return found


def scorer(ways: Mapping[str, Way], catalog: Catalog, space: Space, sharpen: Sharpen | None) -> Do:
    """What a worker does with a `Part`: score its titles in every way."""

    def score(part: Part, tell: Tell) -> Arrays:
        marked = not part.tabled and bool(set(scenes.COLUMNS) & set(catalog.shot_labels))
        rngs = {name: way.rngs(part.states[name]) for name, way in ways.items()}
        tables: dict[str, list[tuple[int, int, pd.DataFrame]]] = defaultdict(list)
        tallies = defaultdict(list)
        for row in part.rows:
            title = catalog.title_at(row)
            shots, told = space.fuse(title.embeddings), Told.of(title)
            positions = scenes.position_in_scene(scenes.scene_numbers(title.shots)) if marked else None
            for name, way in ways.items():
                if len(shots) < way.fewest_shots:
                    continue
                drawn = [(seed, way.hide(len(shots), rng)) for seed, rng in zip(way.seeds, rngs[name], strict=True)]
                some = [(seed, hidden) for seed, hidden in drawn if hidden.any()]
                tell(len(drawn) - len(some))
                own = []
                predictions = of_draws(way.predict, shots, [hidden for _, hidden in some], told)
                for (seed, hidden), predicted in zip(some, predictions, strict=True):
                    sharp = sharpen(shots, hidden, predicted) if sharpen and way.modality is None else None
                    own.append((seed, row, score_fill_in(shots, hidden, predicted, space, way.modality, sharp)))
                    tell(1)
                if part.tabled:
                    tables[name] += own
                elif own:
                    frames = [frame for _, _, frame in own]
                    counted = tally(title.title_id, frames, positions, column=way.column, distances=way.distances)
                    tallies[name].append(counted)
        if part.tabled:
            return {f"{n}/{k}": a for n, cases in tables.items() if cases for k, a in _packed_tables(cases).items()}
        return {f"{n}/{key}": a for n, counted in tallies.items() for key, a in packed(counted).items()}

    return score


def _packed_tables(cases: Sequence[tuple[int, int, pd.DataFrame]]) -> dict[str, np.ndarray]:
    whole = pd.concat([frame for _, _, frame in cases], ignore_index=True)
    arrays = {str(name): whole[name].to_numpy() for name in whole}
    arrays["predictor"] = arrays["predictor"].astype(str)
    return {CASES: np.array([(seed, row, len(frame)) for seed, row, frame in cases]), **arrays}


def table_of(parts: Sequence[Arrays], way: str, catalog: Catalog) -> pd.DataFrame | None:
    """The table of `msm.evaluation.scoring.score_titles` from the parts of one way; None where no shot was hidden."""
    own = [{k.removeprefix(f"{way}/"): a for k, a in p.items() if k.startswith(f"{way}/")} for p in parts]
    own = [arrays for arrays in own if arrays]
    if not own:
        return None
    cases = np.concatenate([arrays.pop(CASES) for arrays in own])
    columns = {name: np.concatenate([arrays[name] for arrays in own]) for name in own[0]}
    columns["predictor"] = columns["predictor"].astype(object)
    seeds, rows = (np.repeat(cases[:, i], cases[:, 2]) for i in (0, 1))
    order = np.argsort(_places(seeds), kind="stable")  # seed by seed, titles in their order
    titles = catalog.column("title_id")[rows].astype(str).astype(object)
    return pd.DataFrame({**columns, "seed": seeds, "title_id": titles}).iloc[order].reset_index(drop=True)


def _places(seeds: np.ndarray) -> np.ndarray:
    return np.array([SEEDS.index(seed) for seed in seeds.tolist()])


def summed(parts: Iterable[Arrays], ways: Mapping[str, Way]) -> dict[str, Tallies]:
    """The sums of each way over all parts, which come in their order."""
    found = {name: Tallies(way.column, way.distances) for name, way in ways.items()}
    for part in parts:
        for name, tallies in found.items():
            own = {k.removeprefix(f"{name}/"): a for k, a in part.items() if k.startswith(f"{name}/")}
            for title in unpacked(own):
                tallies.add(title)
    return found


def report_of(
    tallies: Mapping[str, Tallies],
    titles: Sequence[Title],
    split: str,
    space: Space,
    about: Mapping[str, Any],
    *,
    sees_rest: bool,
) -> dict[str, Any]:
    """The content of evaluation.json that `evaluate_titles` would have made of the table of scores, with what it is `about`."""
    usual = tallies["usual"]
    measured = {
        **_report(usual, split),
        "titles": _by_title(usual, titles),
        "by_position": _by_position(usual),
        **about,
    }
    if len(tallies) == 1:
        return measured
    measured["by_ratio"] = [_by_ratio(usual if r == RATIO else tallies[f"ratio {r}"], r) for r in RATIOS]
    left_out = sum(t.num_shots < SPAN + 2 for t in titles)
    measured["spans"] = _by_span(tallies["spans"], left_out)
    measured["by_part"] = [
        {"modality": m.name, "rest_shown": sees_rest, **_named_best(tallies[f"part {m.name}"])}
        for m in space.modalities
        if f"part {m.name}" in tallies
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
    for counted in tallies.titles:
        whole = counted.parts[""]
        own, base = (float(whole.total[at] / whole.count) for at in (model_at, best_at))
        rows.append(
            {
                "title_id": counted.title_id,
                "name": names[counted.title_id],
                "num_hidden": whole.count,
                "centred_cosine": own,
                "best_baseline": base,
                "difference": own - base,
                "skill": metrics.skill(own, base),
                "median_rank": counted.median_rank,
            }
        )
    return rows
