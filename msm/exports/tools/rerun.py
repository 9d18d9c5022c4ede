"""Rerun: `shots.rrd`, each title on its own time line with frames, text and labels, and the map of all shots."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from msm.exports.layout import places
from msm.exports.shots import ShotBatch, Shots
from msm.exports.tool import Tool

TIME, SHOT = "time in the film", "shot"
NOT_LOGGED = ("id", "title_id", "shot", "start_s", "end_s", "text")


def write(shots: Shots, folder: Path) -> None:
    """One recording; a viewer steps through it by `shot` or by the time in the film."""
    import rerun as rr

    recording = rr.RecordingStream("msm", recording_id=f"{shots.catalog.fingerprint}")
    recording.save(folder / "shots.rrd")
    vectors, names = [], []
    for batch in shots:
        log_title(recording, batch)
        vectors.append(batch.vectors)
        names += [f"{batch.title.title_id}:{shot}" for shot in batch.table["shot"].to_pylist()]
    together = np.concatenate(vectors)
    recording.log("map", rr.Points2D(places(shots, together), labels=names, show_labels=False), static=True)
    recording.flush()
    recording.disconnect()


def log_title(recording: Any, batch: ShotBatch) -> None:
    """Frame, text, labels and vector of every shot of a title."""
    import rerun as rr

    place = rr.new_entity_path(["titles", batch.title.title_id])  # its id may hold any character
    for row, vector, picture in zip(batch.table.to_pylist(), batch.vectors, batch.thumbnails, strict=True):
        recording.set_time(SHOT, sequence=row["shot"])
        start = row.get("start_s")
        if start is not None and math.isfinite(start):
            recording.set_time(TIME, duration=start)
        if picture is not None:
            recording.log(f"{place}/frame", rr.EncodedImage(contents=as_jpeg(picture), media_type="image/jpeg"))
        if row.get("text"):
            recording.log(f"{place}/text", rr.TextLog(row["text"]))
        labels: dict[str, Any] = {k: str(v) for k, v in row.items() if v is not None and k not in NOT_LOGGED}
        recording.log(f"{place}/labels", rr.AnyValues(**labels))
        recording.log(f"{place}/embedding", rr.Tensor(vector))


def as_jpeg(path: Path) -> bytes:
    """The viewer of Rerun does not read WebP everywhere."""
    with Image.open(path) as picture, io.BytesIO() as out:
        picture.convert("RGB").save(out, "JPEG", quality=90)
        return out.getvalue()


TOOL = Tool(write=write, opens="rerun {out}/shots.rrd", needs=("rerun",))
