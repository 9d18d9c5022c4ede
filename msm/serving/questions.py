"""Which shots of a title a fill-in hides, as requests say it: those of the app's filmstrip and those of the service."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from msm.errors import InputError
from msm.masking.parts import Parts, format_parts, parts_of_json, simplest


@dataclass(frozen=True)
class Question:
    """Hidden shots in ascending order, and the modalities that are hidden of them (`msm.masking.parts`)."""

    hidden: tuple[int, ...]
    parts: Parts

    @classmethod
    def of(cls, hidden: Iterable[Any], modality: str | Mapping[str, Any] = "") -> Question:
        """InputError where `hidden` is no list of shot numbers, or `modality` is malformed."""
        try:
            shots = tuple(sorted({int(s) for s in hidden}))
        except (TypeError, ValueError, OverflowError):
            raise InputError("hidden must be a list of shots, counted from 0") from None
        return cls(shots, simplest(parts_of_json(modality, shots), shots) if shots else {})

    @classmethod
    def from_json(cls, body: bytes) -> Question:
        """Read {hidden: [shot, …], modality}. Raises InputError for any other body."""
        try:
            gesture = json.loads(body)
            hidden, modality = gesture["hidden"], gesture.get("modality") or ""
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise InputError('the body must be JSON with a list of shots, {"hidden": [40, 41]}') from None
        return cls.of(hidden, modality)

    @property
    def modality(self) -> str | None:
        """The text form of `parts`, None where whole shots are hidden."""
        return format_parts(self.parts) or None
