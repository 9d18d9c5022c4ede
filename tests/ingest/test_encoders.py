"""Descriptors answer for what they describe, and anyone's encoder can stand in for one."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ShotInput, ingest, load_encoders, plugins
from msm.ingest import encoder as encoder_module

DOCS = Path(__file__).resolve().parents[2] / "docs" / "ingest.md"
SECOND = 16_000


def shot(pictures: np.ndarray | None = None, sound: np.ndarray | None = None, text: str = "") -> ShotInput:
    return ShotInput(
        start_s=0,
        end_s=1,
        pictures=np.zeros((1, 90, 160, 3), np.uint8) if pictures is None else pictures,
        motion=np.zeros((18, 32), np.float32),
        changes=np.zeros(16, np.float32),
        sound=np.zeros(0, np.float32) if sound is None else sound.astype(np.float32),
        text=text,
    )


def cosines(modality: str, *shots: ShotInput) -> np.ndarray:
    encoder = next(e for e in load_encoders("descriptors") if e.modality == modality)
    vectors = encoder_module.encode(encoder, shots)
    assert vectors.shape == (len(shots), 768)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def landscape(sky: tuple[int, int, int], ground: tuple[int, int, int]) -> np.ndarray:
    picture = np.zeros((1, 90, 160, 3), np.uint8)
    picture[:, :45], picture[:, 45:] = sky, ground
    return picture


def test_a_picture_is_nearer_to_its_likeness_than_upside_down_or_in_other_colours():
    meadow, hazy = landscape((90, 160, 250), (40, 160, 40)), landscape((110, 170, 240), (60, 160, 60))
    upside_down, desert = landscape((40, 160, 40), (90, 160, 250)), landscape((250, 200, 90), (200, 120, 40))
    alike = cosines("video", shot(meadow), shot(hazy), shot(upside_down), shot(desert))[0]
    assert alike[1] > 0.8 > max(alike[2], alike[3])


def test_a_black_picture_is_still_a_picture():
    (vector,) = load_encoders("descriptors")[0].encode([shot()])
    assert vector.any() and np.isfinite(vector).all()


def tone(hertz: float, loud: float = 0.3, seconds: float = 2) -> np.ndarray:
    return loud * np.sin(2 * np.pi * hertz * np.arange(int(seconds * SECOND)) / SECOND)


def test_a_tone_is_nearer_to_its_neighbour_than_to_a_high_one_or_noise():
    noise = np.random.default_rng(0).normal(0, 0.2, 2 * SECOND)
    alike = cosines("audio", *(shot(sound=s) for s in (tone(300), tone(310), tone(3000), noise)))[0]
    assert alike[1] > alike[2] and alike[1] > alike[3]


def test_a_beat_is_nearer_to_the_same_beat_of_another_pitch_than_to_another_beat():
    def beat(hertz: float, per_second: float) -> np.ndarray:
        moments = np.arange(4 * SECOND) / SECOND
        return tone(hertz, seconds=4) * ((moments * per_second) % 1 < 0.3)

    rhythm = slice(448, 640)
    encoder = load_encoders("descriptors")[1]
    slow, other_pitch, fast = encoder.encode([shot(sound=s) for s in (beat(400, 2), beat(500, 2), beat(400, 5))])[
        :, rhythm
    ]
    assert np.linalg.norm(slow - other_pitch) < np.linalg.norm(slow - fast)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(SECOND), np.full(SECOND, 1e-4), tone(300)[:100]])
def test_silence_has_no_audio(sound):
    assert not load_encoders("descriptors")[1].encode([shot(sound=sound)]).any()


def test_the_shortest_sound_that_counts_is_described():
    assert load_encoders("descriptors")[1].encode([shot(sound=tone(300)[:1024])]).any()


def test_a_sentence_is_nearer_to_its_paraphrase_than_to_another():
    said = ("The ship leaves the harbour at dawn.", "At dawn the ships left our harbour", "Give me my money back")
    alike = cosines("text", *(shot(text=t) for t in said))[0]
    assert alike[1] > 0.3 > abs(alike[2])


@pytest.mark.parametrize("text", ["", "  ", "… – !"])
def test_no_words_have_no_text(text):
    assert not load_encoders("descriptors")[2].encode([shot(text=text)]).any()


def test_the_docs_encoder_works_as_an_entry_point(film, monkeypatch):
    code = next(b for b in re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S) if "Redness" in b)
    module: dict[str, object] = {}
    exec(code, module)

    class Entry(EntryPoint):
        def load(self):
            return module["encoders"]

    mine = Entry(name="redness", value="", group=plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda group, name="redness": [mine] if name == "redness" else [])
    report = ingest([film], film.parent / "catalog", IngestOptions(encoders="descriptors,redness"))
    assert report.failed == {}
    catalog = Catalog.open(film.parent / "catalog")
    assert next((m.name, m.dim, m.encoder) for m in catalog.modalities) == ("video", 2, "redness/1")
    assert catalog.shot_dim == 2 + 768 + 768


class Wrong:
    modality, name, dim = "video", "wrong/1", 3

    def __init__(self, answer: np.ndarray):
        self.answer = answer

    def encode(self, shots):
        return self.answer


@pytest.mark.parametrize(("answer", "sentence"), [(np.ones((1, 2)), "expected"), (np.full((1, 3), np.nan), "NaN")])
def test_an_encoder_that_breaks_its_promise_is_named(answer, sentence):
    with pytest.raises(InputError, match=f"wrong/1.*{sentence}"):
        encoder_module.encode(Wrong(answer), [shot()])


def test_every_file_in_the_folder_of_encoders_is_a_choice_and_can_be_named():
    known = ["clip", "descriptors", "open", "openai", "sentence", "trained", "video", "wav2vec2"]
    assert list(encoder_module.ENCODERS.names()) == known
    with pytest.raises(InputError, match="there are no encoders called 'clap'; there are clip, descriptors"):
        load_encoders("clap")


def test_an_encoder_without_models_refuses_one():
    with pytest.raises(InputError, match="descriptors=large cannot be loaded"):
        load_encoders("descriptors=large")
