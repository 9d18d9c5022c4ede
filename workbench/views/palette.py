"""The colours of the app: the same colour for the same meaning on every page and in both themes.

Each has a contrast of 3:1 or more on the light and on the dark page; model, baseline and truth can be distinguished
with deuteranopia and protanopia; tests/views/test_views.py measures both.
"""

from __future__ import annotations

MODEL = "#2b7fd4"  # a prediction of the model
BASELINE = "#d9730d"  # the best prediction without a model
TRUTH = "#008f6b"  # the real shot
HIDDEN = "#8a7a9c"  # a hidden shot
OTHER = "#84888f"  # the remaining baselines, and everything without a meaning of its own

# Values of a label, the most frequent first. They differ from the colours above, which have a meaning. They were searched
# for so that the least distance between any two is as large as possible, with and without colour blindness.
CATEGORIES = (
    "#3752b7", "#f59c12", "#1dbdff", "#a03e00", "#8a8919", "#7e7fed", "#51c77d", "#9d598c", "#f38bc8", "#276b52",
)  # fmt: skip
# Runs that are compared, in turn. None is near the orange of baselines; all have 3:1 on both pages and differ with colour blindness.
RUNS = (MODEL, "#bc394c", "#00a656", "#8f529b", "#00a0bc", "#8886f9", "#007866")
# A number, low to high: blue to yellow with rising lightness, so that it can be read in grey and with colour blindness.
RAMP = (
    "#35508f", "#43598c", "#50628a", "#5d6b89", "#687488", "#747e87", "#808886", "#8d9283",
    "#9a9c7f", "#a7a67a", "#b5b073", "#c3ba6b", "#d1c461", "#dfce54", "#ecd846",
)  # fmt: skip

MEANINGS = {"model": MODEL, "baseline": BASELINE, "truth": TRUTH, "hidden": HIDDEN}


def css_variables() -> str:
    """`:host{--msm-model:#…;…}` for the components' style sheets."""
    body = "".join(f"--msm-{name}:{colour};" for name, colour in {**MEANINGS, "other": OTHER}.items())
    return f":host,:root{{{body}}}\n"
