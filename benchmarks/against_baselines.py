"""The default recipe against predictions without a model, three seeds, on titles it never saw.

    python -m benchmarks.against_baselines sample        80 titles straight from the screenplay, without pictures
    python -m benchmarks.against_baselines real          the real sets, where they are at hand
    python -m benchmarks.against_baselines restate       train nothing: measure the baselines anew, on all of these sets

Writes benchmarks/results/{sample,real_sets}.json and a table beside each. The real sets are other
people's work and are not part of this repository; MSM_REAL_DATA says where they lie.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats

from msm import metrics
from msm.data.catalog import Catalog
from msm.evaluation.evaluate_titles import evaluate_titles
from msm.evaluation.report import report
from msm.evaluation.scoring import score_titles
from msm.evaluation.space import fit_space
from msm.importers.convert import ImportOptions, import_embeddings
from msm.inference.run import Run
from msm.io import files
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe
from msm.runs.folder import versions
from msm.training.trainer import start_run, train
from sample_data import without_pictures

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SEEDS = (0, 1, 2)
# Batches of one or two thousand shots, few enough steps to end soon after the best one on validation.
# Fused per modality, as the independent measurement of the baselines was.
REAL_SETS: dict[str, list[str]] = {
    "scene_shots": ["fusion=per_modality", "batch_windows=4", "steps=300", "validate_every=20"],
    "screenplays": ["fusion=per_modality", "batch_windows=8", "steps=200", "validate_every=20"],
    "series": ["fusion=per_modality", "batch_windows=24", "steps=450", "validate_every=20"],
}
GLOBAL_FROM = {"screenplays": ("genres", "year")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("sample", "real", "restate"))
    parser.add_argument(
        "--sets", nargs="*", default=list(REAL_SETS), help="some of the real sets; with restate also sample"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("sample",) if chosen.which == "sample" else chosen.sets:
            table = "sample" if name == "sample" else "real_sets"
            command = f"python -m benchmarks.against_baselines {'sample' if name == 'sample' else 'real'}"
            catalog = catalog_of(name, Path(folder))
            if chosen.which == "restate":
                write(
                    table, {name: restated(files.read_json(RESULTS / f"{table}.json")["sets"][name], catalog)}, command
                )
            else:
                write(table, {name: measure(catalog.path, REAL_SETS.get(name, []), Path(folder))}, command)


def catalog_of(name: str, folder: Path) -> Catalog:
    """One of the real sets, or the sample stories."""
    if name == "sample":
        return without_pictures.make_catalog(folder / "sample", num_titles=80)
    source = Path(os.environ.get("MSM_REAL_DATA", ROOT.parent / "shared" / "data")) / name
    return import_embeddings(source, folder / name, ImportOptions(global_from=GLOBAL_FROM.get(name, ())))


def measure(path: Path, settings: list[str], folder: Path) -> dict[str, Any]:
    """Train once a seed and sum up: means over the seeds, and the interval of the difference."""
    catalog = Catalog.open(path)
    reports = [one_seed(catalog, preset("mediafm").with_settings([*settings, f"seed={s}"]), folder) for s in SEEDS]
    first = reports[0]
    best = first["best_baseline"]
    names = ("cosine", "centred_cosine", "median_rank", "skill")
    model = {name: float(np.mean([r[name] for r in reports])) for name in names}
    return {
        "settings": settings,
        "train_shots": sum(t.num_shots for t in catalog.split("train")),
        "num_hidden": first["num_hidden"],
        "model": model,
        "baselines": first["baselines"],  # they learn nothing, so no seed changes them
        "best_baseline": best,
        "difference": difference([r["centred_cosine"] for r in reports], first["baselines"][best]["centred_cosine"]),
        "seeds": [
            {"seed": s, "step": r["step"], **{n: r[n] for n in names}} for s, r in zip(SEEDS, reports, strict=True)
        ],
    }


def difference(scores: Sequence[float], baseline: float) -> dict[str, float]:
    """The mean lead of several trainings over a baseline, with the interval over trainings."""
    low, high = stats.t.interval(0.95, len(scores) - 1, np.mean(scores) - baseline, stats.sem(scores))
    return {"mean": float(np.mean(scores) - baseline), "low": float(low), "high": float(high)}


def restated(entry: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    """The same trainings against the baselines of today: these do not depend on a training."""
    train, validation, test = (catalog.split(s) for s in ("train", "validation", "test"))
    fusion = next((s.removeprefix("fusion=") for s in entry["settings"] if s.startswith("fusion=")), Recipe().fusion)
    space = fit_space(train, validation, catalog.modalities, fusion)
    scores = score_titles(None, test, space)
    found = report(pd.concat([scores, scores[scores["predictor"] == "title_mean"].assign(predictor="model")]), "test")
    level = found["baselines"][found["best_baseline"]]["centred_cosine"]
    seeds = [{**s, "skill": metrics.skill(s["centred_cosine"], level)} for s in entry["seeds"]]
    return {
        **{k: v for k, v in entry.items() if k != "by_distance"},
        "model": {**entry["model"], "skill": float(np.mean([s["skill"] for s in seeds]))},
        "baselines": found["baselines"],
        "best_baseline": found["best_baseline"],
        "difference": difference([s["centred_cosine"] for s in seeds], level),
        "seeds": seeds,
    }


def one_seed(catalog: Catalog, recipe: Recipe, folder: Path) -> dict[str, Any]:
    cpu = torch.device("cpu")
    path = folder / f"{catalog.path.name}-run-{recipe.seed}"
    run = Run.open(train(start_run(catalog, path, recipe, device=cpu), catalog, device=cpu).path)
    measured = evaluate_titles(run.predict, catalog, run.space, "test", lambda done, total: None, sharpen=run.sharpen)
    print(
        f"{catalog.path.name}, seed {recipe.seed}: best step {run.info['best']['step']}, "
        f"centred cosine {measured['centred_cosine']:.3f}, skill {measured['skill']:+.3f}",
        flush=True,
    )
    return {**measured, "step": run.info["best"]["step"]}


def write(name: str, sets: dict[str, Any], command: str) -> None:
    """Keep what was measured; other sets of the same table stay as they are."""
    path = RESULTS / f"{name}.json"
    others = files.read_json(path)["sets"] if path.exists() else {}
    together = others | sets
    document = {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": versions(),
        "protocol": "20 % of each test title's shots hidden independently, five draws; three trainings",
        "sets": {n: together[n] for n in ("sample", *REAL_SETS) if n in together},
    }
    files.write_json(path, document)
    table = markdown(document)
    (RESULTS / f"{name}.md").write_text(table, encoding="utf-8")
    print(table)


def markdown(document: dict[str, Any]) -> str:
    """The comparison as a table: a block a set, a row a predictor."""
    versions_ = ", ".join(f"{k} {v}" for k, v in document["versions"].items())
    lines = [f"    {document['command']}", "", f"{document['date']}, {document['machine']}, {versions_}.", ""]
    lines += [f"{document['protocol']}.", ""]
    for name, entry in document["sets"].items():
        settings = " ".join(f"--set {s}" for s in entry["settings"]) or "no settings"
        lines += [f"## {name}", "", f"Recipe `mediafm`, {settings}; {entry['train_shots']:,} training shots.", ""]
        lines += ["| predictor | centred cosine | raw cosine | median rank |", "| --- | --- | --- | --- |"]
        for row, scores in [("**model**, mean of three seeds", entry["model"]), *entry["baselines"].items()]:
            rank = "–" if scores["median_rank"] is None else f"{scores['median_rank']:.1%}"
            lines.append(
                f"| {row.replace('_', ' ')} | {scores['centred_cosine']:.3f} | {scores['cosine']:.3f} | {rank} |"
            )
        d = entry["difference"]
        verdict = "wins" if d["low"] > 0 else "loses" if d["high"] < 0 else "is not told apart"
        lines += ["", f"Against the {entry['best_baseline'].replace('_', ' ')} the model {verdict}: "]
        lines[-1] += f"{d['mean']:+.3f}, 95 % interval {d['low']:+.3f} to {d['high']:+.3f}."
        seeds = [f"{s['centred_cosine']:.3f} (step {s['step']})" for s in entry["seeds"]]
        lines += [f"Seeds: {', '.join(seeds)}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
