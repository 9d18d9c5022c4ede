"""One colour for one meaning, on every page, in both themes.

Each has a contrast of 3:1 or more on the light and on the dark page; model, baseline and truth can be told apart
with deuteranopia and protanopia; tests/test_views.py measures both.
"""

from __future__ import annotations

MODEL = "#2b7fd4"  # what the model made of a shot
BASELINE = "#d9730d"  # the best prediction without a model
TRUTH = "#008f6b"  # the real shot
HIDDEN = "#8a7a9c"  # a shot that the model must not see
OTHER = "#84888f"  # the remaining baselines, and whatever has no meaning of its own

MEANINGS = {"model": MODEL, "baseline": BASELINE, "truth": TRUTH, "hidden": HIDDEN}


def css_variables() -> str:
    """`:host{--msm-model:#…;…}` for the components' style sheets."""
    body = "".join(f"--msm-{name}:{colour};" for name, colour in MEANINGS.items())
    return f":host,:root{{{body}}}\n"
