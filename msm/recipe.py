"""Every choice of one training, as frozen dataclasses that refuse bad values where they are made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, get_type_hints

from msm.errors import InputError

FUSIONS = ("joint", "per_modality")
POLICIES = ("independent",)
SCHEDULES = ("constant",)
HEADS = ("linear",)
POSITIONS = ("rotary", "learned")
LOSSES = ("cosine",)
OPTIMISERS = ("muon", "adamw")
PRECISIONS = ("auto", "float32", "bfloat16")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} is {value!r}, but must be {' or '.join(repr(a) for a in allowed)}")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} is {value}, but must lie between {low} and {high}")


@dataclass(frozen=True, kw_only=True)
class MaskConfig:
    """Which shots are hidden in training."""

    ratio: float = 0.2  # share of a window's shots
    policy: str = "independent"
    schedule: str = "constant"  # of the ratio, over the steps

    def __post_init__(self) -> None:
        _between("mask.ratio", self.ratio, 0.01, 0.95)
        _one_of("mask.policy", self.policy, POLICIES)
        _one_of("mask.schedule", self.schedule, SCHEDULES)


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shot encoder. The width of a shot comes from the catalog, not from here."""

    width: int = 192  # W, inside the encoder; for thousands of shots, more for millions
    depth: int = 4
    heads: int = 4
    max_shots: int = 512  # longest window the position table covers
    dropout: float = 0.1
    positions: str = "rotary"  # in the attention (Su et al., 2021), or "learned": a table added to the shots
    head: str = "linear"
    use_global: bool = True  # give the model the title's metadata embedding as [GLOBAL], if there is one

    def __post_init__(self) -> None:
        for name in ("width", "depth", "heads", "max_shots"):
            _between(f"model.{name}", getattr(self, name), 1, 65_536)
        if self.width % self.heads:
            raise InputError(f"model.width ({self.width}) must be a multiple of model.heads ({self.heads})")
        _between("model.dropout", self.dropout, 0.0, 0.9)
        _one_of("model.positions", self.positions, POSITIONS)
        if self.positions == "rotary" and (self.width // self.heads) % 2:
            raise InputError(f"rotary positions need an even width per head, not {self.width // self.heads}")
        _one_of("model.head", self.head, HEADS)


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    loss: str = "cosine"

    def __post_init__(self) -> None:
        _one_of("objective.loss", self.loss, LOSSES)


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """`muon`: Muon on the hidden matrices, AdamW on the rest; `adamw`: AdamW on everything."""

    name: str = "muon"
    lr: float = 3e-3  # peak, for both: Muon's step is scaled to the size of AdamW's
    weight_decay: float = 0.1
    warmup: float = 0.05  # share of the steps
    final_lr: float = 0.05  # share of the peak that the cosine decays to
    clip_norm: float = 1.0

    def __post_init__(self) -> None:
        _one_of("optim.name", self.name, OPTIMISERS)
        _between("optim.lr", self.lr, 0.0, 10.0)
        _between("optim.weight_decay", self.weight_decay, 0.0, 10.0)
        _between("optim.warmup", self.warmup, 0.0, 1.0)
        _between("optim.final_lr", self.final_lr, 0.0, 1.0)
        _between("optim.clip_norm", self.clip_norm, 1e-6, 1e6)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every choice of one training. `recipe.json` in a run folder is exactly this."""

    name: str = "mediafm"
    steps: int = 800
    batch_windows: int = 8
    seed: int = 0
    fusion: str = "joint"
    precision: str = "auto"  # auto: bfloat16 on a GPU that has it, float32 elsewhere
    validate_every: int = 50  # steps
    mask: MaskConfig = field(default_factory=MaskConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)

    def __post_init__(self) -> None:
        _between("steps", self.steps, 1, 10**9)
        _between("batch_windows", self.batch_windows, 1, 65_536)
        _between("seed", self.seed, 0, 2**31 - 1)
        _between("validate_every", self.validate_every, 1, 10**9)
        _one_of("fusion", self.fusion, FUSIONS)
        _one_of("precision", self.precision, PRECISIONS)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Rebuild a recipe; InputError for a key that no recipe has or a value of the wrong kind."""
        return _build(cls, values, "")

    def with_settings(self, settings: Iterable[str]) -> Recipe:
        """Change single choices, each `key=value` with a dotted key, e.g. `mask.ratio=0.4`."""
        values = self.to_dict()
        for setting in settings:
            key, equals, text = setting.partition("=")
            if not equals:
                raise InputError(f"{setting!r} is not a setting; write key=value, for example mask.ratio=0.4")
            *folders, last = key.strip().split(".")
            place: Any = values
            for name in folders:
                place = place.get(name) if isinstance(place, dict) else None
            if not isinstance(place, dict) or last not in place or isinstance(place[last], dict):
                raise InputError(f"{key!r} is not a recipe key; the keys are {', '.join(self.keys())}")
            place[last] = _parse(text.strip())
        return Recipe.from_dict(values)

    @classmethod
    def keys(cls) -> list[str]:
        """Every dotted key that `with_settings` knows."""
        return _keys(cls().to_dict(), "")


PRESETS: dict[str, Recipe] = {"mediafm": Recipe()}


def preset(name: str) -> Recipe:
    """A named recipe; InputError with the known names for any other."""
    if name not in PRESETS:
        raise InputError(f"there is no recipe {name!r}; there is {', '.join(PRESETS)}")
    return PRESETS[name]


def _keys(values: Mapping[str, Any], prefix: str) -> list[str]:
    keys: list[str] = []
    for name, value in values.items():
        keys += _keys(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return keys


def _parse(text: str) -> Any:
    """Numbers and true/false as JSON reads them (`.4` too), anything else as the text it is."""
    lowered = text.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        try:
            return float(text)
        except ValueError:
            return text


def _build(kind: type, values: Mapping[str, Any], prefix: str) -> Any:
    if not isinstance(values, Mapping):
        raise InputError(f"recipe: {prefix or 'the whole'} must be an object with keys, not {values!r}")
    hints = get_type_hints(kind)
    known = {f.name for f in fields(kind)}
    for name in values:
        if name not in known:
            raise InputError(f"{prefix}{name} is not a recipe key")
    return kind(**{name: _convert(hints[name], value, prefix + name) for name, value in values.items()})


def _convert(kind: Any, value: Any, key: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return _build(kind, value, key + ".")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"{key} is {value!r}, but must be {_KINDS[kind]}")
    if kind is float and value != value:
        raise InputError(f"{key} is NaN, but must be a number")
    return value


_KINDS = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}
