"""The configuration of one training, as frozen dataclasses that validate themselves.

A key that an older recipe.json lacks has the value that keeps the run what it was, so old runs still open.

    masking.py, model.py, objective.py, optimizer.py  the parts, with their fields
    compatibility.py                                  combinations that are impossible
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from msm.config.fields import described
from msm.config.limits import CHOICES, LIMITS, MAX_WINDOW, between, one_of
from msm.config.settings import build, keys_of, parse
from msm.errors import InputError, did_you_mean
from msm.recipes.compatibility import check_together
from msm.recipes.masking import MaskConfig
from msm.recipes.model import ModelConfig
from msm.recipes.objective import ObjectiveConfig, modality_weights
from msm.recipes.optimizer import OptimConfig

__all__ = [
    "CHOICES",
    "LIMITS",
    "MAX_WINDOW",
    "MaskConfig",
    "ModelConfig",
    "ObjectiveConfig",
    "OptimConfig",
    "Recipe",
    "modality_weights",
]

FUSIONS = ("joint", "per_modality")
VALIDATED_ON = ("random", "several")
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The configuration of one training, stored as `recipe.json` in the run folder."""

    name: str = described("mediafm", "Name of the recipe; presets are listed above.")
    steps: int = described(800, "Number of training steps.")
    batch_windows: int = described(8, "Number of windows in the batch of a step, over all processes together.")
    accumulate: int = described(
        1, "Number of parts in which a process computes its windows, to save memory; the step is the same."
    )
    seed: int = described(0, "Seed of the weights, the order of the windows, the hidden shots and dropout.")
    fusion: str = described(
        "joint",
        "How the modalities become one vector: `joint` scales them to unit length side by side, `per_modality` scales each modality first.",
    )
    precision: str = described(
        "auto",
        "Number format of the forward pass: `auto` is bfloat16 on a GPU that supports it, and in Muon's products on a GPU or a CPU that supports it; `float32` uses no bfloat16 at all; `bfloat16` uses it on any device.",
    )
    compile: bool = described(
        False,
        "Compile the feed-forward kernels with torch.compile; this takes up to a minute first, and needs a C++ compiler on a CPU.",
    )
    validate_every: int = described(50, "Number of steps between two validations.")
    validate_on: str = described(
        "random",
        "What is hidden of the validation titles to choose the best step and the settings of a head: `random`, 20 % of the shots, or `several`, the mean over 20 %, 60 % and 80 % of the shots and spans.",
    )
    checkpoint_every: int = described(
        0,
        "Number of steps between two checkpoints; 0 = every five minutes. Each validation and each stop also writes one.",
    )
    noise: float = described(
        0.0, "Expected norm of the Gaussian noise added to the encoder's input, which has norm 1; targets have none."
    )
    window: int = described(
        0, "Shots of a training window; 0 = `model.max_shots`, the longest window of a trained model."
    )
    time_reversal: float = described(0.0, "Probability that a training window is reversed.")
    mask: MaskConfig = field(default_factory=MaskConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)

    def __post_init__(self) -> None:
        between("steps", self.steps, 1, 10**9)
        between("batch_windows", self.batch_windows, 1, 65_536)
        between("accumulate", self.accumulate, 1, 65_536)
        between("seed", self.seed, 0, 2**31 - 1)
        between("validate_every", self.validate_every, 1, 10**9)
        between("checkpoint_every", self.checkpoint_every, 0, 10**9)
        between("noise", self.noise, 0.0, 100.0)
        between("time_reversal", self.time_reversal, 0.0, 1.0)
        between("window", self.window, 0, MAX_WINDOW)
        if self.window > self.model.max_shots:
            raise InputError(f"window is {self.window}, but must lie between 0 and {self.model.max_shots}")
        one_of("fusion", self.fusion, FUSIONS)
        one_of("precision", self.precision, PRECISIONS)
        one_of("validate_on", self.validate_on, VALIDATED_ON)
        check_together(self.mask, self.model, self.objective)
        if self.objective.target == "first_stage" and not 0 < self.first_stage_steps < self.steps:
            raise InputError(
                f"objective.first_stage ({self.objective.first_stage:g}) of {self.steps} steps leaves no step for a stage"
            )

    @property
    def first_stage_steps(self) -> int:
        """Number of steps of the contrastive first stage; 0 where there is one stage only."""
        return round(self.objective.first_stage * self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries, as in recipe.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Build a recipe from nested dictionaries. Raises InputError for an unknown key or a value of the wrong type."""
        return build(cls, values, "")

    def with_settings(self, settings: Iterable[str]) -> Recipe:
        """A copy with changes written as `key=value`, e.g. `mask.ratio=0.4`. Raises InputError for an unknown key."""
        values: dict[str, Any] = {}
        for setting in settings:
            key, equals, text = setting.partition("=")
            if not equals:
                raise InputError(f"{setting!r} is not a setting; write key=value, for example mask.ratio=0.4")
            values[key.strip()] = parse(text.strip(), self._kind_of(key.strip()))
        return self.with_values(values)

    def with_values(self, changes: Mapping[str, Any]) -> Recipe:
        """A copy with changes by dotted key, applied together: only the result has to be valid."""
        values = self.to_dict()
        for key, value in changes.items():
            self._kind_of(key)
            *folders, last = key.split(".")
            place = values
            for name in folders:
                place = place[name]
            place[last] = value
        return Recipe.from_dict(values)

    def _kind_of(self, key: str) -> type:
        """The type of the value under a dotted key. Raises InputError for an unknown key."""
        place: Any = self.to_dict()
        for name in key.split("."):
            place = place.get(name) if isinstance(place, dict) else None
        if place is None or isinstance(place, dict):
            raise InputError(f"{key!r} is not a recipe key; {did_you_mean(key, self.keys())}")
        return type(place)

    @classmethod
    def keys(cls) -> list[str]:
        """Every dotted key that `with_settings` knows."""
        return keys_of(cls().to_dict(), "")
