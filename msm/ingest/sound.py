"""The sound of a film: resampled to mono int16, and kept on disk until the shots are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
import av.error
import numpy as np

SOUND_HZ = 16_000
LONGEST_GAP_S = 24 * 3600.0  # of silence; a stamp that is further ahead is damaged


class SoundSpool:
    """The sound of a film on disk, so that hours of it need no memory: mono int16 at SOUND_HZ."""

    def __init__(self, path: Path):
        self._file: BinaryIO = open(path, "w+b")  # noqa: SIM115 — closed by close()
        self._samples = 0

    def write(self, start_s: float, piece: np.ndarray) -> None:
        """Append a piece; a gap before it becomes silence, what overlaps the former piece is dropped."""
        gap = round(start_s * SOUND_HZ) - self._samples
        if gap > LONGEST_GAP_S * SOUND_HZ:
            return
        if gap > SOUND_HZ // 10:
            self._file.seek(gap * 2, 1)
            self._samples += gap
        elif gap < -SOUND_HZ // 10:
            piece = piece[-gap:]
        self._file.write(piece.astype("<i2", copy=False).tobytes())
        self._samples += len(piece)

    @property
    def duration_s(self) -> float:
        """When the sound ends, 0 where there is none."""
        return self._samples / SOUND_HZ

    def read(self, start_s: float, end_s: float) -> np.ndarray:
        """(samples,) float32 in −1 … 1; shorter where the sound ends earlier."""
        start, end = (min(max(0, round(s * SOUND_HZ)), self._samples) for s in (start_s, end_s))
        self._file.seek(start * 2)
        samples = np.frombuffer(self._file.read((end - start) * 2), dtype="<i2").astype(np.float32) / 32768
        self._file.seek(0, 2)
        return samples

    def close(self) -> None:
        self._file.close()


class Resampler:
    """Sound of any rate and layout, changing on the way even, as mono int16 at SOUND_HZ."""

    def __init__(self) -> None:
        self._new()

    def _new(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_HZ)

    def pieces(self, frame: av.AudioFrame) -> Iterator[np.ndarray]:
        """(samples,) int16 each; none where a damaged frame cannot be resampled."""
        try:
            pieces = self._resampler.resample(frame)
        except (ValueError, av.error.FFmpegError):  # the rate or the layout is another one from here on
            self._new()
            try:
                pieces = self._resampler.resample(frame)
            except (ValueError, av.error.FFmpegError):
                return self._new()
        for piece in pieces:
            yield piece.to_ndarray().reshape(-1)
        return None
