"""Terms of an objective, one module each: its `term` is a subclass of `msm.objectives.term.Term`.

Each term reads from the recipe whether it is used, and with which weight. The order is that of the weights in a
checkpoint; new modules come after it.
"""

from msm.config.registry import Registry

TERMS = Registry(
    "msm.objectives.terms",
    "term of an objective",
    "term",
    order=(
        "teacher",
        "first_stage",
        "nce",
        "shot",
        "read_out",
        "span_boundary",
        "shot_contrast",
        "contrastive",
        "shot_order",
    ),
)
