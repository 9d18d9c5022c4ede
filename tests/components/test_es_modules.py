"""Modules of a component joined to one: in order, each once, their own names apart."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from workbench.components import front_end
from workbench.components.es_modules import join_modules

NOTEBOOK = [("filmstrip", "widget_shell.js"), ("shot_map", "widget_shell.js")]
ENTRIES = [*((folder, *names) for folder, names in front_end.IN_STREAMLIT.items()), *NOTEBOOK]
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@pytest.fixture
def write(tmp_path):
    def write(**modules: str) -> Path:
        for name, text in modules.items():
            (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
        return tmp_path / "entry.js"

    return write


def run(module: str) -> str:
    command = ["node", "--input-type=module", "--eval", module]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@needs_node
def test_a_module_that_two_others_import_runs_once_and_before_them(write):
    entry = write(
        entry='import { left } from "./left.js";\nimport { right } from "./right.js";\nconsole.log(left, right);\n',
        left='import { next } from "./counter.js";\nexport const left = next();\n',
        right='import {\n  next,\n} from "./counter.js";\nexport const right = next();\n',
        counter="let count = 0;\nexport function next() {\n  return ++count;\n}\n",
    )
    assert run(join_modules(entry)) == "1 2"


@needs_node
def test_a_name_that_is_not_exported_may_be_used_again_in_another_module(write):
    entry = write(
        entry='import { a } from "./a.js";\nimport { b } from "./b.js";\nconst own = "entry";\nconsole.log(own, a(), b());\n',
        a='const own = "a";\nexport function a() {\n  return own;\n}\n',
        b='const own = "b";\nexport const b = () => own;\n',
    )
    assert run(join_modules(entry)) == "entry a b"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ('import { a as b } from "./a.js";', "cannot be joined"),
        ('import * as a from "./a.js";', "cannot be joined"),
        ('import { a } from "lodash";', "cannot be joined"),
        ("export let count = 0;", "cannot be joined"),
        ('import { missing } from "./a.js";', "a.js does not export missing, which entry.js imports"),
        ('import { only } from "./default.js";', "cannot have a default export"),
        ('import { entry } from "./circle.js";', "imports itself"),
    ],
)
def test_what_cannot_be_joined_is_refused(write, statement, reason):
    entry = write(
        entry=f"{statement}\n",
        a="export const a = 1;\n",
        default="export const only = 1;\nexport default only;\n",
        circle='import { a } from "./entry.js";\nexport const entry = 1;\n',
    )
    with pytest.raises(ValueError, match=reason):
        join_modules(entry)


@pytest.mark.parametrize(("folder", "name"), ENTRIES)
def test_every_component_is_one_module_with_a_default_export(folder, name):
    module = front_end.joined(folder, name)
    assert re.findall(r"^(?:import|export)\b.{8}", module, re.MULTILINE) == ["export default"]
    if shutil.which("node"):
        subprocess.run(["node", "--input-type=module", "--check"], input=module, text=True, check=True)


def test_every_module_of_a_component_is_part_of_it():
    joined = "\n".join(front_end.joined(folder, name) for folder, name in ENTRIES)
    headings = set(re.findall(r"^// (\w+/\w+\.js)$", joined, re.MULTILINE))
    entries = {"/".join(entry) for entry in ENTRIES} | {"growing_figure/growing_figure.js"}
    written = {f"{path.parent.name}/{path.name}" for path in front_end.HERE.rglob("*.js")}
    assert written - entries == headings
