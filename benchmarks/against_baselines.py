"""The default recipe against predictions without a model, three seeds, on titles it never saw.

    python -m benchmarks.against_baselines sample        80 titles straight from the screenplay, without pictures
    python -m benchmarks.against_baselines real          the real sets, where they are at hand

Writes benchmarks/results/{sample,real_sets}.json and a table beside each. The real sets are other
people's work and are not part of this repository; MSM_REAL_DATA says where they lie.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from msm.data.catalog import Catalog
from msm.evaluation.evaluate_titles import evaluate_titles
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
    parser.add_argument("which", choices=("sample", "real"))
    parser.add_argument("--sets", nargs="*", default=list(REAL_SETS), help="some of the real sets")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.which == "sample":
            unfilmed = without_pictures.make_catalog(Path(folder) / "sample", num_titles=80)
            measured = {"sample": measure(unfilmed.path, [], Path(folder))}
            write("sample", measured, "python -m benchmarks.against_baselines sample")
            return
        for name in chosen.sets:
            write("real_sets", {name: measure_real(name, Path(folder))}, "python -m benchmarks.against_baselines real")


def measure_real(name: str, folder: Path) -> dict[str, Any]:
    source = Path(os.environ.get("MSM_REAL_DATA", ROOT.parent / "shared" / "data")) / name
    catalog = import_embeddings(source, folder / name, ImportOptions(global_from=GLOBAL_FROM.get(name, ())))
    return measure(catalog.path, REAL_SETS[name], folder)


def measure(path: Path, settings: list[str], folder: Path) -> dict[str, Any]:
    """Train once a seed and sum up: means over the seeds, and the interval of the difference."""
    catalog = Catalog.open(path)
    reports = [one_seed(catalog, preset("mediafm").with_settings([*settings, f"seed={s}"]), folder) for s in SEEDS]
    first = reports[0]
    best = first["best_baseline"]
    names = ("cosine", "centred_cosine", "median_rank", "skill")
    model = {name: float(np.mean([r[name] for r in reports])) for name in names}
    differences = [r["centred_cosine"] - r["baselines"][best]["centred_cosine"] for r in reports]
    low, high = stats.t.interval(0.95, len(differences) - 1, np.mean(differences), stats.sem(differences))
    return {
        "settings": settings,
        "train_shots": sum(t.num_shots for t in catalog.split("train")),
        "num_hidden": first["num_hidden"],
        "model": model,
        "baselines": first["baselines"],  # they learn nothing, so no seed changes them
        "best_baseline": best,
        "difference": {"mean": float(np.mean(differences)), "low": float(low), "high": float(high)},
        "seeds": [
            {"seed": s, "step": r["step"], **{n: r[n] for n in names}} for s, r in zip(SEEDS, reports, strict=True)
        ],
        "by_distance": first["by_distance"],
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
