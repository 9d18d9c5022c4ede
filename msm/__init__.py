"""Masked Shot Modeling: catalogs of shots, models that restore hidden shots, and honest baselines.

from msm import Catalog, Run
fill = Run.open("sample_data/runs/mediafm").fill_in(Catalog.open("sample_data/catalog")["harbour-lights"], [40, 41])
fill.table
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if sys.version_info < (3, 11):  # noqa: UP036 — pip refuses; from a checkout any Python may try
    raise ImportError("MSM Workbench needs Python 3.11 or newer; this is Python %d.%d" % sys.version_info[:2])  # noqa: UP031

from msm import moved
from msm.errors import InputError

if TYPE_CHECKING:
    from msm.data.catalog import Catalog, Modality, Title, TitleData
    from msm.inference.reconstruction import FillIn
    from msm.inference.run import Run
    from msm.recipes.recipe import Recipe

__all__ = ["Catalog", "FillIn", "InputError", "Modality", "Recipe", "Run", "Title", "TitleData"]
_LATE = {
    **dict.fromkeys(("Catalog", "Modality", "Title", "TitleData"), "msm.data.catalog"),
    "FillIn": "msm.inference.reconstruction",
    "Run": "msm.inference.run",
    "Recipe": "msm.recipes.recipe",
}

moved.install()


def __getattr__(name: str) -> Any:
    """Names are imported when they are first asked for: pandas takes a second and torch two more."""
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'msm' has no attribute {name!r}")
