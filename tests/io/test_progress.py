"""What a long verb shows of its progress, on a terminal and in the file that a watcher reads."""

from __future__ import annotations

import io
import json
import sys

from msm.io import progress
from msm.io.progress import ProgressFile, progress_bars


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_part_of_the_work_that_is_under_way(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bars("planning", "ingesting") as (planning, ingesting):
        planning(1, 2)
        ingesting(30, 120)
    begun, _, last = screen.getvalue().rpartition("planning")
    assert not begun.count("ingesting") and "ingesting" in last and "25%" in last


def test_the_file_names_the_next_part_of_the_work_at_once(tmp_path, monkeypatch):
    """However short the part before was, and however long the next one needs before it tells more."""
    monkeypatch.setattr(progress, "EVERY_S", 60.0)
    told = ProgressFile(tmp_path / "progress.json")
    told.tell("planning", 0, 1)
    told.tell("planning", 1, 1)
    told.tell("ingesting", 0, 90)
    line = json.loads((tmp_path / "progress.json").read_text())
    assert (line["what"], line["done"], line["total"], line["seconds_left"]) == ("ingesting", 0, 90, None)
