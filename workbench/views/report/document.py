"""The report as one self-contained HTML file: plotly.js inside, the numbers of every figure as a table."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from workbench.views.formatting import count
from workbench.views.report import figures
from workbench.views.report.geometry import geometry_figure, geometry_table
from workbench.views.report.probes import FAMILIES, probes_sentence, probes_table, probes_wide, skipped_sentences
from workbench.views.report.probes_figure import probes_figure
from workbench.views.report.reports import PARTS, Reports
from workbench.views.report.sentences import comparison_words, details, verdict
from workbench.views.report.tables import part_table, predictors_table, titles_table

STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#22252b;background:#fdfdfc;max-width:980px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.3}h2{font-size:1.2rem;margin:2.2rem 0 .4rem}p.note{color:#5c6068;font-size:.9rem}
table{border-collapse:collapse;font-size:.85rem;margin:.6rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .7rem;border-bottom:1px solid #dcdcd6;text-align:right}th{font-weight:600}
th:first-child,td:first-child{text-align:left}summary{cursor:pointer;color:#1f68b3;font-size:.9rem}
details{overflow-x:auto}
"""


def report_html(reports: Reports, lines: list[dict[str, Any]], *, command: str) -> str:
    """The report of the first run compared with the others.

    lines    of its metrics.jsonl, for the geometry over training
    command  that measures the report again
    """
    run, evaluation = next(iter(reports.items()))
    facts = f"{count(evaluation['num_titles'], 'title')} of the {evaluation['split']} split, {count(evaluation['num_hidden'], 'hidden shot')}"
    body = [
        f"<h1>{escape(verdict(evaluation))}</h1>",
        _paragraph(" ".join(filter(None, [details(evaluation), comparison_words(reports)]))),
        _paragraph(f"{', '.join(reports)}: {facts}.", "note"),
        *(_section(*part) for part in _sections(reports, lines)),
        "<h2>Make it again</h2>",
        f"<pre>{escape(command)}</pre>",
    ]
    title = escape(f"Evaluation of {run}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<script>{get_plotlyjs()}</script></head><body>{''.join(body)}</body></html>"
    )


def command_again(run: Path, catalog: Path, evaluation: dict[str, Any]) -> str:
    """The command that measures this report again: same split, same parts."""
    words = ["msm", "evaluate", str(run), str(catalog), "--split", evaluation["split"]]
    words += ["--full"] if "by_ratio" in evaluation else []
    return shlex.join([*words, *(["--probes"] if "probes" in evaluation else [])])


def _sections(
    reports: Reports, lines: list[dict[str, Any]]
) -> Iterator[tuple[str, str, list[go.Figure], pd.DataFrame]]:
    """(heading, sentence, figures, numbers) of every part that the report has."""
    predictors = predictors_table(reports).drop(columns="name")
    yield "Against every baseline", "", [figures.predictors_figure(reports)], predictors
    for part, (heading, _) in PARTS.items():
        table = part_table(reports, part)
        if len(table):
            yield heading, "", [figures.part_figure(reports, part)], table
    run, evaluation = next(iter(reports.items()))
    if "probes" in evaluation:
        table = probes_table({run: evaluation})
        drawings = []
        for probes in FAMILIES.values():
            of_family = table[table["probe"].isin(probes)]
            drawings += [probes_figure(of_family, run)] if len(of_family) else []
        sentence = " ".join([probes_sentence(evaluation["probes"]), *skipped_sentences(evaluation["probes"])])
        yield "Linear probes", sentence, drawings, probes_wide(table)
    titles = titles_table(reports)
    if len(titles):
        yield "Title by title", "", [figures.titles_figure(reports)], titles
    geometry = geometry_table(lines)
    if len(geometry):
        drawings = [geometry_figure(lines, m) for m in ("rankme", "pair_cosine")]
        yield "Geometry over training", "", drawings, geometry


def _section(heading: str, sentence: str, drawings: list[go.Figure], numbers: pd.DataFrame) -> str:
    drawn = "".join(_picture(p) for p in drawings)
    table = numbers.to_html(index=False, float_format=lambda v: f"{v:.3f}", na_rep="–", escape=True, border=0)
    return (
        f"<h2>{escape(heading)}</h2>{_paragraph(sentence)}{drawn}<details><summary>Numbers</summary>{table}</details>"
    )


def _picture(figure: go.Figure) -> str:
    figure = go.Figure(figure).update_layout(font={"family": "system-ui, sans-serif", "size": 14, "color": "#22252b"})
    figure.update_layout(paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    return figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False, "responsive": True})


def _paragraph(text: str, kind: str = "") -> str:
    return f"<p{f' class={json.dumps(kind)}' if kind else ''}>{escape(text)}</p>" if text else ""
