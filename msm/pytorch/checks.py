"""What a module of this package refuses, in one sentence, before torch complains about a line of ours.

Shapes and kinds are looked at everywhere. Values are looked at where a tensor is on the CPU: a GPU would have to be waited for in every step.

Shape letters: B windows, S shots of the longest window, N shots of a title, D width of a shot, M modalities, G width of a metadata embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor

from msm.errors import InputError
from msm.models.encoder import ShotEncoder, touched_shots

NOTHING_HIDDEN = "no shot is hidden, so there is nothing to predict"


def check_widths(shot_dim: Any, global_dim: Any, modality_dims: Sequence[Any]) -> None:
    """InputError unless these are numbers of columns, and those of the modalities are a shot's together."""
    for name, width, least in (("shot_dim", shot_dim, 1), ("global_dim", global_dim, 0), *(("modality_dims", d, 1) for d in modality_dims)):  # fmt: skip
        if not isinstance(width, Integral) or width < least:
            raise InputError(f"{name}: {width!r} is no whole number of at least {least}")
    if sum(modality_dims) != shot_dim:
        raise InputError(f"the modalities have {sum(modality_dims)} columns together, but a shot has {shot_dim}")


def check_encoder(encoder: Any) -> None:
    """InputError for what is no ShotEncoder."""
    if not isinstance(encoder, ShotEncoder):
        raise InputError(f"a {type(encoder).__name__} is no ShotEncoder; a MaskedShotModel has its own as `encoder`")


def check_windows(encoder: ShotEncoder, shots: Tensor) -> None:
    """InputError unless shots (B, S, D) are finite windows of this encoder, of its kind of numbers and at most `max_shots` long."""
    check_is_tensor("shots", shots)
    if shots.ndim != 3 or shots.shape[-1] != encoder.shot_dim:
        raise InputError(f"shots are {tuple(shots.shape)}, but must be (B, S, {encoder.shot_dim})")
    check_kind(encoder, "shots", shots)
    if shots.shape[1] > (most := encoder.cfg.max_shots):
        raise InputError(f"a window has {shots.shape[1]} shots, but max_shots of the model is {most}; divide it")
    check_finite("shots", shots)


def check_flags(encoder: ShotEncoder, shots: Tensor, hidden: Tensor, valid: Tensor, masked: Tensor) -> None:
    """InputError unless these say of every shot, and hidden and masked perhaps of every modality (B, S, M), whether it is so."""
    for name, flags in (("hidden", hidden), ("valid", valid), ("masked", masked)):
        check_is_tensor(name, flags)
        if flags.dtype != torch.bool:
            raise InputError(f"{name} is {kind(flags)}, but must be bool")
    windows, modalities = tuple(shots.shape[:2]), len(encoder.modality_dims)
    if tuple(valid.shape) != windows or tuple(hidden.shape) not in (windows, (*windows, modalities)):
        raise InputError(
            f"hidden is {tuple(hidden.shape)} and valid {tuple(valid.shape)}, but shots are {tuple(shots.shape)}, so they must be {windows}"
            f", or hidden {(*windows, modalities)} by modality"
        )
    if masked.shape != hidden.shape:
        raise InputError(f"masked is {tuple(masked.shape)}, but must be as hidden, {tuple(hidden.shape)}")
    on_cpu = hidden.device.type == valid.device.type == "cpu"
    if on_cpu and not bool(touched_shots(hidden).logical_and(valid).any()):
        raise InputError(NOTHING_HIDDEN)


def check_shown(encoder: ShotEncoder, shots: Tensor, shown: Tensor) -> None:
    """InputError unless shown (B, S, D) can stand in place of shots."""
    check_is_tensor("shown", shown)
    if shown.shape != shots.shape:
        raise InputError(f"shown is {tuple(shown.shape)}, but must be as shots, {tuple(shots.shape)}")
    check_kind(encoder, "shown", shown)
    check_finite("shown", shown)


