"""Join ES modules to one text, so that a browser loads a component as one file and no build step is needed.

Every imported module becomes a function that is called once and returns its exports; the entry comes last, at the top
level, and keeps its own. Names that a module does not export stay its own. Only what this needs is understood:

    import { a, b } from "./file.js";      at the start of a line, relative, without renaming
    export function | class | const NAME   likewise; `export default` only in the entry

Anything else is refused, as is a circle of imports.
"""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r'^import (\{\s*\w+(?:,\s*\w+)*,?\s*\}) from "(\.{1,2}/[\w./-]+\.js)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
STATEMENT = re.compile(r"^(?:import|export)\b(?! default\b).*", re.MULTILINE)


def join_modules(entry: Path) -> str:
    """The text of one module that does what `entry` and all that it imports do."""
    order = _dependencies_first(entry.resolve(), above=())
    names = {path: f"module${number}" for number, path in enumerate(order)}
    *imported, last = order
    return "\n".join([*(_as_function(path, names) for path in imported), _with_imports(last, names)])


def _dependencies_first(path: Path, above: tuple[Path, ...]) -> list[Path]:
    """What `path` imports, directly or not, in an order in which every module follows its imports; `path` is last."""
    if path in above:
        raise ValueError(f"{path.name} imports itself, by way of {above[-1].name}")
    order: list[Path] = []
    for _, source in IMPORT.findall(path.read_text(encoding="utf-8")):
        order += _dependencies_first((path.parent / source).resolve(), (*above, path))
    return list(dict.fromkeys([*order, path]))


def _as_function(path: Path, names: dict[Path, str]) -> str:
    text = _with_imports(path, names)
    if re.search(r"^export default\b", text, re.MULTILINE):
        raise ValueError(f"{path.name} is imported, so it cannot have a default export")
    exports = ", ".join(EXPORT.findall(text))
    return f"// {path.parent.name}/{path.name}\nconst {names[path]} = (() => {{\n{EXPORT.sub('', text)}\nreturn {{ {exports} }};\n}})();"


def _with_imports(path: Path, names: dict[Path, str]) -> str:
    """The text of a module, its imports read from the modules that stand before it."""

    def read(found: re.Match[str]) -> str:
        source = (path.parent / found[2]).resolve()
        missing = set(re.findall(r"\w+", found[1])) - set(EXPORT.findall(source.read_text(encoding="utf-8")))
        if missing:
            raise ValueError(f"{source.name} does not export {', '.join(sorted(missing))}, which {path.name} imports")
        return f"const {found[1]} = {names[source]};"

    text = IMPORT.sub(read, path.read_text(encoding="utf-8"))
    unknown = STATEMENT.search(EXPORT.sub("", text))
    if unknown:
        raise ValueError(f"{path.name} has a statement that cannot be joined: {unknown[0]}")
    return text
