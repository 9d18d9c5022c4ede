"""Where there is not enough memory: a sentence with a way out, whoever was the one that asked for it."""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import suppress

import pytest
import torch

from msm.errors import NO_MEMORY, InputError, lacks_memory
from msm.ingest.encoder import encode
from msm.io.files import read_json
from msm.recipes.presets import preset
from msm.runs.folder import RunFolder
from tests.faults.verbs import ENV

pytestmark = pytest.mark.fault
ADDRESSES = 8 << 30  # bytes; torch's libraries alone take half of it
TORCH = (
    "[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes."
)
CUDA = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError(TORCH), CUDA, RuntimeError("std::bad_alloc"), OSError(12, "Cannot allocate")]
)
def test_whoever_asks_for_memory_it_is_known_that_there_was_none(error):
    assert lacks_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("a shape"), OSError(2, "no memory of that file"), ValueError()])
def test_what_else_goes_wrong_is_not_called_memory(error):
    assert not lacks_memory(error)


def test_a_model_that_is_larger_than_the_memory_is_one_sentence(tiny_catalog, tmp_path):
    """A process that really may have no more; nothing is left of the run."""
    words = ["train", str(tiny_catalog.path), str(tmp_path / "run"), "--set", "model.width=65536", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-m", "msm", *words],
        env=ENV,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES)),
    )
    assert done.returncode == 2, done.stderr[-800:]
    *steps, said = done.stderr.splitlines()  # before it, what the training did so far
    assert said == f"msm: {NO_MEMORY}; reduce the size, or free memory used by other programs"
    assert all(line.startswith("msm: ") for line in steps)


def test_a_training_that_ran_out_of_memory_keeps_what_to_try_as_its_reason(tmp_path):
    run = RunFolder.create(tmp_path / "run", preset("mediafm"), {"catalog": {"modalities": []}})
    with suppress(RuntimeError), run.recording_failure():
        raise RuntimeError(TORCH)
    kept = read_json(run.path / "run.json")
    assert kept["state"] == "failed" and kept["reason"].endswith("try a smaller batch_windows or model")


def test_an_encoder_that_ran_out_of_memory_is_named_and_one_with_a_mistake_keeps_its_cause():
    class Encoder:
        modality, name, dim = "video", "large/1", 4

        def __init__(self, error: Exception):
            self.error = error

        def encode(self, shots):
            raise self.error

    with pytest.raises(InputError, match=r"encoder large/1 ran out of memory; take a smaller one"):
        encode(Encoder(RuntimeError(TORCH)), [])
    with pytest.raises(InputError, match="encoder large/1 failed: RuntimeError: a mistake") as raised:
        encode(Encoder(RuntimeError("a mistake")), [])
    assert isinstance(raised.value.__cause__, RuntimeError)
