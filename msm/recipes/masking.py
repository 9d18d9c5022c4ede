"""The masking part of a recipe: which shots are hidden (msm/masking)."""

from __future__ import annotations

from dataclasses import dataclass

from msm.config.limits import MAX_WINDOW, between, one_of
from msm.config.registry import Registry
from msm.data.ranges import parse_ranges
from msm.errors import InputError

POLICIES = Registry(
    "msm.masking.policies",
    "masking policy",
    "policy",
    order=("independent", "span", "block", "scene", "tube", "modality", "prefix", "suffix", "hand_picked"),
)
SCHEDULES = ("constant", "linear", "cosine", "curriculum")


@dataclass(frozen=True, kw_only=True)
class MaskConfig:
    """Which shots are hidden in training, and what the model is shown in their place."""

    ratio: float = 0.2  # share of a window's shots
    policy: str = "independent"  # a module of msm/masking/policies
    schedule: str = "constant"  # of the ratio, over the steps
    start_ratio: float = 0.1  # where a schedule other than constant begins; it ends at `ratio`
    span_p: float = 0.2  # span: lengths are geometric with this p …
    length: int = 10  # … and no longer than this; block, tube: the length of each
    modality: str = ""  # policy modality: which one; "" = drawn anew for each shot
    parts: float = 0.0  # share of the shots of which one modality is hidden besides, where shots have two or more
    ranges: str = ""  # policy hand_picked: shots of a window, as `40-44, 60`
    other: float = 0.0  # share of the hidden shots that show another shot of the batch instead of [MASK]
    unchanged: float = 0.0  # share that show themselves

    def __post_init__(self) -> None:
        between("mask.ratio", self.ratio, 0.01, 0.95)
        one_of("mask.policy", self.policy, POLICIES.names())
        one_of("mask.schedule", self.schedule, SCHEDULES)
        between("mask.start_ratio", self.start_ratio, 0.01, 0.95)
        between("mask.span_p", self.span_p, 0.01, 1.0)
        between("mask.length", self.length, 1, MAX_WINDOW)
        between("mask.parts", self.parts, 0.0, 0.9)
        between("mask.other", self.other, 0.0, 1.0)
        between("mask.unchanged", self.unchanged, 0.0, 1.0)
        if self.other + self.unchanged > 1:
            raise InputError(f"mask.other and mask.unchanged are shares, but sum to {self.other + self.unchanged:g}")
        if self.policy == "hand_picked" and not self.ranges.strip():
            raise InputError("mask.policy=hand_picked needs mask.ranges, for example mask.ranges=40-44,60")
        parse_ranges(self.ranges, MAX_WINDOW)
        if self.policy == "modality" and self.other + self.unchanged:
            raise InputError(
                "mask.policy=modality hides part of a shot, so it goes without mask.other and mask.unchanged"
            )

    @property
    def by_modality(self) -> bool:
        """Whether of some shots one modality is hidden and the others are shown."""
        return self.policy == "modality" or self.parts > 0
