"""When is a masked-shot model worth it? Centred cosine against the number of training shots.

    python -m benchmarks.scaling CATALOG --name series --shots 500,2000,6000,19484 --set fusion=per_modality

Trains `mediafm` and `neighbour` on training titles drawn by a seed until they hold that many shots, always validated and
tested on the same titles, and writes benchmarks/results/scaling.json and .md; other sets in there stay. A catalog of any size
without pictures: `python -m sample_data.make --without-pictures --titles 2300 OUT`, 263 000 shots in a minute. What is
measured is written after every training, and the same command goes on from there.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from msm.data.catalog import Catalog, TitleData
from msm.evaluation.evaluate_titles import evaluate_titles
from msm.inference.run import Run
from msm.io import files
from msm.recipes.presets import preset
from msm.runs.folder import versions
from msm.training.trainer import start_run, train
from workbench.views.ablation.scaling import scaling_sentence, scaling_table

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
RECIPES = ("mediafm", "neighbour")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--name", required=True, help="what the set is called in the results")
    parser.add_argument("--shots", required=True, help="training shots, with commas")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--steps-per-shot", type=float, default=0.05, help="steps grow with the training shots …")
    parser.add_argument("--steps", default="200,600", help="… between these (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="KEY=VALUE for every recipe")
    chosen = parser.parse_args()
    low, high = map(int, chosen.steps.split(","))
    points = measured_before(chosen)
    for shots in map(int, chosen.shots.split(",")):
        steps = int(np.clip(chosen.steps_per_shot * shots, low, high))
        for seed in range(chosen.seeds):
            with tempfile.TemporaryDirectory() as folder:
                part = subset(Catalog.open(chosen.catalog), Path(folder) / "part", shots, seed)
                held = sum(t.num_shots for t in part.split("train"))
                known = {p["recipe"] for p in points if (p["seed"], p["train_shots"]) == (seed, held)}
                for name in chosen.recipes.split(","):
                    if name in known:
                        continue
                    settings = [*chosen.settings, f"steps={steps}", f"validate_every={steps // 4}", f"seed={seed}"]
                    points.append({"asked": shots, **measure(part, name, settings, Path(folder))})
                    print(points[-1], flush=True)
                    write(chosen.name, points, chosen)  # as far as it is: a long one may be stopped
    print(markdown(files.read_json(RESULTS / "scaling.json")))


def subset(catalog: Catalog, out: Path, shots: int, seed: int) -> Catalog:
    """The catalog with so many training titles that they hold about this many shots, and all the others."""
    train_titles = catalog.split("train")
    kept: set[str] = set()
    held = 0
    for i in np.random.default_rng(seed).permutation(len(train_titles)):
        if held >= shots:
            break
        kept.add(train_titles[i].title_id)
        held += train_titles[i].num_shots

    def titles() -> Iterator[TitleData]:
        for title in catalog:
            if title.split != "train" or title.title_id in kept:
                yield title.data()

    return Catalog.write(out, titles(), modalities=catalog.modalities, dtype=catalog.dtype)


def measure(catalog: Catalog, name: str, settings: list[str], folder: Path) -> dict[str, Any]:
    cpu = torch.device("cpu")
    recipe = preset(name).with_settings(settings)
    run = Run.open(train(start_run(catalog, folder / name, recipe, device=cpu), catalog, device=cpu).path)
    report = evaluate_titles(run.predict, catalog, run.space, "test", lambda done, total: None, sharpen=run.sharpen)
    return {
        "recipe": name,
        "seed": recipe.seed,
        "train_shots": sum(t.num_shots for t in catalog.split("train")),
        "steps": recipe.steps,
        "best_step": run.info["best"]["step"],
        "centred_cosine": report["centred_cosine"],
        "median_rank": report["median_rank"],
        "skill": report["skill"],
        "best_baseline": report["baselines"][report["best_baseline"]]["centred_cosine"],
    }


def command_of(chosen: argparse.Namespace) -> str:
    settings = "".join(f" --set {s}" for s in chosen.settings)
    return f"python -m benchmarks.scaling CATALOG --name {chosen.name} --shots {chosen.shots} --seeds {chosen.seeds} --steps {chosen.steps} --steps-per-shot {chosen.steps_per_shot:g}{settings}"


def measured_before(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """The points that this very command has written already."""
    path = RESULTS / "scaling.json"
    entry = files.read_json(path)["sets"].get(chosen.name, {}) if path.exists() else {}
    return entry["points"] if entry.get("command") == command_of(chosen) else []


def write(name: str, points: list[dict[str, Any]], chosen: argparse.Namespace) -> None:
    path = RESULTS / "scaling.json"
    others = files.read_json(path)["sets"] if path.exists() else {}
    entry = {"command": command_of(chosen), "date": datetime.date.today().isoformat(), "points": points}
    document = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": versions(),
        "sets": {**others, name: entry},
    }
    files.write_json(path, document)
    path.with_suffix(".md").write_text(markdown(document), encoding="utf-8")


def markdown(document: dict[str, Any]) -> str:
    lines = ["Centred cosine on the same test titles, for models trained on some of the training titles.", ""]
    for name, entry in document["sets"].items():
        table = scaling_table(entry)
        recipes = list(dict.fromkeys(p["recipe"] for p in entry["points"]))
        lines += [f"## {name}", "", f"    {entry['command']}", "", f"{entry['date']}, {document['machine']}.", ""]
        lines += ["| training shots | best baseline | " + " | ".join(f"`{r}`" for r in recipes) + " |"]
        lines += ["| --- " * (2 + len(recipes)) + "|"]
        for shots, here in table.groupby("train_shots"):
            own = here.set_index("recipe")["centred_cosine"]
            cells = [f"{here['best_baseline'].mean():.3f}", *(f"{own[r]:.3f}" if r in own else "–" for r in recipes)]
            lines.append(f"| {shots:,} | " + " | ".join(cells) + " |")
        lines += ["", scaling_sentence(name, table), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
