"""The space of a catalog's training titles and the parameters of the baselines, estimated once and kept beside the catalog.

`statistics/space-FUSION.safetensors` in the catalog's folder holds the training mean and the arrays; its metadata hold the other
values, the catalog's fingerprint, and a digest of the code that made them: another catalog or other code estimates them anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

import msm
from msm import baselines
from msm.data.catalog import Catalog
from msm.data.coverage import FOLDER
from msm.data.space import Space
from msm.errors import InputError
from msm.evaluation.space import fit_with_facts, training_mean
from msm.io import files
from msm.runs.baseline_parameters import json_values, merged

# What decides the numbers: when one of these files changes, they are estimated again.
CODE = (
    "baselines",
    "metrics",
    "evaluation/space.py",
    "evaluation/protocol.py",
    "data/fusion.py",
    "masking/bernoulli.py",
)


@dataclass(frozen=True)
class Estimate:
    """A space, what it was estimated on (`msm.evaluation.space.fit_with_facts`), and whether it was there already."""

    space: Space
    facts: dict[str, Any]
    kept: bool


_KNOWN: WeakKeyDictionary[Catalog, dict[str, Estimate]] = WeakKeyDictionary()


def space_of(
    catalog: Catalog, fusion: str, on_estimate: Callable[[], None] = lambda: None, *, keep: bool = True
) -> Estimate:
    """The space of a catalog: as it was kept, else estimated on its training and validation titles, and kept.

    A catalog that may not be written to keeps nothing; its space is estimated once in each process. Raises InputError without
    training titles.

    on_estimate  called before titles are read for it
    keep         write what had to be estimated beside the catalog
    """
    known = _KNOWN.setdefault(catalog, {})
    if fusion not in known:
        found = _kept(catalog, fusion)
        if found is None:
            on_estimate()
            found = _estimated(catalog, fusion)
            if keep:
                with suppress(OSError, InputError):
                    _keep(catalog, found)
        known[fusion] = found
    return known[fusion]


def mean_of(catalog: Catalog, fusion: str) -> np.ndarray:
    """(D,) training mean of a catalog, without estimating more than that."""
    known = _KNOWN.get(catalog, {}).get(fusion) or _kept(catalog, fusion)
    return known.space.mean if known else training_mean(catalog.split("train"), catalog.modalities, fusion)


def kept_facts(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Of each fusion whose space is kept beside the catalog: what it was estimated on."""
    found = {fusion: _kept(catalog, fusion) for fusion in ("joint", "per_modality")}
    return {fusion: estimate.facts for fusion, estimate in found.items() if estimate is not None}


def estimated_on(facts: Mapping[str, int]) -> str:
    """`mean of 5,000 shots, baselines fitted on a sample of 1,000 of 5,000 shots and tuned on 500 validation shots`."""
    mean, fitted, tuned = (_share(facts, f"{name}_shots") for name in ("mean", "baseline", "validation"))
    return f"mean of {mean} shots, baselines fitted on {fitted} shots and tuned on {tuned} validation shots"


def _share(facts: Mapping[str, int], name: str) -> str:
    count, of = facts[name], facts[f"{name}_of"]
    return f"{count:,}" if count == of else f"a sample of {count:,} of {of:,}"


def _estimated(catalog: Catalog, fusion: str) -> Estimate:
    space, facts = fit_with_facts(catalog.split("train"), catalog.split("validation"), catalog.modalities, fusion)
    return Estimate(space, facts, kept=False)


def _file(catalog: Catalog, fusion: str) -> Path:
    return catalog.path / FOLDER / f"space-{fusion}.safetensors"


def _keep(catalog: Catalog, found: Estimate) -> None:
    space = found.space
    arrays = {"mean": space.mean}
    for name, own in space.baselines.items():
        arrays |= {f"{name}.{k}": np.ascontiguousarray(v) for k, v in own.items() if isinstance(v, np.ndarray)}
    values = {"bandwidth": space.bandwidth, "baselines": json_values(space.baselines), "facts": found.facts}
    with file_beside(catalog, _file(catalog, space.fusion)) as temporary:
        told = {"fingerprint": catalog.fingerprint, "code": code_digest(), "values": json.dumps(values)}
        save_file(arrays, temporary, told)


@contextmanager
def file_beside(catalog: Catalog, path: Path) -> Iterator[Path]:
    """`files.whole_file` for tensors kept beside a catalog, which whoever reads the catalog may read: safetensors gives them to their owner alone."""
    path.parent.mkdir(exist_ok=True)
    with files.whole_file(path) as temporary:
        yield temporary
        temporary.chmod((catalog.path / "catalog.json").stat().st_mode & 0o777)


def _kept(catalog: Catalog, fusion: str) -> Estimate | None:
    """What was kept of this very catalog by this very code; None where nothing was, or nothing that fits."""
    path = _file(catalog, fusion)
    if not path.is_file():
        return None
    with suppress(SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError):
        with safe_open(path, "numpy") as file:
            told = file.metadata()
            if (told["fingerprint"], told["code"]) != (catalog.fingerprint, code_digest()):
                return None
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 — not a dictionary
        values, mean = json.loads(told["values"]), arrays.pop("mean")
        parameters = merged(values["baselines"], arrays)
        if mean.shape != (catalog.shot_dim,) or not np.isfinite(mean).all() or baselines.misfit(parameters, len(mean)):
            return None
        space = Space(catalog.modalities, fusion, mean, float(values["bandwidth"]), parameters)
        return Estimate(space, dict(values["facts"]), kept=True)
    return None


@cache
def code_digest(*more: str) -> str:
    """16 hexadecimal digits of the hash of the source files that decide the numbers, and of more files and folders of `msm`."""
    root, digest = Path(msm.__file__).parent, hashlib.sha256()
    for name in (*CODE, *more):
        place = root / name
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(file.relative_to(root).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def update_with_space(digest: hashlib._Hash, space: Space) -> None:
    """Add to a hash all that decides what is computed in a space: fusion, mean, bandwidth, the parameters of the baselines."""
    values = [space.fusion, space.bandwidth, json_values(space.baselines)]
    digest.update(json.dumps(values, sort_keys=True).encode() + space.mean.tobytes())
    for name, own in sorted(space.baselines.items()):
        for key, value in sorted(own.items()):
            if hasattr(value, "tobytes"):
                digest.update(f"{name}.{key}".encode() + value.tobytes())
