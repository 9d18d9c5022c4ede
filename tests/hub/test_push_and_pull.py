"""Runs and catalogs go to a hub and come back; tested against a server that speaks its protocol."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from msm.data.catalog import Catalog
from msm.errors import InputError
from msm.hub import pull, push
from msm.hub.transfer import contents, kind_of
from msm.inference.run import Run
from msm.models.encoder import ShotEncoder
from msm.recipes.presets import preset
from msm.training.trainer import start_run, train
from tests.hub.local_hub import TOKEN, LocalHub, Repository, local_hub


@pytest.fixture(scope="module")
def running() -> Iterator[LocalHub]:
    with local_hub() as server:
        yield server


@pytest.fixture
def hub(running: LocalHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LocalHub:
    """The server as the hub of this process, with somebody logged in."""
    monkeypatch.setattr(constants, "ENDPOINT", running.url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", running.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return running


@pytest.fixture
def run(tiny_catalog: Catalog, tmp_path: Path) -> Path:
    recipe = preset("mediafm").with_settings(["steps=2", "validate_every=2", "model.width=16", "model.depth=1"])
    path = tmp_path / "runs" / "story"
    train(start_run(tiny_catalog, path, recipe, device=torch.device("cpu")), tiny_catalog, device=torch.device("cpu"))
    return path


def test_a_run_comes_back_from_the_hub_as_it_was_with_its_card(
    hub: LocalHub, run: Path, tiny_catalog: Catalog, tmp_path: Path
) -> None:
    commit = push(run, "tester/story", licence="apache-2.0")
    assert commit.startswith(hub.url)

    again = Run.open(pull("tester/story", tmp_path / "pulled"))
    wanted = Run.open(run).model.state_dict()
    assert all(torch.equal(weight, wanted[name]) for name, weight in again.model.state_dict().items())
    assert again.info["catalog"]["path"] == tiny_catalog.path.name  # and no folder of this machine
    card = (again.path / "README.md").read_text()
    assert "license: apache-2.0" in card
    assert "msm pull tester/story runs" in card
    assert "has not been evaluated" in card
    with pytest.raises(InputError, match="exists"):
        pull("tester/story", tmp_path / "pulled")


def test_a_shot_encoder_loads_in_one_line_from_a_run_a_folder_and_a_revision_of_the_hub(
    hub: LocalHub, run: Path, tmp_path: Path
) -> None:
    shots = torch.nn.functional.normalize(torch.randn(1, 9, Run.open(run).model.shot_dim), dim=-1)
    everywhere = torch.ones(1, 9, dtype=torch.bool)
    own = ShotEncoder.from_pretrained(run)
    own.save_pretrained(tmp_path / "saved")
    sha = push(run, "tester/encoder").rpartition("/")[2]
    for model in (
        ShotEncoder.from_pretrained(tmp_path / "saved"),
        ShotEncoder.from_pretrained("tester/encoder"),
        ShotEncoder.from_pretrained("tester/encoder", revision=sha),
    ):
        assert not model.training
        assert torch.equal(model(shots, ~everywhere, everywhere), own(shots, ~everywhere, everywhere))


def test_a_folder_that_is_no_shot_encoder_is_refused_in_one_sentence(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config\.json"):
        ShotEncoder.from_pretrained(tmp_path)
    ShotEncoder.from_pretrained(run).save_pretrained(tmp_path / "saved")
    config = json.loads((tmp_path / "saved" / "config.json").read_text())
    for change in ({"shot_dim": 99}, {"cfg": {"width": 12}}, {"cfg": {"unknown": 1}}):
        (tmp_path / "saved" / "config.json").write_text(json.dumps({**config, **change}))
        with pytest.raises(InputError):
            ShotEncoder.from_pretrained(tmp_path / "saved")


def test_a_catalog_comes_back_from_the_hub_and_a_branch_is_kept_apart(
    hub: LocalHub, tiny_catalog: Catalog, tmp_path: Path
) -> None:
    push(tiny_catalog.path, "tester/films", branch="first")
    assert set(hub.repositories["dataset", "tester/films"].branches) == {"main", "first"}
    with pytest.raises(InputError, match="neither a run nor a catalog"):
        pull("tester/films", tmp_path / "here")
    assert not (tmp_path / "here" / "films").exists()
    path = pull("tester/films", tmp_path / "here", revision="first")
    assert Catalog.open(path).fingerprint == tiny_catalog.fingerprint


def test_a_refusal_of_the_hub_is_one_sentence_without_the_token(hub: LocalHub, run: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_TOKEN": "hf_wrong"}
    command = [sys.executable, "-m", "msm", "push", str(run), "tester/other"]
    stranger = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (stranger.returncode, stranger.stdout) == (2, "")
    assert "hf auth" in stranger.stderr
    assert "hf_wrong" not in stranger.stderr
    assert len(stranger.stderr.strip().splitlines()) == 1


def test_what_the_hub_does_not_have_or_cannot_answer_is_said(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="no repository 'tester/nothing'"):
        pull("tester/nothing", tmp_path)
    with pytest.raises(InputError, match="USER/NAME"):
        pull("a/b/c", tmp_path)
    monkeypatch.setattr(hub, "fail_with", 403)
    with pytest.raises(InputError, match="you may not do this"):
        pull("tester/story", tmp_path)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="cannot be reached"):
        pull("tester/story", tmp_path)
    assert not list(tmp_path.glob("*story*"))


def test_only_a_run_or_a_catalog_can_be_pushed(tmp_path: Path, run: Path) -> None:
    with pytest.raises(InputError, match="neither a run nor a catalog"):
        kind_of(tmp_path)
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "state": "running"}))
    with pytest.raises(InputError, match="being trained"):
        contents(run, "tester/story")


STRANGERS: dict[str, dict[str, bytes]] = {
    "nothing": {},
    "a language model": {"config.json": b'{"model_type": "bert", "hidden_size": 8}', "model.safetensors": b"\x00"},
    "a list": {"config.json": b"[1, 2]", "run.json": b"[1, 2]", "recipe.json": b"[]"},
    "no JSON": {"config.json": b"{", "run.json": b"{", "recipe.json": b"{"},
    "Latin-1": {"config.json": b'"\xff"', "run.json": b'"\xff"'},
    "empty files": dict.fromkeys(("config.json", "run.json", "recipe.json", "model.safetensors"), b""),
    "a catalog without shots": {"catalog.json": b"{}", "titles.parquet": b"PAR1"},
    "pickles": {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04."},
}


@pytest.mark.parametrize("files", STRANGERS.values(), ids=STRANGERS)
def test_a_repository_of_somebody_else_is_one_sentence_and_leaves_no_folder(hub, tmp_path, files):
    hub.repositories["model", "other/thing"] = Repository()
    hub.repositories["model", "other/thing"].commit("main", dict(files))
    for use in (lambda: pull("other/thing", tmp_path / "runs"), lambda: ShotEncoder.from_pretrained("other/thing")):
        with pytest.raises(InputError) as refused:
            use()
        assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("revision", ["none", "0" * 40, "a/b", "..", "main^", "v 1", ""])
def test_a_revision_that_is_not_there_is_one_sentence(hub, run, tmp_path, revision):
    push(run, "tester/revised")
    for use in (
        lambda: pull("tester/revised", tmp_path / "pulled", revision=revision or "-"),
        lambda: ShotEncoder.from_pretrained("tester/revised", revision=revision or "-"),
    ):
        with pytest.raises(InputError):
            use()
    assert not (tmp_path / "pulled").exists()


@pytest.mark.parametrize("cut_after", [0, 1, 1000])
def test_a_connection_that_breaks_off_leaves_no_half_run_and_the_next_call_gets_it_whole(
    hub, run, tmp_path, monkeypatch, cut_after
):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the hub's own tries
    push(run, "tester/cut")
    hub.cut_after = cut_after
    try:
        with pytest.raises(InputError):
            pull("tester/cut", tmp_path / "pulled")
    finally:
        hub.cut_after = None
    assert not (tmp_path / "pulled").exists()
    assert Run.open(pull("tester/cut", tmp_path / "pulled"))


def test_the_token_is_in_no_log_and_no_traceback(hub, run, tmp_path, monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    said = []
    for status in (None, 401, 403, 404, 429, 500):
        monkeypatch.setattr(hub, "fail_with", status)
        monkeypatch.setattr("time.sleep", lambda seconds: None)
        for use in (
            lambda: push(run, "tester/quiet"),
            lambda: pull("tester/quiet", tmp_path / "pulled"),
            lambda: ShotEncoder.from_pretrained("tester/quiet", force_download=True),
        ):
            try:
                use()
            except InputError as error:
                said += traceback.format_exception(error)
    out, err = capfd.readouterr()

    assert said and TOKEN not in "".join([*said, caplog.text, out, err])
