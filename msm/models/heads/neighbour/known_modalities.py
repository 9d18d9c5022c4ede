"""The predictor of partly hidden shots inside a neighbour head: the baseline `msm.baselines.known_modalities`, in batches and with gradients.

With the parameters that the baseline estimated. Its weights of the visible shots are where the head starts; what a mixture of visible
shots leaves of the known modalities predicts the hidden ones by regression, whichever mixture it is.

Shape letters: P partly hidden shots of all windows, S shots of a window, M modalities, C components of a modality, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from msm.baselines.known_modalities import COMPONENTS, DEFAULT, slopes_for
from msm.models.transformer import only_shapes

NEVER = -1e9


class KnownModalities(nn.Module):
    """The parameters of the baseline; all zero, and without effect, where it was not fitted."""

    components: Tensor
    covariance: Tensor
    settings: Tensor

    def __init__(self, modality_dims: Sequence[int]):
        super().__init__()
        self.modality_dims = tuple(modality_dims)
        count = len(self.modality_dims)
        # Estimated on the training titles; saved with the weights.
        self.register_buffer("components", torch.zeros(sum(self.modality_dims), COMPONENTS))  # each modality's own
        self.register_buffer("covariance", torch.zeros(count * COMPONENTS, count * COMPONENTS))
        self.register_buffer("settings", torch.zeros(count, len(DEFAULT)))  # bandwidth, temperature, share, ridge
        self.strength = nn.Parameter(torch.ones(count))  # of the regression of each modality, as learned
        self._slopes: dict[tuple[bool, ...], Tensor] = {}

    def set_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Take over the parameters of the baseline."""
        for name in ("components", "covariance", "settings"):
            getattr(self, name).copy_(torch.from_numpy(np.array(parameters[name], dtype=np.float32)))
        self._slopes.clear()

    def _load_from_state_dict(self, *args: Any) -> None:
        super()._load_from_state_dict(*args)
        self._slopes.clear()

    @property
    def fitted(self) -> bool:
        """Whether there are parameters."""
        return not only_shapes() and bool(self.settings.any())

    def basis(self) -> Tensor:
        """(D, M C): the components, each modality's in columns of its own."""
        return torch.block_diag(*self.components.split(self.modality_dims))

    def slopes(self, hidden: Tensor) -> Tensor:
        """(M,) bool, the hidden modalities → (M C, M C): from components of the known modalities to those of the hidden ones."""
        key = tuple(hidden.tolist())
        if key not in self._slopes:
            parts, covariance = ~np.array(key), self.covariance.cpu().numpy()
            found = np.zeros_like(covariance)
            for place in np.flatnonzero(key).tolist():
                *_, share, ridge = self.settings[place].tolist()
                columns = slice(place * COMPONENTS, (place + 1) * COMPONENTS)
                found[np.repeat(parts, COMPONENTS), columns] = share * slopes_for(place, parts, covariance, ridge)
            self._slopes[key] = torch.from_numpy(found)
        return self._slopes[key].to(self.covariance) * self.strength.repeat_interleave(COMPONENTS)

    def weights(self, similarity: Tensor, distance: Tensor, hidden: Tensor, usable: Tensor) -> Tensor:
        """(P, S) weights of the visible shots: by distance and likeness, the mean over the hidden modalities.

        similarity  (P, S) cosine of the known modalities
        distance    (P, S) shots
        hidden      (P, M) bool
        usable      (P, S, M) bool: a visible shot that says something of the hidden modality
        """
        bandwidth, temperature = self.settings[:, :2].unbind(dim=1)
        logits = similarity.unsqueeze(-1) / temperature - distance.unsqueeze(-1) / bandwidth
        each = logits.masked_fill(~usable, NEVER).softmax(dim=1)  # (P, S, M)
        return (each * hidden.unsqueeze(1)).sum(dim=-1) / hidden.sum(dim=-1, keepdim=True).clamp(min=1)
