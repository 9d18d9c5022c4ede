"""A full disk is one sentence; what stood there before stands there still, and what was killed is cleared away."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, InputError
from msm.errors import FullDiskError
from msm.importers.convert import import_embeddings
from msm.ingest import IngestOptions, ingest
from msm.io.files import whole_folder
from tests.ingest.conftest import Scene, write_film

pytestmark = pytest.mark.fault


def everything(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# Sizes at which the disk runs full at another step each: spooled sound, thumbnails, vectors, catalog, media.
@pytest.mark.parametrize(("kilobytes", "workers"), [(60, 1), (280, 1), (280, 2), (560, 1)])
def test_an_ingest_that_fills_the_disk_says_so_and_leaves_the_catalog_as_it_was(
    tmp_path, small_disk, kilobytes, workers
):
    disk = small_disk(kilobytes)
    write_film(tmp_path / "first.mp4", [Scene(0)])
    if kilobytes > 200:
        ingest([tmp_path / "first.mp4"], disk / "catalog", IngestOptions(media=False))
    before = everything(disk)
    films = [write_film(tmp_path / f"film-{i}.mp4", [Scene((i + j) % 7) for j in range(20)]) for i in range(2)]
    with pytest.raises(FullDiskError, match=f"{disk / 'catalog'} cannot be written: there is no space left"):
        ingest(films, disk / "catalog", IngestOptions(workers=workers))
    after = everything(disk)
    assert before.items() <= after.items()
    assert all(".catalog.ingest" in p.parts and ".tmp-" not in str(p) for p in after.keys() - before.keys())


def test_the_command_line_says_it_in_one_sentence(tmp_path, small_disk):
    film = write_film(tmp_path / "film.mp4", [Scene(i % 7) for i in range(20)])
    catalog = small_disk(140) / "catalog"
    done = subprocess.run(
        [sys.executable, "-m", "msm", "ingest", str(film), str(catalog)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (
        2,
        f"msm: {catalog} cannot be written: there is no space left on its disk\n",
    )


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_an_import_that_fills_the_disk_leaves_nothing(tmp_path, small_disk, kind):
    disk, vectors = small_disk(300), np.random.default_rng(0).standard_normal((400, 256)).astype(np.float32)
    if kind == "npz":
        np.savez(tmp_path / "a.npz", visual=vectors)
    else:
        rows = {"title_id": "a", "shot": range(len(vectors)), "embedding": list(vectors)}
        pd.DataFrame(rows).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(FullDiskError, match="catalog cannot be written: there is no space left on its disk"):
        import_embeddings(tmp_path / f"a.{kind}", disk / "catalog")
    assert list(disk.iterdir()) == []


WRITER = """
import sys, time
from pathlib import Path
from msm.io.files import whole_folder
with whole_folder(Path(sys.argv[1]), replace=True) as folder:
    (folder / "half").write_text("x")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_the_next_writer_clears_away_what_a_killed_one_left_and_spares_one_that_lives(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "catalog")], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for writer in writers:
        writer.stdout.readline()
    writers[0].kill()
    writers[0].wait()
    left = sorted(tmp_path.glob(".catalog.tmp-*"))
    for folder in left:
        os.utime(folder, times=(time.time() - 60,) * 2)
    try:
        with whole_folder(tmp_path / "catalog"):
            pass
        kept = list(tmp_path.glob(".catalog.tmp-*"))
        assert len(left) == 2 and [f"tmp-{writers[1].pid}-" in p.name for p in kept] == [True]
    finally:
        writers[1].kill()
        writers[1].wait()


def test_a_stop_reaches_the_processes_that_read(tmp_path):
    """The parent is told to stop while two workers read: all are gone soon, and nothing half-made is left."""
    import psutil

    films = [write_film(tmp_path / f"film-{i}.mp4", [Scene((i + j) % 7) for j in range(200)]) for i in range(2)]
    command = [sys.executable, "-m", "msm", "ingest", *map(str, films), str(tmp_path / "out" / "c"), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while len(list((tmp_path / "out").glob(".c.ingest/.film-*.tmp-*"))) < 2 and process.poll() is None:
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    began = time.monotonic()
    process.terminate()
    assert process.wait(30) == 143 and process.stderr.read() == ""
    psutil.wait_procs(children, timeout=5)
    assert [p for p in children if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert time.monotonic() - began < 15 and list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_for_another_reason_keeps_its_own_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((InputError, OSError)) as told:
        ingest([write_film(tmp_path / "a.mp4", [Scene(0)])], tmp_path / "file" / "catalog")
    assert "space" not in str(told.value)


def test_a_catalog_written_whole_is_sound(tmp_path):
    ingest([write_film(tmp_path / "a.mp4", [Scene(0), Scene(1)])], tmp_path / "catalog")
    Catalog.open(tmp_path / "catalog").validate()
