"""Who started this process: `msm` alone, `torchrun`, or `accelerate launch`. Accelerate finds out which device is whose."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Sequence

import torch

from msm.errors import InputError
from msm.training.distributed import ALONE, Processes


def start_processes(device: torch.device, *, shard: bool = False) -> tuple[Processes, torch.device]:
    """Join the other processes that were started with this one, if any were: who this is, on which device.

    shard  each is to hold a part of the model; also where `accelerate launch --use_fsdp` says so

    InputError where there are others and no Accelerate to join them, or none to share the model with.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        _start_what_accelerate_leaves_to_mpi()
        if shard:
            raise InputError(
                "--shard parts the model among several processes, and this is one; start them with torchrun or accelerate launch"
            )
        return ALONE, device
    try:
        from accelerate import PartialState
    except ImportError:
        raise InputError(
            "a training in several processes needs Accelerate; pip install 'msm-workbench[scale]'"
        ) from None
    state = PartialState(cpu=device.type == "cpu")
    atexit.register(state.destroy_process_group)  # its threads, still there at the very end, would abort the process
    own = state.device if device.type == "cuda" and device.index is None else device
    return Processes(state.process_index, state.num_processes, shard or told("USE_FSDP")), own


def told(variable: str) -> bool:
    """Whether `accelerate launch` says yes to ACCELERATE_…, by an option or by its config file."""
    return os.environ.get(f"ACCELERATE_{variable}", "").lower() in ("true", "1", "yes")


def _start_what_accelerate_leaves_to_mpi() -> None:
    """Where `accelerate launch --cpu --num_processes 2` started this, go on as two under torchrun; else do nothing.

    On CPUs Accelerate starts one process and expects an MPI to start the others. It tells the one where they would
    meet and not how many were wanted, so that is read from its own words. Does not return where there are others.
    """
    if not told("USE_CPU") or "MASTER_PORT" not in os.environ:
        return
    import psutil

    count = processes_wanted(psutil.Process(os.getppid()).cmdline())
    if count > 1:
        torchrun = ["-m", "torch.distributed.run", f"--nproc-per-node={count}", "--standalone", "-m", "msm"]
        os.execv(sys.executable, [sys.executable, *torchrun, *sys.argv[1:]])


def processes_wanted(words: Sequence[str]) -> int:
    """How many processes on this machine the words of an `accelerate launch` ask for; 1 where they are none."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    launches = [i for i, word in enumerate(words) if word.endswith(("launch", "accelerate-launch", "launch.py"))]
    if not launches:
        return 1
    asked = launch_command_parser().parse_args(list(words[launches[0] + 1 :]))
    config = load_config_from_file(asked.config_file) if asked.config_file else asked
    machines = asked.num_machines or config.num_machines or 1
    return (asked.num_processes or config.num_processes or 1) if machines == 1 else 1
