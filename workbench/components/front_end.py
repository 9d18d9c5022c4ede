"""Front ends as text: ES modules joined to one, and a style sheet, without a build step.

Streamlit sends a component's module with every message. Here the module only imports the real one from a route
(workbench/server/routes.py), which the browser caches: a message to the filmstrip has 7 kB instead of 73.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from workbench.components.es_modules import join_modules
from workbench.session.base_path import base_address
from workbench.views import palette

HERE = Path(__file__).parent

IN_STREAMLIT = {  # folder → the module that mounts the component; it imports the others
    "filmstrip": ("streamlit_shell.js",),
    "shot_map": ("streamlit_shell.js",),
    "frames": ("frames.js",),
    "choices": ("choices.js",),
    "history": ("history.js",),
    "tour": ("tour.js",),
    "theme": ("theme.js",),
    "into_view": ("into_view.js",),
}


def importing_module(folder: str) -> str:
    """A module that imports the one of the component in `folder` from an address with its hash."""
    version = sha256(joined(folder, *IN_STREAMLIT[folder]).encode()).hexdigest()[:16]
    place = f"{base_address()}/components/{folder}.js?{version}"
    # Two lines at least: Streamlit takes a single line for a file name.
    return f'const module = await import(new URL("{place}", location.origin));\nexport default module.default;\n'


@cache
def joined(folder: str, entry: str) -> str:
    """The ES module `entry` of the component in `folder`, joined with all that it imports."""
    return join_modules(HERE / folder / entry)


@cache
def style_of(folder: str) -> str:
    """The style sheet of the component in `folder`, after the palette's variables."""
    return palette.css_variables() + (HERE / folder / f"{folder}.css").read_text(encoding="utf-8")


def script(shell: str) -> str:
    """The filmstrip's module; `shell` is the file that mounts it: streamlit_shell.js or widget_shell.js."""
    return joined("filmstrip", shell)


def style() -> str:
    """The filmstrip's style sheet."""
    return style_of("filmstrip")
