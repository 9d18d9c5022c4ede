"""The recipe `neighbour` against the best baseline at every share of hidden shots and in spans, on the real sets.

    python -m benchmarks.against_kriging --work FOLDER [--sets NAME …] [--seeds 0,1,2]

One training a set and seed, of the preset with fusion=per_modality; trainings that FOLDER has already are only evaluated. Writes
benchmarks/results/against_kriging.json and a table beside it. The protocol is that of `msm evaluate --full`; intervals are over
titles, with the pair of predictions for each. The real sets are other people's work and not part of this repository;
MSM_REAL_DATA says where they lie.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.against_baselines import catalog_of
from benchmarks.baselines import SETS
from msm.ablation import statistics
from msm.data.catalog import Catalog
from msm.evaluation.evaluate_run import evaluate_run
from msm.inference.run import Run
from msm.io import files
from msm.recipes.presets import preset
from msm.runs.folder import RunFolder, versions, weights_fingerprint
from msm.training.trainer import start_run, train

OUT = Path(__file__).parents[1] / "benchmarks" / "results" / "against_kriging.json"
SETTINGS = ("fusion=per_modality",)
COMMAND = "python -m benchmarks.against_kriging --work FOLDER"


def chosen_words(about: str | None, sets: Sequence[str]) -> argparse.Namespace:
    """The words of a comparison of trainings: work (a Path), sets and seeds; it computes in one thread."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder of the catalogs and runs, kept for the next call"
    )
    parser.add_argument("--sets", nargs="*", default=list(sets))
    parser.add_argument("--seeds", default="0,1,2")
    torch.set_num_threads(1)
    return parser.parse_args()


def main() -> None:
    chosen = chosen_words(__doc__, SETS)
    for name in chosen.sets:
        catalog = kept_catalog(name, chosen.work / "catalogs")
        for seed in map(int, chosen.seeds.split(",")):
            write(name, seed, measure(catalog, chosen.work / "runs" / f"{name}-{seed}", seed))


def kept_catalog(name: str, folder: Path) -> Catalog:
    """The catalog of a real set in `folder`; imported unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    return Catalog.open(folder / name) if (folder / name).exists() else catalog_of(name, folder)


def run_of(catalog: Catalog, path: Path, seed: int, settings: Sequence[str] = ()) -> Run:
    """The run of the preset with this seed and these settings in folder `path`; trained unless it is there."""
    cpu = torch.device("cpu")
    if not path.exists() or RunFolder.open(path).info["state"] != "done":
        recipe = preset("neighbour").with_settings([*SETTINGS, f"seed={seed}", *settings])
        train(start_run(catalog, path, recipe, device=cpu, replace=path.exists()), catalog, device=cpu)
    return Run.open(path)


def measure(catalog: Catalog, path: Path, seed: int) -> dict[str, Any]:
    """Train and evaluate unless that is done, and keep the lead over the best baseline at each protocol."""
    run = run_of(catalog, path, seed)
    found = run.evaluation
    if found is None or "by_ratio" not in found or found.get("weights") != weights_fingerprint(path):
        found = evaluate_run(run, catalog, full=True)
    rows = {f"{entry['ratio']:.0%}": entry for entry in found["by_ratio"]} | {"spans": found["spans"]}
    best = found["best_baseline"]
    return {
        "best": run.info["best"],
        "train_shots": run.info["catalog"]["train_shots"],
        "hidden": {what: _row(entry) for what, entry in rows.items()},
        "parts": {entry["modality"]: _row(entry) for entry in found["by_part"]},
        "median_rank": found["median_rank"],
        "baseline": {"name": best, **{k: found["baselines"][best][k] for k in ("centred_cosine", "median_rank")}},
        "titles": {t["title_id"]: [t["num_hidden"], t["difference"]] for t in found["titles"]},
    }


def over_seeds(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """All trainings on a set together, 20 % hidden: means, and the lead with an interval over titles and seeds."""
    differences = np.array([[difference for _, difference in s["titles"].values()] for s in seeds])
    hidden = np.array([count for count, _ in seeds[0]["titles"].values()], dtype=float)
    scores = np.array([s["hidden"]["20%"]["centred_cosine"] for s in seeds])
    lead = statistics.estimate(differences, hidden, statistics.own_noise(scores))
    return {
        "train_shots": seeds[0]["train_shots"],
        "num_titles": len(hidden),
        "baseline": seeds[0]["baseline"],
        "neighbour": {
            "centred_cosine": float(scores.mean()),
            "median_rank": float(np.mean([s["median_rank"] for s in seeds])),
        },
        "lead": {"difference": lead.difference, "low": lead.low, "high": lead.high, "covers": lead.covers},
    }


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    keys = ("best_baseline_name", "centred_cosine", "best_baseline", "difference")
    return {key: entry[key] for key in keys}


def write(name: str, seed: int, measured: dict[str, Any]) -> None:
    """Keep a training's figures beside those of the others."""
    sets = files.read_json(OUT)["sets"] if OUT.exists() else {}
    sets[name] = {**sets.get(name, {}), str(seed): measured}
    document = {
        "command": COMMAND,
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": versions(),
        "sets": {n: dict(sorted(sets[n].items())) for n in SETS if n in sets},
        "joined": {
            n: over_seeds(list(sets[n].values()))
            for n in SETS
            if all("titles" in s for s in sets.get(n, {"": ()}).values())
        },
    }
    files.write_json(OUT, document)
    OUT.with_suffix(".md").write_text(markdown(document), encoding="utf-8")
    print(name, seed, {k: f"{v['difference']['mean']:+.4f}" for k, v in measured["hidden"].items()}, flush=True)


def markdown(document: dict[str, Any]) -> str:
    """A table a set: a row a training, a column a protocol."""
    lines = [f"    {document['command']}", "", f"{document['date']}, {document['machine']}.", ""]
    lines += ["Centred cosine on test titles; the lead over the best baseline with its 95 % interval over titles.", ""]
    for name, seeds in document["sets"].items():
        columns = list(next(iter(seeds.values()))["hidden"])
        lines += [f"## {name}", "", f"| | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
        first = next(iter(seeds.values()))["hidden"]
        lines.append(f"| best baseline | {' | '.join(_baseline(first[c]) for c in columns)} |")
        for seed, measured in seeds.items():
            lines.append(f"| seed {seed} | {' | '.join(_lead(measured['hidden'][c]) for c in columns)} |")
        lines.append("")
    return "\n".join(lines)


def _baseline(row: dict[str, Any]) -> str:
    return f"{row['best_baseline_name'].replace('_', ' ')} {row['best_baseline']:.3f}"


def _lead(row: dict[str, Any]) -> str:
    d = row["difference"]
    interval = "" if d.get("low") is None else f" ({d['low']:+.3f} to {d['high']:+.3f})"
    return f"{row['centred_cosine']:.3f}: {d['mean']:+.3f}{interval}"


if __name__ == "__main__":
    main()
