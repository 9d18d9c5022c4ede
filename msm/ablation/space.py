"""The space of a search: of each hyperparameter a range or a list of values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from msm.ablation.plan import varied_hyperparameters
from msm.errors import InputError
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
RANGE = re.compile(rf"({NUMBER})\.\.({NUMBER})(:log)?")
DIGITS = 4  # of a value that is drawn from a range: its cell's name stays readable


@dataclass(frozen=True)
class Dimension:
    """One hyperparameter: `values`, or a range from `low` to `high`, both included."""

    key: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As ablation.json keeps it."""
        facts = {"key": self.key, "values": list(self.values)} if self.values else asdict(self)
        return {name: value for name, value in facts.items() if name != "values" or self.values}

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> Dimension:
        """The inverse of `as_dict`."""
        return cls(**{**facts, "values": tuple(facts.get("values", ()))})

    def suggest(self, trial: Any) -> Any:
        """The value that a trial of Optuna proposes."""
        if self.values:
            return self.values[trial.suggest_categorical(self.key, range(len(self.values)))]
        if self.whole:
            return trial.suggest_int(self.key, int(self.low), int(self.high), log=self.log)
        value = trial.suggest_float(self.key, self.low, self.high, log=self.log)
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def parameter(self, value: Any) -> Any:
        """The parameter of Optuna for a value; None where the value is not in the space."""
        if self.values:
            return self.values.index(value) if value in self.values else None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if number and self.low <= value <= self.high else None


def search_space(recipe: str, settings: Sequence[str], vary: Sequence[str]) -> tuple[Dimension, ...]:
    """Read KEY=LOW..HIGH, KEY=LOW..HIGH:log and KEY=VALUE,VALUE. InputError for a key or a range that is none."""
    base = preset(recipe).with_settings(settings)
    found = []
    for one in vary:
        key, _, text = (part.strip() for part in one.partition("="))
        match = RANGE.fullmatch(text)
        if match is None:
            values = varied_hyperparameters(base, (recipe,), [one])[0].values
            if len(values) < 2:
                raise InputError(f"{one!r} leaves no choice; write KEY=LOW..HIGH or KEY=VALUE,VALUE")
            found.append(Dimension(key, values))
        else:
            found.append(_range(base, key, one, match))
    twice = next((d.key for i, d in enumerate(found) if any(d.key == o.key for o in found[:i])), None)
    if twice is not None:
        raise InputError(f"{twice} is varied twice; give one range or all its values at once")
    return tuple(found)


def _range(base: Recipe, key: str, text: str, match: re.Match[str]) -> Dimension:
    varied = varied_hyperparameters(base, ("base",), [f"{key}={match[1]},{match[2]}"])[0]
    ends = varied.values
    if len(ends) < 2 or not all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in (*ends, varied.reference)
    ):
        raise InputError(f"{text!r} is no range of numbers; write KEY=LOW..HIGH, or KEY=VALUE,VALUE for other values")
    low, high = ends
    if low >= high or (match[3] and low <= 0):
        raise InputError(
            f"{text!r} is no range: LOW must be below HIGH" + (", and above 0 with :log" if match[3] else "")
        )
    return Dimension(key, (), low, high, bool(match[3]), all(isinstance(end, int) for end in ends))
