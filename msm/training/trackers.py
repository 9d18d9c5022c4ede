"""Send the curves of a training to experiment trackers through Accelerate, beside the run folder, which always has them.

Names are Accelerate's: tensorboard, wandb, mlflow, trackio, comet_ml, aim, clearml, dvclive, swanlab. Each keeps its own settings (WANDB_MODE,
MLFLOW_TRACKING_URI …).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msm.errors import InputError, did_you_mean
from msm.io import files
from msm.runs.folder import RunFolder
from msm.training.tracked_figures import curves, report_figure
from msm.training.tracker_tools import TOOLS, Report, TrackerTool

PROJECT = "msm"
KEPT = "trackers.json"  # in a run folder: in which project and under which identity trackers know the run
EVENTS = "tensorboard"  # the folder in a run folder that TensorBoard reads


class Trackers:
    """Trackers that are told the recipe at the start, each line of metrics.jsonl, and best step and figures at the end.

    names    as Accelerate names them; a run that was tracked before goes on in W&B, MLflow and trackio
    project  under which trackers with projects file the run; None = that of an earlier time, else "msm"
    on_note  told a sentence where a tracker fails on the way: it is told no more, and the training goes on

    Use as a context manager. InputError for an unknown name, for a package that is missing, or where a tracker cannot start.
    """

    def __init__(
        self,
        names: Sequence[str],
        run: RunFolder,
        project: str | None = None,
        on_note: Callable[[str], object] = lambda sentence: None,
    ):
        self.run, self.names, self.on_note = run, tuple(dict.fromkeys(names)), on_note
        self._kept = _read_kept(run.path / KEPT)
        self.project = project or self._kept["project"] or PROJECT
        self._started: dict[str, Any] = {}
        self._has_lines = False
        if self.names:
            check_names(self.names)

    def __enter__(self) -> Trackers:
        if self.names:
            from accelerate import PartialState

            PartialState()  # Accelerate's trackers ask it which process they are in
        try:
            for name in self.names:
                with _stdout_as_stderr():
                    self._started[name] = self._start(name)
        except InputError:
            self._finish()
            raise
        return self

    def _start(self, name: str) -> Any:
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        kind, known = LOGGER_TYPE_TO_CLASS[name], self._known(name)
        try:
            if name == "tensorboard":  # read from the run folder: tensorboard --logdir RUNS
                tracker = kind(EVENTS, self.run.path)
            elif kind.requires_logging_directory:
                tracker = kind(self.project, self.run.path / name)
            else:
                tracker = kind(
                    self.project, **_tool(name).options(self.run.path.absolute().name, known, settings_of(self.run))
                )
            tracker.start()
            if name == "tensorboard":  # whose table of hyperparameters would be a second run in its list
                return tracker
            if known is None:  # MLflow refuses a second recipe
                tracker.store_init_configuration(settings_of(self.run))
            self._keep(name, _tool(name).identity(tracker))
        except Exception as error:  # each library has errors of its own
            raise InputError(f"--track {name}: it cannot start ({_first_line(error)})") from None
        return tracker

    def _known(self, name: str) -> str | None:
        """The identity of this run in a tracker, where it was tracked in the same project."""
        return self._kept["runs"].get(name) if self._kept["project"] in (None, self.project) else None

    def _keep(self, name: str, identity: str | None) -> None:
        if identity is None or self._known(name) == identity:
            return
        runs = self._kept["runs"] if self._kept["project"] in (None, self.project) else {}
        self._kept = {"project": self.project, "runs": {**runs, name: identity}}
        files.write_json(self.run.path / KEPT, self._kept)

    def log(self, line: dict[str, Any]) -> None:
        """Send a line of metrics.jsonl."""
        values, self._has_lines = dict(scalars(line)), True
        self._tell(lambda name, tracker: tracker.log(values, step=line["step"]))

    def report(self, measured: dict[str, Any], text: str) -> None:
        """Send a report of `msm evaluate`: its numbers at the best step, and where the tracker shows them its text and figure."""
        split = measured["split"]
        step = (self.run.info.get("best") or {}).get("step", 0)
        numbers = dict(scalars(measured, f"evaluation/{split}"))
        report = Report(split, numbers, text, self.run.path / "evaluation.json", step)
        self._tell(lambda name, tracker: _tool(name).report(tracker, report))
        self._show([(f"{report.name}/figure", report_figure(measured))] if self._draws else [], step)

    def __exit__(self, *_: object) -> None:
        if self._has_lines:
            self._end_of_curves()
        self._finish()

    def _end_of_curves(self) -> None:
        best, step = self.run.info.get("best"), self.run.info.get("steps_done") or 0
        if best:
            last = {f"best/{k}": float(v) for k, v in best.items()}
            self._tell(lambda name, tracker: tracker.log(last, step=step))
        self._show(curves(self.run.metrics()) if self._draws else [], step)

    def _finish(self) -> None:
        self._tell(lambda name, tracker: tracker.finish())
        self._started.clear()

    @property
    def _draws(self) -> bool:
        """Whether somebody takes figures, and Matplotlib is there to draw them."""
        wanted = any(_tool(name).figure for name in self._started)
        return wanted and find_spec("matplotlib") is not None

    def _show(self, figures: Iterable[tuple[str, Any]], step: int) -> None:
        for title, figure in figures:

            def show(name: str, tracker: Any, title: str = title, figure: Any = figure) -> None:
                if (draw := _tool(name).figure) is not None:
                    draw(tracker, title, figure, step)

            self._tell(show)

    def _tell(self, what: Callable[[str, Any], object]) -> None:
        """Call `what` with each tracker; the run folder has everything, so one that fails does not end a training."""
        for name, tracker in list(self._started.items()):
            try:
                with _stdout_as_stderr():
                    what(name, tracker)
            except Exception as error:  # a server that is gone, a full disk
                del self._started[name]
                self.on_note(f"--track {name}: it is told no more ({_first_line(error)})")


def _tool(name: str) -> TrackerTool:
    return TOOLS.get(name, TrackerTool())


def _read_kept(path: Path) -> dict[str, Any]:
    """The content of trackers.json: `project`, and `runs` with an identity by tracker."""
    kept = files.read_json(path) if path.exists() else {"project": None, "runs": {}}
    if not isinstance(kept, dict) or not isinstance(kept.get("runs"), dict):
        return {"project": None, "runs": {}}
    return {"project": kept.get("project"), "runs": kept["runs"]}


def _stdout_as_stderr() -> AbstractContextManager[Any]:
    """Trackers print greetings, and stdout is for the answer of a command."""
    return redirect_stdout(sys.stderr)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


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
