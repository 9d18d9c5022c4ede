"""An export to a full disk, a place that cannot be written, or under a name of any kind: whole or not at all, and one sentence."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from msm import Catalog, InputError, TitleData
from msm.cli.program import app
from msm.data.catalog import modalities_of
from msm.exports.shots import Shots
from msm.exports.tool import Tool
from msm.exports.writing import MARK, TOOLS, export
from tests.browser.small_world import DIMS, small_title
from tests.faults.starting import Starter, starting

NAMES = [
    'He said "no"',
    "d'Artagnan; DROP TABLE shots",
    "東京 🎬",
    "a/b\\c",
    "tab\tline\nend",
    "",
    "%s {out} $HOME",
    "é" * 300,
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Catalog:
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"t{i}", "train" if i else "test", 200) for i in range(6)]
    return Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Catalog:
    """Vectors and ids alone: no times, text, labels, metadata or thumbnails; ids and names of every kind."""
    folder = tmp_path_factory.mktemp("bare")
    rng = np.random.default_rng(0)
    ids = ["one", "two words", "d'Artagnan", 'so "called"', "東京", "🎬", "a;b,c", "%2F", "-x", "#1", "a=b&c"]
    titles = [TitleData(title_id=i, split="train", embeddings=rng.standard_normal((3, 6))) for i in ids]
    titles += [
        TitleData(title_id=f"n{i}", name=name, split="test", embeddings=rng.standard_normal((2, 6)))
        for i, name in enumerate(NAMES)
    ]
    return Catalog.write(folder / "catalog", titles, modalities=modalities_of({"video": 4, "audio": 2}))


@pytest.fixture(scope="module")
def starter() -> Iterator[Starter]:
    with starting(("msm.cli.program", "msm.exports.shots", "msm.exports.writing", "pandas", "pyarrow.parquet")) as made:
        yield made


def tool(name: str) -> str:
    needed: Tool = TOOLS.get(name)
    for package in needed.needs:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    return name


@pytest.mark.parametrize("name", TOOLS.names())
def test_a_catalog_without_anything_but_vectors_and_with_names_of_every_kind_is_exported(bare, tmp_path, name):
    opens = export(Shots(bare), tool(name), tmp_path / "o'ut é 🎬")

    assert (tmp_path / "o'ut é 🎬" / MARK).is_file() and opens
    assert [p.name for p in tmp_path.iterdir()] == ["o'ut é 🎬"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sizes of files are limited as Linux does it")
@pytest.mark.parametrize("old", [False, True], ids=["nothing there", "an older export there"])
@pytest.mark.parametrize("name", TOOLS.names())
def test_a_file_that_cannot_grow_is_one_sentence_and_leaves_what_was_there(catalog, starter, tmp_path, name, old):
    out = tmp_path / "out"
    if old:
        export(Shots(catalog, rows=np.arange(3)), tool(name), out)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    words = ["export", str(catalog.path), str(out), "--to", tool(name), "--replace"]
    process = starter.start(words, largest=100_000)

    assert process.wait() == 2, process.said
    assert str(out) in process.said.splitlines()[-1] or "msm: " in process.said
    assert "Traceback" not in process.said
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == (["out"] if old else [])


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), RuntimeError("lance error: No space left on device (os error 28)")],
    ids=["of the system", "of a tool"],
)
def test_a_full_disk_is_named_whatever_the_tool_raises(catalog, tmp_path, monkeypatch, error):
    def write(shots: Shots, folder: Path) -> None:
        (folder / "half").touch()
        raise error

    monkeypatch.setattr(TOOLS, "get", lambda name: Tool(write=write, opens=""))
    with pytest.raises(InputError, match="out cannot be written: there is no space left on its disk"):
        export(Shots(catalog), "any", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_ours_keeps_its_traceback(catalog, tmp_path, monkeypatch):
    monkeypatch.setattr(TOOLS, "get", lambda name: Tool(write=lambda shots, folder: {}["fault"], opens=""))
    with pytest.raises(KeyError):
        export(Shots(catalog), "any", tmp_path / "out")


WRONG = [
    (["file/out"], "is a file, not a folder"),
    (["file"], "already exists"),
    (["file", "--replace"], "was not written by msm export"),
    (["folder", "--replace"], "was not written by msm export"),
    (["out", "--shots", "none.csv"], "none.csv is missing"),
    (["out", "--shots", "empty.csv"], "empty.csv"),
    (["out", "--shots", "head.csv"], "no shot is selected"),
    (["out", "--split", "dev"], "split is 'dev'"),
    (["out", "--split", "validation"], "no shot is selected"),
    (["out", "--shots", "t0:500"], "t0"),
    (["out", "--shots", "x:1"], "x"),
    (["out", "--shots", ""], ""),
    (["out", "--run", "folder"], "folder"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG, ids=lambda value: str(value))
def test_what_cannot_be_exported_is_one_sentence(catalog, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("folder").mkdir()
    Path("empty.csv").touch()
    Path("head.csv").write_text("title_id,shot\n")
    before = sorted(Path().iterdir())
    told = CliRunner().invoke(app, ["export", str(catalog.path), *words, "--to", "pgvector"])

    assert isinstance(told.exception, InputError) and sentence in str(told.exception)
    assert sorted(Path().iterdir()) == before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("name", TOOLS.names())
def test_a_killed_export_leaves_the_old_one_or_none_and_the_next_call_removes_its_remains(
    catalog, starter, tmp_path, name
):
    """MSM_KILLS=30 for more tries."""
    rng, out = random.Random(name), tmp_path / "out"
    export(Shots(catalog, rows=np.arange(3)), tool(name), tmp_path / "old")
    for number in range(int(os.environ.get("MSM_KILLS", "2"))):
        shutil.rmtree(out, ignore_errors=True)
        if number % 2:
            shutil.copytree(tmp_path / "old", out)
        process = starter.start(["export", str(catalog.path), str(out), "--to", name, "--replace"])
        time.sleep(rng.uniform(0, 1.0))
        process.kill()
        process.wait()
        before = {p.relative_to(tmp_path / "old") for p in (tmp_path / "old").rglob("*")}
        found = {p.relative_to(out) for p in out.rglob("*")} if out.exists() else set()
        assert found in (set(), before) or (out / MARK).is_file()
        assert out.exists() or not number % 2
    for left in tmp_path.glob(".out.tmp-*"):
        os.utime(left, (1, 1))  # as after the seconds in which a writer may be about to lock it
    export(Shots(catalog, rows=np.arange(3)), name, out, replace=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old", "out"]


def test_the_command_that_opens_an_export_is_one_that_a_shell_reads_back(bare, tmp_path):
    out = tmp_path / "it's $HOME `here`"
    opens = export(Shots(bare), "pgvector", out)

    assert shlex.split(opens)[1] == str(out)
