"""Terms that predict what another copy of the encoder makes of the whole window.

The copy sees every shot and gets no gradient. Where its latents stop differing between shots there is nothing left
to learn: a collapse, which ends the run with a sentence.

Shape letters: B windows, S shots of a window, H hidden shots, W width inside the encoder, V width of the features.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.errors import InputError
from msm.models.encoder import ShotEncoder, touched_shots
from msm.models.packing import Packing
from msm.objectives.losses import Asked, Loss, Made, cosine_distance
from msm.recipes.recipe import ObjectiveConfig

COLLAPSED = 1e-3  # deviation between shots of latents whose own deviation is 1


class Copy(nn.Module):
    """A copy of the encoder that is never trained, and its latents."""

    copy: ShotEncoder

    def __init__(self, model: ShotEncoder):
        super().__init__()
        self.copy = copy.deepcopy(model).requires_grad_(False)
        self.target_std = float("nan")

    def train(self, mode: bool = True) -> Any:
        super().train(mode)
        self.copy.eval()  # no dropout in what is predicted
        return self

    def _check_spread(self, targets: Tensor) -> None:
        """targets (H, W)"""
        if len(targets) < 2:
            return
        self.target_std = float(F.layer_norm(targets.float(), targets.shape[-1:]).std(dim=0).mean())
        if self.target_std < COLLAPSED:
            raise InputError(
                f"the targets have collapsed: the latents of all shots are the same (deviation {self.target_std:.1e}); "
                "try a lower optim.lr or a higher objective.teacher_decay"
            )


class TeacherLatents(Copy):
    """The latents of a teacher that follows the encoder as a moving average (data2vec, sections 3.2 to 3.4).

    Target: the outputs of the feed-forward parts of the top K blocks before their last residual connection, each
    normalised without parameters, and averaged. The blocks are averaged, the projections and learned tokens shared,
    as data2vec shares its feature and position encoders.
    """

    def __init__(self, model: ShotEncoder, cfg: ObjectiveConfig, loss: Loss):
        super().__init__(model)
        self.cfg, self.loss = cfg, loss
        self.projection = nn.Linear(model.feature_width, model.cfg.width)
        self._outputs: list[Tensor] = []
        for block in self.copy.blocks[-cfg.teacher_layers :]:
            block.get_submodule("feed_out").register_forward_hook(
                lambda module, given, output: self._outputs.append(output)
            )

    def forward(self, asked: Asked, made: Made) -> Tensor:
        targets = self._latents(asked)[asked.where]
        self._check_spread(targets)
        return self.loss(self.projection(made.hidden_features), targets)

    @torch.no_grad()
    def _latents(self, asked: Asked) -> Tensor:
        """(B, S, W)"""
        self._outputs.clear()
        self.copy.encode(asked.truth, torch.zeros_like(asked.valid), asked.valid, asked.global_)
        layers = [F.layer_norm(output.float(), output.shape[-1:]) for output in self._outputs]
        self._outputs.clear()
        return Packing(F.pad(asked.valid, (2, 0), value=True)).pad(torch.stack(layers).mean(dim=0))[:, 2:]

    @torch.no_grad()
    def follow(self, model: ShotEncoder, done: float) -> None:
        """One step of the moving average, after the share `done` of all steps: τ rises from its start to its end."""
        ramp = min(1.0, done / self.cfg.teacher_ramp) if self.cfg.teacher_ramp else 1.0
        decay = self.cfg.teacher_decay + (self.cfg.teacher_decay_end - self.cfg.teacher_decay) * ramp
        for (name, own), new in zip(self.copy.named_parameters(), model.parameters(), strict=True):
            own.lerp_(new, 1 - decay if name.startswith(("blocks.", "out_norm.")) else 1.0)


class FirstStageLatents(Copy):
    """The latents of the encoder as the first stage left it (VideoPrism, section 2: global-local distillation).

    From the visible shots, the second stage has to give every shot's latent, the visible ones' too, and the mean of
    all of them; cosine distances, added.
    """

    def __init__(self, model: ShotEncoder):
        super().__init__(model)
        width = model.cfg.width
        self.projection = nn.Linear(model.feature_width, width)
        self.global_projection = nn.Linear(width, width)

    def freeze(self, model: ShotEncoder) -> None:
        """The first stage is over: these are its weights."""
        self.copy.load_state_dict(model.state_dict())

    def forward(self, asked: Asked, made: Made) -> Tensor:
        with torch.no_grad():
            latents = self.copy.encode(asked.truth, torch.zeros_like(asked.valid), asked.valid, asked.global_).shots
        self._check_spread(latents[asked.valid])
        local = cosine_distance(self.projection(made.features[asked.valid]), latents[asked.valid])
        visible = asked.valid & ~touched_shots(asked.masked)
        whole = cosine_distance(
            self.global_projection(mean_of(made.encoded.shots, visible)), mean_of(latents, asked.valid)
        )
        return local + whole


def mean_of(latents: Tensor, chosen: Tensor) -> Tensor:
    """(B, S, W), (B, S) bool → (B, W)"""
    return (latents * chosen.unsqueeze(-1)).sum(dim=1) / chosen.sum(dim=1, keepdim=True).clamp(min=1)
