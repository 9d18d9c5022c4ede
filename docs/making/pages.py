"""What the site does to a page beyond Markdown: links that leave docs/ become paths; decisions and verbs list themselves."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

import typer

from msm import cli

LEAVING = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+)([^)#\s]+)(?:#[^)]*)?\)")
DECISIONS = "<!-- every note of this folder -->"
VERBS = "<!-- every verb -->"


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """In the repository such a link works; on the site its text stays, and where the file is."""
    depth = len(PurePosixPath(page.file.src_uri).parent.parts)

    def replaced(link: re.Match[str]) -> str:
        text, up, path = link.groups()
        return f"{text} (`{path}`)" if len(up) // 3 > depth else link[0]

    if DECISIONS in markdown:
        markdown = markdown.replace(DECISIONS, decisions(Path(config["docs_dir"]) / "decisions"))
    if VERBS in markdown:
        markdown = markdown.replace(VERBS, verbs())
    return LEAVING.sub(replaced, markdown)


def decisions(folder: Path) -> str:
    """A line a note: its number and its heading, as a link."""
    lines = []
    for note in sorted(folder.glob("[0-9]*.md")):
        heading = note.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        lines.append(f"- [{note.stem[:4]}: {re.sub(r'^[0-9]{4}:? *', '', heading)}]({note.name})")
    return "\n".join(lines)


def verbs() -> str:
    """A heading and a table a verb, from the program itself."""
    program: Any = typer.main.get_command(cli.app)
    return "".join(_verb(name, command) for name, command in program.commands.items())


def _verb(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join(["msm", name, *(_argument(p) for p in arguments)])
    rows = [f"| `{_argument(p)}` | {_cell(p.help)} | |" for p in arguments]
    rows += [_option(p) for p in command.params if p.param_type_name == "option"]
    table = ["| | | default |", "| --- | --- | --- |", *rows]
    return "\n".join([f"\n## `{usage}`\n", command.help.strip(), "", *table, ""])


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).strip("[]{}.").upper()
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    default = (
        "" if parameter.default in (None, False, True, "", [], 0) or callable(parameter.default) else parameter.default
    )
    return f"| {names} | {_cell(parameter.help)} | {f'`{default}`' if default != '' else ''} |"


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")
