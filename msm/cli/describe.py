"""The description that `msm info` prints of a catalog or a run: as JSON values, and as text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msm.cli.tables import text_table
from msm.data.catalog import SPLITS, Catalog
from msm.data.schema import FORMAT
from msm.errors import InputError
from msm.evaluation.kept_space import estimated_on, kept_facts
from msm.io import files


def describe(
    path: Path,
    *,
    quick: bool = False,
    again: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Describe a catalog or a run folder. InputError for a path that is neither.

    quick     read no embedding: shots by modality and whether the catalog is sound are then told only where that is known
    again     read every embedding, also where that is known since the catalog was written or checked
    progress  called with (titles read, titles in all)
    """
    if not path.exists():
        raise InputError(f"{path} is missing")
    if (path / "run.json").exists():
        return describe_run(path)
    if (path / "catalog.json").exists():
        return describe_catalog(path, quick=quick, again=again, progress=progress)
    raise InputError(f"{path} is neither a catalog nor a run: it holds no catalog.json and no run.json")


def describe_catalog(
    path: Path, *, quick: bool, progress: Callable[[int, int], None], again: bool = False
) -> dict[str, Any]:
    """Describe a catalog. `sound` is None where it was not checked; `problem` is the first rule that it breaks."""
    try:
        catalog = Catalog.open(path)
    except InputError as error:
        return {"kind": "catalog", "path": str(path), "sound": False, "problem": str(error)}
    facts = {
        "kind": "catalog",
        "path": str(path),
        "format": FORMAT,
        "titles": len(catalog),
        "shots": catalog.num_shots,
        "shot_dim": catalog.shot_dim,
        "dtype": catalog.dtype,
        "global_dim": catalog.global_dim,
        "global_from": sorted(catalog.global_meaning),
        "duration_s": _none_if_nan(catalog.titles["duration_s"].sum(min_count=1)),
        "splits": _by_split(catalog),
        "modalities": [vars(m) for m in catalog.modalities],
        "title_labels": catalog.title_labels,
        "shot_labels": catalog.shot_labels,
        "fingerprint": catalog.fingerprint,
        "provenance": catalog.provenance,
        "statistics": kept_facts(catalog),
        "norms": {},
        "sound": None,
        "problem": None,
    }
    try:
        covered = catalog.coverage if quick else catalog.validate(progress, again=again)
    except InputError as error:
        return {**facts, "sound": False, "problem": str(error)}
    if covered is None:
        return facts
    modalities = [{**vars(m), **counts} for m, counts in zip(catalog.modalities, covered.facts(), strict=True)]
    return {**facts, "sound": True, "modalities": modalities, "norms": covered.norms()}


def describe_run(path: Path) -> dict[str, Any]:
    """Describe a run from its JSON files, without weights or torch. InputError where these hold no objects."""
    recipe, info = files.read_json(path / "recipe.json"), files.read_json(path / "run.json")
    if not isinstance(recipe, dict) or not isinstance(info, dict):
        raise InputError(f"{path}: recipe.json and run.json must each hold one JSON object")
    last, validation = _last_metrics(path / "metrics.jsonl")
    return {
        "kind": "run",
        "path": str(path),
        "recipe": recipe.get("name"),
        "state": info.get("state"),
        "reason": info.get("reason"),
        "alarm": info.get("alarm"),
        "steps": recipe.get("steps"),
        "steps_done": info.get("steps_done", last.get("step")),
        "heartbeat_age_s": _age(info.get("heartbeat")),
        "catalog": info.get("catalog"),
        "device": info.get("device"),
        "versions": info.get("versions"),
        "last": last,
        "last_validation": validation,
        "evaluated": (path / "evaluation.json").exists(),
    }


def _by_split(catalog: Catalog) -> dict[str, dict[str, int]]:
    counts = catalog.titles.groupby("split")["num_shots"].agg(["size", "sum"])
    return {s: {"titles": int(counts["size"].get(s, 0)), "shots": int(counts["sum"].get(s, 0))} for s in SPLITS}


