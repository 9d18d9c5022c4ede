"""Pieces of the Training page: which runs, how they stand, their curves, what one can do with them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from msm import InputError, watching
from msm.watching import Measured, Watched
from workbench import cache, jobs, panels, state, training, training_form
from workbench.address import base_address
from workbench.arguments import catalog_named, catalog_names, read_arguments
from workbench.components.growing_figure import growing_figure
from workbench.evaluation_panel import as_text, columns, copy_as_code
from workbench.opened import free_name, turn_to
from workbench.people import may_edit, say_viewer
from workbench.views import code, training_words
from workbench.views.training import GAUGES, MOST_RUNS, STEP_MEASURES, gauge_curve, progress_curve, step_curve
from workbench.views.wording import baseline_label, count, grouped, number

EVERY_S = 2.0  # between two looks while something is trained
SMOOTH = 10
MARKS = {
    watching.RUNNING: ":blue[:material/play_circle:]",
    watching.DONE: ":green[:material/check_circle:]",
    watching.STOPPED: ":gray[:material/pause_circle:]",
    watching.FAILED: ":red[:material/error:]",
    watching.LOST: ":orange[:material/heart_broken:]",
}
# What is about to be drawn anew is faded by Streamlit: every two seconds that would be a flicker.
NO_FADING = ".st-key-training-watch [data-stale=true]{opacity:1 !important;transition:none !important}"
HEADINGS = {
    "progress": "Centred cosine on validation titles",
    "loss": "Loss",
    "lr": "Learning rate",
    "grad_norm": "Gradient norm",
    "shots_per_s": "Throughput",
    "rankme": "Collapse? Dimensions in use",
    "pair_cosine": "Collapse? Likeness of two shots",
}
HELP = {
    "model": "The best validation so far: how near the model's guesses come to the real shots of titles that it does not "
    "learn from. (Centred cosine.) The weights of that step are the ones that are kept.",
    "speed": "Shots of training windows a second, the median of the last steps.",
    "rankme": "How many dimensions the contextual embeddings use. It falls to 1 when the model says the same of every shot.",
}


def choose(runs: dict[str, Path]) -> list[Path]:
    """The head of the page: its name, which run, and which others to lay beside it; the one in question first."""
    name, run, beside = columns("training-head", [3, 3, 4], least_px=180, align="bottom")
    name.header("Training", anchor=False)
    if not runs:
        return []
    if state.expected() in runs:
        state.watch(str(state.expected()))
        state.expect("")
    if state.watched() not in runs:
        if linked := state.watched():
            st.warning(f"There is no run {linked[:80]!r} here. Here is another.", icon=":material/link_off:")
        state.watch(next(iter(runs)))
    state.watch(str(state.watched()))
    key = state.widget("training.run", state.watched())
    states = {n: watching.look(p, step=0).state for n, p in runs.items()}
    run.selectbox(
        "Run", list(runs), key=key, on_change=lambda: state.watch(st.session_state[key]),
        format_func=lambda n: f"{n} · {training_words.STATES[states[n]]}",
    )  # fmt: skip
    others = [n for n in runs if n != state.watched()]
    chosen = beside.multiselect(
        "Beside it", others, key="training.beside", placeholder="other runs", max_selections=MOST_RUNS - 1,
        disabled=not others,
    )  # fmt: skip
    return [runs[str(state.watched())], *(runs[n] for n in chosen if n in others)]


def beginning(folder: Path) -> None:
    """Trainings that have no folder yet: they load what they need, or could not begin."""
    with st.container():  # one place for what is there or not
        waiting = training.not_begun(folder)
        if any(job.state == jobs.RUNNING for job in waiting):
            st.fragment(_beginning, run_every=1.0)(folder, len(waiting))
        for job in (j for j in waiting if j.state != jobs.RUNNING):
            with st.container(border=True):
                st.error(f"**{job.title}** did not begin: {job.sentence or 'it was stopped'}.", icon=":material/error:")
                if len(job.log.strip().splitlines()) > 1:
                    with st.expander("Details"):
                        st.code(job.log, language=None)
                st.button(
                    "Dismiss", key=f"dismiss.{job.name}", on_click=jobs.forget, args=(job,), disabled=not may_edit()
                )


def _beginning(folder: Path, before: int) -> None:
    waiting = training.not_begun(folder)
    running = [job for job in waiting if job.state == jobs.RUNNING]
    if len(waiting) != before or not running:
        st.rerun()
    for job in running:
        st.info(f"**{job.title}** begins: it reads the catalog and makes the model …", icon=":material/hourglass_top:")


def watch(paths: list[Path], folder: Path, catalog: Path) -> None:
    """How the runs stand and their curves; drawn anew every two seconds while one of them is trained."""
    with st.container(key="training-watch"):
        st.html(f"<style>{NO_FADING}</style>")
        running = any(training.seen(path, folder)[0].state == watching.RUNNING for path in paths)
        st.fragment(_watch, run_every=EVERY_S if running else None)(paths, folder, catalog, running)


def _watch(paths: list[Path], folder: Path, catalog: Path, running: bool) -> None:
    seen = [training.seen(path, folder) for path in paths if path.exists()]
    if len(seen) < len(paths) or running != any(run.state == watching.RUNNING for run, _ in seen):
        st.rerun()  # the whole page: one began, ended or was removed
    (run, measured), runs = seen[0], {r.name: m for r, m in seen}
    _standing(run, folder, catalog)
    if len(measured.validations) or len(measured.steps):
        st.subheader(as_text(training_words.lead_sentence(run.name, measured)), anchor=False)
        if said := training_words.overtraining_sentence(measured):
            st.markdown(said)
        _numbers(measured)
        _curves(runs, paths[0].parent)
    elif not run.problem:
        st.subheader("It has not made its first step yet.", anchor=False)
    for other, _ in seen[1:]:
        if trouble := training_words.trouble_sentence(other):
            st.caption(f"{as_text(other.name)}: {as_text(trouble)}")
    for name, lines in ((r.name, m.broken) for r, m in seen if m.broken):
        st.caption(f"{as_text(name)}: {count(lines, 'line')} of metrics.jsonl cannot be read and left out.")
    if len(seen) > 1:
        _differences([r for r, _ in seen])


def _standing(run: Watched, folder: Path, catalog: Path) -> None:
    """State, step, time left, the last sign of life; and what one can do."""
    with st.container(border=True, key="training-standing"):
        told, buttons = columns("training-standing", [4, 5], least_px=320, align="bottom")
        with told:
            words = training_words.standing_words(run, training.seconds_left(run)) if not run.problem else ""
            mark = f"{MARKS[run.state]} **{as_text(run.name)}** {training_words.STATES[run.state]}"
            share = min(1.0, run.step / run.steps) if run.steps else 0.0
            if run.state == watching.DONE or run.problem:
                st.markdown(" · ".join(filter(None, [mark, words])))
            else:
                st.progress(share, " · ".join([mark, words]))
        with buttons.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom"):
            _buttons(run, folder, catalog)
        if trouble := training_words.trouble_sentence(run):
            st.markdown(f":orange[:material/warning:] {as_text(trouble)}")
            _log(run, folder)


def _log(run: Watched, folder: Path) -> None:
    job = training.job_of(run.path, folder)
    if run.state == watching.FAILED and job and job.log.strip():
        with st.expander("What it wrote last"):
            st.code(job.log, language=None)


def _buttons(run: Watched, folder: Path, catalog: Path) -> None:
    if run.state == watching.RUNNING:
        st.button(
            "Stop", icon=":material/stop_circle:", disabled=run.stopping or not may_edit(), on_click=training.stop,
            args=(run.path,), help="It ends at its next step, keeps what it has, and can be resumed.",
        )  # fmt: skip
    elif run.state != watching.DONE and not run.problem:
        _resume(run, folder, catalog)
    if (run.path / "model.safetensors").exists():
        _ways_on(run, catalog)
    if run.state != watching.RUNNING and may_edit():
        _delete(run, folder)


def _resume(run: Watched, folder: Path, catalog: Path) -> None:
    learned = training.catalog_of(run, read_arguments(), catalog)
    why = (
        "It goes on from its last checkpoint."
        if learned
        else "The catalog that it was started on is not here, or has changed."
    )
    if (
        st.button(
            "Resume", icon=":material/play_arrow:", type="primary", disabled=learned is None or not may_edit(), help=why
        )
        and learned
    ):
        training.resume(folder, run, learned)
        st.rerun()


def _ways_on(run: Watched, catalog: Path) -> None:
    """Into the masking lab and to the Evaluation page, with this run."""
    kind: Any = "primary" if run.state == watching.DONE else "secondary"
    lab = st.button(
        "Masking lab", icon=":material/visibility_off:", type=kind, help="Hide shots and see what it fills in."
    )
    report = st.button("Evaluation", icon=":material/straighten:", help="Measure it on titles that it never saw.")
    if not (lab or report):
        return
    fitting = _fitting_catalog(run, catalog)
    if fitting is None:
        st.warning("No catalog here has shots of the kind that it was trained on.", icon=":material/folder_off:")
        return
    state.choose_catalog(None if fitting == catalog_names(read_arguments())[0] else fitting)
    state.choose_run(run.name)
    path = catalog_named(read_arguments(), fitting)
    assert path is not None
    turn_to(f"app_pages/{'masking_lab' if lab else 'evaluation'}.py", cache.open_catalog(path))


def _fitting_catalog(run: Watched, chosen: Path) -> str | None:
    """The name of a catalog that this run can answer for, the chosen one first."""
    arguments = read_arguments()
    here = training.catalog_of(run, arguments, chosen)
    for path in filter(None, [chosen, here, *(catalog_named(arguments, n) for n in catalog_names(arguments))]):
        try:
            table = cache.list_runs(arguments.runs, cache.open_catalog(path))
        except InputError:
            continue
        name = path.absolute().name
        if catalog_named(arguments, name) and table.loc[table["name"] == run.name, "problem"].isna().any():
            return name
    return None


def _delete(run: Watched, folder: Path) -> None:
    with st.popover("Delete", icon=":material/delete:"):
        size = number(watching.size_mb(run.path), 0)
        st.markdown(f"Delete **{as_text(run.name)}** with its weights and curves ({size} MB)? This cannot be undone.")
        if st.button("Delete it for good", type="primary", key=f"delete.{run.name}"):
            try:
                training.delete(folder, run.path, read_arguments().runs)
            except (InputError, OSError) as error:
                st.error(f"{error}.")
                return
            st.rerun()


def _numbers(measured: Measured) -> None:
    model, baseline, skill, speed, rank = columns("training-numbers", [2, 3, 2, 2, 2], least_px=130)
    if len(rows := measured.validations):
        best = rows.loc[rows["centred_cosine"].idxmax()]
        model.metric(":blue[●] Model", number(best["centred_cosine"]), help=HELP["model"])
        label = baseline_label(str(best["baseline_name"]))
        baseline.metric(f":orange[◆] {label}", number(best["baseline"]), help=panels.HELP["baseline"])
        skill.metric("Skill", f"{number(100 * best['skill'], 0)}\u2009%", help=panels.HELP["skill"])
        rank.metric("Dimensions in use", number(rows["rankme"].iloc[-1], 0), help=HELP["rankme"])
    if len(measured.steps):
        speed.metric(
            "Shots a second", grouped(int(measured.steps["shots_per_s"].tail(20).median())), help=HELP["speed"]
        )
    alarm = rows["alarm"].iloc[-1] if len(rows) else None
    if isinstance(alarm, str):
        st.error(f"At the last validation: {alarm}.", icon=":material/warning:")


def _curves(runs: dict[str, Measured], folder: Path) -> None:
    """Validation large, then what the steps and the gauges say, two side by side."""
    st.markdown("##### On validation titles, against the best way to copy")
    _show(progress_curve(runs), "progress", runs, folder, "progress_curve(runs)")
    smooth = st.slider("Smooth over steps", 1, 100, SMOOTH, key="training.smooth", width=260)
    with_gauges = any(len(measured.validations) for measured in runs.values())
    names = [*STEP_MEASURES, *(GAUGES if with_gauges else ())]
    for row in range(0, len(names), 2):
        for column, name in zip(columns(f"training-{row}", [1, 1], least_px=320), names[row : row + 2], strict=True):
            with column:
                st.markdown(f"##### {HEADINGS[name]}")
                if name in GAUGES:
                    alarm = _alarm(name)
                    _show(gauge_curve(runs, name, alarm), name, runs, folder, f"gauge_curve(runs, {name!r}, {alarm})")
                else:
                    call = f"step_curve(runs, {name!r}, smooth={smooth})"
                    _show(step_curve(runs, name, smooth=smooth), name, runs, folder, call)


def _alarm(gauge: str) -> float:
    from msm.geometry import FEW_DIMENSIONS, NARROW

    return {"rankme": FEW_DIMENSIONS, "pair_cosine": NARROW}[gauge]


def _show(figure: go.Figure, name: str, runs: dict[str, Measured], folder: Path, call: str) -> None:
    alt = f"{HEADINGS[name]}: {', '.join(runs)}"
    growing_figure(figure, key=f"training.{name}", config=_config(name), base=base_address(), alt=alt)
    copy_as_code(code.training_code(folder, list(runs), call))


def _config(name: str) -> dict[str, Any]:
    image = {"format": "png", "scale": 3, "filename": f"training-{name}"}
    buttons = [["toImage", "zoom2d", "resetScale2d"]]
    return {"displaylogo": False, "modeBarButtons": buttons, "toImageButtonOptions": image}


def _differences(runs: list[Watched]) -> None:
    st.markdown("##### In what their recipes differ")
    table = training_words.differences_table({r.name: r.recipe for r in runs if r.recipe})
    if table.empty:
        st.caption("In nothing: the same recipe, trained again.")
    else:
        st.dataframe(table, hide_index=True, height=min(38 + 35 * len(table), 400))
    catalogs = {r.name: (r.info.get("catalog") or {}).get("fingerprint") for r in runs}
    if len(set(catalogs.values())) > 1:
        st.caption("They were trained on different catalogs, so their numbers are of different titles.")


def estimated(job: jobs.Job, buttons: DeltaGenerator) -> None:
    """What a training would cost."""
    from msm.ablate.progress import minutes

    said = job.answer
    st.markdown(
        f":green[:material/timer:] {job.title.removeprefix('Timing ')}: **about {minutes(said['seconds'])}**, {grouped(said['steps'])} steps of "
        f"{1000 * said['step_s']:.0f} ms; {grouped(said['parameters'])} parameters, {said['disk_mb']:.0f} MB of disk."
    )


def nothing_yet(catalog: Path) -> None:
    st.subheader("No training yet: how near does a model come to shots that it cannot see?", anchor=False)
    st.markdown(
        "A training hides shots of your titles and learns to restore them from the others; its curve stands against the best "
        "way to copy, so that you see at once whether it understands more than its neighbours. Start one below, or on the command line:"
    )
    words = ["msm", "train", str(catalog), str(free_name(read_arguments().runs, "mediafm"))]
    st.code(shlex.join(words), language="bash", wrap_lines=True)


def start_another(catalog: Path, folder: Path, *, opened: bool) -> None:
    with st.expander("Start a training", icon=":material/model_training:", expanded=opened):
        if say_viewer():
            return
        panels.choose_catalog(catalog_names(read_arguments()))
        st.fragment(training_form.form)(catalog, folder)
