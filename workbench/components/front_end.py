"""The filmstrip's front end as text: one module in six files and a shell, joined without a build step."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from workbench.views import palette

HERE = Path(__file__).parent / "filmstrip"
PARTS = ("pieces.js", "toolbar.js", "player.js", "timeline.js", "strip.js", "filmstrip.js")  # in this order


@cache
def script(shell: str) -> str:
    """An ES module; `shell` is the file that mounts it: streamlit_shell.js or widget_shell.js."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in (*PARTS, shell))


@cache
def style() -> str:
    return palette.css_variables() + (HERE / "filmstrip.css").read_text(encoding="utf-8")
