"""A registry lists the modules of a folder without importing them, and imports one when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from msm.config.registry import Registry
from msm.errors import InputError


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Three modules, one of which cannot be imported, below a package that cannot be imported either."""
    folder = tmp_path / "parts_for_test" / "middle" / "shapes"
    folder.mkdir(parents=True)
    for package in (tmp_path / "parts_for_test", folder.parent, folder):
        (package / "__init__.py").write_text("")
    (folder / "circle.py").write_text("make = 'a circle'\n")
    (folder / "square.py").write_text("make = 'a square'\n")
    (folder / "broken.py").write_text("raise RuntimeError('imported')\n")
    (folder / "_private.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("parts_for_test.middle.shapes", "shape", "make", order=["square", "gone"])
    for name in [m for m in sys.modules if m.startswith("parts_for_test")]:
        del sys.modules[name]


def test_names_are_those_of_the_files_the_ordered_ones_first(registry):
    assert registry.names() == ("square", "broken", "circle")


def test_names_import_nothing(registry):
    registry.names()
    assert not [m for m in sys.modules if m.startswith("parts_for_test")]


def test_get_imports_one_module_and_returns_its_object(registry):
    assert registry.get("circle") == "a circle"
    assert "parts_for_test.middle.shapes.square" not in sys.modules


def test_an_unknown_name_is_refused_with_the_closest_one(registry):
    with pytest.raises(InputError, match=r"there is no shape 'sqare'; did you mean 'square'\?"):
        registry.get("sqare")
    with pytest.raises(InputError, match="there is no shape '_private'; there are square, broken, circle"):
        registry.get("_private")


def test_the_names_of_this_package_are_listed_without_torch():
    code = "import sys; from msm.config.registry import Registry; print(Registry('msm.models', 'module').names());"
    code += "assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "encoder" in done.stdout
