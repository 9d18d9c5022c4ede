"""The choices of a recipe about the steps themselves (msm/training/optimizers.py)."""

from __future__ import annotations

from dataclasses import dataclass

from msm.config.limits import between, one_of

OPTIMISERS = ("muon", "adamw")


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """`muon`: Muon on the hidden matrices, AdamW on the rest; `adamw`: AdamW on everything."""

    name: str = "muon"
    lr: float = 3e-3  # peak, for both: Muon's step is scaled to the size of AdamW's
    weight_decay: float = 0.1
    warmup: float = 0.05  # share of the steps
    final_lr: float = 0.05  # share of the peak that the cosine decays to
    clip_norm: float = 1.0
    average: float = 0.0  # decay of the moving average of the weights that is validated and saved; 0 = the last weights

    def __post_init__(self) -> None:
        one_of("optim.name", self.name, OPTIMISERS)
        between("optim.lr", self.lr, 0.0, 10.0)
        between("optim.weight_decay", self.weight_decay, 0.0, 10.0)
        between("optim.warmup", self.warmup, 0.0, 1.0)
        between("optim.final_lr", self.final_lr, 0.0, 1.0)
        between("optim.clip_norm", self.clip_norm, 1e-6, 1e6)
        between("optim.average", self.average, 0.0, 0.99999)
