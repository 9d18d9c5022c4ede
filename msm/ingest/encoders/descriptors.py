"""The built-in encoders: plain statistics of pictures, sound and words, 768 numbers each.

No download, no training, the same answer on every machine. What each block means stands in docs/ingest.md.
Shape letters: K pictures of a shot, T moments of a sound (100 a second), B bands.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from functools import cache

import cv2
import numpy as np
from scipy.fft import dct, rfft

from msm.ingest.decoding import SOUND_HZ
from msm.ingest.encoder import Encoder, ShotInput, refuse_model

DIM = 768
SIDE = 96  # pictures are looked at in SIDE × SIDE pixels
WINDOW, HOP = 512, 160  # samples
BANDS = 64
SILENCE = 10 ** (-60 / 20)  # peak under which a sound counts as none
FLOOR_DB = -80.0


class VideoDescriptor:
    """Colour 256, layout 192, edges 128, texture 64, motion 128."""

    modality, name, dim = "video", "descriptors/1", DIM

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        return np.stack([_describe_pictures(shot) for shot in shots]).astype(np.float32)


class SoundDescriptor:
    """Log-mel statistics 320, contour 128, rhythm 192, harmony and timbre 84, loudness 44; zeros for silence."""

    modality, name, dim = "audio", "descriptors/1", DIM

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        return np.stack([_describe_sound(shot.sound) for shot in shots]).astype(np.float32)


class TextDescriptor:
    """Hashed words, pairs of words and letter groups, to unit length; zeros for a shot without words."""

    modality, name, dim = "text", "descriptors/1", DIM

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        return np.stack([describe_text(shot.text) for shot in shots]).astype(np.float32)


def load(model: str) -> list[Encoder]:
    """One encoder each of pictures, sound and words; InputError where a model is named."""
    refuse_model("descriptors", model)
    return [VideoDescriptor(), SoundDescriptor(), TextDescriptor()]


def _describe_pictures(shot: ShotInput) -> np.ndarray:
    """(768,) of a shot's pictures and motion; the blocks are scaled to weigh about alike."""
    looks = [_describe_picture(picture) for picture in shot.pictures]
    colour, layout, edges, texture = (np.mean(parts, axis=0) for parts in zip(*looks, strict=True))
    drift = np.std([look[1].reshape(8, 8, 3).mean(axis=(0, 1)) for look in looks], axis=0)  # (3,) of Lab
    return np.concatenate(
        [
            np.sqrt(colour),
            0.15 * layout,
            0.5 * np.sqrt(edges / max(1e-9, edges.sum())),
            0.05 * texture,
            _describe_motion(shot, drift),
        ]
    )


