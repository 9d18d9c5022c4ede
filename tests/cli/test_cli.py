"""The verbs around a run, as a person or a script calls them."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from msm import Catalog, TitleData, cli
from msm.data.catalog import modalities_of
from msm.runs.folder import RunFolder

QUICK = ["steps=8", "validate_every=4", "model.width=16", "model.depth=1", "model.heads=2"]
SETTINGS = [word for setting in QUICK for word in ("--set", setting)]


def msm(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(w) for w in words])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def run(talks, tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "run"
    assert msm("train", talks.path, path, *SETTINGS) == 0
    return path


def test_what_train_leaves_is_what_evaluate_and_the_folder_say(talks, run, capsys):
    assert msm("evaluate", run, talks.path, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["split"] == "test" and answer["num_titles"] == len(talks.split("test"))
    assert RunFolder.open(run).evaluation == answer
    assert RunFolder.open(run).info["state"] == "done"


@pytest.mark.parametrize("file", ["", "recipe.json"])
def test_a_runs_recipe_repeats_it_to_the_bit(talks, run, tmp_path, file):
    assert msm("train", talks.path, tmp_path / "again", "--recipe", run / file) == 0
    first, second = RunFolder.open(run), RunFolder.open(tmp_path / "again")
    assert second.recipe == first.recipe and second.info["best"] == first.info["best"]
    assert [line["loss"] for line in second.metrics()] == [line["loss"] for line in first.metrics()]
    for name, weight in second.load_weights().items():
        assert weight.equal(first.load_weights()[name])


def test_evaluate_prints_the_model_beside_every_baseline(talks, run, capsys):
    assert msm("evaluate", run, talks.path, "--split", "validation") == 0
    printed = capsys.readouterr().out
    for word in ("centred cosine", "raw cosine", "nearest visible shot", "distance-weighted mean", "skill"):
        assert word in printed


def test_fill_answers_a_row_for_each_hidden_shot(talks, run, capsys):
    title = talks.split("test")[0].title_id
    assert msm("fill", run, talks.path, "--title", title, "--hide", "3-5,8", "--json") == 0
    assert [row["shot"] for row in json.loads(capsys.readouterr().out)["shots"]] == [3, 4, 5, 8]


def test_fill_hides_one_modality_alone(talks, run, capsys):
    title = talks.split("test")[0].title_id
    assert msm("fill", run, talks.path, "--title", title, "--hide", "3", "--modality", "audio", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["modalities"] == ["audio"] and answer["sees_rest"] is False
    assert answer["shots"][0]["centred_video"] is None

    assert msm("fill", run, talks.path, "--title", title, "--hide", "3", "--modality", "smell") == 2
    assert "no modality 'smell'" in capsys.readouterr().err


def test_contextual_embeddings_are_a_catalog_with_the_same_titles(talks, run, tmp_path):
    assert msm("embed", run, talks.path, tmp_path / "out") == 0
    written = Catalog.open(tmp_path / "out")
    assert [t.title_id for t in written] == [t.title_id for t in talks]
    assert (written.num_shots, written.shot_dim) == (talks.num_shots, 16)
    np.testing.assert_array_equal(written.titles["split"], talks.titles["split"])


def test_exported_vectors_are_searched_by_duckdb_and_read_again_by_an_import(talks, run, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    out = tmp_path / "shots.parquet"
    assert msm("embed", run, talks.path, out, "--format", "parquet") == 0
    assert msm("embed", run, talks.path, tmp_path / "catalog") == 0
    expected = np.concatenate([t.embeddings for t in Catalog.open(tmp_path / "catalog")]).astype(np.float32)
    unit = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    nearest = np.argsort(-(unit @ unit[3]), kind="stable")[:5]

    rows = duckdb.sql(
        f"""
        with shots as (select * replace (embedding::float[16] as embedding), row_number() over () - 1 as place from '{out}')
        select place, title_id, shot, split from shots
        order by array_cosine_distance(embedding, (select embedding from shots where place = 3)) limit 5
        """
    ).fetchall()
    assert {place for place, *_ in rows} == set(nearest.tolist()) and rows[0][0] == 3
    table = talks.read_shots()
    assert all((title, shot) == tuple(table.loc[place, ["title_id", "shot"]]) for place, title, shot, _ in rows)

    assert msm("import", out, tmp_path / "again") == 0
    again = Catalog.open(tmp_path / "again")
    np.testing.assert_array_equal(np.concatenate([t.embeddings for t in again]), expected)
    assert list(again.titles["split"]) == list(talks.titles["split"])


def test_an_export_keeps_a_file_that_is_there_and_a_folder(talks, run, tmp_path, capsys):
    (tmp_path / "shots.parquet").write_text("mine", encoding="utf-8")
    assert msm("embed", run, talks.path, tmp_path / "shots.parquet", "--format", "parquet") == 2
    assert msm("embed", run, talks.path, tmp_path, "--format", "parquet", "--replace") == 2
    assert msm("embed", run, talks.path, tmp_path / "x", "--format", "csv") == 2
    said = capsys.readouterr().err
    assert "exists; choose another name" in said and "is a folder" in said and "must be catalog or parquet" in said
    assert (tmp_path / "shots.parquet").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "CATALOG", "RUN"], "already exists; choose another name, or replace it (--replace)"),
        (["train", "CATALOG", "NEW", "--set", "mask.ratio=2"], "mask.ratio is 2"),
        (["train", "CATALOG", "NEW", "--recipe", "best"], "there is no recipe 'best'"),
        (["train", "CATALOG", "NEW", "--device", "warp"], "no device 'warp'"),
        (["train", "NOWHERE", "NEW"], "is not a catalog"),
        (["train", "CATALOG", "NEW", "--resume"], "is not a run"),
        (["evaluate", "NOWHERE", "CATALOG"], "is not a run"),
        (["evaluate", "RUN", "CATALOG", "--split", "exam"], "split is 'exam'"),
        (["evaluate", "RUN", "OTHER"], "was trained on shots of"),
        (["fill", "RUN", "CATALOG", "--title", "title-04", "--hide", "9-4"], "write 4-9"),
        (["fill", "RUN", "CATALOG", "--title", "title-04", "--hide", "9999"], "there is no shot 9999"),
        (
            ["fill", "RUN", "CATALOG", "--title", "title-99", "--hide", "1"],
            "has no title 'title-99'; did you mean 'title-",
        ),
        (["evaluate", "CATALOG", "CATALOG"], "is a catalog and not a run"),
        (["fill", "RUN", "RUN", "--title", "title-0", "--hide", "1"], "is a run and not a catalog"),
        (["train", "CATALOG", "NEW", "--set", "mask.ration=.3"], "did you mean 'mask.ratio'?"),
        (["train", "CATALOG", "NEW", "--recipe", "neighbor"], "did you mean 'neighbour'?"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence_with_status_2(talks, run, tmp_path, capsys, words, sentence):
    other = Catalog.write(
        tmp_path / "other",
        [TitleData(title_id="a", split="test", embeddings=np.ones((5, 3)))],
        modalities=modalities_of({"video": 3}),
    )
    places = {"CATALOG": talks.path, "RUN": run, "OTHER": other.path, "NEW": tmp_path / "new", "NOWHERE": "nowhere"}
    assert msm(*[places.get(w, w) for w in words]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_ctrl_c_stops_a_training_and_resume_finishes_it(talks, tmp_path):
    run = tmp_path / "run"
    words = [sys.executable, "-m", "msm", "train", str(talks.path), str(run)]
    settings = [
        w for s in ("steps=100000", "model.width=16", "model.heads=2", "validate_every=5") for w in ("--set", s)
    ]
    process = subprocess.Popen([*words, *settings], stderr=subprocess.PIPE, text=True, env=os.environ)
    assert process.stderr is not None
    for line in process.stderr:
        if "validation " in line and "msm:" not in line:
            break  # the first validation: the run is under way
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume" in said

    stopped = RunFolder.open(run)
    assert stopped.info["state"] == "stopped" and stopped.info["steps_done"] >= 5
    recipe = json.loads((run / "recipe.json").read_text())
    (run / "recipe.json").write_text(json.dumps({**recipe, "steps": stopped.info["steps_done"] + 3}))
    assert subprocess.run([*words, "--resume"], stderr=subprocess.PIPE).returncode == 0
    assert RunFolder.open(run).info["state"] == "done"
