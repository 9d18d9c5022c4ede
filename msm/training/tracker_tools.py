"""What single trackers do beyond Accelerate's common interface: going on with a run, and showing figures and reports.

A tracker that is not here is told numbers and the recipe; its own page draws the curves.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msm.training.tracked_figures import picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Report:
    """A report of `msm evaluate`, as trackers are told it."""

    split: str
    numbers: dict[str, float]  # by names that begin with evaluation/SPLIT/
    text: str
    file: Path  # evaluation.json
    step: int  # of the weights

    @property
    def name(self) -> str:
        return f"evaluation/{self.split}"


@dataclass(frozen=True, kw_only=True)
class TrackerTool:
    """How one tracker is used.

    options   run name, identity of an earlier time (None = a new run), recipe → what Accelerate passes on to the tracker
    identity  of the started tracker, by which the run can be continued
    figure    show a figure under a name with slashes, at a step
    report    show a report
    """

    options: Callable[[str, str | None, dict[str, Any]], dict[str, Any]] = lambda name, known, recipe: {}
    identity: Callable[[Any], str | None] = lambda tracker: None
    figure: Callable[[Any, str, Figure, int], object] | None = None
    report: Callable[[Any, Report], object] = lambda tracker, report: tracker.log(report.numbers, step=report.step)


def _tensorboard_report(tracker: Any, report: Report) -> None:
    tracker.log(report.numbers, step=report.step)
    indented = "\n".join(f"    {line}" for line in report.text.splitlines())  # a block of code in Markdown
    tracker.writer.add_text(report.name, indented, report.step)


def _wandb_figure(tracker: Any, name: str, figure: Figure, step: int) -> None:
    import wandb

    passed = step < tracker.run.step  # for which W&B would drop it
    tracker.run.log({name: wandb.Image(picture(figure))}, step=None if passed else step)


def _wandb_report(tracker: Any, report: Report) -> None:
    import wandb

    tracker.run.summary.update(report.numbers)
    tracker.run.log({f"{report.name}/report": wandb.Html(f"<pre>{html.escape(report.text)}</pre>", inject=False)})
    kept = wandb.Artifact(f"evaluation-{tracker.run.id}", type="evaluation")
    kept.add_file(str(report.file))
    tracker.run.log_artifact(kept)


def _mlflow_figure(tracker: Any, name: str, figure: Figure, step: int) -> None:
    tracker.log_figure(figure, f"figures/{name}.png")


def _mlflow_report(tracker: Any, report: Report) -> None:
    import mlflow

    tracker.log(report.numbers, step=report.step)
    mlflow.log_text(report.text, f"evaluation-{report.split}.txt")
    tracker.log_artifact(str(report.file))


def _trackio_figure(tracker: Any, name: str, figure: Figure, step: int) -> None:
    import trackio

    tracker.run.log({name: trackio.Image(picture(figure))}, step=step)


def _trackio_report(tracker: Any, report: Report) -> None:
    import trackio

    text = trackio.Markdown(f"```\n{report.text}\n```")
    tracker.run.log({**report.numbers, f"{report.name}/report": text}, step=report.step)


TOOLS = {
    "tensorboard": TrackerTool(
        figure=lambda tracker, name, figure, step: tracker.writer.add_figure(name, figure, step),
        report=_tensorboard_report,
    ),
    "wandb": TrackerTool(
        options=lambda name, known, recipe: {"name": name, **({"id": known, "resume": "allow"} if known else {})},
        identity=lambda tracker: tracker.run.id,
        figure=_wandb_figure,
        report=_wandb_report,
    ),
    "mlflow": TrackerTool(
        options=lambda name, known, recipe: {"run_name": name, **({"run_id": known} if known else {})},
        identity=lambda tracker: tracker.active_run.info.run_id,
        figure=_mlflow_figure,
        report=_mlflow_report,
    ),
    "trackio": TrackerTool(  # finds a run by its name, and keeps the recipe that it was given last at a start
        options=lambda name, known, recipe: {
            "name": known or name,
            "resume": "allow" if known else "never",
            "config": recipe,
        },
        identity=lambda tracker: tracker.run.name,
        figure=_trackio_figure,
        report=_trackio_report,
    ),
}
