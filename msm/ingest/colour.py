"""Colours of decoded frames as sRGB: matrix, range, and HDR (PQ, HLG) or BT.2020 made standard.

Thumbnails and embeddings are converted here in NumPy; for a playable copy the same function fills a table (a .cube
file) that ffmpeg's filter `lut3d` applies, so both show the same colours with any build of ffmpeg.
References: ITU-R BT.2100 (PQ, HLG), BT.2408 (203 cd/m² is the white of graphics), BT.2087 (BT.2020 to BT.709).
Shape letters: H and W of a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

# Numbers of ITU-T H.273, as ffmpeg has them
MATRICES = {1: "bt709", 4: "fcc", 5: "smpte170m", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
KEPT_MATRICES = ("bt709", "smpte170m")  # what every browser converts rightly
PRIMARIES = {1: "bt709", 5: "bt470bg", 6: "smpte170m"}
BT709, BT2020 = 1, 9
PQ, HLG = 16, 18
UNSPECIFIED = (0, 2, 3)
HD_LINES = 720  # from here on browsers take untagged video for BT.709, below for BT.601

WHITE_NITS = 203.0  # of a standard picture on an HDR screen
PEAK_NITS = 1000.0  # whatever is brighter becomes white
KNEE = 0.75  # share of white up to which light stays as it is
GAMMA = 2.4  # of a standard screen (BT.1886)
TO_BT709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]], np.float32
)
CUBE = 49  # points a side of the table for ffmpeg


@dataclass(frozen=True)
class Colour:
    """How the numbers of a frame are meant; transfer and primaries as in ITU-T H.273.

    matrix    a name of ffmpeg's; "" for RGB and what swscale decides by itself
    guessed   the frame names no matrix: it is guessed from its size, as browsers do
    """

    matrix: str
    guessed: bool
    transfer: int
    primaries: int

    @property
    def is_standard(self) -> bool:
        """Whether a standard screen can show it as it is."""
        return self.transfer not in (PQ, HLG) and self.primaries != BT2020


def colour_of(frame: av.VideoFrame) -> Colour:
    """What a frame's tags say, and a guess where they say nothing."""
    transfer, primaries = (int(getattr(frame, name, 2)) for name in ("color_trc", "color_primaries"))
    matrix = int(frame.colorspace)
    if frame.format.is_rgb:
        return Colour("", False, transfer, primaries)
    if matrix in UNSPECIFIED:
        wide = primaries == BT2020 or transfer in (PQ, HLG)
        guess = "bt2020" if wide else "bt709" if frame.height >= HD_LINES else "smpte170m"
        return Colour(guess, True, transfer, primaries)
    return Colour(MATRICES.get(matrix, ""), False, transfer, primaries)


_SWSCALE = {"bt709": Colorspace.ITU709, "smpte170m": Colorspace.ITU601, "bt2020": Colorspace.BT2020}


def rgb_of(
    frame: av.VideoFrame, width: int, height: int, reformatter: VideoReformatter, interpolation: Interpolation
) -> np.ndarray:
    """(height, width, 3) uint8 sRGB of a frame, scaled; not turned upright.

    reformatter  kept by the caller for frames of one kind, as making one costs more than using it
    """
    colour = colour_of(frame)
    given = {"src_colorspace": _SWSCALE[colour.matrix]} if colour.guessed else {}
    depth = "rgb24" if colour.is_standard else "rgb48le"
    scaled = reformatter.reformat(frame, width, height, depth, interpolation=interpolation, **given).to_ndarray()
    if colour.is_standard:
        return scaled
    return np.rint(to_standard(scaled.astype(np.float32) / 65535, colour) * 255).astype(np.uint8)


def to_standard(signal: np.ndarray, colour: Colour) -> np.ndarray:
    """(..., 3) float32 in 0 … 1, from HDR or wide-gamut R'G'B' to that of BT.709.

    Light up to three quarters of the standard white stays as it is; what is brighter is compressed smoothly, the three
    channels by one factor, so that hues stay.
    """
    light = _light(signal, colour)
    if colour.primaries != BT709:
        light = light @ TO_BT709.T
    light = np.maximum(light, 0)
    if colour.transfer in (PQ, HLG):
        light = _compressed(light)
    return np.clip(light, 0, 1) ** np.float32(1 / GAMMA)


def _light(signal: np.ndarray, colour: Colour) -> np.ndarray:
    """Linear light of a screen; 1 is the standard white."""
    if colour.transfer == PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        root = signal ** np.float32(1 / m2)
        return (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** np.float32(1 / m1) * np.float32(10_000 / WHITE_NITS)
    if colour.transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12).astype(np.float32)
        return scene ** np.float32(1.2) * np.float32(1000 / WHITE_NITS)  # a screen of 1000 cd/m², as zimg computes it
    return signal ** np.float32(GAMMA)


def _compressed(light: np.ndarray) -> np.ndarray:
    """The peak becomes white; a hyperbola that leaves the straight line at KNEE with the same slope."""
    peak = PEAK_NITS / WHITE_NITS
    brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    span, far = 1 - KNEE, peak - KNEE
    over = np.maximum(brightest - KNEE, 0)
    bend = (far - span) / (far * span)  # reaches 1 at the peak
    wanted = np.where(brightest > KNEE, KNEE + over / (1 + bend * over), brightest)
    return light * (np.minimum(wanted, 1) / brightest)


def write_cube(path: Path, colour: Colour) -> None:
    """The table of `to_standard` for ffmpeg's `lut3d`: CUBE³ lines, red fastest."""
    steps = np.linspace(0, 1, CUBE, dtype=np.float32)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    table = to_standard(np.stack([red, green, blue], axis=-1).reshape(-1, 3), colour)
    lines = "\n".join(f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in table.tolist())
    path.write_text(f"LUT_3D_SIZE {CUBE}\n{lines}\n", encoding="ascii")


def colour_filters(colour: Colour, size: str, cube: str) -> list[str]:
    """ffmpeg's filters that scale to `size` (its options of `scale`) and make the colours standard and limited in range.

    cube  name of the file of `write_cube`, relative to ffmpeg's folder; used only where the colours are not standard
    """
    given = f":in_color_matrix={colour.matrix}" if colour.guessed else ""
    matrix = colour.matrix if colour.matrix in KEPT_MATRICES else "bt709"
    primaries = PRIMARIES.get(colour.primaries, "bt709" if matrix == "bt709" else "smpte170m")
    tags = f"setparams=colorspace={matrix}:color_primaries={primaries}:color_trc=bt709:range=limited"
    if colour.is_standard:
        return [f"scale={size}{given}:out_color_matrix={matrix}:out_range=limited", "format=yuv420p", tags]
    return [
        f"scale={size}{given}",
        "format=gbrp16le",
        f"lut3d=file={cube}:interp=tetrahedral",
        "setparams=color_primaries=bt709:color_trc=bt709",
        "scale=out_color_matrix=bt709:out_range=limited",
        "format=yuv420p",
        tags,
    ]
