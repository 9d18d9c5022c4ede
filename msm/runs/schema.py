"""What run.json must say, checked where it is opened: a page that reads it later need not ask again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msm.errors import InputError

STATES = ("running", "stopped", "failed", "done")


def check_facts(path: Path, info: Any) -> None:
    """InputError, naming the key, unless `info` is what `msm.training.trainer.start_run` writes and a training updates.

    path  of run.json, for the sentence
    """
    if not isinstance(info, dict) or info.get("state") not in STATES:
        raise InputError(f"{path}: state must be one of {', '.join(STATES)}")
    _check(path, info, {"bandwidth": _number, "steps_done": _count, "heartbeat": _number, "catalog": _object})
    catalog = info["catalog"]
    _check(
        path,
        catalog,
        {"fingerprint": _text, "shot_dim": _width, "global_dim": _width_or_none, "modalities": _list},
        "catalog.",
    )
    for number, modality in enumerate(catalog["modalities"]):
        where = f"catalog.modalities[{number}]"
        if not isinstance(modality, dict) or modality.keys() - {"name", "start", "dim", "encoder"}:
            raise InputError(f"{path}: {where} must have name, start, dim and encoder, and nothing else")
        _check(path, modality, {"name": _text, "start": _count, "dim": _width}, f"{where}.")
        end = sum(m["dim"] for m in catalog["modalities"][:number])
        if modality["start"] != end:
            raise InputError(f"{path}: {where}.start is {modality['start']}, but the one before it ends at {end}")
    total = sum(m["dim"] for m in catalog["modalities"])
    if total != catalog["shot_dim"]:
        raise InputError(
            f"{path}: the modalities are {total} wide together, but catalog.shot_dim is {catalog['shot_dim']}"
        )
    best = info.get("best")
    if best is not None:
        if not isinstance(best, dict):
            raise InputError(f"{path}: best must be an object or null")
        _check(path, best, {"step": _count, "centred_cosine": _number}, "best.")


def _check(path: Path, facts: Mapping[str, Any], rules: Mapping[str, Any], above: str = "") -> None:
    for key, rule in rules.items():
        if key not in facts:
            raise InputError(f"{path}: {above}{key} is missing")
        if wanted := rule(facts[key]):
            raise InputError(f"{path}: {above}{key} is {facts[key]!r}, but must be {wanted}")


def _number(value: Any) -> str:
    ok = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return "" if ok else "a number"


def _count(value: Any) -> str:
    return "" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else "a whole number from 0 on"


def _width(value: Any) -> str:
    return "" if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**24 else "a width"


def _width_or_none(value: Any) -> str:
    return "" if value == 0 and not isinstance(value, bool) else _width(value)


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value else "text"


def _object(value: Any) -> str:
    return "" if isinstance(value, dict) else "an object"


def _list(value: Any) -> str:
    return "" if isinstance(value, list) and value else "a list that is not empty"
