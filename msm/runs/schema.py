"""The schema of run.json, checked when a run is opened, so that its readers can rely on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from msm.config.schema import Count, Number, Text, check
from msm.errors import InputError

STATES = ("running", "stopped", "failed", "done")
Width = Annotated[int, Meta(ge=1, lt=2**24, description="a width")]


class ModalityFacts(Struct, forbid_unknown_fields=True):
    """One modality of the catalog: its columns of a shot embedding."""

    name: Text
    start: Count
    dim: Width
    encoder: Any = None


class CatalogFacts(Struct):
    """What a run needs to know of the catalog that it was trained on."""

    fingerprint: Text
    shot_dim: Width
    global_dim: Annotated[int, Meta(ge=0, lt=2**24, description="a width")]
    modalities: Annotated[list[ModalityFacts], Meta(min_length=1, description="a list that is not empty")]
    meaning: Annotated[dict[str, Any], Meta(description="an object")] | None = msgspec.field(
        name="global", default=None
    )


class Best(Struct):
    """The validation by which the weights were chosen."""

    step: Count
    centred_cosine: Number


class RunFacts(Struct):
    """run.json, as `msm.training.trainer.start_run` writes it and a training updates it; more keys are allowed."""

    state: Literal["running", "stopped", "failed", "done"]
    bandwidth: Number
    steps_done: Count
    heartbeat: Number
    catalog: CatalogFacts
    best: Best | None = None


def check_facts(path: Path, info: Any) -> None:
    """InputError, naming the key, unless `info` is a valid run.json.

    path  of run.json, for the message
    """
    if not isinstance(info, dict) or info.get("state") not in STATES:
        raise InputError(f"{path}: state must be one of {', '.join(STATES)}")
    catalog = check(RunFacts, info, path).catalog
    end = 0
    for number, modality in enumerate(catalog.modalities):
        if modality.start != end:
            raise InputError(
                f"{path}: catalog.modalities[{number}].start is {modality.start}, but the one before it ends at {end}"
            )
        end += modality.dim
    if end != catalog.shot_dim:
        raise InputError(f"{path}: the modalities are {end} wide together, but catalog.shot_dim is {catalog.shot_dim}")
