"""`msm app` and `msm sample`: what is opened, and where it lies; and completion in a shell."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from msm import InputError, cli
from msm.data import sample

REPO = Path(__file__).resolve().parents[2]


class Replaced(Exception):
    """This process would have become the server."""


@pytest.fixture
def served_words(monkeypatch):
    """Runs `msm app …` up to where Streamlit takes over: its command line."""

    def run(*arguments: object) -> list[str]:
        def become(program: str, words: list[str]) -> None:
            raise Replaced(words)

        monkeypatch.setattr(os, "execv", become)
        with pytest.raises(Replaced) as ended:
            cli.main(["app", *map(str, arguments)])
        return ended.value.args[0]

    return run


@pytest.fixture
def elsewhere(monkeypatch, tmp_path) -> Path:
    """An empty folder to stand in, and an installation with the smallest sample data."""
    carried = tmp_path / "workbench" / "carried" / "sample_data"
    for part in ("catalog/catalog.json", "runs/neighbour/run.json", "runs/.jobs/one"):
        (carried / part).parent.mkdir(parents=True, exist_ok=True)
        (carried / part).write_text("{}")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sample, "workbench_folder", lambda: tmp_path / "workbench")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def test_app_opens_the_catalog_it_is_told_and_the_runs_beside_it(served_words, tmp_path):
    words = served_words("--catalog", tmp_path / "films", "--no-browser")

    assert words[words.index("--") + 1 :] == ["--catalog", str(tmp_path / "films"), "--runs", str(tmp_path / "runs")]
    assert words[1:4] == ["-m", "streamlit", "run"] and words[4].endswith("workbench/app.py")
    assert words[words.index("--server.address") + 1] == "localhost"


def test_a_port_that_is_taken_is_passed_over(served_words, tmp_path):
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = taken.getsockname()[1]
        words = served_words("--catalog", tmp_path, "--port", port)

    assert int(words[words.index("--server.port") + 1]) > port


def test_without_a_word_the_installed_app_opens_a_copy_that_it_may_write_to(served_words, elsewhere):
    words = served_words()
    place = elsewhere / "data" / "msm-workbench" / "sample_data"

    assert words[-4:] == ["--catalog", str(place / "catalog"), "--runs", str(place / "runs")]
    assert (place / "runs" / "neighbour" / "run.json").is_file()
    assert not (place / "runs" / ".jobs").exists()
    (place / "runs" / "mine").mkdir()
    served_words()
    assert (place / "runs" / "mine").is_dir(), "the second start must keep what was trained after the first"


def test_sample_data_that_stands_here_is_opened_before_any_other(served_words, elsewhere):
    sample.copy_sample(Path("sample_data"))

    assert served_words()[-4:] == ["--catalog", "sample_data/catalog", "--runs", "sample_data/runs"]


def test_in_a_checkout_the_app_opens_the_sample_data_of_the_checkout(served_words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert served_words()[-3] == str(REPO / "sample_data" / "catalog")


def test_sample_refuses_to_overwrite(elsewhere):
    sample.copy_sample(Path("mine"))
    with pytest.raises(InputError, match="mine"):
        sample.copy_sample(Path("mine"))
    sample.copy_sample(Path("mine"), replace=True)


def test_without_the_app_a_sentence_says_what_brings_it(monkeypatch):
    monkeypatch.setattr(sample, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install"):
        sample.workbench_folder()


def test_a_shell_completes_verbs_and_options_without_loading_torch():
    def complete(*words: str) -> list[str]:
        asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_MSM_COMPLETE": "complete_bash"}
        code = "import sys; from msm.cli import main\ntry: main()\nfinally: assert 'torch' not in sys.modules"
        answer = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.split()

    assert complete("msm", "tr") == ["train"]
    assert {"--recipe", "--resume", "--replace"} <= set(complete("msm", "train", "--re"))
