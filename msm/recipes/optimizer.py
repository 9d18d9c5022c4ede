"""The optimiser part of a recipe (msm/training/optimizers.py)."""

from __future__ import annotations

from dataclasses import dataclass

from msm.config.fields import described
from msm.config.limits import between, one_of

OPTIMISERS = ("muon", "adamw")


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """`muon`: Muon on the hidden matrices, AdamW on the rest; `adamw`: AdamW on everything."""

    name: str = described(
        "muon", "Optimiser: `muon` for the blocks' matrices with AdamW for the rest, or `adamw` for all."
    )
    lr: float = described(
        3e-3, "Peak learning rate, for both optimisers: Muon's step is scaled to the size of AdamW's."
    )
    weight_decay: float = described(0.1, "Weight decay of matrices; biases, norms and learned vectors have none.")
    warmup: float = described(0.05, "Share of the steps over which the learning rate increases linearly to its peak.")
    final_lr: float = described(
        0.05, "Learning rate of the last step, as a share of the peak; the decay follows a cosine."
    )
    clip_norm: float = described(1.0, "Greatest norm of the gradient, which is clipped to it.")
    average: float = described(
        0.0,
        "Decay of a moving average of the weights; if above 0, the average is validated and saved instead of the last weights.",
    )

    def __post_init__(self) -> None:
        one_of("optim.name", self.name, OPTIMISERS)
        between("optim.lr", self.lr, 0.0, 10.0)
        between("optim.weight_decay", self.weight_decay, 0.0, 10.0)
        between("optim.warmup", self.warmup, 0.0, 1.0)
        between("optim.final_lr", self.final_lr, 0.0, 1.0)
        between("optim.clip_norm", self.clip_norm, 1e-6, 1e6)
        between("optim.average", self.average, 0.0, 0.99999)
