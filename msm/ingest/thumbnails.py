"""Choose and write the thumbnail of a shot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def save_thumbnail(pictures: np.ndarray, path: Path) -> None:
    """Write one of a shot's (K, H, W, 3) uint8 pictures: the middle one, or the richest where that is nearly uniform."""
    spread = pictures.reshape(len(pictures), -1).std(axis=1)
    middle = len(pictures) // 2
    best = middle if spread[middle] >= 0.5 * spread.max() else int(spread.argmax())
    Image.fromarray(pictures[best]).save(path, "WEBP", quality=78, method=2)
