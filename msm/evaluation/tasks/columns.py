"""Scaling and principal components, fitted on the examples that a probe is fitted on and on no others.

Shape letters: I examples, d width of an embedding, c components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Columns:
    """Standardised columns, rotated to their leading principal components where there are more columns than that."""

    scale: StandardScaler
    components: np.ndarray | None  # (d, c)
    spread: float  # root mean square of the columns that it returns, on the examples that it was fitted on

    @classmethod
    def fit(cls, x: np.ndarray, most: int) -> Columns:
        """(I, d) → columns, at most `most` and at most I; where I < d a rotation loses nothing that a linear probe could use."""
        scale = StandardScaler().fit(x)
        most = min(most, len(x))
        if x.shape[1] <= most:
            return cls(scale, None, 1.0)
        z = scale.transform(x).astype(np.float64)
        if len(x) <= x.shape[1]:
            values, vectors = np.linalg.eigh(z @ z.T)  # (I, I)
            kept = np.argsort(-values)[:most]
            kept = kept[values[kept] > 1e-9 * max(values[-1], 1e-30)]
            basis = z.T @ vectors[:, kept] / np.sqrt(values[kept]) if len(kept) else np.zeros((x.shape[1], 1))
        else:
            basis = np.linalg.eigh(z.T @ z)[1][:, ::-1][:, :most]
        spread = float(np.sqrt(np.mean(np.square(z @ basis))))
        return cls(scale, basis.astype(np.float32), spread or 1.0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(I, d) → (I, c) float32."""
        z = self.scale.transform(x).astype(np.float32)
        return z if self.components is None else z @ self.components
