"""Spoiled files of every kind: an answer or one clear sentence, never a crash, a hang, or memory without bound.

A few hundred inputs in every run; `MSM_INPUTS=10000 pytest tests/faults/test_hostile.py` tries that many, other ones each time
that MSM_FIRST_SEED says so.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from msm.data.catalog import Catalog
from msm.errors import LONGEST, InputError, reading
from msm.importers.convert import import_embeddings
from tests.faults.valid import KINDS

pytestmark = pytest.mark.fault
INPUTS = int(os.environ.get("MSM_INPUTS", 360))
FIRST = int(os.environ.get("MSM_FIRST_SEED", 0))
SLOW = ("run", "film")  # a model is opened, a film decoded: fewer of these
FAST = [k for k in KINDS if k not in SLOW]
GROUPS = {f"tables, arrays and words {n + 1}": FAST[n::3] for n in range(3)} | {k: [k] for k in SLOW}


@pytest.mark.parametrize("group", GROUPS)
def test_spoiled_files_get_an_answer_or_one_clear_sentence(group, tmp_path, count):
    kinds = GROUPS[group]
    seeds = max(1, INPUTS // len(KINDS)) if group not in SLOW else max(1, INPUTS // (2 * len(KINDS)))
    words = [",".join(kinds), str(seeds), str(tmp_path), "--first", str(FIRST)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.hostile", *words],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    print(done.stdout)
    count("spoiled inputs tried", seeds * done.stdout.count(" inputs, "))
    assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.count(" inputs, ") == len(kinds)


def test_a_forged_index_that_crashed_whoever_mapped_it_is_refused(tmp_path):
    """FAISS believes the sizes in what it maps: this one ended in a segmentation fault."""
    words = ["forged cells", "1", str(tmp_path), "--first", "95"]
    done = subprocess.run([sys.executable, "-m", "tests.faults.hostile", *words], cwd=Path(__file__).parents[2])
    assert done.returncode == 0


class Bomb:
    """Unpickled, it leaves a trace."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def plant(path: Path, bomb: Bomb) -> None:
    if path.suffix == ".npz":
        np.savez(path, visual=np.array([bomb] * 6, dtype=object))
    elif path.suffix == ".npy":
        np.save(path, np.array([bomb] * 6, dtype=object), allow_pickle=True)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file.create_group("video_0")["features"] = np.void(pickle.dumps(bomb))
    elif path.suffix == ".pt":
        torch.save({"step": 1, "model": bomb}, path)
    else:
        path.write_bytes(pickle.dumps(bomb))


@pytest.mark.parametrize("name", ["shots.npz", "shots.npy", "shots.h5", "shots.parquet"])
def test_a_pickle_in_a_source_is_never_opened(name, tmp_path):
    trace = tmp_path / "it went off"
    plant(tmp_path / name, Bomb(trace))
    with pytest.raises(InputError):
        import_embeddings(tmp_path / name, tmp_path / "catalog")
    assert not trace.exists()


@pytest.mark.parametrize("name", ["catalog.json", "titles.parquet", "shots.parquet", "shots-00000.npy"])
def test_a_pickle_in_a_catalog_is_never_opened(name, tiny_catalog, tmp_path):
    trace = tmp_path / "it went off"
    plant(tiny_catalog.path / name, Bomb(trace))
    with pytest.raises(InputError):
        Catalog.open(tiny_catalog.path).validate()
    assert not trace.exists()


@pytest.mark.parametrize(
    "name", ["recipe.json", "run.json", "model.safetensors", "baselines.safetensors", "evaluation.json"]
)
def test_a_pickle_in_a_run_is_never_opened(name, tmp_path):
    kind = KINDS["run"]()
    kind.make(tmp_path / "run")
    trace = tmp_path / "it went off"
    plant(tmp_path / "run" / name, Bomb(trace))
    with pytest.raises(InputError):
        kind.read(tmp_path / "run")
    assert not trace.exists()


@pytest.mark.parametrize("kind", ["index", "map", "ablation", "job", "script"])
def test_a_pickle_beside_a_catalog_or_a_run_is_never_opened(kind, tmp_path):
    """In the place of each file of an index, a map, an ablation, a job and a script; forged so that the digest fits."""
    one, trace = KINDS[kind](), tmp_path / "it went off"
    one.make(tmp_path / "valid")
    for file in one.files(tmp_path / "valid"):
        shutil.rmtree(tmp_path / "planted", ignore_errors=True)
        shutil.copytree(tmp_path / "valid", tmp_path / "planted")
        plant(tmp_path / "planted" / file, Bomb(trace))
        for forged in (False, True):
            if hasattr(one, "forged"):
                one.forged = forged and file.suffix != ".json"
            with suppress(InputError):
                one.read(tmp_path / "planted")
    assert not trace.exists()


@pytest.mark.parametrize("names", [["last.pt"], ["last.pt", "before.pt"]])
def test_a_pickle_in_a_checkpoint_is_never_opened(names, tmp_path):
    """The one before is used, or it begins again."""
    kind = KINDS["run"]()
    kind.make(tmp_path / "run")
    trace = tmp_path / "it went off"
    for name in names:
        plant(tmp_path / "run" / "checkpoint" / name, Bomb(trace))
    with suppress(InputError):
        kind.read(tmp_path / "run")
    assert not trace.exists()


def test_a_novel_in_a_file_does_not_become_a_sentence():
    said = str(InputError("/films/one.mp4: split is '" + "x" * 9000 + "', but must be\none of train, test"))
    assert len(said) <= LONGEST + 3 and said.startswith("/films/one.mp4") and said.endswith("one of train, test")


def test_whatever_a_decoder_raises_names_the_file():
    with pytest.raises(InputError, match=r"^a\.npy is not readable as \.npy: odd$"), reading(Path("a.npy"), ".npy"):
        raise LookupError("odd\nand more")
