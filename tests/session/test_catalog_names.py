"""A catalog is chosen by the name of a folder beside the one of the command line, never by a path or a hidden name."""

from __future__ import annotations

from pathlib import Path

import pytest

from msm.errors import InputError
from workbench.app_pages.data import uploads
from workbench.session.arguments import Arguments, catalog_named, catalog_names

HIDDEN = (".catalog.tmp-12-ab", ".git")


@pytest.fixture
def arguments(tmp_path: Path) -> Arguments:
    """A folder that is itself a catalog by its file, and holds two plain and two hidden ones."""
    for name in ("first", "second", *HIDDEN):
        (tmp_path / "films" / name).mkdir(parents=True)
        (tmp_path / "films" / name / "catalog.json").touch()
    for outside in (tmp_path, tmp_path / "films"):
        (outside / "catalog.json").touch()
    return Arguments(catalog=tmp_path / "films" / "first")


def test_catalogs_beside_the_first_are_offered_and_hidden_ones_are_not(arguments):
    assert catalog_names(arguments) == ["first", "second"]


def test_every_catalog_that_is_offered_is_found_by_its_name(arguments):
    assert [catalog_named(arguments, name) for name in catalog_names(arguments)] == [
        arguments.catalog,
        arguments.catalog.parent / "second",
    ]


@pytest.mark.parametrize("name", [*HIDDEN, ".", "..", "../films", "second/", "/", "", "../second", "sub/../second"])
def test_a_hidden_name_or_a_path_is_no_catalog_though_one_stands_there(arguments, name):
    assert catalog_named(arguments, name) is None


def test_the_catalog_of_the_command_line_may_have_a_hidden_name(tmp_path):
    assert catalog_named(Arguments(catalog=tmp_path / ".mine"), ".mine") == tmp_path / ".mine"


@pytest.mark.parametrize("name", [".hidden", "..", ".", "a/b", "a\\b", "/a", "", " ", "a\nb", "first"])
def test_no_new_catalog_is_made_under_a_hidden_name_a_path_or_a_taken_one(arguments, name):
    with pytest.raises(InputError):
        uploads.new_catalog(arguments.catalog, name)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (".env", "env"),
        ("...env", "env"),
        (" .a.mp4", "a.mp4"),
        ("..", "file"),
        ("a/../.b", "b"),
        ("C:\\x\\.y.srt", "y.srt"),
    ],
)
def test_an_upload_is_never_saved_under_a_hidden_name(name, kept):
    assert uploads.harmless_name(name) == kept
