"""HDF5 in the layout of the video-summarisation benchmarks (SumMe and TVSum, `eccv16_dataset_*.h5`).

A group a video with `features`, one row for each of the frames `picks` that were looked at, and
`change_points`, the first and last frame of each shot. A shot's embedding is the mean of its picked
frames' features, or the nearest one's where it has none; without change points each picked frame is
a shot. Nothing outside the file is followed: only hard links are. Shape letters: T picked frames,
N shots of a title, U users.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from msm.errors import InputError
from msm.importers.format import FormatOptions
from msm.importers.source import Entry, only_file, parse_columns
from msm.io.arrays import MAX_DEFLATE_RATIO

NAME, SUFFIXES = "HDF5", (".h5", ".hdf5")
FEATURES = "features"
KNOWN = (FEATURES, "picks", "n_frames", "fps", "change_points", "n_frame_per_seg", "n_steps", "gtscore", "user_summary")


def open_source(options: FormatOptions) -> Hdf5Source:
    """One file, or a folder that holds one."""
    path = options.path
    return Hdf5Source(only_file(path, "h5", "name the file itself") if path.is_dir() else path, options.modalities)


class Hdf5Source:
    """See `Source`. Opening reads names, shapes and kinds, and no array."""

    def __init__(self, path: Path, modalities: Mapping[str, str]):
        self.path = path
        self._asked = {n: parse_columns(a) for n, a in (modalities or {FEATURES: FEATURES}).items()}
        self.dims: dict[str, int] = {}
        self.dtypes: dict[str, np.dtype] = {}
        self._dropped: dict[str, None] = {}
        self.entries: list[Entry] = []
        with _opened(path) as file:
            for name in sorted(file, key=_natural):
                group = _hard_link(file, name)
                if isinstance(group, h5py.Group):
                    self._survey(group, name)
                else:
                    self._dropped[f"{name!r}, which is no group of this file"] = None
        if not self.entries:
            raise InputError(f"{path} has no groups: a group a video is needed")
        self.dropped = list(self._dropped)

    def read(self, entry: Entry) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
        with _opened(self.path) as file:
            video = _Video(f"{self.path}, video {entry.key!r}", file[entry.key])
            blocks = {name: video.read(array)[:, columns] for name, (array, columns) in self._asked.items()}
            shots = video.shots(len(next(iter(blocks.values()))))
        return {name: shots.means(block) for name, block in blocks.items()}, shots.table

    def _survey(self, group: h5py.Group, key: str) -> None:
        where = f"{self.path}, video {key!r}"
        video = _Video(where, group)
        for name, (array, columns) in self._asked.items():
            found = video.dataset(array)
            if len(found.shape) != 2 or found.dtype.kind not in "fiu" or 0 in found.shape:
                raise InputError(
                    f"{where}: {array} has shape {found.shape} of {found.dtype}, expected (steps, width) of numbers"
                )
            width = len(range(found.shape[1])[columns])
            known = self.dims.setdefault(name, width)
            if width != known or width == 0:
                raise InputError(f"{where}: {name!r} is {width} wide, but {known} in the videos before it")
            self.dtypes[name] = np.result_type(self.dtypes.get(name, found.dtype), found.dtype)
        used = {array for array, _ in self._asked.values()}
        for name in group:
            if name not in KNOWN and name not in used and name != "video_name":
                self._dropped[f"dataset {name!r}"] = None
        self.entries.append(Entry(title_id=key, name=video.name(), key=key))


class _Video:
    """One group, read with every claim checked."""

    def __init__(self, where: str, group: h5py.Group):
        self.where, self._group = where, group

    def __contains__(self, name: str) -> bool:
        return name in self._group and isinstance(_hard_link(self._group, name), h5py.Dataset)

    def dataset(self, name: str) -> h5py.Dataset:
        """A data set stored in this file; InputError for objects, links outwards and false sizes."""
        if name not in self:
            raise InputError(f"{self.where}: {name} is missing")
        found = self._group[name]
        if found.dtype.hasobject or found.dtype.kind not in "biuf":
            raise InputError(f"{self.where}: {name} holds {found.dtype}, but only plain numbers are read")
        if found.external or found.is_virtual:
            raise InputError(f"{self.where}: {name} keeps its data in another file, which is not followed")
        if found.nbytes > MAX_DEFLATE_RATIO * found.id.get_storage_size() + 1024:
            raise InputError(
                f"{self.where}: {name} declares {found.nbytes} bytes, but {found.id.get_storage_size()} stored bytes cannot hold them"
            )
        return found

    def read(self, name: str) -> np.ndarray:
        try:
            return np.asarray(self.dataset(name)[()])
        except OSError as error:
            raise InputError(f"{self.where}: {name} is damaged: {str(error).splitlines()[0]}") from None

    def number(self, name: str) -> float | None:
        """A data set or attribute that holds one number; None where it is absent or not positive."""
        if name in self:
            value = self.read(name)
        elif name in self._group.attrs and not h5py.check_string_dtype(self._group.attrs.get_id(name).dtype):
            value = np.asarray(self._group.attrs[name])
        else:
            return None
        ok = value.size == 1 and value.dtype.kind in "iuf" and np.isfinite(value).all() and value.reshape(())[()] > 0
        return float(value.reshape(())[()]) if ok else None

    def name(self) -> str:
        """The video's own name, where the group has one text."""
        if "video_name" not in self:
            return ""
        found = self._group["video_name"]
        is_text = h5py.check_string_dtype(found.dtype) is not None or found.dtype.kind == "S"
        if not is_text or found.size != 1 or found.external or found.is_virtual:
            return ""
        value = np.asarray(found[()]).reshape(-1)[0]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def shots(self, num_steps: int) -> _Shots:
        picks = self.read("picks").reshape(-1).astype(np.int64) if "picks" in self else np.arange(num_steps)
        if len(picks) != num_steps or (np.diff(picks) <= 0).any():
            raise InputError(
                f"{self.where}: picks must be {num_steps} growing frame numbers, one for each row of features"
            )
        frames = self._change_points() if "change_points" in self else self._one_shot_a_step(picks)
        return _Shots(self, picks, frames)

    def _change_points(self) -> np.ndarray:
        frames = self.read("change_points")
        if frames.ndim != 2 or frames.shape[1] != 2 or not len(frames):
            raise InputError(f"{self.where}: change_points has shape {frames.shape}, expected (shots, 2)")
        frames = frames.astype(np.int64)
        wrong = (frames[:, 1] < frames[:, 0]) | (frames[:, 0] < np.r_[0, frames[:-1, 1] + 1])
        for row in np.flatnonzero(wrong):
            raise InputError(
                f"{self.where}: change_points, row {row}: {frames[row].tolist()} does not follow the shot before it"
            )
        return frames

    def _one_shot_a_step(self, picks: np.ndarray) -> np.ndarray:
        usual = int(np.median(np.diff(picks))) if len(picks) > 1 else 1
        last = max(picks[-1], int(self.number("n_frames") or picks[-1] + usual) - 1)
        return np.stack([picks, np.r_[picks[1:] - 1, last]], axis=1)


