"""What was read of a mapped catalog does not stay in the process's memory."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from msm.data import catalog as module
from msm.data.catalog import Catalog, TitleData, modalities_of

WIDTH, SHOTS = 1024, 16_000  # float32: a row a page, 65 MB


def resident_mb(shard: Path) -> float:
    """Megabytes of a file that this process has mapped and read."""
    found, inside = 0.0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            inside = line.endswith(str(shard))
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1]) / 1000
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="what is resident is read from /proc")
def test_rows_from_anywhere_leave_a_part_of_a_catalog_resident_and_not_all_of_it(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    title = TitleData(title_id="t", split="train", embeddings=rng.random((SHOTS, WIDTH), dtype=np.float32))
    Catalog.write(tmp_path / "catalog", [title], modalities=modalities_of({"video": WIDTH}), dtype="float32")
    catalog = Catalog.open(tmp_path / "catalog")
    monkeypatch.setattr(module, "MOST_TAKEN", 64)
    rows = rng.permutation(SHOTS)
    taken = [catalog.take(some) for some in np.array_split(rows, 1000)]

    assert np.array_equal(np.concatenate(taken), title.embeddings[rows])
    assert resident_mb(tmp_path / "catalog" / "shots-00000.npy") < 16