def _last_metrics(path: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The last whole line of metrics.jsonl, and the last one with a validation."""
    if not path.exists():
        return {}, None
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]):
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            raise InputError(f"{path}, line {number + 1}: not JSON") from None
    lines = [line for line in lines if isinstance(line, dict)]
    measured = [line for line in lines if line.get("validation")]
    return (lines[-1] if lines else {}), (measured[-1] if measured else None)


def _age(heartbeat: Any) -> float | None:
    return round(time.time() - heartbeat, 1) if isinstance(heartbeat, int | float) else None


def _none_if_nan(value: Any) -> float | None:
    return None if value != value else float(value)


def as_text(facts: Mapping[str, Any]) -> str:
    """The description as text, without control characters that a file may contain."""
    text = _run_text(facts) if facts["kind"] == "run" else _catalog_text(facts)
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def _catalog_text(facts: Mapping[str, Any]) -> str:
    if "titles" not in facts:
        return facts["path"]
    verdict = {True: "sound", None: "not checked", False: "NOT SOUND"}[facts["sound"]]
    times = "no times" if facts["duration_s"] is None else _clock(facts["duration_s"])
    parts = [
        facts["path"],
        f"{facts['titles']:,} titles, {facts['shots']:,} shots, {facts['shot_dim']} wide, {facts['dtype']}, {times}: {verdict}",
        "",
        text_table(["split", "titles", "shots"], [[s, c["titles"], c["shots"]] for s, c in facts["splits"].items()]),
        "",
        text_table(
            ["modality", "columns", "encoder", "shots", "titles without", "mean norm"],
            [
                [
                    m["name"],
                    f"{m['start']}:{m['start'] + m['dim']}",
                    m["encoder"],
                    m.get("shots", "?"),
                    m.get("titles_without", "?"),
                    _norm(facts["norms"].get(m["name"])),
                ]
                for m in facts["modalities"]
            ],
        ),
        "",
        f"title labels  {', '.join(facts['title_labels']) or 'none'}",
        f"shot labels   {', '.join(facts['shot_labels']) or 'none'}",
        f"[GLOBAL]      {_global_words(facts)}",
        f"fingerprint   {facts['fingerprint']}",
        *(f"statistics    {fusion}: {estimated_on(found)}" for fusion, found in facts["statistics"].items()),
    ]
    provenance = [
        f"  {key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in facts["provenance"].items()
    ]
    return "\n".join([*parts, "provenance", *(provenance or ["  none"])])


def _global_words(facts: Mapping[str, Any]) -> str:
    if not facts["global_dim"]:
        return "none"
    made_of = f", of {', '.join(facts['global_from'])}" if facts["global_from"] else ""
    return f"{facts['global_dim']} wide{made_of}"


def _run_text(facts: Mapping[str, Any]) -> str:
    lines = [
        facts["path"],
        f"recipe {facts['recipe']}, {facts['state']}, step {facts['steps_done']} of {facts['steps']}",
    ]
    if facts["reason"]:
        lines.append(f"reason: {facts['reason']}")
    if facts["alarm"]:
        lines.append(f"ALARM: {facts['alarm']}")
    if facts["state"] == "running" and facts["heartbeat_age_s"] is not None:
        age = facts["heartbeat_age_s"]
        lines.append(f"last sign of life {age:.0f} s ago" + (": its process seems to be gone" if age > 60 else ""))
    lines += [f"{key}: {_short(value)}" for key, value in facts["last"].items() if isinstance(value, int | float)]
    measured = facts["last_validation"]
    if measured:
        scores = {k: v for k, v in measured["validation"].items() if isinstance(v, int | float)}
        lines.append(
            f"validation at step {measured.get('step')}: " + ", ".join(f"{k} {v:.4g}" for k, v in scores.items())
        )
    lines.append("evaluated" if facts["evaluated"] else "not evaluated yet")
    return "\n".join(lines)


def _short(number: float) -> str:
    return f"{number:.4g}" if isinstance(number, float) else str(number)


def _norm(norm: Mapping[str, float] | None) -> str:
    return "?" if norm is None else f"{norm['mean']:.4g}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02} h" if minutes >= 60 else f"{minutes}:{rest:02} min"
