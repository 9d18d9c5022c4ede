"""Words of the sound, through transformers' own loading code with tiny random weights, and how long sound is heard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from msm import InputError
from msm.ingest import IngestOptions, ingest, transcription
from msm.ingest.transcription import SOUND_HZ, Transcriber, load_transcriber
from tests.ingest.conftest import Scene, write_film
from tests.ingest.dialogue import srt
from tests.ingest.test_words import said


@pytest.fixture(scope="module")
def whisper(tmp_path_factory) -> Path:
    """A multilingual Whisper of some kilobytes that knows three words."""
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights") / "whisper-tiniest"
    words = ["<|endoftext|>", "Ġhello", "Ġsea", "Ġthere"]
    tokenizer = transformers.WhisperTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[])
    special = ["startoftranscript", "en", "fr", "translate", "transcribe", "startoflm", "startofprev", "notimestamps"]
    tokenizer.add_special_tokens({"additional_special_tokens": [f"<|{name}|>" for name in special]})
    tokenizer.add_tokens([f"<|{i * 0.02:.2f}|>" for i in range(151)])
    at = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in special}
    kind = {"decoder_start_token_id": at["startoftranscript"], "eos_token_id": 0, "bos_token_id": 0, "pad_token_id": 0}
    size = {f"{part}_{what}": n for part in ("encoder", "decoder") for what, n in
            (("layers", 1), ("attention_heads", 2), ("ffn_dim", 16))}  # fmt: skip
    config = transformers.WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=16,
        max_source_positions=150,
        max_target_positions=64,
        begin_suppress_tokens=None,
        **size,
        **kind,
    )
    model = transformers.WhisperForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        no_timestamps_token_id=at["notimestamps"],
        prev_sot_token_id=at["startofprev"],
        lang_to_id={f"<|{code}|>": at[code] for code in ("en", "fr")},
        task_to_id={task: at[task] for task in ("transcribe", "translate")},
        is_multilingual=True,
        max_length=24,
        num_beams=1,
        max_initial_timestamp_index=50,
        **kind,
    )
    for part in (model, tokenizer, transformers.WhisperFeatureExtractor(chunk_length=3)):
        part.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def ctc(tmp_path_factory) -> Path:
    """A wav2vec 2.0 of some kilobytes that hears `a` all the time."""
    transformers = pytest.importorskip("transformers")
    import torch

    folder = tmp_path_factory.mktemp("weights") / "ctc"
    folder.mkdir()
    letters = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, "A": 5, "B": 6}
    (folder / "vocab.json").write_text(json.dumps(letters), encoding="utf-8")
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    convolutions = {"conv_dim": (8, 8), "conv_stride": (40, 8), "conv_kernel": (40, 8), "num_feat_extract_layers": 2}
    config = transformers.Wav2Vec2Config(
        **size, **convolutions, num_conv_pos_embedding_groups=2, num_conv_pos_embeddings=4, vocab_size=len(letters)
    )
    model = transformers.Wav2Vec2ForCTC(config)
    with torch.no_grad():
        model.lm_head.weight.zero_()
        model.lm_head.bias.copy_(torch.eye(len(letters))[letters["A"]])
    parts = (model, transformers.Wav2Vec2CTCTokenizer(folder / "vocab.json"), transformers.Wav2Vec2FeatureExtractor())
    for part in parts:
        part.save_pretrained(folder)
    return folder


@pytest.fixture
def film(tmp_path) -> Path:
    return write_film(tmp_path / "film.mp4", [Scene(0), Scene(1), Scene(2)])


@pytest.mark.slow
def test_a_film_without_words_is_transcribed_by_whisper(whisper, film):
    text, row = said(film, transcribe=str(whisper))
    assert row.words == "speech (whisper-tiniest)" and row.lines >= 1 and row.warnings == []
    spoken = " ".join(text).split()
    assert spoken and set(spoken) <= {"hello", "sea", "there"}


@pytest.mark.slow
def test_a_ctc_model_transcribes_with_the_times_of_its_words(ctc, film):
    text, row = said(film, transcribe=str(ctc))
    assert row.words == "speech (ctc)" and " ".join(text).split() == ["A"]


@pytest.mark.slow
def test_a_recogniser_is_asked_only_where_nothing_else_says_all(whisper, film):
    film.with_name("film.en.forced.srt").write_text(srt(["A sign"]), encoding="utf-8")
    assert said(film, transcribe=str(whisper))[1].words == "speech (whisper-tiniest)"
    film.with_name("film.fr.srt").write_text(srt(["Bonjour"]), encoding="utf-8")
    assert said(film, transcribe=str(whisper), language="de", replace=True)[1].words == "film.fr.srt"


@pytest.mark.slow
def test_the_language_reaches_whisper(whisper, monkeypatch):
    transcriber = load_transcriber(str(whisper))
    told = [
        transcriber._options(name).get("generate_kwargs", {}).get("language") for name in ("French", "fre", "de", "")
    ]
    assert told == ["fr", "fr", None, None]
    begun: list[object] = []
    generate = transcriber._pipeline.model.generate
    monkeypatch.setattr(
        transcriber._pipeline.model,
        "generate",
        lambda **options: begun.append(options["language"]) or generate(**options),
    )
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * SOUND_HZ).astype(np.float32)
    transcriber.lines(Sound(noise), "French")
    assert begun == ["fr"]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["empty", "clip"])
def test_a_model_that_is_no_recogniser_is_one_sentence_before_any_film_is_read(tmp_path, folder):
    transformers = pytest.importorskip("transformers")
    (tmp_path / folder).mkdir()
    if folder == "clip":
        transformers.BertConfig(hidden_size=8, num_attention_heads=2).save_pretrained(tmp_path / folder)
    with pytest.raises(InputError, match="cannot be loaded as a speech recogniser") as error:
        ingest([tmp_path / "missing.mp4"], tmp_path / "catalog", IngestOptions(transcribe=str(tmp_path / folder)))
    assert "\n" not in str(error.value) and str(tmp_path / folder) in str(error.value)


def test_missing_transformers_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(InputError, match=r"--transcribe needs transformers: pip install"):
        ingest([tmp_path / "missing.mp4"], tmp_path / "catalog", IngestOptions(transcribe="any/model"))


class Sound:
    """Samples in memory; keeps how many were read at most."""

    def __init__(self, samples: np.ndarray):
        self.samples, self.most = samples, 0

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SOUND_HZ

    def read(self, start_s: float, end_s: float) -> np.ndarray:
        piece = self.samples[round(start_s * SOUND_HZ) : round(end_s * SOUND_HZ)]
        self.most = max(self.most, len(piece))
        return piece


class Beeps:
    """Stands in for weights: a recogniser that writes down the loudness of each beep, as its kind of model would."""

    generation_config = model = feature_extractor = None

    def __init__(self, kind: str):
        self.type, self.calls = kind, 0

    def __call__(self, sound: dict[str, Any], **options: object) -> dict[str, Any]:
        self.calls += 1
        loud = np.abs(sound["raw"]).reshape(-1, SOUND_HZ // 100).max(axis=1)  # of each hundredth of a second
        edges = np.flatnonzero(np.diff(np.r_[0, loud > 0.01, 0]))
        spans = list(zip(edges[::2], edges[1::2], strict=True))
        chunks = [{"text": f" {loud[a:b].max() * 1000:.0f}", "timestamp": (a / 100, b / 100)} for a, b in spans]
        return {"text": "".join(chunk["text"] for chunk in chunks), "chunks": chunks}


def beeps(starts: list[float], length_s: float, duration_s: float) -> np.ndarray:
    """Beeps of rising loudness: the i-th is (100 + i) thousandths loud."""
    samples = np.zeros(round(duration_s * SOUND_HZ), np.float32)
    for i, start in enumerate(starts):
        samples[round(start * SOUND_HZ) : round((start + length_s) * SOUND_HZ)] = (100 + i) / 1000
    return samples


@pytest.mark.parametrize("kind", ["seq2seq_whisper", "ctc"])
@pytest.mark.parametrize("seed", range(5))
def test_each_line_of_long_sound_is_heard_once_and_whole_in_little_memory(monkeypatch, kind, seed):
    monkeypatch.setattr(transcription, "_load", lambda model: Beeps(kind))
    rng = np.random.default_rng(seed)
    starts = np.cumsum(rng.integers(200, 500, 60)) / 100  # seconds; some beeps lie across the ends of windows
    sound, told = Sound(beeps(list(starts), 1.2, float(starts[-1]) + 20)), []
    lines = Transcriber("beeps").lines(sound, heartbeat=told.append)
    assert [line.text for line in lines] == [str(100 + i) for i in range(60)]
    assert np.allclose([line.start_s for line in lines], starts, atol=0.02)
    assert np.allclose([line.end_s for line in lines], starts + 1.2, atol=0.02)
    assert sound.most <= 30 * SOUND_HZ and told == sorted(told) and told[-1] == pytest.approx(sound.duration_s)


def test_words_become_lines_at_pauses(monkeypatch):
    monkeypatch.setattr(transcription, "_load", lambda model: Beeps("ctc"))
    lines = Transcriber("beeps").lines(Sound(beeps([1.0, 1.5, 2.0, 4.0, 4.5], 0.3, 10)))
    assert [(round(line.start_s, 1), line.text) for line in lines] == [(1.0, "100 101 102"), (4.0, "103 104")]


def test_a_model_without_times_is_heard_in_short_windows(monkeypatch):
    monkeypatch.setattr(transcription, "_load", lambda model: Beeps("seq2seq"))
    lines = Transcriber("beeps").lines(Sound(beeps([1.0, 9.0, 17.0], 0.5, 30)))
    assert [(line.start_s, line.end_s, line.text) for line in lines] == [(0, 8, "100"), (8, 16, "101"), (16, 24, "102")]


def test_silence_is_not_given_to_a_recogniser(monkeypatch):
    recogniser = Beeps("seq2seq_whisper")
    monkeypatch.setattr(transcription, "_load", lambda model: recogniser)
    assert Transcriber("beeps").lines(Sound(np.zeros(100 * SOUND_HZ, np.float32))) == [] and recogniser.calls == 0
    assert Transcriber("beeps").lines(Sound(np.zeros(0, np.float32))) == []


def test_a_recogniser_that_fails_costs_the_words_and_not_the_film(monkeypatch, film):
    class Broken(Beeps):
        def __call__(self, sound: dict[str, Any], **options: object) -> dict[str, Any]:
            raise RuntimeError("index out of range")

    monkeypatch.setattr(transcription, "_load", lambda model: Broken("ctc"))
    transcription._loaded.cache_clear()
    text, row = said(film, transcribe="broken/model")
    transcription._loaded.cache_clear()
    assert text == [""] * 3 and "broken/model could not transcribe the sound at 0 s" in row.warnings[0]
