"""The evaluation reports of one run or of several side by side, as every table and figure of this package takes them.

A part that an older file lacks gives an empty table.
"""

from __future__ import annotations

from typing import Any

Reports = dict[str, dict[str, Any]]  # name of a run → content of its evaluation.json; the run in question comes first
PARTS = {  # part → (title, what its rows are)
    "distance": ("By distance to the nearest visible shot", "shots to the nearest visible one"),
    "position": ("By position in the scene", "position in the scene"),
    "ratio": ("By mask ratio", "mask ratio"),
    "modality": ("By modality", "modality"),
    "part": ("One modality hidden", "the modality that is hidden"),
}
