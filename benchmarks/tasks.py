"""MediaFM's claim on tasks: is a label easier to predict from a shot in its title than from the shot alone?

    python -m benchmarks.tasks [--sets NAME …] [--work FOLDER]

Imports the real sets, trains a small `neighbour` and a small `mediafm` on each (one training, no labels), writes labels that people set
as CSV files, and runs what `msm probe` runs on each. Writes benchmarks/results/tasks.json and a table beside it: each label won, lost
or not told. The real sets are other people's work and not part of this repository; MSM_REAL_DATA says where they lie. `--work` keeps catalogs
and runs, and takes up those that are there.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from benchmarks.against_baselines import GLOBAL_FROM
from msm.data.catalog import Catalog
from msm.evaluation.label_files import read_labels_of
from msm.evaluation.tasks.report import probe_tasks
from msm.importers.convert import ImportOptions, import_embeddings
from msm.inference.run import Run
from msm.io import files
from msm.recipes.presets import preset
from msm.runs.folder import RunFolder, versions
from msm.training.trainer import start_run, train

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks" / "results" / "tasks.json"
COMMON = ["fusion=per_modality", "batch_windows=8", "window=128", "seed=0", "precision=float32"]
RECIPES = {
    "neighbour": [*COMMON, "steps=60", "validate_every=60"],
    "mediafm": [*COMMON, "steps=100", "validate_every=100", "model.width=128", "model.depth=2"],
}
# data set, label, whose; each a column of the imported catalog that people filled
LABELS = (
    ("scene_shots", "scene_start", "shot"),
    ("friends_shots", "place", "shot"),
    ("tv4_dialogue", "speakers", "shot"),
    ("series", "emotions", "shot"),
    ("series", "speakers", "shot"),
    ("screenplays", "genres", "title"),
    ("screenplays", "year", "title"),
)
KEPT = ("label", "kind", "of", "classes", "examples", "num_fit", "num_scored", "num_titles", "scored_on", "few_titles")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", default=list(dict.fromkeys(name for name, _, _ in LABELS)))
    parser.add_argument("--work", type=Path, help="where catalogs, labels and runs are kept")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary, threadpool_limits(1):
        work = chosen.work or Path(temporary)
        for name in chosen.sets:
            catalog = catalog_of(name, work)
            runs = {recipe: run_of(catalog, recipe, work) for recipe in RECIPES}
            for label, of in ((label, of) for of_set, label, of in LABELS if of_set == name):
                write({f"{name}/{label}": measure(catalog, runs, label_file(catalog, label, of, work))})


def catalog_of(name: str, work: Path) -> Catalog:
    path = work / "catalogs" / name
    if path.exists():
        return Catalog.open(path)
    source = Path(os.environ.get("MSM_REAL_DATA", ROOT.parent / "shared" / "data")) / name
    return import_embeddings(source, path, ImportOptions(global_from=GLOBAL_FROM.get(name, ())))


def run_of(catalog: Catalog, recipe: str, work: Path) -> Run:
    """The run of a recipe on a catalog; trained unless it is there."""
    path, cpu = work / "runs" / f"{catalog.path.name}-{recipe}", torch.device("cpu")
    if not (path / "run.json").exists() or RunFolder.open(path).info["state"] != "done":
        settings = [*RECIPES[recipe], "model.use_global=false"]  # metadata may hold the label
        folder = start_run(catalog, path, preset(recipe).with_settings(settings), device=cpu, replace=True)
        train(folder, catalog, device=cpu)
    return Run.open(path)


def label_file(catalog: Catalog, label: str, of: str, work: Path) -> Path:
    """The labels as a CSV, as somebody would hand them in."""
    table = catalog.titles if of == "title" else catalog.read_shots(columns=["title_id", "shot", label])
    table = table[["title_id", *(["shot"] if of == "shot" else []), label]]
    table = table[table[label].notna() & (table[label].astype(str) != "")]
    if pd.api.types.is_float_dtype(table[label]):
        table = table.astype({label: int})
    path = work / f"{catalog.path.name}-{label}.csv"
    table.rename(columns={"title_id": "title"}).to_csv(path, index=False)
    return path


def measure(catalog: Catalog, runs: dict[str, Run], path: Path) -> dict[str, Any]:
    labels = read_labels_of([path], catalog)
    entry: dict[str, Any] = {"runs": {}}
    for recipe, run in runs.items():
        started = time.monotonic()
        task = probe_tasks(catalog, labels, run)["tasks"][0]
        entry |= {k: task[k] for k in KEPT}
        kept = {k: task[k] for k in ("probes", "curve") if k in task}
        entry["runs"][recipe] = {**kept, "seconds": round(time.monotonic() - started)}
        print(catalog.path.name, entry["label"], recipe, line_of(kept["probes"][0]), flush=True)
    return entry


def line_of(probe: dict[str, Any]) -> str:
    numbers = {k: round(v[probe["measure"]], 3) for k, v in probe["columns"].items()}
    return f"{probe['probe']} {probe['measure']} {numbers} {[d['verdict'] for d in probe['differences'].values()]}"


def write(measured: dict[str, Any]) -> None:
    """Keep what was measured; everything else in the file stays as it is."""
    kept: dict[str, Any] = files.read_json(OUT) if OUT.exists() else {}
    tasks = kept.get("tasks", {}) | measured
    document = {
        "command": "python -m benchmarks.tasks",
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, one thread",
        "versions": versions(),
        "recipes": RECIPES,
        "tasks": {f"{s}/{label}": tasks[f"{s}/{label}"] for s, label, _ in LABELS if f"{s}/{label}" in tasks},
    }
    files.write_json(OUT, document)
    OUT.with_suffix(".md").write_text(markdown(document), encoding="utf-8")


def markdown(document: dict[str, Any]) -> str:
    from benchmarks.figures.tasks import tasks_table

    named = ", ".join(f"{k} {v}" for k, v in document["versions"].items())
    lines = ["# Tasks: labels that people set, from frozen embeddings", "", f"    {document['command']}", ""]
    lines += [f"{document['date']}, {document['machine']}, {named}.", ""]
    lines += [f"`{recipe}`: {' '.join(settings)}" for recipe, settings in document["recipes"].items()]
    return "\n".join([*lines, "", tasks_table(document), ""])


if __name__ == "__main__":
    main()
