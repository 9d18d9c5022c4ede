"""Which shots are hidden in training and evaluation, and what the model is shown in their place.

`policies` holds one masking policy a module, `draw` applies the one that a recipe names, `schedules` changes the ratio
over the steps, `replacement` is BERT's 80 / 10 / 10, `bernoulli` the draw of every evaluation, `parts` the text form of
modalities hidden one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msm.masking.bernoulli import random_hidden
    from msm.masking.draw import choose_hidden
    from msm.masking.replacement import choose_masked
    from msm.masking.schedules import at_step, ratio_at

__all__ = ["at_step", "choose_hidden", "choose_masked", "random_hidden", "ratio_at"]
_LAZY = {
    "at_step": "schedules",
    "choose_hidden": "draw",
    "choose_masked": "replacement",
    "random_hidden": "bernoulli",
    "ratio_at": "schedules",
}


def __getattr__(name: str) -> Any:
    """Import a function when it is first used: `parts` and `bernoulli` do without torch, which takes two seconds."""
    if name not in _LAZY:
        raise AttributeError(f"module 'msm.masking' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"msm.masking.{_LAZY[name]}"), name)
