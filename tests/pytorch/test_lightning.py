"""The training in Lightning that docs/howto/pytorch.md shows, where Lightning is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from msm.data.catalog import Catalog

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "pytorch.md"


def test_the_page_trains_in_lightning(tiny_catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(
        "lightning", reason="lightning is not installed: with its aiohttp Ray's small installation does not start"
    )
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "catalog").symlink_to(tiny_catalog.path)
    monkeypatch.chdir(tmp_path)
    code = re.search(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert code is not None
    exec(compile(code[1], str(PAGE), "exec"), {})
