"""Run folders written by hand, as a training leaves them: what the tests of watching look at."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe

BASELINE = 0.5


def metrics_line(step: int, cosine: float | None = None, alarm: str | None = None) -> dict[str, Any]:
    line: dict[str, Any] = {"step": step, "loss": 1 / step, "lr": 1e-3, "grad_norm": 0.5, "num_hidden": 9}
    line["shots_per_s"] = 1000.0 + step
    if cosine is not None:
        inside = {"rankme": 20.0, "pair_cosine": 0.2, "deviation": 0.8}
        line["validation"] = {
            "centred_cosine": cosine,
            "median_rank": 0.1,
            "skill": (cosine - BASELINE) / (1 - BASELINE),
            "best_baseline": "linear",
            "baselines": {"linear": {"centred_cosine": BASELINE}},
            "geometry": {"contextual": inside, "alarm": alarm},
        }
    return line


def write_run(
    folder: Path, name: str, lines: Iterable[dict[str, Any]], recipe: Recipe | None = None, **info: Any
) -> Path:
    """A run folder with these lines of metrics; `info` goes into run.json."""
    path = folder / name
    path.mkdir(parents=True)
    shots = {"fingerprint": "0" * 16, "shot_dim": 7, "global_dim": 0, "path": "catalog"}
    shots["modalities"] = [{"name": "video", "start": 0, "dim": 7, "encoder": "none"}]
    facts = {"state": "done", "heartbeat": time.time(), "steps_done": 0, "best": None, "bandwidth": 2.0, **info}
    facts.setdefault("catalog", shots)
    (path / "recipe.json").write_text(json.dumps((recipe or preset("mediafm")).to_dict()))
    (path / "run.json").write_text(json.dumps(facts))
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def rising(steps: int = 40, to: float = 0.6, every: int = 10) -> list[dict[str, Any]]:
    """Lines of a training that reaches `to` in equal parts."""
    return [metrics_line(s, to * s / steps if s % every == 0 else None) for s in range(1, steps + 1)]
