"""What no file may do; which room imports which is import-linter's to check (pyproject.toml)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
LIBRARY = sorted((REPO / "msm").rglob("*.py"))
APP = sorted((REPO / "workbench").rglob("*.py"))
OURS = LIBRARY + APP + [p for d in ("sample_data", "benchmarks", "notebooks") for p in sorted((REPO / d).rglob("*.py"))]
TESTS = sorted((REPO / "tests").rglob("*.py"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, wherever in it the import stands."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def breaches(paths: list[Path], forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(REPO)}:{line} imports {name}"
        for path in paths
        for line, name in imports(path)
        if any(name == f or name.startswith(f + ".") for f in forbidden)
    ]


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def inside(folder: str) -> list[Path]:
    return [p for p in APP if p.is_relative_to(REPO / "workbench" / folder)]


def test_umap_is_imported_only_when_a_map_is_made():
    for home in (REPO / "msm" / "projection").rglob("*.py"):
        top = ast.parse(home.read_text(encoding="utf-8")).body
        names = [a.name for n in top if isinstance(n, ast.Import) for a in n.names]
        names += [n.module or "" for n in top if isinstance(n, ast.ImportFrom)]
        assert "umap" not in names


def test_nobody_edits_sys_path():
    server = {"streamlit_internals.py", "test_streamlit_internals.py"}  # it keeps Streamlit from editing it
    edits = [
        f"{path.relative_to(REPO)}:{node.lineno}"
        for path in OURS + TESTS
        if path.name not in server
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "path" and ast.unparse(node) == "sys.path"
    ]
    assert edits == []


def test_pages_are_turned_in_one_place_which_gives_the_selection_along():
    turning = [p for p in APP if "st.switch_page(" in p.read_text(encoding="utf-8")]

    assert [p.name for p in turning] == ["page_context.py"]


def test_no_pickle_is_ever_read():
    assert breaches(OURS, ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")) == []
    loose = []
    for path in OURS:
        for call, name in calls(path):
            given = {k.arg: ast.unparse(k.value) for k in call.keywords}
            unsafe = given.get("allow_pickle") == "True" or given.get("weights_only", "True") != "True"
            if unsafe or (name == "torch.load" and "weights_only" not in given) or name.endswith("read_pickle"):
                loose.append(f"{path.relative_to(REPO)}:{call.lineno} {name}")
    assert loose == []


def cached_functions() -> list[tuple[Path, ast.FunctionDef, dict[str, str]]]:
    """Every function under st.cache_data or st.cache_resource, with the decorator's arguments."""
    found = []
    for path in APP:
        for node in nodes(path):
            for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) in ("st.cache_data", "st.cache_resource"):
                    found.append((path, node, {k.arg or "": ast.unparse(k.value) for k in mark.keywords}))
    return found


def test_every_cache_has_a_bound():
    """One without arguments holds a single thing, which bounds itself."""
    assert len(cached_functions()) > 20
    loose = [f"{p.name}:{n.name}" for p, n, given in cached_functions() if n.args.args and "max_entries" not in given]
    assert loose == []


def test_every_argument_of_a_cached_function_is_a_part_of_its_key():
    """Streamlit leaves out those whose name begins with an underscore: another file would be the old answer.

    Allowed where an argument `key` stands for what has no key of its own.
    """
    keyed = [(p, n, [a.arg for a in n.args.args]) for p, n, _ in cached_functions()]
    assert [
        f"{p.name}:{n.name}" for p, n, names in keyed if any(a[0] == "_" for a in names) and "key" not in names
    ] == []
