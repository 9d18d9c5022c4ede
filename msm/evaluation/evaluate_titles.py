"""The whole evaluation of one predictor on one split: the report, and in full by ratio, by span and by modality.

Shape letters: N shots of a title, H hidden shots, D width of a shot, G width of a metadata embedding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from msm.data import scenes
from msm.data.catalog import Catalog, Title
from msm.data.space import Space
from msm.data.stratified import sample_facts, stratified
from msm.data.told import Told
from msm.errors import InputError
from msm.evaluation.evaluate_streamed import Part, Way, parts_of, report_of, scorer, summed, table_of, ways_of
from msm.evaluation.protocol import RATIO, RATIOS, SEEDS, SPAN, Predictor, Sharpen
from msm.evaluation.report import by_part, by_position, by_ratio, by_span, by_title, report
from msm.evaluation.scoring import NothingHidden
from msm.inference.draws import of_draws, takes_draws
from msm.inference.run import Run
from msm.runner import HERE, Arrays, Do, Place, run_parts, staging_folder
from msm.runs.folder import weights_fingerprint

MOST_TABLED = 50_000  # hidden shots of all draws; the scores of more are summed title by title, and not kept
NOTHING = "no shot was hidden: there are too few shots in these titles to evaluate on"


@dataclass(frozen=True)
class EvaluateTitles:
    """What a worker does: it loads the run once, and scores some titles at a time."""

    run: str
    catalog: str
    full: bool

    def begin(self, device: str) -> Do:
        """See `msm.runner.Work`."""
        run = Run.open(self.run, device=device or "cpu")
        ways = all_ways(run.predict, run.space, full=self.full, sees_rest=run.sees_rest)
        return scorer(ways, run.adapt(Catalog.open(self.catalog)), run.space, run.sharpen)


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
    run: Run | None = None,
    place: Place = HERE,
) -> dict[str, Any]:
    """Evaluate a predictor on one split of a catalog. Raises InputError where the split has no title.

    progress   called with (cases done, cases in all)
    full       also by mask ratio, with spans hidden and with one modality hidden; takes about four times as long
    sees_rest  where one modality is hidden, whether `predict` is given the others; then baselines are, too
    sharpen    predictions → those whose ranks are reported; None = the same
    most_titles  of a split with more titles, a stratified and seeded sample of so many is evaluated; None = all
    run        whose predictions these are: what was stopped goes on where it was, and other workers can load it
    place      where the titles are scored; anywhere but here only with a run
    returns    the content of evaluation.json: `report`, titles, by_position (where scenes are marked), `sample` (where not all titles were scored), and
               with `full` by_ratio, spans and by_part
    """
    everything = catalog.split(split)
    titles = stratified(everything, most_titles)
    if not titles:
        raise InputError(f"{catalog.path} has no title in the {split} split")
    about = {
        "catalog_fingerprint": catalog.fingerprint,
        "ratio": RATIO,
        "seeds": list(SEEDS),
        **({"sample": sample_facts(titles, everything)} if len(titles) < len(everything) else {}),
    }
    tabled = len(SEEDS) * RATIO * sum(t.num_shots for t in titles) <= MOST_TABLED
    ways = all_ways(predict, space, full=full, sees_rest=sees_rest)
    parts = parts_of(ways, titles, tabled=tabled)
    here = scorer(ways, catalog, space, sharpen)
    with ExitStack() as stack:
        scored = stack.enter_context(closing(_scored(parts, here, catalog, run, place, full, stack, progress)))
        if tabled:
            return _report_of_tables(list(scored), ways, titles, split, space, about, sees_rest=sees_rest)
        tallies = summed(scored, ways)
    if not tallies["usual"].titles:
        raise NothingHidden(NOTHING)
    return report_of(tallies, titles, split, space, about, sees_rest=sees_rest)


def all_ways(predict: Predictor, space: Space, *, full: bool, sees_rest: bool) -> dict[str, Way]:
    """The ways of hiding shots that a report needs, with the predictor of each."""

    def by_part_alone(place: int) -> tuple[Predictor, int | None]:
        """The predictor where one modality is hidden, and the place of that modality where baselines are given the others."""
        return (hide_one_modality(predict, space, place), place) if sees_rest else (predict, None)

    return ways_of(predict, space, full=full, by_part=by_part_alone)


def _scored(
    parts: Sequence[Part],
    here: Do,
    catalog: Catalog,
    run: Run | None,
    place: Place,
    full: bool,
    stack: ExitStack,
    progress: Callable[[int, int], None],
) -> Generator[Arrays, None, None]:
    """The scores of all parts in order; where there are several of a run, finished ones wait in its folder until all are."""
    work, staging, key = None, None, ""
    if run is not None:
        work = EvaluateTitles(str(run.path), str(catalog.path), full)
        if len(parts) > 1:
            staging = stack.enter_context(staging_folder(run.path / "evaluation.json", "evaluate"))
        decides = {"weights": weights_fingerprint(run.path), "catalog": catalog.fingerprint, "full": full}
        rows = [[*part.rows] for part in parts]
        key = json.dumps({**decides, "tabled": parts[0].tabled, "parts": rows, "msm": version("msm-workbench")})
    sizes = [part.cases for part in parts]
    yield from run_parts(work, parts, place, sizes=sizes, staging=staging, key=key, here=here, progress=progress)


def _report_of_tables(
    parts: Sequence[Arrays],
    ways: Mapping[str, Way],
    titles: Sequence[Title],
    split: str,
    space: Space,
    about: Mapping[str, Any],
    *,
    sees_rest: bool,
) -> dict[str, Any]:
    catalog = titles[0].catalog
    tables = {name: table_of(parts, name, catalog) for name in ways}
    scores = tables["usual"]
    if scores is None:
        raise NothingHidden(NOTHING)
    measured = {
        **report(scores, split),
        "titles": by_title(scores, {t.title_id: t.name for t in titles}),
        "by_position": by_position(scores, scene_positions(titles)),
        **about,
    }
    if len(ways) == 1:
        return measured

    def of(name: str) -> pd.DataFrame:
        """A table without rows where no shot was hidden, as may happen with a ratio of 10 % and short titles."""
        found = tables[name]
        return scores[:0] if found is None else found

    measured["by_ratio"] = [by_ratio(scores if r == RATIO else of(f"ratio {r}"), r) for r in RATIOS]
    left_out = sum(t.num_shots < SPAN + 2 for t in titles)
    measured["spans"] = by_span(tables["spans"], SPAN, RATIO, left_out=left_out)
    names = [m.name for m in space.modalities if f"part {m.name}" in ways]
    measured["by_part"] = [by_part(of(f"part {name}"), name, sees_rest) for name in names]
    return measured


def hide_one_modality(predict: Predictor, space: Space, place: int) -> Predictor:
    """The same predictor, given all modalities but one of the hidden shots; shots that lack that one stay visible.

    place    of the modality in `space.modalities`
    returns  a predictor of every hidden shot, with zeros for those that lack the modality; no score counts them
    """
    columns = space.modalities[place].columns

    @takes_draws
    def predicted(shots: np.ndarray, hidden: Any, told: Told) -> Any:
        draws = hidden if isinstance(hidden, list) else [hidden]
        there = shots[:, columns].any(axis=1)
        parts = np.zeros((len(draws), len(shots), len(space.modalities)), dtype=bool)
        parts[:, :, place] = there & np.stack(draws)
        predictions = np.zeros((len(draws), *shots.shape), dtype=shots.dtype)
        some = np.flatnonzero(parts.any(axis=(1, 2)))
        for i, found in zip(some, of_draws(predict, shots, [*parts[some]], told), strict=True):
            predictions[i, parts[i, :, place]] = found
        answers = [own[draw] for own, draw in zip(predictions, draws, strict=True)]
        return answers if isinstance(hidden, list) else answers[0]

    return predicted


def scene_positions(titles: Sequence[Title]) -> pd.DataFrame | None:
    """A row a shot: title_id, shot, position (msm.data.scenes.POSITIONS, "" unknown); None where no label marks scenes."""
    marks = [name for name in scenes.COLUMNS if titles and name in titles[0].catalog.shot_labels]
    if not marks:
        return None
    tables = []
    for title in titles:
        first = int(title.catalog.first_shots[title.index])
        marked = title.catalog.read_shots(first, first + title.num_shots, marks)
        place = scenes.position_in_scene(scenes.scene_numbers(marked))
        tables.append(pd.DataFrame({"title_id": title.title_id, "shot": np.arange(len(place)), "position": place}))
    return pd.concat(tables, ignore_index=True)
