"""Every public name of the reference says what it is, and in which shapes and with which errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import msm

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted((REPO / "docs" / "reference").glob("*.md"))
ARRAYS = re.compile(r"\b(ndarray|Tensor)\b")
SHAPE = re.compile(
    r"\((…|\.\.\.|n|count|[A-Z]\w*)(,|\) bool)|\(\), |\((titles|rows|num_shots|stop − start),|of any shape|with the shapes"
)
REFUSES = re.compile(r"InputError|refuse")


class Name(NamedTuple):
    where: str
    node: ast.FunctionDef | ast.ClassDef
    doc: str


def documented() -> list[str]:
    """What the pages of the reference ask mkdocstrings for: modules, and classes of modules."""
    return [
        name for page in PAGES for name in re.findall(r"^::: (\S+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def source_of(name: str) -> tuple[Path, str]:
    """The file of a module or of a class in one, and the class's name or ""."""
    path = REPO.joinpath(*name.split("."))
    if path.is_dir():
        return path / "__init__.py", ""
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py"), ""
    return path.parent.with_suffix(".py"), path.name


def names(of: str) -> Iterator[Name]:
    """Public functions and classes, and the public methods and properties of these; an override may have its base's words."""
    path, only = source_of(of)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = {c.name: c for c in tree.body if isinstance(c, ast.ClassDef)}

    def inherited(method: str, of_class: ast.ClassDef) -> str:
        bases = [classes[b.id] for b in of_class.bases if isinstance(b, ast.Name) and b.id in classes]
        same = [m for b in bases for m in b.body if isinstance(m, ast.FunctionDef) and m.name == method]
        return next((ast.get_docstring(m) or "" for m in same), "")

    def walk(body: list[ast.stmt], before: str) -> Iterator[Name]:
        for node in body:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not any(ast.unparse(d) == "overload" for d in node.decorator_list)  # the last of them has the words
            ):
                if only and not before and node.name != only:
                    continue
                where = f"{path.relative_to(REPO)}:{node.lineno} {before}{node.name}"
                owner = classes.get(before.rstrip("."))
                yield Name(where, node, ast.get_docstring(node) or (inherited(node.name, owner) if owner else ""))
                if isinstance(node, ast.ClassDef):
                    yield from walk(node.body, f"{node.name}.")

    yield from walk(tree.body, "")


def takes_arrays(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef):
        return False
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    hints = [a.annotation for a in arguments] + [node.returns]
    return any(ARRAYS.search(ast.unparse(hint)) for hint in hints if hint is not None)


def raises_input_error(node: ast.AST) -> bool:
    raised = [n.exc for n in ast.walk(node) if isinstance(n, ast.Raise) and n.exc is not None]
    return isinstance(node, ast.FunctionDef) and any("InputError(" in ast.unparse(e) for e in raised)


NAMES = [name for of in documented() for name in names(of)]


def test_the_reference_has_what_one_imports_from_msm():
    shown = " ".join(documented())
    lacking = [name for name in msm.__all__ if not any(n.node.name == name for n in NAMES)]

    assert lacking == [], shown


def test_every_public_name_has_a_docstring():
    assert [name.where for name in NAMES if not name.doc] == []


def test_what_takes_or_gives_arrays_says_their_shapes():
    assert [name.where for name in NAMES if takes_arrays(name.node) and not SHAPE.search(name.doc)] == []


def test_what_refuses_input_says_so():
    assert [name.where for name in NAMES if raises_input_error(name.node) and not REFUSES.search(name.doc)] == []


@pytest.mark.parametrize("module", sorted({str(source_of(of)[0].relative_to(REPO)) for of in documented()}))
def test_every_module_of_the_reference_opens_with_a_sentence(module):
    assert ast.get_docstring(ast.parse((REPO / module).read_text(encoding="utf-8")))
