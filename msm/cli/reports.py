"""Reports as text: the output of `msm evaluate`, `msm fill` and `msm surprise`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msm import baselines, metrics
from msm.cli.tables import text_table
from msm.inference.reconstruction import FillIn
from msm.interpret.surprise import PeaksAtScenes, Surprise
from msm.masking.parts import format_parts


def evaluation_as_text(measured: dict[str, Any]) -> str:
    """The report of `msm evaluate`: a line a predictor, then a table for each of its parts."""
    rows = [["model", measured], *measured["baselines"].items()]
    sample = measured.get("sample", {})
    of = f", a sample by length of {sample['of']:,} (seed {sample['seed']})" if sample.get("sampled") else ""
    lines = [f"{measured['num_titles']} {measured['split']} titles{of}, {measured['num_hidden']} hidden shots", ""]
    header = ["", "centred cosine", "raw cosine", "median rank"]
    lines += _table(header, [[n if n == "model" else baselines.label(n), *_scores(scores)] for n, scores in rows])
    note = metrics.few_titles_note(measured["num_titles"])
    lines += [
        "",
        _against(measured),
        *filter(None, [note]),
        *_metadata_lines(measured.get("metadata_left_out", {})),
        "",
    ]
    lines += _part_table("distance", [(p["distance"], p) for p in measured["by_distance"]])
    header = ["modality", "model", "best baseline", "skill"]
    keys = ("centred_cosine", "best_baseline_centred_cosine", "skill")
    rows = [[name, *(f"{part[k]:.3f}" for k in keys)] for name, part in measured["by_modality"].items()]
    lines += ["", *_table(header, rows)]
    for title, parts in _optional_parts(measured):
        lines += ["", *_part_table(title, parts)] if parts else []
    if "probes" in measured:
        lines += ["", *_probe_lines(measured["probes"])]
    return "\n".join(lines)


def _against(measured: dict[str, Any]) -> str:
    line = f"skill {measured['skill']:+.3f} against the {baselines.label(measured['best_baseline'])}"
    spread = (measured.get("intervals") or {}).get("difference")
    if not spread:
        return line
    return (
        f"{line}; difference {spread['mean']:+.3f}, 95 % of title draws {spread['low']:+.3f} to {spread['high']:+.3f}"
    )


def _metadata_lines(left_out: dict[str, list[str]]) -> list[str]:
    """What titles are said to be that the run was never told of."""
    return [f"[GLOBAL] without {', '.join(words)}: the run knows no such {name}" for name, words in left_out.items()]


def _optional_parts(measured: dict[str, Any]) -> list[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    spans = measured.get("spans", {})
    return [
        ("place in the scene", [(p["position"], p) for p in measured.get("by_position", [])]),
        ("mask ratio", [(f"{p['ratio']:.0%}", p) for p in measured.get("by_ratio", [])]),
        (f"in spans of {spans.get('length')}", [(p["distance"], p) for p in spans.get("by_distance", [])]),
        ("one modality hidden", [(p["modality"], p) for p in measured.get("by_part", [])]),
    ]


def _part_table(title: str, parts: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """Model and best baseline on parts of the hidden shots, a line for each part that has any."""
    rows = []
    for name, part in parts:
        if part["num_hidden"]:
            spread = part.get("difference") or {}
            shown = f"{spread['low']:+.3f} to {spread['high']:+.3f}" if "low" in spread else ""
            numbers = [f"{part[k]:.3f}" for k in ("centred_cosine", "best_baseline", "skill")]
            rows.append([name, str(part["num_hidden"]), *numbers, shown])
    return _table([title, "hidden shots", "model", "baseline", "skill", "difference, 95 %"], rows)


def _probe_lines(probes: dict[str, Any]) -> list[str]:
    """A line a probe: its first measure in each column; then the reasons for probes without a result."""
    rows, skipped = [], []
    for task in probes["tasks"]:
        if "skipped" in task:
            skipped.append(task["skipped"])
            continue
        measure = task["measure"]
        scores = [f"{task['columns'][c][measure]:.3f}" for c in probes["columns"]]
        what = f"{task['label']} of the {task['of']}, at each {task['at']}"
        rows.append([what, task["probe"], measure, f"{task['chance'][measure]:.3f}", *scores])
    return [*_table(["frozen probe", "by", "measure", "chance", *probes["columns"]], rows), *dict.fromkeys(skipped)]


def fill_in_as_text(fill: FillIn) -> str:
    """A line a hidden shot, then the means."""
    header = ["shot", "model", fill.best_baseline_name.replace("_", " "), "skill", "rank of truth"]
    rows = [
        [
            str(r.shot),
            f"{r.centred_cosine:.3f}",
            f"{r.best_baseline:.3f}",
            f"{r.skill:+.3f}",
            f"{r.rank:g} of {r.num_shots}",
        ]
        for r in fill.table.itertuples()
    ]
    total = (
        f"centred cosine {fill.centred_cosine:.3f}, {baselines.label(fill.best_baseline_name)} {fill.best_baseline:.3f}"
    )
    lost = " and ".join(fill.modalities) or format_parts(fill.parts)
    only = f" ({lost} alone)" if lost else ""
    return "\n".join([*_table(header, rows), "", f"{fill.title_id}: {total}, skill {fill.skill:+.3f}{only}"])


def surprise_as_text(found: Surprise, scenes: PeaksAtScenes | None, agreement: float | None = None) -> str:
    """The ten most surprising shots, whether they are at scene boundaries, and how the curve was computed."""
    top = found.table.nlargest(10, "surprise")
    opens = {True: "opens a scene", False: ""}
    rows = [
        [str(r.shot), f"{r.surprise:.3f}", f"{r.copy_surprise:.3f}", opens[r.starts_scene is True]]
        for r in top.astype({"starts_scene": object}).itertuples()
    ]
    lines = [*_table(["shot", "surprise", baselines.label(top["baseline"].iloc[0]), ""], rows), ""]
    if scenes:
        lines.append(
            f"{scenes.beside} of the {scenes.count} most surprising shots are at a change of scene "
            f"(by chance {scenes.beside_by_chance:.1f}); {scenes.opening} open one (by chance {scenes.opening_by_chance:.1f})"
        )
    how = "every shot alone" if found.exact else "every k-th shot together"
    lines.append(f"{found.title_id}: {how}, {found.passes} passes for {len(found.table)} shots")
    if agreement is not None:
        lines.append(f"the fast method agrees with it: Spearman {agreement:.3f}")
    return "\n".join(lines)


def _scores(scores: dict[str, Any]) -> list[str]:
    rank = scores["median_rank"]
    return [f"{scores['centred_cosine']:.3f}", f"{scores['cosine']:.3f}", "–" if rank is None else f"{rank:.1%}"]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table whose first column is a name and whose others are numbers."""
    return text_table(header, rows, right=[False] + [True] * (len(header) - 1)).splitlines()
