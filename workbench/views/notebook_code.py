"""Copy as code: notebook cells that draw the figures of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msm.masking.parts import parse_parts


def timeline_code(catalog: Path, run: Path, title_id: str, hidden: str, modality: str | None = None) -> str:
    """A cell that draws the cosine timeline; `hidden` as ranges, e.g. "40-44, 60"."""
    only = _only(modality)
    return f"""\
from msm import Catalog, Run
from msm.data.ranges import parse_ranges
from workbench.views.fill_in.timeline import timeline

title = Catalog.open({str(catalog)!r})[{title_id!r}]
hidden = parse_ranges({hidden!r}, title.num_shots)
fill = Run.open({str(run)!r}).fill_in(title, hidden{only})
timeline(fill.table, fill.best_baseline_name, duration_s=title.duration_s)
"""


def expected_code(
    catalog: Path, run: Path, title_id: str, hidden: str, shot: int, count: int, modality: str | None, everywhere: bool
) -> str:
    """A cell with the `count` real shots nearest to the prediction of a shot, of the title or of the whole catalog."""
    only = _only(modality)
    pool = "title_pool(fill.shots, first, fill.space, title.catalog.num_shots)"
    pool = f"with_title(catalog_pool(title.catalog, fill.space), {pool})" if everywhere else pool
    names = ["nearest_shots", "title_pool", *(["catalog_pool", "with_title"] if everywhere else [])]
    return f"""\
from msm import Catalog, Run
from msm.data.ranges import parse_ranges
from msm.inference.candidates import {", ".join(sorted(names))}

title = Catalog.open({str(catalog)!r})[{title_id!r}]
hidden = parse_ranges({hidden!r}, title.num_shots)
fill = Run.open({str(run)!r}).fill_in(title, hidden{only})
first, place = int(title.row["first_shot"]), fill.hidden.tolist().index({shot})
pool = {pool}
nearest_shots(fill.compared[place], pool, fill.space, {count}, first + {shot}, fill.columns[place])[0]
"""


def _only(modality: str | None) -> str:
    parts = parse_parts(modality or "")
    if all(shots is None for shots in parts.values()):
        return f", modalities={list(parts)!r}" if parts else ""
    return f", modalities={dict(parts)!r}"


def surprise_code(catalog: Path, run: Path, title_id: str) -> str:
    """A cell that draws the surprise curve of a title."""
    return f"""\
from msm import Catalog, Run
from msm.interpret.surprise import peaks, surprise
from workbench.views.interpret.surprise import surprise_figure

title = Catalog.open({str(catalog)!r})[{title_id!r}]
found = surprise(Run.open({str(run)!r}), title, exact=False)
surprise_figure(found.table, peaks(found.table, 6), duration_s=title.duration_s)
"""


def influence_code(catalog: Path, run: Path, title_id: str, hidden: str, shot: int, method: str) -> str:
    """A cell that draws the influence of visible shots on one prediction."""
    return f"""\
from msm import Catalog, Run
from msm.data.ranges import parse_ranges
from msm.interpret.influence import influence
from workbench.views.interpret.influence import influence_figure

title = Catalog.open({str(catalog)!r})[{title_id!r}]
hidden = parse_ranges({hidden!r}, title.num_shots)
table = influence(Run.open({str(run)!r}), title, hidden, {shot}, method={method!r})
influence_figure(table, {shot}, title.shots["start_s"].to_numpy(), duration_s=title.duration_s)
"""


def attention_code(catalog: Path, run: Path, title_id: str, hidden: str, shot: int) -> str:
    """A cell that draws the attention of one hidden shot in each layer."""
    return f"""\
from msm import Catalog, Run
from msm.interpret.attention import attention
from msm.data.ranges import parse_ranges
from workbench.views.interpret.attention import attention_figure

title = Catalog.open({str(catalog)!r})[{title_id!r}]
hidden = parse_ranges({hidden!r}, title.num_shots)
found = attention(Run.open({str(run)!r}), title, hidden, {shot})
starts = title.shots["start_s"].to_numpy()
attention_figure(found.weights, found.layers, found.seen, {shot}, starts, duration_s=title.duration_s)
"""


def context_code(catalog: Path, run: Path, title_id: str, hidden: str) -> str:
    """A cell that draws the context curve: the score by the number of visible shots on each side."""
    return f"""\
from msm import Catalog, Run
from msm.data.ranges import parse_ranges
from msm.interpret.what_if import context_curve
from workbench.views.interpret.what_if import context_figure

title = Catalog.open({str(catalog)!r})[{title_id!r}]
hidden = parse_ranges({hidden!r}, title.num_shots)
context_figure(context_curve(Run.open({str(run)!r}), title, hidden))
"""


def hyperparameter_code(path: Path, key: str) -> str:
    """A cell that draws the effects of one hyperparameter of an ablation; path of its table.json."""
    return f"""\
