"""The whole evaluation of one predictor on one split: the report, and in full by ratio, by span and by modality.

Shape letters: N shots of a title, H hidden shots, D width of a shot, G width of a metadata embedding.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from msm.data import scenes
from msm.data.catalog import Catalog, Title
from msm.data.space import Space
from msm.data.stratified import sample_facts, stratified
from msm.errors import InputError
from msm.evaluation.evaluate_streamed import evaluate_streamed, report_of, ways_of
from msm.evaluation.protocol import RATIO, RATIOS, SEEDS, SPAN, Hide, Predictor, Sharpen, hide_at_random, hide_in_spans
from msm.evaluation.report import by_part, by_position, by_ratio, by_span, by_title, report
from msm.evaluation.scoring import NothingHidden, score_titles

FULL_SEEDS = SEEDS[:2]
MOST_TABLED = 50_000  # hidden shots of all draws; the scores of more are summed title by title, and not kept


def evaluate_titles(
    predict: Predictor,
    catalog: Catalog,
    space: Space,
    split: str,
    progress: Callable[[int, int], None],
    *,
    full: bool = False,
    sees_rest: bool = False,
    sharpen: Sharpen | None = None,
    most_titles: int | None = None,
) -> dict[str, Any]:
    """Evaluate a predictor on one split of a catalog. Raises InputError where the split has no title.

    progress   called with (cases done, cases in all)
    full       also by mask ratio, with spans hidden and with one modality hidden; takes about four times as long
    sees_rest  where one modality is hidden, whether `predict` is given the others; then baselines are, too
    sharpen    predictions → those whose ranks are reported; None = the same
    most_titles  of a split with more titles, a stratified and seeded sample of so many is evaluated; None = all
    returns    the content of evaluation.json: `report`, titles, by_position (where scenes are marked), `sample` (where not all titles were scored), and
               with `full` by_ratio, spans and by_part
    """
    everything = catalog.split(split)
    titles = stratified(everything, most_titles)
    if not titles:
        raise InputError(f"{catalog.path} has no title in the {split} split")
    long_enough = [t for t in titles if t.num_shots >= SPAN + 2]
    others = [r for r in RATIOS if r != RATIO] if full else []
    parts = space.modalities if full and len(space.modalities) > 1 else ()
    more = (len(titles) * (len(others) + len(parts)) + len(long_enough)) * len(FULL_SEEDS) if full else 0
    done, total = itertools.count(1), len(titles) * len(SEEDS) + more

    def scored(
        of: Sequence[Title], seeds: Sequence[int], hide: Hide, by: Predictor = predict, modality: int | None = None
    ) -> pd.DataFrame:
        on_case = lambda: progress(next(done), total)  # noqa: E731
        sharp = sharpen if modality is None else None  # only predictions of whole shots are sharpened
        return score_titles(by, of, space, seeds=seeds, hide=hide, modality=modality, sharpen=sharp, on_case=on_case)

    def further(hide: Hide, by: Predictor = predict, modality: int | None = None) -> pd.DataFrame:
        """A table without rows where no shot was hidden, as may happen with a ratio of 10 % and short titles."""
        try:
            return scored(titles, FULL_SEEDS, hide, by, modality)
        except NothingHidden:
            return scores[:0]

    about = {
        "catalog_fingerprint": catalog.fingerprint,
        "ratio": RATIO,
        "seeds": list(SEEDS),
        **({"sample": sample_facts(titles, everything)} if len(titles) < len(everything) else {}),
    }

    def by_part_alone(place: int) -> tuple[Predictor, int | None]:
        """The predictor where one modality is hidden, and the place of that modality where baselines are given the others."""
        return (hide_one_modality(predict, space, place), place) if sees_rest else (predict, None)

    if len(SEEDS) * RATIO * sum(t.num_shots for t in titles) > MOST_TABLED:
        ways = ways_of(predict, space, FULL_SEEDS, full=full, by_part=by_part_alone)
        evaluate_streamed(ways, titles, space, sharpen, lambda: progress(next(done), total))
        return report_of(ways, titles, split, space, about, sees_rest=sees_rest)
    scores = scored(titles, SEEDS, hide_at_random(RATIO))
    measured = {
        **report(scores, split),
        "titles": by_title(scores, {t.title_id: t.name for t in titles}),
        "by_position": by_position(scores, scene_positions(titles)),
        **about,
    }
    if full:
        tables = {RATIO: scores} | {r: further(hide_at_random(r)) for r in others}
        measured["by_ratio"] = [by_ratio(tables[r], r) for r in RATIOS]
        spans = scored(long_enough, FULL_SEEDS, hide_in_spans) if long_enough else None
        measured["spans"] = by_span(spans, SPAN, RATIO, left_out=len(titles) - len(long_enough))
        measured["by_part"] = []
        for place, m in enumerate(parts):
            by, told = by_part_alone(place)
            measured["by_part"].append(by_part(further(hide_at_random(RATIO), by, told), m.name, sees_rest))
    return measured


def hide_one_modality(predict: Predictor, space: Space, place: int) -> Predictor:
    """The same predictor, given all modalities but one of the hidden shots; shots that lack that one stay visible.

    place    of the modality in `space.modalities`
    returns  a predictor of every hidden shot, with zeros for those that lack the modality; no score counts them
    """
    columns = space.modalities[place].columns

    def predicted(shots: np.ndarray, hidden: np.ndarray, global_embedding: np.ndarray | None) -> np.ndarray:
        parts = np.zeros((len(shots), len(space.modalities)), dtype=bool)
        parts[:, place] = hidden & shots[:, columns].any(axis=1)
        predictions = np.zeros_like(shots)
        if parts.any():
            predictions[parts[:, place]] = predict(shots, parts, global_embedding)
        return predictions[hidden]

    return predicted


def scene_positions(titles: Sequence[Title]) -> pd.DataFrame | None:
    """A row a shot: title_id, shot, position (msm.data.scenes.POSITIONS, "" unknown); None where no label marks scenes."""
    if not titles or not set(scenes.COLUMNS) & set(titles[0].catalog.shot_labels):
        return None
    tables = []
    for title in titles:
        place = scenes.position_in_scene(scenes.scene_numbers(title.shots))
        tables.append(pd.DataFrame({"title_id": title.title_id, "shot": np.arange(len(place)), "position": place}))
    return pd.concat(tables, ignore_index=True)
