"""Fixtures that any test may use: a small catalog, and where the real data is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

# Threads that wait for each other spin by default. Where two test processes share two cores, a small training and the fit of
# its baselines then take three to five times the processor time. So torch's sleep, and NumPy's matrix products have one
# thread; here and in every process that a test starts. Both are read when the libraries are loaded, before the imports below.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, Modality, TitleData
from msm.data.catalog import modalities_of
from tests.talks import cpu, quick, talks

__all__ = ["cpu", "quick", "talks"]

REPO = Path(__file__).resolve().parents[1]
LEARNING = {
    "ablation",
    "evaluation",
    "inference",
    "interpret",
    "models",
    "objectives",
    "repository",
    "runs",
    "training",
}
TINY_SHOTS = {"train": (7, 5), "validation": (4,), "test": (6, 3)}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """One thread where small models are trained: they lose more by waiting for each other's threads than they win; and
    the processes that some of these tests start have one too, without which nothing would be the same to the bit. Before
    each test and its fixtures, as tests of other rooms in the same process may ask for more."""
    if item.path.relative_to(REPO / "tests").parts[0] in LEARNING:
        import torch

        torch.set_num_threads(1)


def tiny_titles(dims: tuple[Modality, ...], seed: int = 0) -> Iterator[TitleData]:
    """Five titles `train-0` … `test-1` of three to seven shots with times, text and a scene label."""
    rng = np.random.default_rng(seed)
    width = sum(m.dim for m in dims)
    for split, lengths in TINY_SHOTS.items():
        for number, num_shots in enumerate(lengths):
            ends = np.cumsum(rng.uniform(1, 5, num_shots))
            shots = {
                "start_s": np.r_[0, ends[:-1]],
                "end_s": ends,
                "text": [f"line {i}" for i in range(num_shots)],
                "scene": np.arange(num_shots) // 3,
            }
            yield TitleData(
                title_id=f"{split}-{number}",
                split=split,
                embeddings=rng.standard_normal((num_shots, width)).astype(np.float32),
                shots=pd.DataFrame(shots),
                labels={"genre": "drama" if number else "comedy"},
            )


@pytest.fixture(autouse=True)
def the_main_module_stays() -> Iterator[None]:
    """Streamlit puts the script that it runs in its place, and a process that is spawned later would run it again."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture
def make_catalog(tmp_path: Path) -> Callable[..., Catalog]:
    """`make_catalog(titles)` writes them as `tmp_path/catalog`; other arguments go to Catalog.write."""

    def make(titles: list[TitleData], **choices: object) -> Catalog:
        width = np.asarray(titles[0].embeddings).shape[1]
        modalities = choices.pop("modalities", modalities_of({"video": width}))
        return Catalog.write(tmp_path / "catalog", titles, modalities=modalities, **choices)  # type: ignore[arg-type]

    return make


@pytest.fixture
def tiny_catalog(tmp_path: Path) -> Catalog:
    """25 shots in five titles, `video` 4 wide and `text` 3 wide, float32, in `tmp_path/tiny`."""
    modalities = modalities_of({"video": 4, "text": 3})
    return Catalog.write(tmp_path / "tiny", tiny_titles(modalities), modalities=modalities, dtype="float32")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """`small_disk(KB)`: a file system of that size; its test is skipped where nobody may mount one."""
    place = tmp_path / "small"
    place.mkdir()

    def mount(kilobytes: int) -> Path:
        if refused := mount_small_disk(place, kilobytes):
            pytest.skip(refused)
        return place

    yield mount
    unmount(place)


def mount_small_disk(place: Path, kilobytes: int) -> str:
    """A file system of that size in a folder; empty, or why there is none: mounting takes root, as in CI."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True)
    return f"no file system can be mounted here: {done.stderr.strip()}" if done.returncode else ""


def unmount(place: Path) -> None:
    """Also where something is mapped still, and where nothing was mounted."""
    subprocess.run(["umount", "--lazy", str(place)], capture_output=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data that no commit holds; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("MSM_REAL_DATA", REPO.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"no real data in {folder}; say where it is with MSM_REAL_DATA")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Of the fault tests; here, where also the process that hands tests out to others reads it."""
    sums: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, number in report.user_properties:
                    if name.startswith("count: "):
                        sums[name.removeprefix("count: ")] += int(number)
    if sums:
        terminalreporter.section("faults")
        for what, number in sums.items():
            terminalreporter.write_line(f"{number:8,} {what}")
