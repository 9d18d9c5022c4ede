"""A run folder: recipe, facts, metrics, weights; written so that a reader never sees half a file.

The folder is the contract between the command line, the pages and the notebooks (docs/format.md).
"""

from __future__ import annotations

import errno
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from msm.errors import NO_MEMORY, InputError, lacks_memory
from msm.io import files
from msm.io.locks import lock_file
from msm.recipes.recipe import Recipe
from msm.runs.monitor import STOP
from msm.runs.schema import check_facts

WEIGHTS = "model.safetensors"
ROOM = 2**16  # bytes: enough for run.json to say why it ended


class RunFolder:
    """One training and all that it left. Make one with `create` or `open`."""

    def __init__(self, path: Path, recipe: Recipe, info: dict[str, Any]):
        self.path, self.recipe, self.info = path, recipe, info

    @classmethod
    def create(cls, path: str | Path, recipe: Recipe, info: dict[str, Any], *, replace: bool = False) -> RunFolder:
        """Start a folder with its recipe and facts. InputError if it exists and `replace` is false."""
        path = Path(path)
        if replace:
            _check_replaceable(path)
        info = {**info, "state": "running", "heartbeat": time.time()}
        with files.whole_folder(path, replace=replace) as folder:
            files.write_json(folder / "recipe.json", recipe.to_dict())
            files.write_json(folder / "run.json", info)
        return cls(path, recipe, info)

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Read recipe and facts. InputError names what is missing or broken."""
        path = Path(path)
        if not path.is_dir():
            raise InputError(f"{path} is not a run: there is no such folder")
        if (path / "catalog.json").is_file() and not (path / "run.json").exists():
            raise InputError(f"{path} is a catalog and not a run")
        recipe = Recipe.from_dict(files.read_json(path / "recipe.json"))
        info = files.read_json(path / "run.json")
        check_facts(path / "run.json", info)
        return cls(path, recipe, info)

    def update(self, **facts: Any) -> None:
        """Change facts in run.json; each change is a heartbeat too."""
        self.info = {**self.info, **facts, "heartbeat": time.time()}
        with files.naming_full_disk(self.path / "run.json"):
            files.write_json(self.path / "run.json", self.info)

    @contextmanager
    def only_trainer(self) -> Iterator[None]:
        """Hold the folder against a second training, which gets an InputError; the lock goes with the process."""
        with lock_file(self.path / ".lock", or_else=f"{self.path} is being trained by another process"):
            yield

    @property
    def asked_to_stop(self) -> bool:
        """Whether somebody who sees the folder left a file `stop` there (msm/runs/monitor.py)."""
        return (self.path / STOP).exists()

    def forget_stop(self, before: float = float("inf")) -> None:
        """Take the file `stop` away; one that was left after `before` (seconds since 1970) is meant for who trains now."""
        with suppress(FileNotFoundError):
            if (self.path / STOP).stat().st_mtime < before:
                (self.path / STOP).unlink()

    @contextmanager
    def failing_well(self) -> Iterator[None]:
        """Whatever ends a training too early is kept as its reason, for which a little room is held on the disk."""
        room = self.path / ".room"
        with files.naming_full_disk(room):
            room.write_bytes(bytes(ROOM))
        try:
            yield
        except BaseException as error:
            room.unlink(missing_ok=True)
            with suppress(OSError):
                self.update(state="failed", reason=_reason(error))
            raise
        finally:
            room.unlink(missing_ok=True)

    def append_metrics(self, line: dict[str, Any]) -> None:
        """A line at the end of metrics.jsonl."""
        path = self.path / "metrics.jsonl"
        with files.naming_full_disk(path), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """All lines so far; a last line that is still being written is left out. InputError for any other."""
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return []
        try:
            lines = path.read_text(encoding="utf-8").split("\n")[:-1]
            return [json.loads(line) for line in lines]
        except ValueError:  # not UTF-8, or not JSON
            raise InputError(f"{path}: a line is not JSON") from None

    def forget_metrics_after(self, step: int) -> None:
        """Drop the lines that a resumed training will write again."""
        kept = [line for line in self.metrics() if line["step"] <= step]
        path = self.path / "metrics.jsonl"
        with files.naming_full_disk(path), files.whole_file(path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    @property
    def has_weights(self) -> bool:
        """Whether there is a model to load yet."""
        return (self.path / WEIGHTS).exists()

    def save_weights(self, state: dict[str, Tensor]) -> None:
        """Name → tensor of any shape, as safetensors; whole or not at all."""
        path = self.path / WEIGHTS
        with files.naming_full_disk(path), files.whole_file(path) as temporary:
            try:
                save_file({k: v.detach().cpu().contiguous() for k, v in state.items()}, temporary)
            except SafetensorError as error:
                if f"os error {errno.ENOSPC}" in str(error):
                    raise OSError(errno.ENOSPC, str(error)) from None
                raise
            shutil.copymode(self.path / "run.json", temporary)  # safetensors makes files for their owner alone

    def load_weights(self) -> dict[str, Tensor]:
        """Name → tensor, with the shapes that were saved. InputError where the file is missing or damaged."""
        path = self.path / WEIGHTS
        if not path.exists():
            raise InputError(f"{self.path} has no weights yet; let it train past its first validation")
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path} is not readable as safetensors: {error}") from None

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """The last evaluation of this run, or None."""
        path = self.path / "evaluation.json"
        return files.read_json(path) if path.exists() else None

    def save_evaluation(self, evaluation: dict[str, Any]) -> None:
        """Keep a report as evaluation.json."""
        files.write_json(self.path / "evaluation.json", evaluation)


class Onlooker(RunFolder):
    """The run folder as the other processes of a training have it: they read and never write."""

    @classmethod
    def of(cls, run: RunFolder) -> Onlooker:
        """The same folder, for a process that only looks on."""
        return cls(run.path, run.recipe, run.info)

    def update(self, **facts: Any) -> None:
        self.info = {**self.info, **facts}

    @contextmanager
    def only_trainer(self) -> Iterator[None]:
        yield

    @contextmanager
    def failing_well(self) -> Iterator[None]:
        yield

    def append_metrics(self, line: dict[str, Any]) -> None:
        pass

    def forget_metrics_after(self, step: int) -> None:
        pass

    def save_weights(self, state: dict[str, Tensor]) -> None:
        pass


def _reason(error: BaseException) -> str:
    if lacks_memory(error):
        return f"{NO_MEMORY}; try a smaller batch_windows or model"
    return str(error) or type(error).__name__


def _check_replaceable(path: Path) -> None:
    """A mistyped path must not cost somebody a folder, nor a training under way its run."""
    if not path.exists():
        return
    if not (path / "run.json").exists():
        raise InputError(f"{path} is not a run, so it is not replaced; choose another name")
    with RunFolder(path, Recipe(), {}).only_trainer():
        pass


def list_runs(folder: str | Path) -> list[Path]:
    """The run folders directly inside a folder, by name; an empty list where there is no folder."""
    folder = Path(folder)
    return sorted(p.parent for p in folder.glob("*/run.json")) if folder.is_dir() else []


def versions() -> dict[str, str]:
    """What a run was made with, for run.json."""
    import platform
    from importlib.metadata import version

    return {"python": platform.python_version(), **{p: version(p) for p in ("msm-workbench", "torch", "numpy")}}
