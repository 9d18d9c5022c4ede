"""Front ends as text: files that are joined to one module and a style sheet, without a build step."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from workbench.views import palette

HERE = Path(__file__).parent
STRIP = ("pieces.js", "toolbar.js", "player.js", "timeline.js", "strip.js", "filmstrip.js")  # in this order


@cache
def joined(folder: str, *names: str) -> str:
    """The ES module of the component in `folder`: what all of them are made of, and its own files in this order."""
    files = [HERE / "elements.js", *(HERE / folder / name for name in names)]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@cache
def style_of(folder: str) -> str:
    """Its style sheet, the colours of the palette before it."""
    return palette.css_variables() + (HERE / folder / f"{folder}.css").read_text(encoding="utf-8")


def script(shell: str) -> str:
    """The filmstrip's module; `shell` is the file that mounts it: streamlit_shell.js or widget_shell.js."""
    return joined("filmstrip", *STRIP, shell)


def style() -> str:
    """The filmstrip's style sheet."""
    return style_of("filmstrip")
