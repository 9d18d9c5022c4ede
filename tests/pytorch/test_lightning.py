"""The training in Lightning that docs/howto/pytorch.md shows, in an environment that has Lightning (`make tools`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from msm.data.catalog import Catalog
from tests.tool_environments import run_in

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "pytorch.md"


@pytest.mark.slow
@pytest.mark.tool
def test_the_page_trains_in_lightning(tiny_catalog: Catalog, tmp_path: Path) -> None:
    """With Lightning's aiohttp Ray's small installation does not start, so it is not beside the other tests."""
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "catalog").symlink_to(tiny_catalog.path)
    code = re.search(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert code is not None and "lightning" in code[1]
    run_in("trackers", tmp_path, "-c", f"{code[1]}\nassert trainer.global_step > 0")
