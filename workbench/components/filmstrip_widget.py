"""The filmstrip as an anywidget for notebooks, around a fill-in; it has the same front end as the app's component.

    from workbench.components.filmstrip_widget import Filmstrip
    Filmstrip(run.fill_in(title, [40, 41]), title, run)

With the title, it shows frames, texts, scene boundaries and a film of at most 32 MB. With the run too, a gesture computes a new
fill-in; `.fill` and `.hidden` have what is on the screen.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from msm import FillIn, InputError, Run, Title
from msm.masking.parts import parts_of_json
from workbench.components.front_end import script, style
from workbench.views.fill_in.filmstrip import as_message, strip_answer, strip_shots

MOST_PICTURES = 600  # frames are sent inside the notebook; a longer title is shown by its colours
MOST_FILM_BYTES = 32 * 2**20  # so is the film; in place of a larger one the frames are played


class Filmstrip(anywidget.AnyWidget):
    """A fill-in as a filmstrip; `title` and `run` as the module's docstring says."""

    _esm = script("widget_shell.js")
    _css = style()

    shots = traitlets.Dict().tag(sync=True)
    film = traitlets.Bytes(b"").tag(sync=True)  # MP4; empty where there is none
    hidden = traitlets.List(traitlets.Int()).tag(sync=True)
    modality = traitlets.Any("").tag(sync=True)  # of all the hidden shots, or {modality: [shot, …]}; "" = whole shots
    answer = traitlets.Any(default_value=None).tag(sync=True)  # `views.strip.strip_answer`, None while there is none
    curve = traitlets.Any(default_value=None).tag(sync=True)
    arcs = traitlets.Any(default_value=None).tag(sync=True)
    cursor = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)

    def __init__(self, fill: FillIn, title: Title | None = None, run: Run | None = None, **traits: Any):
        self.fill, self._title, self._run = fill, title, run
        super().__init__(
            shots=_shots(fill, title),
            film=b"" if title is None else _film(title),
            hidden=[int(s) for s in fill.hidden],
            modality=as_message(fill.parts, [int(s) for s in fill.hidden]),
            answer=strip_answer(fill.table, fill.best_baseline_name),
            **traits,
        )
        self.observe(self._update_fill, ["hidden", "modality"])

    def _update_fill(self, _change: object = None) -> None:
        if self._run is None or self._title is None:
            return
        try:
            parts = parts_of_json(self.modality, self.hidden)
            self.fill = self._run.fill_in(self._title, self.hidden, modalities=parts)
        except (InputError, ValueError):  # no shot is hidden, or no modality that the shots have
            self.answer = None
            return
        self.answer = strip_answer(self.fill.table, self.fill.best_baseline_name)


def _shots(fill: FillIn, title: Title | None) -> dict[str, Any]:
    rows = fill.times if title is None else title.shots
    name = fill.title_id if title is None else title.name
    modalities = [m.name for m in fill.space.modalities]
    shown = strip_shots(fill.title_id, name, rows, fill.shots, modalities=modalities)
    return shown | {"pictures": None if title is None else _pictures(title)}


def _film(title: Title) -> bytes:
    file = title.film
    return file.read_bytes() if file is not None and file.stat().st_size <= MOST_FILM_BYTES else b""


def _pictures(title: Title) -> list[str | None] | None:
    """The frames as data URIs; None where the title has none, or too many."""
    if not title.has_thumbnails or title.num_shots > MOST_PICTURES:
        return None
    return [_data_uri(title.thumbnail(i)) for i in range(title.num_shots)]


def _data_uri(file: Path) -> str | None:
    if not file.is_file():
        return None
    return "data:image/webp;base64," + base64.b64encode(file.read_bytes()).decode()
