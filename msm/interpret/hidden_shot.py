"""One hidden shot and the window in which a run predicts it; influence and attention explain such a prediction.

Shape letters: S shots of a window, V visible shots of it, B sets of hidden shots, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from msm.data.catalog import Title
from msm.data.told import Told
from msm.data.windows import split_windows
from msm.errors import InputError
from msm.inference.predict import as_tensors
from msm.inference.run import Run


@dataclass(frozen=True)
class HiddenShot:
    """A hidden shot in its window; `of` makes one."""

    run: Run
    shots: np.ndarray  # (S, D) fused, of the window
    hidden: np.ndarray  # (S,) bool
    place: int  # of the shot in the window
    start: int  # of the window in the title
    told: Told  # of the window

    @classmethod
    def of(cls, run: Run, title: Title, hidden: Iterable[int], shot: int) -> HiddenShot:
        """Take the window around `shot`; hidden: all hidden shots, `shot` among them, else an InputError."""
        title = run.adapt_title(title)
        chosen = np.unique(np.fromiter(hidden, dtype=int))
        if shot not in chosen:
            raise InputError(f"shot {shot} is not hidden, so nothing is predicted there")
        start, stop = next(w for w in split_windows(title.num_shots, run.model.cfg.max_shots) if w[0] <= shot < w[1])
        in_window = np.zeros(stop - start, dtype=bool)
        in_window[chosen[(chosen >= start) & (chosen < stop)] - start] = True
        window = run.space.fuse(title.rows(start, stop))
        return cls(run, window, in_window, shot - start, start, Told.of(title).window(start, stop))

    @property
    def seen(self) -> np.ndarray:
        """(V,) places of the visible shots of the window; the model does not read those of other windows."""
        return np.flatnonzero(~self.hidden)

    def restore(self, hidden: np.ndarray, window: Tensor | None = None) -> Tensor:
        """Predict this shot with other sets of shots hidden.

        hidden   (B, S) bool
        window   (1, S, D) instead of the window's shots, to compute a gradient
        returns  (B, D), with the origin and the length of `msm.inference.predict`
        """
        model = self.run.model.eval()
        shown = torch.as_tensor(self.shots, device=model.device)[None] if window is None else window
        sets = torch.as_tensor(hidden, device=model.device)
        where = torch.zeros_like(sets)
        where[:, self.place] = True
        global_, times = as_tensors(self.told, model.device, len(sets))
        restored = model.restore(shown.expand(len(sets), -1, -1), sets, torch.ones_like(sets), global_, where, times)
        return model.origin + F.normalize(restored.float(), dim=-1) * model.prediction_norm
