"""The masking part of a recipe: which shots are hidden (msm/masking)."""

from __future__ import annotations

from dataclasses import dataclass

from msm.config.fields import described
from msm.config.limits import MAX_WINDOW, between, one_of
from msm.config.registry import Registry
from msm.data.ranges import parse_ranges
from msm.errors import InputError

POLICIES = Registry(
    "msm.masking.policies",
    "masking policy",
    "policy",
    order=(
        "independent",
        "mixed",
        "span",
        "block",
        "scene",
        "tube",
        "modality_tube",
        "semantic",
        "modality",
        "prefix",
        "suffix",
        "hand_picked",
    ),
)
PARTIAL = ("modality", "modality_tube")  # policies that hide some modalities of a shot
SCHEDULES = ("constant", "linear", "cosine", "curriculum")


@dataclass(frozen=True, kw_only=True)
class MaskConfig:
    """Which shots are hidden in training, and what the model is shown in their place."""

    ratio: float = described(0.2, "Share of a window's shots that are hidden.")
    policy: str = described("independent", "Rule that chooses the hidden shots, a module of `msm/masking/policies`.")
    schedule: str = described(
        "constant",
        "Change of the ratio over the steps, from `mask.start_ratio` to `mask.ratio`: `constant`, `linear`, `cosine`, or `curriculum` in four equal stages.",
    )
    start_ratio: float = described(0.1, "First ratio of a schedule other than `constant`.")
    span_p: float = described(0.2, "Policies `span` and `mixed`: p of the geometric lengths of spans.")
    length: int = described(
        10,
        "Policies `span` and `mixed`: greatest length of a span; policies `block` and `tube`, and `modality_tube` with one modality: length of each run.",
    )
    modality: str = described("", "Policy `modality`: the modality to hide; empty = drawn for each shot.")
    parts: float = described(
        0.0, "Share of further shots of which one modality, drawn for each shot, is hidden, if shots have two or more."
    )
    ranges: str = described("", "Policy `hand_picked`: the shots of a window to hide, as `40-44, 60`.")
    other: float = described(
        0.0,
        "Share of the hidden shots that are replaced by another shot of the batch instead of [MASK]; drawn once a run if the policy hides runs.",
    )
    unchanged: float = described(
        0.0,
        "Share of the hidden shots that are left unchanged instead of becoming [MASK]; drawn once a run if the policy hides runs.",
    )

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
        if self.policy in PARTIAL and self.other + self.unchanged:
            raise InputError(
                f"mask.policy={self.policy} hides part of a shot, so it goes without mask.other and mask.unchanged"
            )

    @property
    def by_modality(self) -> bool:
        """Whether of some shots one modality is hidden and the others are shown."""
        return self.policy in PARTIAL or self.parts > 0