class _Shots:
    """Which picked frames belong to which shot, and the shots' rows."""

    def __init__(self, video: _Video, picks: np.ndarray, frames: np.ndarray):
        self._first = np.searchsorted(picks, frames[:, 0])
        self._stop = np.searchsorted(picks, frames[:, 1], side="right")
        self._picks, self._frames = picks, frames
        table: dict[str, Any] = {"start_frame": frames[:, 0], "end_frame": frames[:, 1]}
        fps = video.number("fps")
        if fps is not None:
            table |= {"start_s": frames[:, 0] / fps, "end_s": (frames[:, 1] + 1) / fps}
        table |= self._labels(video)
        self.table = pd.DataFrame(table)

    def _spans(self) -> Iterator[slice]:
        """For each shot its rows among the picked frames; the nearest one where it has none."""
        for first, stop, frame in zip(self._first, self._stop, self._frames.mean(axis=1), strict=True):
            if first < stop:
                yield slice(first, stop)
            else:
                nearest = int(np.argmin(np.abs(self._picks - frame)))
                yield slice(nearest, nearest + 1)

    def means(self, rows: np.ndarray) -> np.ndarray:
        """(T, …) → (N, …) float32, the mean over each shot."""
        return np.stack([rows[span].mean(axis=0, dtype=np.float32) for span in self._spans()])

    def _labels(self, video: _Video) -> dict[str, np.ndarray]:
        """`importance`, the mean score of a shot; `chosen`, the share of its frames that users kept."""
        labels = {}
        if "gtscore" in video:
            scores = video.read("gtscore").reshape(-1)
            if len(scores) != len(self._picks):
                raise InputError(
                    f"{video.where}: gtscore has {len(scores)} values for {len(self._picks)} rows of features"
                )
            labels["importance"] = self.means(scores)
        if "user_summary" in video:
            kept = np.atleast_2d(video.read("user_summary")).mean(axis=0)
            labels["chosen"] = np.array([kept[a : b + 1].mean() if a < len(kept) else np.nan for a, b in self._frames])
        return labels


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r", locking=False)
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except OSError as error:
        raise InputError(f"{path} is truncated or not HDF5: {str(error).splitlines()[0]}") from None


def _hard_link(group: h5py.Group, name: str) -> Any:
    """What a name means within this file; None for a link that leads elsewhere."""
    return group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None


def _natural(name: str) -> list[Any]:
    """Sorts video_2 before video_10."""
    return [(1, 0, part) if n % 2 == 0 else (0, int(part), "") for n, part in enumerate(re.split(r"(\d{1,18})", name))]
