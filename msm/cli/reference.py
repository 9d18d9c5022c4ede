"""Every verb with its arguments and options as Markdown, from the program itself: docs/commands.md on the site and in the app."""

from __future__ import annotations

from typing import Any

import typer


def verbs() -> str:
    """A heading and a table a verb."""
    from msm import cli

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
