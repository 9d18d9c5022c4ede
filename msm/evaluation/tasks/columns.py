"""Scaling and principal components, fitted on the examples that a probe is fitted on and on no others.

Shape letters: I examples, d width of an embedding, c components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import StandardScaler

MOST_ROWS = 512  # from which components are estimated, or as many as there are components


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
        few = np.unique(np.linspace(0, len(x) - 1, min(len(x), max(most, MOST_ROWS))).astype(int))
        z = scale.transform(x[few]).astype(np.float64)
        values, vectors = np.linalg.eigh(z @ z.T)  # of as many rows as there are examples, however wide an embedding is
        kept = np.argsort(-values)[:most]
        kept = kept[values[kept] > 1e-9 * max(values[-1], 1e-30)]
        basis = z.T @ vectors[:, kept] / np.sqrt(values[kept]) if len(kept) else np.zeros((x.shape[1], 1))
        spread = float(np.sqrt(np.mean(np.square(z @ basis))))
        return cls(scale, basis.astype(np.float32), spread or 1.0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(I, d) → (I, c) float32."""
        z = self.scale.transform(x).astype(np.float32)
        return z if self.components is None else z @ self.components
