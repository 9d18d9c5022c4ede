"""The conda recipe and the workflow of hosted machines say what pyproject.toml says; a real linter reads the workflow."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment

REPO = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOW = REPO / ".github" / "workflows" / "tests.yml"
OF_CONDA = {"torch": "pytorch", "opencv-python-headless": "py-opencv"}  # names on conda-forge that are others
PYTHONS = {c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)}


def recipe() -> Any:
    text = (REPO / "conda" / "meta.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(Environment().from_string(text).render(PYTHON="python"))


def test_the_conda_recipe_asks_for_what_the_package_asks_for_in_the_same_ranges():
    wanted = {"python": PROJECT["requires-python"]}
    for one in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["cpu"]:
        name, versions = re.fullmatch(r"([\w-]+)(.*)", one).groups()  # type: ignore[union-attr]
        wanted[OF_CONDA.get(name, name.lower())] = versions
    found = dict((*one.split(" ", 1), "")[:2] for one in recipe()["requirements"]["run"])

    assert found == wanted
    assert recipe()["package"]["version"] == PROJECT["version"]
    assert recipe()["build"]["entry_points"] == [f"{k} = {v}" for k, v in PROJECT["scripts"].items()]


def test_the_workflow_tries_every_python_and_system_that_the_package_names():
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    matrix = jobs["fast"]["strategy"]["matrix"]

    assert set(matrix["python"]) == PYTHONS == {"3.11", "3.12", "3.13", "3.14"}
    assert {os.split("-")[0] for os in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert jobs["all"]["steps"][-1]["run"] == ".ci/run"


def test_the_workflow_names_folders_extras_and_scripts_that_exist_and_no_address():
    text = WORKFLOW.read_text(encoding="utf-8")
    places = re.findall(r"(?<![\w/.])(?:tests/\w+|\.ci/[\w.]+|conda(?=\n))", text)
    extras = {name for found in re.findall(r"\[([a-z,]+)\]'", text) for name in found.split(",")}

    assert len(places) > 8 and all((REPO / place).exists() for place in places)
    assert extras and extras <= set(PROJECT["optional-dependencies"])
    assert "://" not in text + (REPO / "conda" / "meta.yaml").read_text(encoding="utf-8")


def test_the_workflow_fits_the_schema_of_workflows():
    program = Path(sys.executable).with_name("check-jsonschema")
    told = subprocess.run(
        [program, "--builtin-schema", "vendor.github-workflows", WORKFLOW], capture_output=True, text=True
    )

    assert told.returncode == 0, told.stdout


def test_no_link_is_part_of_the_repository():
    """A checkout puts a tracked link in the place of an ignored folder of that name, and so removes an environment."""
    listed = subprocess.run(["git", "ls-files", "--stage"], cwd=REPO, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no checkout of git")
    assert [line for line in listed.stdout.splitlines() if line.startswith("120000")] == []
