"""The figures of the documentation are those of the results, and each stands beside the command that measured it."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from benchmarks.figures import pages, results, tables

REPO = pages.ROOT
MARKED = [page for page in pages.all_pages() if pages.BLOCK.search(page.read_text(encoding="utf-8"))]
UNIT = re.compile(r"\d ?(×|ms|MB|GB|s|%)(?!\w)")  # a number that somebody has measured
CONSTANT = "20 %"  # the share of hidden shots, by protocol
every_page = pytest.mark.parametrize("page", MARKED, ids=lambda p: str(p.relative_to(REPO)))


def test_there_are_figures_to_look_at():
    assert {REPO / "README.md", REPO / "docs" / "findings.md", REPO / "docs" / "search.md"} <= set(MARKED)


@every_page
def test_a_page_gives_the_figures_of_the_results(page):
    assert pages.update(page, check=True) == []


@every_page
def test_a_figure_stands_on_the_page_that_names_the_command_which_measured_it(page):
    text = page.read_text(encoding="utf-8")
    sources = {block["name"].split("/")[0] for block in pages.BLOCK.finditer(text) if ":" in block["name"]}
    commands = {source: " ".join(results.read(source)["command"].split()[:3]) for source in sources}

    assert [source for source, command in commands.items() if command not in text] == []


def test_the_readme_has_no_measured_number_outside_of_its_figures():
    text = pages.BLOCK.sub("", (REPO / "README.md").read_text(encoding="utf-8"))

    assert [line for line in text.splitlines() if UNIT.search(line.replace(CONSTANT, ""))] == []


def test_the_readme_has_at_most_150_lines():
    assert len((REPO / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_answers_of_the_notebooks_are_of_the_run_and_catalog_in_the_repository():
    found = results.read("notebooks")
    evaluation = results.read("neighbour")

    assert found["weights"] == evaluation["weights"]
    assert found["catalog_fingerprint"] == evaluation["catalog_fingerprint"]


@pytest.mark.parametrize("number", ["01", "02", "04", "05", "06"])
def test_a_number_in_the_table_of_notebooks_is_one_that_the_notebook_printed(number):
    row = next(line for line in tables.table("notebooks").splitlines() if line.startswith(f"| [{number} "))
    printed = " ".join(results.read("notebooks")["notebooks"][number]["printed"])

    assert [figure for figure in re.findall(r"\d\.\d+|\d+%", row.split(" | ")[1]) if figure not in printed] == []


def run_command(page: Path, *options: str) -> int:
    """The exit status of `python -m benchmarks.figures PAGE OPTIONS`."""
    arguments = sys.argv
    sys.argv = ["figures", str(page), *options]
    try:
        runpy.run_module("benchmarks.figures", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 2
    finally:
        sys.argv = arguments
    return 0


@pytest.fixture
def page(tmp_path) -> Path:
    path = tmp_path / "page.md"
    path.write_text("A click takes <!-- figures: lab/lab_median_ms:.0f -->1<!-- /figures --> ms.\n", encoding="utf-8")
    return path


def test_check_fails_and_leaves_the_page_alone_where_a_figure_differs(page, capsys):
    before = page.read_text(encoding="utf-8")

    assert run_command(page, "--check") == 1
    assert "is 1, the results say" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8") == before


def test_a_page_that_was_written_passes_the_check_and_is_written_the_same_again(page):
    assert run_command(page) == 0
    once = page.read_text(encoding="utf-8")
    median = json.loads((REPO / "benchmarks" / "results" / "lab.json").read_text(encoding="utf-8"))["lab_median_ms"]

    assert f"-->{median:.0f}<!--" in once
    assert run_command(page, "--check") == 0
    assert run_command(page) == 0 and page.read_text(encoding="utf-8") == once


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a <!-- figures: lab/lab_median_ms:.0f -->1\n", "needs one <!-- /figures -->"),
        (
            "a <!-- figures: speed --><!-- figures: current --><!-- /figures --><!-- /figures -->",
            "before the next begins",
        ),
        ("a <!-- figures: lab/nothing:.0f -->1<!-- /figures -->", "have no lab/nothing"),
        ("a <!-- figures: nothing/here:.0f -->1<!-- /figures -->", "have no nothing.json"),
        ("<!-- figures: nothing -->\n<!-- /figures -->", "have no nothing"),
        ("<!-- figures: lab/lab_median_ms:.0f -->1<!-- /figures --> ms", "not at its beginning"),
    ],
)
def test_a_block_that_cannot_be_written_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        pages.filled(text, "page.md")
