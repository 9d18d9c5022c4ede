"""One hidden shot, and the window in which a run restores it: what influence and attention ask about.

Shape letters: S shots of a window, B hidings of it, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from msm.data.catalog import Title
from msm.data.windows import split_windows
from msm.errors import InputError
from msm.inference.run import Run


@dataclass(frozen=True)
class HiddenShot:
    """Make one with `of`."""

    run: Run
    shots: np.ndarray  # (S, D) fused, of the window
    hidden: np.ndarray  # (S,) bool
    place: int  # of the shot in the window
    start: int  # of the window in the title
    global_embedding: np.ndarray | None

    @classmethod
    def of(cls, run: Run, title: Title, hidden: Iterable[int], shot: int) -> HiddenShot:
        """hidden: all the shots that are hidden, `shot` among them, else an InputError."""
        run.check_fits(title.catalog)
        chosen = np.unique(np.fromiter(hidden, dtype=int))
        if shot not in chosen:
            raise InputError(f"shot {shot} is not hidden, so nothing is predicted there")
        start, stop = next(w for w in split_windows(title.num_shots, run.model.cfg.max_shots) if w[0] <= shot < w[1])
        mask = np.zeros(stop - start, dtype=bool)
        mask[chosen[(chosen >= start) & (chosen < stop)] - start] = True
        window = run.space.fuse(title.rows(start, stop))
        return cls(run, window, mask, shot - start, start, title.global_embedding)

    @property
    def seen(self) -> np.ndarray:
        """(V,) places of the visible shots of the window; those of other windows tell the model nothing."""
        return np.flatnonzero(~self.hidden)

    def restore(self, hidings: np.ndarray, window: Tensor | None = None) -> Tensor:
        """What the run expects here while these shots of the window are hidden.

        hidings  (B, S) bool
        window   (1, S, D) in the place of the window's shots, for whoever wants a gradient
        returns  (B, D), about the origin and of the length found best, as `msm.inference.predict` has it
        """
        model = self.run.model.eval()
        shown = torch.as_tensor(self.shots, device=model.device)[None] if window is None else window
        mask = torch.as_tensor(hidings, device=model.device)
        where = torch.zeros_like(mask)
        where[:, self.place] = True
        global_ = None
        if self.global_embedding is not None:
            global_ = torch.as_tensor(self.global_embedding, device=model.device).expand(len(mask), -1)
        restored = model.restore(shown.expand(len(mask), -1, -1), mask, torch.ones_like(mask), global_, where)
        return model.origin + F.normalize(restored.float(), dim=-1) * model.prediction_norm
