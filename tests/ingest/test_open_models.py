"""Open weights through transformers' own loading code, with tiny random weights in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest, load_encoders

pytestmark = pytest.mark.slow  # transformers takes seconds to import
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """clip/, wav2vec2/ and sentence/, each some kilobytes of random weights."""
    import torch

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {**small, "image_size": 32, "patch_size": 16}
    clip = transformers.CLIPConfig(text_config={**small, "vocab_size": 50}, vision_config=vision, projection_dim=12)
    transformers.CLIPModel(clip).save_pretrained(folder / "clip")
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    transformers.CLIPImageProcessor(**size).save_pretrained(folder / "clip")
    convolutions = {"conv_dim": (8, 8), "conv_stride": (5, 4), "conv_kernel": (10, 8), "num_feat_extract_layers": 2}
    heard = transformers.Wav2Vec2Config(
        **small, **convolutions, num_conv_pos_embedding_groups=2, num_conv_pos_embeddings=4
    )
    transformers.Wav2Vec2Model(heard).save_pretrained(folder / "wav2vec2")
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder / "wav2vec2")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "sea"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    transformers.BertModel(transformers.BertConfig(**small, vocab_size=len(words))).save_pretrained(folder / "sentence")
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder / "sentence")
    return folder


def test_a_film_is_encoded_by_open_weights(weights, film):
    film.with_suffix(".srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nhello sea\n", encoding="utf-8")
    choice = ",".join(f"{name}={weights / name}" for name in ("clip", "wav2vec2", "sentence"))
    report = ingest([film], film.parent / "catalog", IngestOptions(encoders=choice, media=False))
    assert report.failed == {}
    (title,) = catalog = Catalog.open(film.parent / "catalog")
    assert [(m.name, m.dim, m.encoder.partition("@sha256-")[0]) for m in catalog.modalities] == [
        ("video", 12, "clip:clip"),
        ("audio", 16, "wav2vec2:wav2vec2"),
        ("text", 16, "sentence:sentence"),
    ]
    assert title.present[:, :2].all() and list(title.present[:, 2]) == [True] + [False] * 5
    same_place, other = (np.abs(title.embeddings[0] - title.embeddings[i])[:28].mean() for i in (3, 1))
    assert same_place < 0.5 * other


def test_a_batch_gives_what_each_text_gives_alone(weights):
    (encoder,) = load_encoders(f"sentence={weights / 'sentence'}")
    from tests.ingest.test_encoders import shot

    both = encoder.encode([shot(text="hello"), shot(text="hello sea sea hello")])
    np.testing.assert_allclose(both[:1], encoder.encode([shot(text="hello")]), atol=1e-5)


def test_what_cannot_be_loaded_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be loaded as AutoModel"):
        load_encoders(f"clip={tmp_path}")