def _describe_picture(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Colour (256,), layout (192,), edges (128,), texture (64,) of one (H, W, 3) uint8 picture."""
    square = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return _colours(square), _layout(square), _edges(grey), _texture(grey)


def _colours(square: np.ndarray) -> np.ndarray:
    """Shares of 16 hues × 4 saturations × 4 brightnesses; what is nearly grey counts as one hue."""
    hsv = cv2.cvtColor(square, cv2.COLOR_RGB2HSV_FULL)
    hue, saturation, value = hsv[..., 0] // 16, hsv[..., 1] // 64, hsv[..., 2] // 64
    hue = np.where((saturation == 0) | (value == 0), 0, hue)
    cells = (hue.astype(int) * 4 + saturation) * 4 + value
    return np.bincount(cells.ravel(), minlength=256) / cells.size


def _layout(square: np.ndarray) -> np.ndarray:
    """Mean Lab colour of 8 × 8 cells, about −1 … 1."""
    small = cv2.resize(square, (8, 8), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    return ((lab - 128) / np.array([128, 48, 48], np.float32)).ravel()


def _edges(grey: np.ndarray) -> np.ndarray:
    """Strength of edges in 8 directions in each of 4 × 4 cells."""
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    direction = (np.arctan2(dy, dx) / np.pi * 8).astype(int) % 8
    cell = np.arange(SIDE) // (SIDE // 4)
    place = (cell[:, None] * 4 + cell[None, :]) * 8 + direction
    return np.bincount(place.ravel(), weights=np.hypot(dx, dy).ravel(), minlength=128)


def _texture(grey: np.ndarray) -> np.ndarray:
    """How much there is of four sizes of detail in each of 4 × 4 cells, as logarithms about 0 … 8."""
    parts = []
    for _ in range(4):
        coarse = cv2.pyrDown(grey)
        detail = np.abs(grey - cv2.pyrUp(coarse, dstsize=grey.shape[::-1]))
        parts.append(np.log1p(200 * cv2.resize(detail, (4, 4), interpolation=cv2.INTER_AREA)).ravel())
        grey = coarse
    return np.concatenate(parts)


def _describe_motion(shot: ShotInput, drift: np.ndarray) -> np.ndarray:
    """(128,) where it moves (8 × 12), how evenly in time (16), how much in all and how colours drift (16)."""
    where = np.log1p(cv2.resize(shot.motion, (12, 8), interpolation=cv2.INTER_AREA)).ravel() / 6
    overall = np.zeros(16)
    overall[0], overall[1:4] = np.log1p(shot.motion.mean()) / 6, 4 * drift
    return np.concatenate([0.12 * where, 0.5 * shot.changes, 0.5 * overall])


def _describe_sound(sound: np.ndarray) -> np.ndarray:
    """(768,) of a mono sound at 16 kHz, zeros where it is empty or silent."""
    if len(sound) < 2 * WINDOW or np.abs(sound).max() < SILENCE:
        return np.zeros(DIM)
    power = np.concatenate(list(_power(sound)))  # (T, 257)
    mel = np.maximum(10 * np.log10(power @ _mel_bands() + 1e-12), FLOOR_DB) / -FLOOR_DB + 0.5  # (T, B), about −0.5 … 1
    parts = [_mel_statistics(mel), _contour(mel), _rhythm(mel), _timbre(power, mel), _loudness(sound)]
    vector = np.concatenate(parts)
    assert vector.shape == (DIM,)
    return vector


def _power(sound: np.ndarray, block: int = 4096) -> Iterator[np.ndarray]:
    """(T, 257) power spectra, some thousand moments at a time."""
    moments = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    window = np.hanning(WINDOW).astype(np.float32)
    for start in range(0, len(moments), block):
        spectrum = np.asarray(rfft(moments[start : start + block] * window, axis=1))
        yield (spectrum.real**2 + spectrum.imag**2).astype(np.float32) / (WINDOW / 2) ** 2 * 4


@cache
def _mel_bands() -> np.ndarray:
    """(257, B) float32 triangles, evenly spaced in mel from 40 Hz to 7.6 kHz."""
    low, high = (2595 * np.log10(1 + f / 700) for f in (40.0, 7600.0))
    corners = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(WINDOW, 1 / SOUND_HZ)[:, None]
    rising = (hertz - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - hertz) / (corners[2:] - corners[1:-1])
    bands = np.maximum(0, np.minimum(rising, falling))
    nearest = np.abs(hertz - corners[1:-1]).argmin(axis=0)  # a narrow band may lie between two lines
    bands[nearest, np.arange(BANDS)] = np.maximum(bands[nearest, np.arange(BANDS)], 0.5)
    return bands.astype(np.float32)


def _mel_statistics(mel: np.ndarray) -> np.ndarray:
    """(320,) of each band: mean, spread, quiet and loud moments, and how fast it changes."""
    low, high = np.percentile(mel, [10, 90], axis=0)
    speed = np.diff(mel, axis=0).std(axis=0)
    return np.concatenate([mel.mean(axis=0), 2 * mel.std(axis=0), low, high, 4 * speed]) / 8


def _contour(mel: np.ndarray) -> np.ndarray:
    """(128,) how 8 groups of bands rise and fall over 16 parts of the shot, against their mean."""
    groups = mel.reshape(len(mel), 8, -1).mean(axis=2)
    edges = np.linspace(0, len(mel), 17).astype(int)
    parts = np.stack([groups[a : max(a + 1, b)].mean(axis=0) for a, b in itertools.pairwise(edges)])
    return (parts - parts.mean(axis=0)).T.ravel() / 4


def _rhythm(mel: np.ndarray) -> np.ndarray:
    """(192,) modulation of 8 groups of bands at 16 tempi from 0.5 to 16 Hz, and self-similarity of onsets at 64 lags."""
    groups = mel.reshape(len(mel), 8, -1).mean(axis=2)
    moments = np.arange(len(groups)) / (SOUND_HZ / HOP)
    waves = np.exp(-2j * np.pi * np.geomspace(0.5, 16, 16)[:, None] * moments)  # (16, T)
    modulation = np.abs(waves @ (groups - groups.mean(axis=0))) / len(groups)  # (16, 8)
    onsets = np.maximum(0, np.diff(mel, axis=0)).sum(axis=1)
    onsets = onsets - onsets.mean()
    energy = max(float(onsets @ onsets), 1e-9)
    lags = np.geomspace(10, 200, 64).astype(int)
    alike = [float(onsets[lag:] @ onsets[:-lag]) / energy if lag < len(onsets) else 0.0 for lag in lags]
    return np.concatenate([4 * modulation.T.ravel(), np.array(alike) / 8])


def _timbre(power: np.ndarray, mel: np.ndarray) -> np.ndarray:
    """(84,) cepstrum (20 means, 20 spreads, 20 speeds), 12 pitch classes (mean and spread)."""
    cepstrum = np.asarray(dct(mel, axis=1, norm="ortho"))[:, :20]
    pitch = power @ _pitch_classes()
    pitch = pitch / np.maximum(pitch.sum(axis=1, keepdims=True), 1e-12)
    speed = np.diff(cepstrum, axis=0).std(axis=0)
    spread = cepstrum.std(axis=0)
    return np.concatenate(
        [cepstrum.mean(axis=0) / 8, spread / 4, speed / 2, pitch.mean(axis=0) / 2, pitch.std(axis=0) / 2]
    )


@cache
def _pitch_classes() -> np.ndarray:
    """(257, 12) which spectral line belongs to which of the 12 notes, from 100 Hz to 4 kHz."""
    hertz = np.fft.rfftfreq(WINDOW, 1 / SOUND_HZ)
    heard = (hertz >= 100) & (hertz <= 4000)
    note = np.round(12 * np.log2(np.maximum(hertz, 1) / 440)).astype(int) % 12
    return ((note[:, None] == np.arange(12)) & heard[:, None]).astype(np.float32)


def _loudness(sound: np.ndarray) -> np.ndarray:
    """(44,) histogram of loudness (32 steps of 2.5 dB), then peak, loudness, dynamics, silence, zero crossings."""
    usable = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
    level = np.maximum(20 * np.log10(np.sqrt((usable**2).mean(axis=1)) + 1e-9), FLOOR_DB)
    steps = np.bincount(np.minimum(31, ((level - FLOOR_DB) / 2.5).astype(int)), minlength=32) / len(level)
    crossings = np.abs(np.diff(np.signbit(usable), axis=1)).mean(axis=1)
    facts = np.zeros(12)
    facts[:6] = [
        np.abs(sound).max(),
        1 + level.mean() / -FLOOR_DB,
        level.std() / 20,
        (level < -60).mean(),
        4 * crossings.mean(),
        4 * crossings.std(),
    ]
    return np.concatenate([np.sqrt(steps) / 2, facts / 4])


def describe_text(text: str) -> np.ndarray:
    """(768,) unit length, or zeros where there is no word."""
    vector = np.zeros(DIM)
    for gram, weight in _grams(text):
        code = zlib.crc32(gram.encode("utf-8", "replace"))
        vector[code % DIM] += weight if code >> 31 else -weight
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector


def _grams(text: str) -> Iterator[tuple[str, float]]:
    """Words (short ones say less), pairs of words, groups of four letters, each with its weight."""
    words = re.findall(r"\w+", text.casefold())
    for word in words:
        yield f"w:{word}", 1.0 if len(word) > 3 else 0.4
        padded = f"<{word}>"
        for i in range(max(0, len(padded) - 3)):
            yield f"c:{padded[i : i + 4]}", 0.3
    for first, second in itertools.pairwise(words):
        yield f"p:{first} {second}", 0.5
