"""A film becomes files that anyone could have brought: an .mp4, its subtitles, and a sidecar with what is known of it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pysubs2
from av.video.reformatter import Interpolation, VideoReformatter

from msm.io.files import whole_file
from sample_data.drawing.frames import PIXELS, Look, frames_of_shot
from sample_data.film import FILMED, Film
from sample_data.sound.mix import AFTER_S, BEFORE_S, Soundtrack, mouths
from sample_data.sound.voice import RATE
from sample_data.without_pictures import labels_of

HOLD = 2  # frames that each drawing is seen: animated on twos
VERSION = 2  # of the drawing and the sound: films made by another are made anew


def fingerprint(film: Film, seed: int) -> str:
    """What a rendered film must have been made from to be kept."""
    return hashlib.sha256(f"{VERSION}/{seed}/{film!r}".encode()).hexdigest()[:16]


def render_all(
    films: Sequence[tuple[Film, str]],
    folder: Path,
    seed: int,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Render each (film, split) that is not there yet; returns all the .mp4 files in order. `progress` hears shots."""
    folder.mkdir(parents=True, exist_ok=True)
    left = [(film, split) for film, split in films if not is_rendered(film, folder, seed)]
    done, total = 0, sum(len(film.shots) for film, _ in left)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_with_parent) as pool:
        running = {pool.submit(render, film, split, folder, seed): film for film, split in left}
        try:
            for future in as_completed(running):
                future.result()
                done += len(running[future].shots)
                progress(done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for film, split in films:
        write_sidecar(film, split, folder)
    return [folder / f"{film.title_id}.mp4" for film, _ in films]


def _leave_with_parent() -> None:
    """In a worker: Ctrl-C is the parent's affair, and nobody draws on when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def is_rendered(film: Film, folder: Path, seed: int) -> bool:
    stamp = folder / f"{film.title_id}.made"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == fingerprint(film, seed)


def render(film: Film, split: str, folder: Path, seed: int) -> None:
    """Write one film's files; the stamp that says so comes last."""
    name = film.title_id
    (folder / f"{name}.made").unlink(missing_ok=True)
    with whole_file(folder / f"{name}.mp4") as path:
        encode(film, path, seed)
    (folder / f"{name}.srt").write_text(subtitles(film), encoding="utf-8")
    write_sidecar(film, split, folder)
    (folder / f"{name}.made").write_text(fingerprint(film, seed), encoding="utf-8")


def write_sidecar(film: Film, split: str, folder: Path) -> None:
    """Left alone where it says the same already."""
    path, text = folder / f"{film.title_id}.json", json.dumps(sidecar(film, split), indent=1, ensure_ascii=False)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def shots_of(film: Film, seed: int) -> Iterator[tuple[Iterator[np.ndarray], np.ndarray]]:
    """Of each shot its frames, (216, 384, 4) uint8 RGBA, and its sound, (T,) float32 at 24 kHz."""
    look, track = Look(film, seed), Soundtrack(film, seed)
    for number, shot in enumerate(film.shots):
        sound, voice = track.of_shot(number)
        count = round((shot.end_s - shot.start_s) * FILMED.rate)
        yield _held(frames_of_shot(look, number, mouths(voice, count)[::HOLD], FILMED.rate / HOLD), count), sound


def _held(drawings: Iterator[np.ndarray], count: int) -> Iterator[np.ndarray]:
    for drawing in drawings:
        for _ in range(min(HOLD, count)):
            yield drawing
        count -= HOLD


def encode(film: Film, path: Path, seed: int) -> None:
    """H.264 and AAC in an .mp4."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        picture: Any = file.add_stream(
            "libx264", rate=FILMED.rate, options={"preset": "veryfast", "crf": "26", "threads": "1"}
        )
        picture.width, picture.height, picture.pix_fmt = *PIXELS, "yuv420p"
        sound: Any = file.add_stream("aac", rate=RATE, layout="mono")
        sound.bit_rate = 48_000
        frame_number, sample, scaler = 0, 0, VideoReformatter()
        for frames, samples in shots_of(film, seed):
            for drawing, pixels in enumerate(frames):
                if drawing % HOLD == 0:
                    colours = av.VideoFrame.from_ndarray(pixels, format="rgba")
                    image = scaler.reformat(colours, format="yuv420p", interpolation=Interpolation.POINT)
                image.pts, image.time_base = frame_number, Fraction(1, FILMED.rate)
                frame_number += 1
                file.mux(picture.encode(image))
            file.mux(sound.encode(_audio_frame(samples, sample)))
            sample += len(samples)
        for stream in (picture, sound):
            file.mux(stream.encode(None))


def _audio_frame(samples: np.ndarray, first: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
    return frame


def subtitles(film: Film) -> str:
    """SubRip: each line while it is spoken."""
    file = pysubs2.SSAFile()
    for shot in film.shots:
        if shot.text:
            begin, end = shot.start_s + BEFORE_S, shot.end_s - AFTER_S
            file.append(pysubs2.SSAEvent(round(begin * 1000), round(end * 1000), shot.text))
    return str(file.to_string("srt"))


def sidecar(film: Film, split: str) -> dict[str, Any]:
    """What `msm ingest` reads beside a film: facts of the title, and labels of its shots."""
    outline = film.outline
    return {
        "title_id": film.title_id,
        "name": film.name,
        "synopsis": film.synopsis,
        "tags": list(outline.tags),
        "split": split,
        "labels": {"genre": outline.genre.name, "year": outline.year},
        "shots": [{"start_s": s.start_s, "end_s": s.end_s, **labels_of(s)} for s in film.shots],
    }
