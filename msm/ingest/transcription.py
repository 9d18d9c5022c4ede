"""Words of a film's sound, by a speech recogniser of transformers: Whisper, wav2vec 2.0 with CTC, and their kin.

Sound is heard in windows, so that hours of it need no more memory than one window. A line that reaches the end of a
window may be cut off there, so that the next window begins with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from msm.errors import InputError, lacks_memory
from msm.ingest.languages import code_of
from msm.ingest.subtitles import Line

SOUND_HZ = 16_000
WINDOW_S = 30.0
UNTIMED_WINDOW_S = 8.0  # of a model that gives no times, whose windows are its lines
SHORTEST_S = 0.2  # of sound that is worth hearing
SILENCE = 1e-3  # of the full scale, −60 dB
EDGE_S = 0.5  # a line that ends so near to the end of a window may go on after it
PAUSE_S = 0.6  # between words: a new line
LONGEST_LINE_S = 6.0


class Sound(Protocol):
    """Sound that can be read in pieces, such as `SoundSpool`."""

    @property
    def duration_s(self) -> float: ...

    def read(self, start_s: float, end_s: float) -> np.ndarray:
        """(samples,) float32, mono, at SOUND_HZ."""
        ...


class Transcriber:
    """A speech recogniser; `name` is what a report calls it.

    Raises InputError where transformers is missing or the model cannot be loaded.
    """

    def __init__(self, model: str):
        self.name = Path(model).name
        self._model = model
        self._pipeline = _load(model)
        self._timestamps = {"seq2seq_whisper": True, "seq2seq": None}.get(self._pipeline.type, "word")
        longest_s = float(getattr(self._pipeline.feature_extractor, "chunk_length", None) or WINDOW_S)  # of Whisper
        self._window_s = longest_s if self._timestamps else UNTIMED_WINDOW_S

    def lines(
        self, sound: Sound, language: str = "", heartbeat: Callable[[float], None] = lambda seconds: None
    ) -> list[Line]:
        """What is said, by time. `heartbeat` hears the seconds that are done, and may raise to stop."""
        lines: list[Line] = []
        start_s = 0.0
        while sound.duration_s - start_s >= SHORTEST_S:
            end_s = min(start_s + self._window_s, sound.duration_s)
            found = self._heard(sound.read(start_s, end_s), start_s, language)
            following_s = end_s
            if end_s < sound.duration_s and len(found) > 1 and found[-1].end_s > end_s - EDGE_S:
                following_s = max(found.pop().start_s, start_s + SHORTEST_S)
            lines += found
            start_s = following_s
            heartbeat(start_s)
        return lines

    def _heard(self, samples: np.ndarray, start_s: float, language: str) -> list[Line]:
        """The lines of a window."""
        length_s = len(samples) / SOUND_HZ
        if length_s < SHORTEST_S or np.abs(samples).max() < SILENCE:
            return []
        try:
            found = self._pipeline({"raw": samples, "sampling_rate": SOUND_HZ}, **self._options(language))
        except Exception as error:  # a model may be anyone's
            why = "there is not enough memory" if lacks_memory(error) else " ".join(str(error).split())[:200]
            raise InputError(f"{self._model} could not transcribe the sound at {start_s:.0f} s: {why}") from error
        chunks = found.get("chunks") if self._timestamps else [{"text": found["text"], "timestamp": (0.0, length_s)}]
        pieces = [piece for chunk in chunks or [] for piece in _piece(chunk, length_s)]
        joined = _joined(pieces) if self._timestamps == "word" else pieces
        return [Line(start_s + p.start_s, start_s + p.end_s, p.text) for p in joined]

    def _options(self, language: str) -> dict[str, Any]:
        options: dict[str, Any] = {"return_timestamps": self._timestamps} if self._timestamps else {}
        code = code_of(language).removesuffix("-hant")
        spoken = getattr(getattr(self._pipeline.model, "generation_config", None), "lang_to_id", None) or {}
        if f"<|{code}|>" in spoken:
            options["generate_kwargs"] = {"language": code, "task": "transcribe"}
        return options


def _piece(chunk: dict[str, Any], length_s: float) -> Iterator[Line]:
    """A chunk of the pipeline inside its window; none where it holds no words."""
    text = " ".join(str(chunk["text"]).split())
    start, end = chunk["timestamp"]
    start_s = min(max(0.0, start or 0.0), length_s)
    end_s = length_s if end is None else min(end, length_s)
    if text and start_s < length_s and end_s >= start_s:  # Whisper pads what it hears, and may go on in the padding
        yield Line(start_s, max(end_s, start_s + 0.01), text)


def _joined(words: Sequence[Line]) -> list[Line]:
    """Words as lines: a pause or six seconds end one."""
    lines: list[Line] = []
    for word in words:
        last = lines[-1] if lines else None
        if last is not None and word.start_s - last.end_s < PAUSE_S and word.end_s - last.start_s <= LONGEST_LINE_S:
            lines[-1] = Line(last.start_s, word.end_s, f"{last.text} {word.text}")
        else:
            lines.append(word)
    return lines


def load_transcriber(model: str) -> Transcriber:
    """The recogniser of a local folder or a hub name; InputError where it cannot be loaded."""
    return _loaded(model)


# Kept: every title asks for it anew, and loading takes seconds.
@lru_cache(maxsize=1)
def _loaded(model: str) -> Transcriber:
    return Transcriber(model)


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a logger's warnings back."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _load(model: str) -> Any:
    try:
        import torch
        import transformers
    except ImportError:
        raise InputError("--transcribe needs transformers: pip install 'msm-workbench[encoders]'") from None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        with _quiet("huggingface_hub"):  # one sentence says all of its retries
            pipeline = transformers.pipeline(
                "automatic-speech-recognition", model=model, device=device, trust_remote_code=False
            )
        if pipeline.feature_extractor.sampling_rate != SOUND_HZ:
            raise ValueError(f"it hears {pipeline.feature_extractor.sampling_rate} samples a second, not {SOUND_HZ}")
    except Exception as error:  # a folder may hold anything
        if lacks_memory(error):
            raise InputError(f"there is not enough memory for the model {model} of --transcribe") from None
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"--transcribe {model} cannot be loaded as a speech recogniser: {reason}") from None
    return pipeline