def check_title(encoder: ShotEncoder, shots: Tensor) -> None:
    """InputError unless shots (S, D) are a title of real numbers, finite, for an encoder with weights in float32."""
    check_is_tensor("shots", shots)
    if shots.ndim != 2 or shots.shape[1] != encoder.shot_dim or not len(shots):
        raise InputError(f"a title is {tuple(shots.shape)}, but must be (S, {encoder.shot_dim}) with at least one shot")
    if encoder.shot_mean.dtype != torch.float32:
        raise InputError(
            f"the model is {kind(encoder.shot_mean)}, but embeddings are made in float32; call float() on it"
        )
    if not shots.is_floating_point():
        raise InputError(f"shots are {kind(shots)}, but must be real numbers as the encoders made them")
    check_finite("shots", shots.cpu())


def check_metadata(encoder: ShotEncoder, metadata: Tensor, shape: tuple[int, ...] = ()) -> None:
    """InputError unless this is the metadata, (*shape, G), that the encoder was made for."""
    check_is_tensor("global_embedding", metadata)
    if not encoder.global_dim:
        raise InputError("the model was made without metadata, but global_embedding is given; make it with global_dim=…, or leave it out")  # fmt: skip
    if tuple(metadata.shape) != (*shape, encoder.global_dim):
        raise InputError(f"global_embedding is {tuple(metadata.shape)}, but must be {(*shape, encoder.global_dim)}")
    check_kind(encoder, "global_embedding", metadata)
    check_finite("global_embedding", metadata)


def check_times(times: Tensor, shape: Sequence[int]) -> None:
    """InputError unless these are the times, (*shape, 2), of shots."""
    check_is_tensor("times", times)
    if tuple(times.shape) != (*shape, 2) or not times.is_floating_point():
        raise InputError(
            f"times are {tuple(times.shape)} of {kind(times)}, but must be {(*shape, 2)} of floating-point seconds"
        )
    check_finite("times", times)


def check_is_tensor(name: str, value: Any) -> None:
    """InputError for what is no tensor."""
    if not isinstance(value, Tensor):
        raise InputError(f"{name} is a {type(value).__name__}, but must be a tensor; torch.as_tensor makes one")


def check_kind(encoder: ShotEncoder, name: str, values: Tensor) -> None:
    """InputError unless these numbers are of the kind of the weights, or autocast makes them so."""
    weights = encoder.shot_mean.dtype
    if values.is_floating_point() and torch.is_autocast_enabled(encoder.device.type):
        return
    if values.dtype != weights:
        raise InputError(f"{name} are {kind(values)}, but the model is {kind(encoder.shot_mean)}; convert one of them")


def check_finite(name: str, values: Tensor) -> None:
    """InputError for NaN and infinity in a tensor on the CPU, unless it is being traced, where there are no values."""
    if torch.compiler.is_compiling() or values.device.type != "cpu":
        return
    if not bool(torch.isfinite(values).all()):
        first = torch.isfinite(values).logical_not().nonzero()[0].tolist()
        raise InputError(f"{name} have values that are not finite, the first at {first}")


def kind(values: Tensor) -> str:
    """The type of the numbers as torch names it: float32."""
    return str(values.dtype).removeprefix("torch.")


class CheckedTitles:
    """Titles (N, D) that are read anew each time, those without shots left out; reading raises InputError for one of another shape or not finite."""

    def __init__(self, titles: Iterable[np.ndarray], shot_dim: int):
        self.titles, self.shot_dim = titles, shot_dim

    def __iter__(self) -> Iterator[np.ndarray]:
        for number, title in enumerate(self.titles):
            shots = np.asarray(title)
            if shots.ndim != 2 or shots.shape[1] != self.shot_dim:
                raise InputError(f"title {number} is {shots.shape}, but must be (N, {self.shot_dim})")
            if not np.isfinite(shots).all():
                raise InputError(f"title {number} has values that are not finite")
            if len(shots):
                yield shots
