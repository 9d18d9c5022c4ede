"""The predictor of partly hidden shots inside a neighbour head: the baseline `msm.baselines.known_modalities`, in batches and with gradients.

With the parameters that the baseline estimated. Its mixture of visible shots, of which a share is kriging, is where the head starts; what
a mixture leaves of the known modalities predicts the hidden ones by regression, whichever mixture it is. What that regression, which is linear,
leaves is predicted by small networks (`known_network`).

Shape letters: P partly hidden shots of all windows, S shots of a window, M modalities, C components of a modality, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from msm.baselines.known_modalities import COMPONENTS, DEFAULT, complete, of_place, slopes_for
from msm.models.heads.neighbour.known_network import KnownNetwork
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
        # Of what kriging leaves of all modalities, where the first index is the one that is wanted.
        self.register_buffer("covariance", torch.zeros(count, count * COMPONENTS, count * COMPONENTS))
        self.register_buffer("settings", torch.zeros(count, len(DEFAULT)))
        self.strength = nn.Parameter(torch.ones(count))  # of the regression of each modality, as learned
        self.networks = nn.ModuleList(KnownNetwork(count) for _ in range(count))
        self._slopes: dict[tuple[bool, ...], Tensor] = {}

    def set_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Take over the parameters of the baseline."""
        self.components.copy_(torch.from_numpy(np.array(parameters["components"], dtype=np.float32)))
        settings = [complete(setting) for setting in parameters["settings"]]
        self.settings.copy_(torch.tensor(settings, dtype=torch.float32))
        for place in range(len(settings)):
            self.covariance[place] = torch.from_numpy(of_place(np.asarray(parameters["covariance"]), place))
        self._slopes.clear()

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *more: Any) -> None:
        """Weights from before kriging had a share in the baseline get none of it, and one covariance for all modalities."""
        settings, covariance = (state_dict.get(f"{prefix}{name}") for name in ("settings", "covariance"))
        if settings is not None and settings.shape[1] < self.settings.shape[1]:
            missing = self.settings.shape[1] - settings.shape[1]
            state_dict[f"{prefix}settings"] = nn.functional.pad(settings, (0, missing))
        if covariance is not None and covariance.dim() == 2:
            state_dict[f"{prefix}covariance"] = covariance.expand_as(self.covariance)
        super()._load_from_state_dict(state_dict, prefix, *more)
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
            found = np.zeros_like(covariance[0])
            for place in np.flatnonzero(key).tolist():
                _, _, share, ridge, _ = self.settings[place].tolist()
                columns = slice(place * COMPONENTS, (place + 1) * COMPONENTS)
                found[np.repeat(parts, COMPONENTS), columns] = share * slopes_for(
                    place, parts, covariance[place], ridge
                )
            self._slopes[key] = torch.from_numpy(found)
        return self._slopes[key].to(self.covariance) * self.strength.repeat_interleave(COMPONENTS)

    def weights(self, similarity: Tensor, distance: Tensor, hidden: Tensor, usable: Tensor) -> tuple[Tensor, Tensor]:
        """(P, S) weights of the visible shots by distance and likeness, and (P, 1) the share of kriging; means over the hidden modalities.

        similarity  (P, S) cosine of the known modalities
        distance    (P, S) shots
        hidden      (P, M) bool
        usable      (P, S, M) bool: a visible shot that says something of the hidden modality
        """
        bandwidth, temperature, _, _, kriging = self.settings.unbind(dim=1)
        logits = similarity.unsqueeze(-1) / temperature - distance.unsqueeze(-1) / bandwidth
        each = logits.masked_fill(~usable, NEVER).softmax(dim=1)  # (P, S, M)
        of_each = hidden / hidden.sum(dim=-1, keepdim=True).clamp(min=1)  # (P, M)
        return (each @ (of_each * (1 - kriging)).unsqueeze(-1)).squeeze(-1), of_each @ kriging.unsqueeze(-1)
