"""Set up the process group of a training that was started by `msm`, `torchrun` or `accelerate launch`."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Sequence

import torch

from msm.errors import InputError
from msm.io.portable import become
from msm.training.distributed import ALONE, Processes


def start_processes(device: torch.device, *, shard: bool = False) -> tuple[Processes, torch.device]:
    """Join the process group that this process was started in, if any; returns its place there and its device.

    shard  each process holds a part of the model; also set by `accelerate launch --use_fsdp`

    Raises InputError if Accelerate is not installed, or if `shard` is set for a single process.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        _relaunch_with_torchrun()
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
    atexit.register(state.destroy_process_group)  # threads that are left at exit would abort the process
    own = state.device if device.type == "cuda" and device.index is None else device
    return Processes(state.process_index, state.num_processes, shard or accelerate_option("USE_FSDP")), own


def accelerate_option(variable: str) -> bool:
    """Whether `accelerate launch` sets ACCELERATE_<variable> to true, by an option or by its config file."""
    return os.environ.get(f"ACCELERATE_{variable}", "").lower() in ("true", "1", "yes")


def _relaunch_with_torchrun() -> None:
    """Replace a process that `accelerate launch --cpu --num_processes N` started by N processes under torchrun.

    On CPUs Accelerate starts one process and expects MPI to start the others. It passes on the address of the group and
    not the number of processes, so that is read from its command line. Does not return if N is above 1.
    """
    if not accelerate_option("USE_CPU") or "MASTER_PORT" not in os.environ:
        return
    import psutil

    count = processes_wanted(psutil.Process(os.getppid()).cmdline())
    if count > 1:
        torchrun = ["-m", "torch.distributed.run", f"--nproc-per-node={count}", "--standalone", "-m", "msm"]
        become([sys.executable, *torchrun, *sys.argv[1:]])


def processes_wanted(words: Sequence[str]) -> int:
    """The number of processes on this machine that the arguments of `accelerate launch` request; 1 for other commands."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    launches = [i for i, word in enumerate(words) if word.endswith(("launch", "accelerate-launch", "launch.py"))]
    if not launches:
        return 1
    options = launch_command_parser().parse_args(list(words[launches[0] + 1 :]))
    config = load_config_from_file(options.config_file) if options.config_file else options
    machines = options.num_machines or config.num_machines or 1
    return (options.num_processes or config.num_processes or 1) if machines == 1 else 1
