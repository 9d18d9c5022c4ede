"""Send the curves of a training to experiment trackers through Accelerate, beside the run folder, which always has them.

Names are Accelerate's: tensorboard, wandb, mlflow, trackio, comet_ml, aim, clearml, dvclive, swanlab. Each keeps its own settings (WANDB_MODE,
MLFLOW_TRACKING_URI …).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msm.errors import InputError, did_you_mean
from msm.io import files
from msm.runs.folder import RunFolder

PROJECT = "msm"
IDENTITIES = "trackers.json"  # in a run folder: under which identity a tracker knows the run
EVENTS = "tensorboard"  # the folder in a run folder that TensorBoard reads


class Trackers:
    """Trackers that are told the recipe at the start, each line of metrics.jsonl, and the best step at the end.

    names    as Accelerate names them; a run that was tracked before goes on in W&B and MLflow
    project  under which trackers with projects file the run

    Use as a context manager. InputError for an unknown name, for a package that is missing, or where a tracker cannot start.
    """

    def __init__(self, names: Sequence[str], run: RunFolder, project: str = PROJECT):
        self.run, self.names, self.project = run, tuple(dict.fromkeys(names)), project
        self._started: list[Any] = []
        if self.names:
            check_names(self.names)

    def __enter__(self) -> Trackers:
        if self.names:
            from accelerate import PartialState

            PartialState()  # Accelerate's trackers ask it which process they are in
        for name in self.names:
            self._started.append(self._start(name))
        return self

    def _start(self, name: str) -> Any:
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        kind = LOGGER_TYPE_TO_CLASS[name]
        try:
            if name == "tensorboard":  # read from the run folder: tensorboard --logdir RUNS
                tracker = kind(EVENTS, self.run.path)
            elif kind.requires_logging_directory:
                tracker = kind(self.project, self.run.path / name)
            else:
                tracker = kind(self.project, **self._options(name))
            tracker.start()
            if name == "tensorboard":  # whose table of hyperparameters would be a second run in its list
                return tracker
            if name not in self._ids:  # MLflow refuses a second recipe
                tracker.store_init_configuration(settings_of(self.run))
            self._keep_id(name, tracker)
        except Exception as error:  # each library has errors of its own
            raise InputError(f"--track {name}: it cannot start ({str(error).splitlines()[0]})") from None
        return tracker

    def _options(self, name: str) -> dict[str, Any]:
        """The name of the run, and where it was tracked before its identity, so that it goes on there."""
        known, called = self._ids.get(name), self.run.path.name
        if name == "wandb":
            return {"name": called, **({"id": known, "resume": "allow"} if known else {})}
        if name == "mlflow":
            return {"run_name": called, **({"run_id": known} if known else {})}
        return {}

    @cached_property
    def _ids(self) -> dict[str, str]:
        path = self.run.path / IDENTITIES
        return files.read_json(path) if path.exists() else {}

    def _keep_id(self, name: str, tracker: Any) -> None:
        """Of trackers in which a run can be continued."""
        found = {"wandb": lambda: tracker.run.id, "mlflow": lambda: tracker.active_run.info.run_id}.get(name)
        if found is not None and self._ids.get(name) != found():
            files.write_json(self.run.path / IDENTITIES, {**self._ids, name: found()})

    def report(self, measured: dict[str, Any], text: str) -> None:
        """Send a report of `msm evaluate`: its numbers at the best step, and where the tracker has texts the report itself."""
        split = measured["split"]
        values = dict(scalars(measured, f"evaluation/{split}"))
        step = (self.run.info.get("best") or {}).get("step", 0)
        for name, tracker in zip(self.names, self._started, strict=True):
            tracker.log(values, step=step)
            if name == "tensorboard":
                tracker.writer.add_text(
                    f"evaluation/{split}", "\n".join(f"    {line}" for line in text.splitlines()), step
                )
            elif name == "mlflow":
                import mlflow

                mlflow.log_text(text, f"evaluation-{split}.txt")

    def log(self, line: dict[str, Any]) -> None:
        """Send a line of metrics.jsonl."""
        values = dict(scalars(line))
        for tracker in self._started:
            tracker.log(values, step=line["step"])

    def __exit__(self, *_: object) -> None:
        self._finish()

    def _finish(self) -> None:
        best = self.run.info.get("best")
        last = {f"best/{k}": float(v) for k, v in best.items()} if best else {}
        for tracker in self._started:
            if last:
                tracker.log(last, step=self.run.info.get("steps_done") or 0)
            tracker.finish()
        self._started.clear()


def check_names(names: Sequence[str]) -> None:
    """Raise InputError for a name that Accelerate does not know, or whose package is not installed."""
    if names and find_spec("accelerate") is None:
        raise InputError("--track needs accelerate: pip install 'msm-workbench[track]'")
    if not names:
        return
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

    known = [str(name) for name in LOGGER_TYPE_TO_CLASS]
    available = {str(getattr(t, "value", t)) for t in get_available_trackers()}
    for name in names:
        if name not in known:
            raise InputError(f"there is no tracker {name!r}; {did_you_mean(name, known)}")
        if name not in available:
            raise InputError(f"--track {name}: its package is not installed")


def settings_of(run: RunFolder) -> dict[str, Any]:
    """The recipe by dotted key, and the facts of the catalog, as values that every tracker takes."""
    facts = run.info["catalog"]
    known = {f"catalog.{k}": facts[k] for k in ("fingerprint", "shot_dim", "train_titles", "train_shots") if k in facts}
    values = {**dict(_by_dotted_key(run.recipe.to_dict())), **known, "catalog": Path(facts["path"]).name}
    return {k: v if isinstance(v, bool | int | float | str) else str(v) for k, v in values.items()}


def _by_dotted_key(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _by_dotted_key(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def scalars(line: dict[str, Any], prefix: str = "train") -> Iterator[tuple[str, float]]:
    """The numbers of a line of metrics.jsonl by a name with slashes: train/loss, validation/skill, validation/baselines/kriging/…"""
    for key, value in line.items():
        if key == "step":
            continue
        if isinstance(value, dict):
            inside = key if prefix == "train" and key == "validation" else f"{prefix}/{key}"
            yield from scalars(value, inside)
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            yield f"{prefix}/{key}", float(value)
