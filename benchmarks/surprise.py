"""How well the fast form of surprise agrees with the exact one, and what it costs.

    python -m benchmarks.surprise                                   the sample's runs on its test titles
    python -m benchmarks.surprise RUN CATALOG [--name NAME]         any run; added to the same table

Of each test title: Spearman's correlation of the two curves, the passes, and the seconds of processor time that each
form took, one thread, the median of three (wall time on a machine that others use says little). Writes benchmarks/results/surprise.json and
a table beside it.
"""

from __future__ import annotations

import argparse
import datetime
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from msm import Catalog, Run, Title
from msm.interpret.surprise import agreement, peaks_at_scenes, surprise
from msm.io import files
from msm.runs.folder import versions

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks" / "results" / "surprise.json"
REPEATS = 3
SAMPLE = ROOT / "sample_data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("catalog", nargs="?", type=Path)
    parser.add_argument("--name", default="")
    parser.add_argument("--titles", type=int, default=8, help="at most so many of the test titles")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.run is None:
        pairs = [(f"sample, {run}", SAMPLE / "runs" / run, SAMPLE / "catalog") for run in ("mediafm", "neighbour")]
    else:
        pairs = [(chosen.name or f"{chosen.catalog.name}, {chosen.run.name}", chosen.run, chosen.catalog)]
    for name, run, catalog in pairs:
        write(name, measure(Run.open(run), Catalog.open(catalog).split("test")[: chosen.titles]))


def measure(run: Run, titles: list[Title]) -> dict[str, Any]:
    surprise(run, titles[0], exact=False)  # warm
    rows = [of_title(run, title) for title in titles]
    total = {k: sum(row[k] for row in rows) for k in ("exact_s", "fast_s", "exact_passes", "fast_passes")}
    scenes = [row["scenes"] for row in rows if row["scenes"]]
    told = {
        k: sum(s[k] for s in scenes) for k in ("count", "beside", "beside_by_chance", "opening", "opening_by_chance")
    }
    rhos = [row["spearman"] for row in rows]
    return {
        "titles": rows,
        "spearman": {"median": float(np.median(rhos)), "lowest": min(rhos)},
        "times_faster": total["exact_s"] / total["fast_s"],
        "times_fewer_passes": total["exact_passes"] / total["fast_passes"],
        **total,
        "scenes": told if scenes else None,
    }


def of_title(run: Run, title: Title) -> dict[str, Any]:
    found, seconds = {}, {}
    for exact in (True, False):
        took = []
        for _ in range(REPEATS):
            started = time.process_time()
            found[exact] = surprise(run, title, exact=exact)
            took.append(time.process_time() - started)
        seconds[exact] = float(np.median(took))
    curves = [found[exact].table["surprise"].to_numpy() for exact in (True, False)]
    scenes = peaks_at_scenes(found[True].table)
    return {
        "title": title.title_id,
        "shots": title.num_shots,
        "spearman": agreement(*curves),
        "exact_s": round(seconds[True], 4),
        "fast_s": round(seconds[False], 4),
        "exact_passes": found[True].passes,
        "fast_passes": found[False].passes,
        "scenes": scenes and vars(scenes),
    }


def write(name: str, measured: dict[str, Any]) -> None:
    document: dict[str, Any] = (
        files.read_json(OUT) if OUT.exists() else {"command": "python -m benchmarks.surprise", "sets": {}}
    )
    document |= {"date": datetime.date.today().isoformat(), "versions": versions()}
    document["sets"][name] = measured
    files.write_json(OUT, document)
    OUT.with_suffix(".md").write_text(as_markdown(document), encoding="utf-8")
    print(as_markdown(document))


def as_markdown(document: dict[str, Any]) -> str:
    lines = [
        "# The fast form of surprise against the exact one",
        "",
        f"`{document['command']}`, {document['date']}; processor seconds, one thread, median of three, test titles.",
        "",
        "| run | titles | shots | Spearman, median | lowest | exact | fast | times faster | fewer passes | peaks at a change of scene |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, m in document["sets"].items():
        scenes = m["scenes"]
        told = (
            f"{scenes['beside']} of {scenes['count']} (by chance {scenes['beside_by_chance']:.1f})" if scenes else "–"
        )
        shots = sum(t["shots"] for t in m["titles"])
        lines.append(
            f"| {name} | {len(m['titles'])} | {shots} | {m['spearman']['median']:.3f} | {m['spearman']['lowest']:.3f} | "
            f"{m['exact_s']:.2f} s | {m['fast_s']:.2f} s | {m['times_faster']:.1f} | {m['times_fewer_passes']:.1f} | {told} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