from pathlib import Path

from msm.ablation.table import read_table
from workbench.views.ablation.figures import hyperparameter_figure

hyperparameter_figure(read_table(Path({str(path)!r})), {key!r})
"""


def scaling_code(path: Path, name: str) -> str:
    """A cell that draws the scaling curve of a data set; path of scaling.json."""
    return f"""\
import json
from pathlib import Path

from workbench.views.ablation.scaling import scaling_figure, scaling_table

sets = json.loads(Path({str(path)!r}).read_text())["sets"]
scaling_figure(scaling_table(sets[{name!r}]))
"""


def report_code(run: Path, reports: Iterable[str], call: str) -> str:
    """A cell that draws a figure of evaluation reports; `reports` are names of runs, `call` its last line."""
    function = call.partition("(")[0]
    names = ", ".join(repr(name) for name in reports)
    return f"""\
from pathlib import Path

from msm.runs.folder import RunFolder
from workbench.views.report.figures import {function}

runs = Path({str(run.parent)!r})
reports = {{name: RunFolder.open(runs / name).evaluation for name in [{names}]}}
{call}
"""


def probes_code(run: Path, probes: Sequence[str]) -> str:
    """A cell that draws the frozen probes of a run."""
    return f"""\
from msm.runs.folder import RunFolder
from workbench.views.report.probes import probes_table
from workbench.views.report.probes_figure import probes_figure

table = probes_table({{{run.name!r}: RunFolder.open({str(run)!r}).evaluation}})
probes_figure(table[table["probe"].isin({list(probes)!r})], {run.name!r})
"""


def tasks_code(report: Path, call: str) -> str:
    """A cell that draws a figure of a report of `msm probe`; `call` is its last line."""
    function = call.partition("(")[0]
    return f"""\
from pathlib import Path

from msm.evaluation.tasks.saved import read_report
from workbench.views.tasks.figures import {function}

report = read_report(Path({str(report)!r}))
{call}
"""


def geometry_code(run: Path, measure: str) -> str:
    """A cell that draws the geometry of a training."""
    return f"""\
from msm.runs.folder import RunFolder
from workbench.views.report.geometry import geometry_figure

geometry_figure(RunFolder.open({str(run)!r}).metrics(), {measure!r})
"""


def training_code(runs: Mapping[str, Path], call: str) -> str:
    """A cell that draws a curve of several trainings, name → run folder; `call` is its last line."""
    function = call.partition("(")[0]
    listed = "".join(f"    {name!r}: {str(path)!r},\n" for name, path in runs.items())
    return f"""\
from pathlib import Path

from msm.runs.monitor import Tail
from workbench.views.training.curves import {function}

folders = {{
{listed}}}
runs = {{name: Tail(Path(folder)).read() for name, folder in folders.items()}}
{call}
"""


def runs_code(
    runs: Path, archived: bool, conditions: Sequence[str], sort: str, columns: Sequence[str] | None = None
) -> str:
    """A cell that makes the table of runs with these columns; None = the usual ones of its rows."""
    usual = "" if columns else ", usual_columns"
    shown = repr(list(columns)) if columns else "usual_columns(table)"
    return f"""\
from msm.runs.table import filter_runs, runs_table, sort_runs{usual}

runs = runs_table({str(runs)!r}, archived={archived})
table = sort_runs(filter_runs(runs, {list(conditions)!r}), {sort!r})
table[{shown}]
"""


def measures_code(catalog: Path, run: Path | None, label: str, leave_out: str) -> str:
    """A cell that draws how often a search finds shots with the same label."""
    contextual = f', "contextual": contextual_space(catalog, Run.open({str(run)!r}))' if run else ""
    return f"""\
from msm import Catalog, Run
from msm.search.contextual_space import contextual_space
from msm.search.quality import measure
from msm.search.spaces import RawSpace
from workbench.views.search_results import measures_figure, measures_table

catalog = Catalog.open({str(catalog)!r})
spaces = {{"raw": RawSpace(catalog){contextual}}}
measures_figure(measures_table(measure(spaces, {label!r}, leave_out={leave_out!r})))
"""


def map_code(catalog: Path, path: Path, label: str | None, link: str, runs: Path) -> str:
    """A cell that draws a stored map, coloured by a label, with the selected shots of a link marked."""
    coloured = f", labels[{label!r}]" if label else ""
    return f"""\
from pathlib import Path

from msm import Catalog
from msm.projection.maps import open_map
from msm.data.selection import Selection
from workbench.views.map.figure import map_figure
from workbench.views.map.labels import map_labels

catalog = Catalog.open({str(catalog)!r})
found = open_map(Path({str(path)!r}))
labels = map_labels(catalog, found.of)
chosen = Selection.from_link({link!r}, runs={str(runs)!r}).rows(catalog.titles)
map_figure(found.table{coloured}, chosen=chosen if found.of == "shots" else ())
"""
