"""Front ends as text: files that are joined to one module and a style sheet, without a build step.

Streamlit sends a component's module with every message. Here the module only imports the real one from a route
(workbench/server/routes.py), which the browser caches: a message to the filmstrip has 7 kB instead of 73.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from workbench.session.base_path import base_address
from workbench.views import palette

HERE = Path(__file__).parent
STRIP = ("pieces.js", "toolbar.js", "player.js", "timeline.js", "strip.js", "filmstrip.js")  # in this order

IN_STREAMLIT = {  # folder → the files of its module
    "filmstrip": (*STRIP, "streamlit_shell.js"),
    "shot_map": ("shot_map.js", "streamlit_shell.js"),
    "frames": ("frames.js",),
    "choices": ("choices.js",),
}


def importing_module(folder: str) -> str:
    """A module that imports the one of the component in `folder` from an address with its hash."""
    version = sha256(joined(folder, *IN_STREAMLIT[folder]).encode()).hexdigest()[:16]
    place = f"{base_address()}/components/{folder}.js?{version}"
    # Two lines at least: Streamlit takes a single line for a file name.
    return f'const module = await import(new URL("{place}", location.origin));\nexport default module.default;\n'


@cache
def joined(folder: str, *names: str) -> str:
    """The ES module of the component in `folder`: what all of them are made of, and its own files in this order."""
    files = [HERE / "elements.js", *(HERE / folder / name for name in names)]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@cache
def style_of(folder: str) -> str:
    """The style sheet of the component in `folder`, after the palette's variables."""
    return palette.css_variables() + (HERE / folder / f"{folder}.css").read_text(encoding="utf-8")


def script(shell: str) -> str:
    """The filmstrip's module; `shell` is the file that mounts it: streamlit_shell.js or widget_shell.js."""
    return joined("filmstrip", *STRIP, shell)


def style() -> str:
    """The filmstrip's style sheet."""
    return style_of("filmstrip")
