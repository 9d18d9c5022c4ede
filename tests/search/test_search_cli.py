"""`msm index` and `msm search`, as a person types them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from msm import Catalog, Run, cli
from msm.recipes.presets import preset
from msm.search.contextual_space import contextual_space
from msm.search.spaces import training_titles
from msm.training.trainer import pick_device, start_run, train


@pytest.fixture
def msm(capsys):
    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(w) for w in words])
        told = capsys.readouterr()
        return int(left.value.code), told.out, told.err

    return call


@pytest.fixture
def run(films):
    torch.set_num_threads(1)
    recipe = preset("mediafm").with_settings(
        ["steps=2", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]
    )
    device = pick_device("cpu")
    path = films.path.parent / "runs" / "tiny"
    train(start_run(films, path, recipe, device=device), films, device=device)
    return path


def test_an_index_is_kept_beside_its_catalog_and_then_used(films, msm):
    status, out, _ = msm("index", films.path, "--json")
    told = json.loads(out)
    assert status == 0 and told["kind"] == "flat" and told["exact"] and told["recall_at_10"] == 1
    assert (films.path / "index" / "raw" / "index.faiss").stat().st_size <= told["bytes"]

    status, out, _ = msm("search", films.path, "--shot", "alpha:5", "-k", 3, "--json")
    answer = json.loads(out)
    assert status == 0 and answer["index"]["saved"] and answer["candidates"] == 71
    assert [r["place"] for r in answer["results"]] == [1, 2, 3]
    first = answer["results"][0]
    assert first["title_id"] == "alpha" and first["labels"]["place"] == "place 1" and 0 < first["score"] < 1


def test_filters_and_dislikes_are_words_of_the_command(films, msm):
    words = ["--shot", "alpha:5", "--shot", "beta:0", "--not", "alpha:6", "--label", "genre=crime", "--split", "train"]
    status, out, _ = msm("search", films.path, *words, "--not-same-scene", "-k", 99, "--duplicates", "--json")
    found = json.loads(out)["results"]

    assert status == 0 and {r["title_id"] for r in found} == {"alpha"}
    assert not {4, 5, 6, 7} & {r["shot"] for r in found} and len(found) == 20


def test_a_text_answer_reads_as_a_list_with_how_it_was_found(films, msm):
    status, out, _ = msm("search", films.path, "--shot", "alpha:5", "-k", 2)

    assert status == 0 and "  1   0." in out and "alpha:" in out
    assert "71 shots searched in" in out and "flat index of 72 shots, exact" in out
    assert "fused (joint) and centred on the training shots" in out


def test_a_clip_and_words_are_looked_for(films, msm):
    status, out, _ = msm("search", films.path, "--clip", "alpha:0-3", "-k", 2, "--json")
    results = json.loads(out)["results"]
    assert status == 0 and all(r["last_shot"] - r["shot"] == 3 for r in results)

    status, out, _ = msm("search", films.path, "--words", "says LINE 4", "--json")
    told = json.loads(out)
    assert (status, told["in_all"]) == (0, 4) and told["results"][0]["text"] == "alpha says line 4"
    assert "4 shots contain the words" in msm("search", films.path, "--words", "says line 4")[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "give exactly one of"),
        (["--shot", "alpha:1", "--words", "x"], "give exactly one of"),
        (["--not", "alpha:1", "--words", "x"], "--not needs --shot"),
        (["--shot", "alpha:99"], "there is no shot 99: alpha has shots 0 to 23"),
        (["--shot", "alpha"], "'alpha' is no shot; write TITLE:NUMBER"),
        (["--shot", "alpha:1", "--label", "genre"], "must be NAME=VALUE"),
        (["--shot", "alpha:1", "-k", "0"], "ask for at least one"),
        (["--shot", "alpha:1", "--only", "smell"], "has no modality 'smell'"),
        (["--text", "hello"], "the text columns were made by 'unknown'"),
        (["--fill", "nowhere", "alpha:1"], "nowhere"),
        (["--clip", "alpha:3,9"], "is not one stretch of shots"),
    ],
)
def test_what_cannot_be_asked_gets_one_sentence_and_status_2(films, msm, words, sentence):
    status, out, err = msm("search", films.path, *words)

    assert (status, out) == (2, "") and sentence in err and err.count("\n") == 1


def test_a_damaged_index_is_named_with_what_mends_it(films, msm):
    msm("index", films.path)
    path = films.path / "index" / "raw" / "index.faiss"
    path.write_bytes(path.read_bytes()[:100])
    status, _, err = msm("search", films.path, "--shot", "alpha:1")
    assert status == 2 and "index.faiss is damaged: it has 100 bytes" in err and "--replace" in err

    assert msm("index", films.path, "--replace")[0] == 0
    assert msm("search", films.path, "--shot", "alpha:1")[0] == 0


@pytest.mark.slow
def test_a_runs_own_space_is_computed_once_and_its_fill_ins_are_queries(films, msm, run, monkeypatch):
    status, out, _ = msm("index", films.path, "--run", run, "--json")
    assert status == 0 and json.loads(out)["space"] == "contextual-tiny"
    opened = Run.open(run)
    monkeypatch.setattr(Run, "contextual", lambda *_: pytest.fail("computed twice"))
    status, out, _ = msm("search", films.path, "--shot", "alpha:5", "--run", run, "--json")
    assert status == 0 and json.loads(out)["index"]["saved"]
    monkeypatch.undo()

    space = contextual_space(films, opened, save=False)
    vectors = np.concatenate([opened.contextual(t) for t in films])
    kept = {t.index for t in training_titles(films)}
    mean = np.concatenate([opened.contextual(t) for t in films if t.index in kept]).mean(axis=0)
    centred = (vectors - mean) / np.linalg.norm(vectors - mean, axis=1, keepdims=True)
    np.testing.assert_allclose(space.read(np.arange(72)), centred, atol=5e-3)  # kept as float16

    status, out, _ = msm("search", films.path, "--fill", run, "alpha:5", "-k", 72, "--duplicates", "--json")
    fill = opened.fill_in(films["alpha"], [5])
    raw = Catalog.open(films.path).read_rows(0, 72)
    fused = opened.space.fuse(raw) - opened.space.mean
    truth = fused @ (fill.compared[0] - opened.space.mean)
    truth /= np.linalg.norm(fused, axis=1) * np.linalg.norm(fill.compared[0] - opened.space.mean)
    results = json.loads(out)["results"]
    assert status == 0 and len(results) == 72  # the hidden shot itself may be found
    np.testing.assert_allclose([r["score"] for r in results], np.sort(truth)[::-1], atol=1e-4)
    assert msm("search", films.path, "--fill", run, "alpha:5", "--run", run)[0] == 2
