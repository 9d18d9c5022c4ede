"""What a module of `msm.exports.tools` defines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msm.exports.shots import Shots


@dataclass(frozen=True, kw_only=True)
class Tool:
    """How shots are written for a tool.

    write  fills an empty folder with the shots
    opens  the command, or what to do, that opens the folder; `{out}` is its path
    needs  packages that writing needs, as they are imported
    """

    write: Callable[[Shots, Path], None]
    opens: str
    needs: tuple[str, ...] = ()
