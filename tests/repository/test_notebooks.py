"""What every notebook owes its reader; that they run from top to bottom, nbmake finds out (`make notebooks`)."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MOST_LINES = 14  # about ten, and a table of parameters
LARGEST = 500_000  # characters of a notebook with its pictures
names = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def read(path: Path) -> Any:
    import nbformat  # which imports checks of formats: seconds for each process that collects these tests and runs others

    return nbformat.read(path, as_version=4)


def cells(path: Path, kind: str) -> list[Any]:
    return [c for c in read(path).cells if c.cell_type == kind]


def test_there_are_nine_in_order():
    assert [p.stem[:2] for p in NOTEBOOKS] == [f"{n:02}" for n in range(1, 10)]


@names
def test_a_notebook_is_stored_with_the_outputs_of_its_code_run_from_top_to_bottom(path):
    """`make notebook-outputs` writes them again."""
    from benchmarks.notebook_outputs import digest_of_code

    notebook = read(path)
    code = cells(path, "code")
    assert notebook.metadata["msm"]["outputs_of"] == digest_of_code(notebook), "the code has changed since"
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    assert not [o for c in code for o in c.outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert any(o.get("name") == "stdout" for o in code[-1].outputs), "the answer is not printed"


@names
def test_the_outputs_are_small_run_no_scripts_and_name_no_place_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    kinds = {kind for c in cells(path, "code") for o in c.outputs for kind in o.get("data", {})}
    assert len(text) < LARGEST and kinds <= {"text/plain", "text/html", "image/png"}
    assert "widgets" not in read(path).metadata
    assert not re.search(r"<script|/home/|/root/|/tmp/|/work/|/Users/", text)


def test_all_notebooks_together_stay_light():
    assert sum(p.stat().st_size for p in NOTEBOOKS) < 4 * LARGEST


def test_every_notebook_installs_what_is_missing_in_the_same_first_cell(monkeypatch, tmp_path):
    firsts = {cells(p, "code")[0].source for p in NOTEBOOKS}
    (source,) = firsts
    ran: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda words, check: ran.append(words[1:]))
    monkeypatch.chdir(NOTEBOOKS[0].parent)
    exec(compile(source, "install", "exec"), {})
    assert ran == []  # here everything is there

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(compile(source, "install", "exec"), {})
    assert [words[1] for words in ran] == ["pip", "msm"] and ran[1][1:] == ["msm", "sample", "../sample_data"]
    wanted = ran[0][-1].removeprefix("msm-workbench[").rstrip("]").split(",")
    extras = tomllib.loads((NOTEBOOKS[0].parents[1] / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {*wanted} <= {*extras}


@names
def test_it_opens_with_a_question(path):
    first = read(path).cells[0]

    assert first.cell_type == "markdown"
    assert first.source.splitlines()[0].startswith("# ") and first.source.splitlines()[0].endswith("?")


@names
def test_its_third_cell_takes_parameters_from_papermill(path):
    tagged = [i for i, c in enumerate(read(path).cells) if "parameters" in c.metadata.get("tags", [])]

    assert tagged == [2]


@names
def test_it_closes_with_the_answer_in_numbers_from_the_cells_above(path):
    *before, heading, last = read(path).cells
    made = {
        n.id for c in before if c.cell_type == "code" for n in ast.walk(ast.parse(c.source)) if isinstance(n, ast.Name)
    }
    numbers = [n for n in ast.walk(ast.parse(last.source)) if isinstance(n, ast.FormattedValue)]
    used = {n.id for value in ast.walk(ast.parse(last.source)) for n in ast.walk(value) if isinstance(n, ast.Name)}

    assert heading.source == "## The answer" and "print(" in last.source
    assert numbers and used & made


@names
def test_it_defines_nothing_and_its_cells_are_short(path):
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    code = [c.source for c in cells(path, "code")]
    named = [n for source in code for n in ast.walk(ast.parse(source)) if isinstance(n, defined)]

    assert named == []
    assert [s for s in code if len(s.splitlines()) > MOST_LINES] == []
