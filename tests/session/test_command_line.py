"""What stands after `--` is read as paths; what nobody understands is kept and said, never guessed at."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.session.arguments import Arguments, read_arguments


def test_both_folders_are_read_as_paths():
    assert read_arguments(["--catalog", "films", "--runs=mine"]) == Arguments(catalog=Path("films"), runs=Path("mine"))


def test_what_is_left_out_is_the_sample_data():
    given = read_arguments([])
    assert given.catalog.parts[-2:] == ("sample_data", "catalog") and given.runs.parts[-2:] == ("sample_data", "runs")
    assert given.unknown == ()


@pytest.mark.parametrize("words", [["--catalogs", "films"], ["--cat", "films"], ["--run", "mine"], ["films"]])
def test_a_word_that_is_nearly_an_option_is_not_one(words):
    given = read_arguments(words)
    assert given.unknown == tuple(words) and given.catalog.name == "catalog" and given.runs.name == "runs"


def test_an_option_without_its_folder_is_no_reason_to_stop():
    assert read_arguments(["--catalog"]) == Arguments(unknown=("--catalog",))


def test_the_sample_data_is_found_from_another_folder_and_a_folder_here_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_arguments([]).catalog.is_absolute() and read_arguments([]).catalog.is_dir()
    (tmp_path / "sample_data" / "catalog").mkdir(parents=True)
    assert read_arguments([]).catalog == Path("sample_data/catalog")


def test_help_names_the_command_that_people_type(capsys):
    with pytest.raises(SystemExit):
        read_arguments(["--help"])
    assert "usage: streamlit run workbench/app.py -- [" in " ".join(capsys.readouterr().out.split())
