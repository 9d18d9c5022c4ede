"""Combinations of valid values that are impossible together."""

from __future__ import annotations

from msm.errors import InputError
from msm.recipes.masking import PARTIAL, MaskConfig
from msm.recipes.model import ModelConfig
from msm.recipes.objective import ObjectiveConfig


def check_together(mask: MaskConfig, model: ModelConfig, objective: ObjectiveConfig) -> None:
    """Raise InputError for the first impossible combination."""
    by_modality = mask.by_modality
    replaces = mask.other + mask.unchanged > 0
    refused = {
        "model.tokens=dropped leaves out whole shots, so it does not go with mask.policy=modality and mask.parts": (
            model.tokens == "dropped" and by_modality
        ),
        "model.tokens=dropped shows the encoder nothing in a hidden shot's place, so it goes without mask.other "
        "and mask.unchanged": model.tokens == "dropped" and replaces,
        "objective.loss=nce tells whole shots apart, so it does not go with mask.policy=modality and mask.parts": (
            objective.loss == "nce" and by_modality
        ),
        "objective.span_boundary predicts through the head linear or transform, not from a decoder": (
            objective.span_boundary > 0 and model.head == "decoder"
        ),
        "objective.span_boundary predicts whole shots, so it does not go with mask.policy=modality and mask.parts": (
            objective.span_boundary > 0 and by_modality
        ),
        "model.head=neighbour predicts shots, so it goes with objective.target=shot and without loss=nce, "
        "standardise and span_boundary": model.head == "neighbour"
        and (
            objective.target != "shot"
            or objective.loss == "nce"
            or objective.standardise
            or objective.span_boundary > 0
        ),
        "model.head=neighbour would copy a hidden shot that is shown, so it goes without mask.unchanged and mask.other": (
            model.head == "neighbour" and replaces
        ),
        "model.head=neighbour learns from whole hidden shots; where parts are to be hidden too, it has mask.parts instead of "
        "mask.policy=modality": model.head == "neighbour" and mask.policy in PARTIAL,
        "mask.parts hides part of a shot, so it goes without mask.other and mask.unchanged": mask.parts > 0
        and replaces,
        "mask.policy=modality hides one modality of every hidden shot, so it goes without mask.parts": (
            mask.policy in PARTIAL and mask.parts > 0
        ),
        "model.head=neighbour starts from shots that are visible whole, so its objective.contrastive_between is views": (
            model.head == "neighbour" and objective.contrastive > 0 and objective.contrastive_between == "modalities"
        ),
        "objective.token_shuffling shuffles what the decoder gets, so it needs model.head=decoder": (
            objective.token_shuffling and model.head != "decoder"
        ),
        f"objective.teacher_layers ({objective.teacher_layers}) is more than model.depth ({model.depth})": (
            objective.target == "teacher" and objective.teacher_layers > model.depth
        ),
    }
    for sentence, holds in refused.items():
        if holds:
            raise InputError(sentence)
