"""What every notebook owes its reader; that they run from top to bottom, nbmake finds out (`make notebooks`)."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MOST_LINES = 14  # about ten, and a table of parameters
names = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def test_there_are_nine_in_order():
    assert [p.stem[:2] for p in NOTEBOOKS] == [f"{n:02}" for n in range(1, 10)]


@names
def test_a_notebook_is_stored_without_outputs(path):
    assert not [c for c in cells(path, "code") if c.outputs or c.execution_count]


@names
def test_it_opens_with_a_question(path):
    first = nbformat.read(path, as_version=4).cells[0]

    assert first.cell_type == "markdown"
    assert first.source.splitlines()[0].startswith("# ") and first.source.splitlines()[0].endswith("?")


@names
def test_its_second_cell_takes_parameters_from_papermill(path):
    tagged = [
        i for i, c in enumerate(nbformat.read(path, as_version=4).cells) if "parameters" in c.metadata.get("tags", [])
    ]

    assert tagged == [1]


@names
def test_it_closes_with_the_answer_in_numbers_from_the_cells_above(path):
    *before, heading, last = nbformat.read(path, as_version=4).cells
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
