"""The metrics and curves of a run, and what differs between the recipes of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from msm.runs.monitor import Measured, Watched
from workbench.layout.figures import columns, copy_as_code, draw_with_view
from workbench.layout.metric_help import METRIC_HELP, baseline_help
from workbench.session import settings
from workbench.views import notebook_code
from workbench.views.formatting import escape_markdown, grouped, number, percent
from workbench.views.run_colors import Colors
from workbench.views.training import sentences as training_text
from workbench.views.training.curves import GAUGES, STEP_MEASURES, gauge_curve, progress_curve, step_curve

SMOOTH = 10
HEADINGS = {
    "progress": "Centred cosine on validation titles",
    "loss": "Loss",
    "lr": "Learning rate",
    "grad_norm": "Gradient norm",
    "shots_per_s": "Throughput",
    "rankme": "Collapse? Effective rank (RankMe)",
    "pair_cosine": "Collapse? Mean pairwise cosine",
}
HELP = {
    "model": "The best validation so far: how near the model's guesses come to the real shots of titles that it does not "
    "learn from. (Centred cosine.) The weights of that step are the ones that are kept.",
    "speed": "Shots of training windows a second, the median of the last steps.",
    "rankme": "How many dimensions the contextual embeddings use. It falls to 1 when the model says the same of every shot.",
}


def show_metrics(measured: Measured, name: str = "") -> None:
    """The best validation against the best baseline, and the throughput.

    name  of the run where others are drawn too: then it has another colour than a model by itself
    """
    rows = measured.validations
    with st.container(horizontal=True, gap="medium", key="training-numbers"):  # as wide as their words: none is cut
        if len(rows):
            best = rows.loc[rows["centred_cosine"].idxmax()]
            model = escape_markdown(name) or ":blue[●] Model"
            _metric(model, number(best["centred_cosine"]), HELP["model"])
            _metric(":orange[◆] Best baseline", number(best["baseline"]), baseline_help(str(best["baseline_name"])))
            _metric("Skill", percent(best["skill"]), METRIC_HELP["skill"])
        if len(measured.steps):
            speed = grouped(int(measured.steps["shots_per_s"].tail(20).median()))
            _metric("Throughput, shots/s", speed, HELP["speed"])
        if len(rows):
            _metric("Effective rank (RankMe)", number(rows["rankme"].iloc[-1], 0), HELP["rankme"])
    alarm = rows["alarm"].iloc[-1] if len(rows) else None
    if isinstance(alarm, str):
        st.error(f"At the last validation: {escape_markdown(alarm)}.", icon=":material/warning:")


def _metric(label: str, value: str, explained: str) -> None:
    st.metric(label, value, help=explained, width="content")


def show_curves(runs: dict[str, Measured], folders: Mapping[str, Path], colors: Colors) -> None:
    """The validation curve, then curves of the steps and the collapse gauges, two in a row."""
    st.markdown("#### On validation titles, against the best baseline")
    with_gauges = any(len(measured.validations) for measured in runs.values())
    draw = Drawing(runs, folders, {name: colors[name] for name in runs} if len(runs) > 1 else {})
    if with_gauges:
        draw.show(progress_curve, "progress")
    else:
        st.caption("Nothing has been validated yet: the curve begins with the first validation.")
    smooth = st.slider("Smooth over steps", 1, 100, width=260, **settings.number("smooth", 1, 100, SMOOTH))
    names = [*STEP_MEASURES, *(GAUGES if with_gauges else ())]
    for row in range(0, len(names), 2):
        for column, name in zip(columns(f"training-{row}", [1, 1], least_px=320), names[row : row + 2], strict=True):
            with column:
                st.markdown(f"#### {HEADINGS[name]}")
                if name in GAUGES:
                    draw.show(gauge_curve, name, name, _alarm(name))
                else:
                    draw.show(step_curve, name, name, smooth=smooth)


@dataclass(frozen=True)
class Drawing:
    """The runs of the curves, their folders, and their colours where there are several."""

    runs: dict[str, Measured]
    folders: Mapping[str, Path]
    colors: Colors

    def show(self, curve: Callable[..., go.Figure], name: str, *words: Any, **how: Any) -> None:
        """Draw a curve, and below it the cell that draws the same."""
        if self.colors:
            how["colors"] = dict(self.colors)
        alt = f"{HEADINGS[name]}: {', '.join(self.runs)}"
        figure = curve(self.runs, *words, **how)
        draw_with_view(figure, f"training.{name}", f"zoom.{name}", alt, _config(name))
        given = ["runs", *map(repr, words), *(f"{key}={value!r}" for key, value in how.items())]
        copy_as_code(
            notebook_code.training_code(
                {n: self.folders[n] for n in self.runs}, f"{curve.__name__}({', '.join(given)})"
            )
        )


def _alarm(gauge: str) -> float:
    from msm.evaluation.geometry import FEW_DIMENSIONS, NARROW

    return {"rankme": FEW_DIMENSIONS, "pair_cosine": NARROW}[gauge]


def _config(name: str) -> dict[str, Any]:
    image = {"format": "png", "scale": 3, "filename": f"training-{name}"}
    buttons = [["toImage", "zoom2d", "resetScale2d"]]
    return {"displaylogo": False, "modeBarButtons": buttons, "toImageButtonOptions": image}


def show_differences(runs: Mapping[str, Watched]) -> None:
    """The hyperparameters in which these runs differ."""
    st.markdown("#### In what their recipes differ")
    table = training_text.differences_table({name: r.recipe for name, r in runs.items() if r.recipe})
    if table.empty:
        st.caption("In nothing: the same recipe, trained again.")
    else:
        st.dataframe(table, hide_index=True, height=min(38 + 35 * len(table), 400))
    catalogs = {name: (r.info.get("catalog") or {}).get("fingerprint") for name, r in runs.items()}
    if len(set(catalogs.values())) > 1:
        st.caption("They were trained on different catalogs, so their numbers are of different titles.")
