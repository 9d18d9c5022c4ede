"""How well shot detectors find the cuts that people marked in a film, and what they cost.

    python -m benchmarks.cuts VIDEO SHOTS.csv [--detectors adaptive transnetv2] [--frames 4]

SHOTS.csv has start_frame and end_frame of each shot, and optionally scene_start, 1 where a scene begins. The film is ingested
by each detector; a cut counts as found where the first frame of a shot lies within `--frames` of the marked one, one for
one. A cut is gradual where frames lie between the two shots. Processor seconds are those of the whole ingest, without the copy
for browsers, on one thread. Writes benchmarks/results/cuts.json and a table beside it.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.ingest import run_timed
from msm import Catalog
from msm.io import files
from msm.runs.folder import versions

OUT = Path(__file__).parents[1] / "benchmarks" / "results" / "cuts.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("shots", type=Path)
    parser.add_argument("--detectors", nargs="+", default=["adaptive", "transnetv2"])
    parser.add_argument("--frames", type=int, default=4)
    chosen = parser.parse_args()
    marked = pd.read_csv(chosen.shots)
    rate = float((marked["start_frame"] / marked["start_s"]).median())
    rows = {}
    for detector in chosen.detectors:
        begins_s, cost = cut(chosen.video, detector)
        rows[detector] = score(np.rint(begins_s * rate)[1:], marked, chosen.frames) | cost
        print(detector, rows[detector])
    write(rows, chosen.video.name, chosen.frames)


def cut(video: Path, detector: str) -> tuple[np.ndarray, dict[str, float]]:
    """When the shots of a film begin, in seconds, and what it cost to find out."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / "catalog"
        command = [
            sys.executable,
            "-m",
            "msm",
            "ingest",
            str(video),
            str(catalog),
            "--no-media",
            "--detector",
            detector,
        ]
        os.environ["OMP_NUM_THREADS"] = "1"
        begin = time.perf_counter()
        cpu_s, held_mb = run_timed(command)
        cost = {"cpu_s": round(cpu_s, 1), "seconds": round(time.perf_counter() - begin, 1), "peak_mb": round(held_mb)}
        (title,) = Catalog.open(catalog)
        return title.shots["start_s"].to_numpy(), cost


def score(found: np.ndarray, marked: pd.DataFrame, tolerance: int) -> dict[str, Any]:
    """Counts and F1 of cuts, first frames of shots, against a table of shots whose first one begins the film."""
    begins, before = marked["start_frame"].to_numpy()[1:], marked["end_frame"].to_numpy()[:-1]
    met = matched(found, begins, tolerance)
    precision, recall = met.sum() / max(1, len(found)), met.sum() / len(begins)
    kinds = {"gradual": begins - before > 1}
    if "scene_start" in marked:
        kinds["scene_starts"] = marked["scene_start"].to_numpy()[1:] == 1
    counts = {name: [int(met[which].sum()), int(which.sum())] for name, which in kinds.items()}
    f1 = 2 * met.sum() / (len(found) + len(begins))
    shares = {"precision": precision, "recall": recall, "f1": f1}
    return {"cuts": len(found), "met": int(met.sum()), **{k: round(float(v), 3) for k, v in shares.items()}, **counts}


def matched(found: np.ndarray, begins: np.ndarray, tolerance: int) -> np.ndarray:
    """(N,) bool, which of the marked cuts are met by one that was found; each of these meets one at most."""
    met = np.zeros(len(begins), bool)
    for at in found:
        distance = np.where(met, np.inf, np.abs(begins - at))
        if distance.min() <= tolerance:
            met[distance.argmin()] = True
    return met


def write(rows: dict[str, Any], film: str, tolerance: int) -> None:
    today = datetime.date.today().isoformat()
    files.write_json(
        OUT, {"film": film, "tolerance": tolerance, "date": today, "versions": versions(), "detectors": rows}
    )
    lines = [
        "# Cuts against those that people marked",
        "",
        f"`python -m benchmarks.cuts {film} SHOTS.csv`, {today}; within {tolerance} frames; processor seconds of the whole ingest on one thread.",
        "",
        "| detector | cuts | met | precision | recall | F1 | gradual | scene starts | processor | memory |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in rows.items():
        kinds = " | ".join("{} of {}".format(*row[k]) if k in row else "–" for k in ("gradual", "scene_starts"))
        shares = " | ".join(f"{row[k]:.3f}" for k in ("precision", "recall", "f1"))
        cells = f"{row['cuts']} | {row['met']} | {shares} | {kinds} | {row['cpu_s']:.0f} s | {row['peak_mb']} MB"
        lines.append(f"| {name} | {cells} |")
    OUT.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(OUT.with_suffix(".md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
