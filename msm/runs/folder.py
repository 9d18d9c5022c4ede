"""A run folder: recipe, facts, metrics and weights, written atomically so that a reader never sees half a file.

The folder is the interface between the command line, the pages and the notebooks (docs/format.md).
"""

from __future__ import annotations

import errno
import hashlib
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
from msm.runs import baseline_parameters
from msm.runs.monitor import STOP
from msm.runs.schema import check_facts

WEIGHTS = "model.safetensors"
RESERVED = 2**16  # bytes, enough to write the reason of a failure to run.json on a full disk


class RunFolder:
    """The folder of one training. Use `create` or `open` to get one."""

    def __init__(self, path: Path, recipe: Recipe, info: dict[str, Any]):
        self.path, self.recipe, self.info = path, recipe, info

    @classmethod
    def create(
        cls,
        path: str | Path,
        recipe: Recipe,
        info: dict[str, Any],
        *,
        baselines: baseline_parameters.Parameters | None = None,
        replace: bool = False,
    ) -> RunFolder:
        """Create a folder with a recipe, facts and the parameters of baselines. InputError if it exists, unless `replace`."""
        path = Path(path)
        if replace:
            _check_replaceable(path)
        plain = baseline_parameters.json_values(baselines or {})
        info = {**info, **({"baselines": plain} if plain else {}), "state": "running", "heartbeat": time.time()}
        with files.whole_folder(path, replace=replace) as folder:
            files.write_json(folder / "recipe.json", recipe.to_dict())
            files.write_json(folder / "run.json", info)
            baseline_parameters.save_arrays(folder, baselines or {})
        return cls(path, recipe, info)

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Read the recipe and the facts. Raises InputError if something is missing or invalid."""
        path = Path(path)
        if not path.is_dir():
            raise InputError(f"{path} is not a run: there is no such folder")
        if (path / "catalog.json").is_file() and not (path / "run.json").exists():
            raise InputError(f"{path} is a catalog and not a run")
        recipe = Recipe.from_dict(files.read_json(path / "recipe.json"))
        info = files.read_json(path / "run.json")
        check_facts(path / "run.json", info)
        return cls(path, recipe, info)

    @property
    def baselines(self) -> dict[str, dict[str, Any]]:
        """The parameters of each fitted baseline. Raises InputError where their file is damaged."""
        return baseline_parameters.load(self.path, self.info.get("baselines", {}))

    def save_baselines(self, parameters: baseline_parameters.Parameters) -> None:
        """Replace the parameters of the fitted baselines."""
        with files.naming_full_disk(self.path / baseline_parameters.FILE):
            baseline_parameters.save_arrays(self.path, parameters)
        self.update(baselines=baseline_parameters.json_values(parameters))

    def update(self, **facts: Any) -> None:
        """Change facts in run.json and renew its heartbeat."""
        self.info = {**self.info, **facts, "heartbeat": time.time()}
        with files.naming_full_disk(self.path / "run.json"):
            files.write_json(self.path / "run.json", self.info)

    @contextmanager
    def only_trainer(self) -> Iterator[None]:
        """Hold the folder against a second training, which gets an InputError; the lock goes with the process."""
        with lock_file(self.path / ".lock", or_else=f"{self.path} is being trained by another process"):
            files.remove_leftovers(
                self.path.parent, self.path.name
            )  # a training that goes on makes no folder, which would
            yield

    @property
    def stop_requested(self) -> bool:
        """Whether the folder contains a file `stop`, which requests the training to stop (msm/runs/monitor.py)."""
        return (self.path / STOP).exists()

    def clear_stop(self, before: float = float("inf")) -> None:
        """Remove the file `stop`, if it was created before `before` (seconds since 1970)."""
        with suppress(FileNotFoundError):
            if (self.path / STOP).stat().st_mtime < before:
                (self.path / STOP).unlink()

    @contextmanager
    def recording_failure(self) -> Iterator[None]:
        """Record the exception that ends a training early as `reason` in run.json; disk space for that is reserved."""
        reserve = self.path / ".room"
        with files.naming_full_disk(reserve):
            reserve.write_bytes(bytes(RESERVED))
        try:
            yield
        except BaseException as error:
            reserve.unlink(missing_ok=True)
            with suppress(OSError):
                self.update(state="failed", reason=_reason(error))
            raise
        finally:
            reserve.unlink(missing_ok=True)

    def append_metrics(self, line: dict[str, Any]) -> None:
        """Append a line to metrics.jsonl."""
        path = self.path / "metrics.jsonl"
        with files.naming_full_disk(path), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """All complete lines so far. Raises InputError for a line that is not JSON."""
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return []
        try:
            lines = path.read_text(encoding="utf-8").split("\n")[:-1]
            return [json.loads(line) for line in lines]
        except ValueError:  # not UTF-8, or not JSON
            raise InputError(f"{path}: a line is not JSON") from None

    def truncate_metrics(self, step: int) -> None:
        """Remove the lines after a step, which a resumed training writes again."""
        kept = [line for line in self.metrics() if line["step"] <= step]
        path = self.path / "metrics.jsonl"
        with files.naming_full_disk(path), files.whole_file(path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    @property
    def has_weights(self) -> bool:
        """Whether weights were saved yet."""
        return (self.path / WEIGHTS).exists()

    def save_weights(self, state: dict[str, Tensor]) -> None:
        """Save name → tensor of any shape as safetensors, atomically."""
        path = self.path / WEIGHTS
        with files.naming_full_disk(path), files.whole_file(path) as temporary:
            try:
                save_file({k: v.detach().cpu().contiguous() for k, v in state.items()}, temporary)
            except SafetensorError as error:
                if f"os error {errno.ENOSPC}" in str(error):
                    raise OSError(errno.ENOSPC, str(error)) from None
                raise
            shutil.copymode(
                self.path / "run.json", temporary
            )  # safetensors creates files that only their owner can read

    def load_weights(self) -> dict[str, Tensor]:
        """Load name → tensor, with the shapes that were saved. Raises InputError if the file is missing or damaged."""
        path = self.path / WEIGHTS
        if not path.exists():
            raise InputError(f"{self.path} has no weights yet; let it train past its first validation")
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path} is not readable as safetensors: {error}") from None

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """The last evaluation of this run, None before the first."""
        path = self.path / "evaluation.json"
        return files.read_json(path) if path.exists() else None

    def save_evaluation(self, evaluation: dict[str, Any]) -> None:
        """Write a report to evaluation.json."""
        files.write_json(self.path / "evaluation.json", evaluation)


class ReadOnlyRunFolder(RunFolder):
    """The run folder for every process of a training except the first: it reads and never writes."""

    @classmethod
    def of(cls, run: RunFolder) -> ReadOnlyRunFolder:
        """The same folder, without writing."""
        return cls(run.path, run.recipe, run.info)

    def update(self, **facts: Any) -> None:
        self.info = {**self.info, **facts}

    @contextmanager
    def only_trainer(self) -> Iterator[None]:
        yield

    @contextmanager
    def recording_failure(self) -> Iterator[None]:
        yield

    def append_metrics(self, line: dict[str, Any]) -> None:
        pass

    def truncate_metrics(self, step: int) -> None:
        pass

    def save_weights(self, state: dict[str, Tensor]) -> None:
        pass


def _reason(error: BaseException) -> str:
    if lacks_memory(error):
        return f"{NO_MEMORY}; try a smaller batch_windows or model"
    return str(error) or type(error).__name__


def _check_replaceable(path: Path) -> None:
    """Raise InputError unless the path is a run that no process trains: only such a folder may be replaced."""
    if not path.exists():
        return
    if not (path / "run.json").exists():
        raise InputError(f"{path} is not a run, so it is not replaced; choose another name")
    with RunFolder(path, Recipe(), {}).only_trainer():
        pass


def list_runs(folder: str | Path) -> list[Path]:
    """The run folders directly inside a folder, sorted by name; empty if the folder does not exist."""
    folder = Path(folder)
    return sorted(p.parent for p in folder.glob("*/run.json")) if folder.is_dir() else []


def versions() -> dict[str, str]:
    """The versions of Python and the main packages, for run.json."""
    import platform
    from importlib.metadata import version

    return {"python": platform.python_version(), **{p: version(p) for p in ("msm-workbench", "torch", "numpy")}}


def weights_fingerprint(run: Path) -> str:
    """16 hexadecimal digits of the hash of a run's weights."""
    with open(run / WEIGHTS, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
