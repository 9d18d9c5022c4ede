"""What does [GLOBAL] give? A model trained with the title's metadata is given its own, none, and that of another title."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.why.interval import with_interval
from msm import metrics
from msm.data.catalog import Catalog, Title
from msm.data.told import Told
from msm.evaluation.protocol import RATIO, hide_at_random, hide_titles
from msm.importers.convert import ImportOptions, import_embeddings
from msm.inference.run import Run
from msm.recipes.presets import preset
from msm.runs.folder import RunFolder
from msm.training.trainer import start_run, train

METADATA = {"screenplays": ("genres", "year"), "series": ("series", "season"), "tv4_dialogue": ("series", "season")}
SETTINGS = (
    "fusion=per_modality", "batch_windows=8", "window=128", "precision=float32", "steps=150", "validate_every=50",
    "model.width=128", "model.depth=2",
)  # fmt: skip
RATIOS = (RATIO, 0.8, 0.95)  # of shots hidden: where little is visible, metadata has most to say


def catalog_of(name: str, source: Path, folder: Path) -> Catalog:
    """The catalog of a real set with these metadata; imported unless it is there."""
    path = folder / f"{name}-global"
    return (
        Catalog.open(path)
        if path.exists()
        else import_embeddings(source / name, path, ImportOptions(global_from=METADATA[name]))
    )


def run_of(catalog: Catalog, path: Path, *, use_global: bool) -> Run:
    cpu = torch.device("cpu")
    if not path.exists() or RunFolder.open(path).info["state"] != "done":
        recipe = preset("mediafm").with_settings([*SETTINGS, f"model.use_global={str(use_global).lower()}"])
        train(start_run(catalog, path, recipe, device=cpu, replace=path.exists()), catalog, device=cpu)
    return Run.open(path)


def by_metadata(catalog: Catalog, informed: Run, without: Run, rng: np.random.Generator) -> dict[str, Any]:
    """Centred cosine by share of hidden shots: given its own metadata, none, another title's; and of a model trained without."""
    titles = catalog.split("test")
    other = _others(titles, rng)
    return {f"{ratio:.0%}": _at(titles, other, informed, without, ratio) for ratio in RATIOS}


def _others(titles: list[Title], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """For each title the metadata of another one that differ from its own."""
    found = {}
    for title in titles:
        own = title.global_embedding
        for i in rng.permutation(len(titles)):
            metadata = titles[i].global_embedding
            if own is not None and metadata is not None and not np.array_equal(metadata, own):
                found[title.title_id] = metadata
                break
    return found


def _at(titles: list[Title], other: dict[str, np.ndarray], informed: Run, without: Run, ratio: float) -> dict[str, Any]:
    scores: dict[str, list[np.ndarray]] = {}
    names: list[str] = []
    for case in hide_titles(
        [t for t in titles if t.title_id in other], informed.space, ratio, (0,), hide_at_random(ratio)
    ):
        truth = case.shots[case.hidden]
        names += [case.title_id] * len(truth)
        for what, run, metadata in (
            ("own", informed, case.told.metadata),
            ("none", informed, None),
            ("another title's", informed, other[case.title_id]),
            ("trained without", without, None),
        ):
            predicted = run.predict(case.shots, case.hidden, Told(metadata, case.told.times))
            scores.setdefault(what, []).append(metrics.centred_cosine(predicted, truth, run.space.mean))
    of, title = {k: np.concatenate(v) for k, v in scores.items()}, np.array(names)
    gains = {f"own - {k}": with_interval(of["own"] - v, title) for k, v in of.items() if k != "own"}
    return {"titles": len(set(names)), **{k: with_interval(v, title) for k, v in of.items()}, "gain": gains}
