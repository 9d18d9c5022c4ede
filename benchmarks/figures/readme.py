"""The tables of the README: quality on unseen titles, speed, the answers of the notebooks; and the sample data's own."""

from __future__ import annotations

from typing import Any

from benchmarks.figures.ablations import interval
from benchmarks.figures.results import ROOT, read
from msm.runs.monitor import Tail
from workbench.views.training.sentences import lead_sentence

NAMES = {
    "scene_shots": "documentaries, open films and news: shots",
    "screenplays": "film scripts: scenes",
    "series": "episodes of two series: windows of dialogue",
    "friends_shots": "half-episodes of a comedy: shots",
    "tv4_dialogue": "episodes of three series: windows of dialogue",
}


HEAD = (
    "data | training shots | best baseline | `mediafm` | `neighbour` | lead of `neighbour` (95 % interval) "
    "| median rank of the true shot (best baseline)"
)


def quality() -> str:
    """A row for each set: the best baseline, `mediafm`, `neighbour`, its lead, median ranks; then the commands."""
    rows = [sample_row(), *(real_row(name) for name in NAMES), generated_row()]
    return "\n".join([f"| {HEAD} |", "| --- " * 7 + "|", *rows, "", quality_commands()])


def quality_commands() -> str:
    """The commands that measured the rows."""
    sample, real, own, generated = (f"`{read(s)['command']}`" for s in ("neighbour", "real_sets", "current", "sample"))
    return (
        f"Sample films (one training): {sample}. Generated stories (three trainings): {generated}.\n"
        f"The other rows (three trainings each, intervals over titles and trainings): {real} for `mediafm`; {own} for `neighbour`."
    )


def sample_row() -> str:
    run, plain = read("neighbour"), read("mediafm")
    lead = interval(run["intervals"]["difference"], mean="mean")
    return quality_row("the sample films, drawn by code", run["train_shots"], run["best"], plain, run, lead)


def real_row(name: str) -> str:
    found = read("current")[name]
    lead = interval(found["lead"])
    return quality_row(NAMES[name], found["train_shots"], found["baseline"], found["mediafm"], found["neighbour"], lead)


def quality_row(what: str, shots: int, baseline: Any, plain: Any, own: Any, lead: str) -> str:
    of_plain = f"{plain['centred_cosine']:.3f}" if plain else "–"
    scores = [f"{baseline['centred_cosine']:.3f}", of_plain, f"**{own['centred_cosine']:.3f}**"]
    ranks = f"{own['median_rank']:.1%} ({baseline['median_rank']:.1%})"
    return f"| {what} | {shots:,} | {' | '.join(scores)} | {lead} | {ranks} |"


def generated_row() -> str:
    found = read("sample")["sets"]["sample"]
    baseline, plain = found["baselines"][found["best_baseline"]]["centred_cosine"], found["model"]["centred_cosine"]
    return f"| generated stories without pictures | {found['train_shots']:,} | {baseline:.3f} | **{plain:.3f}** | – | – | – |"


def sample() -> str:
    """One row: the baselines and both runs of the sample data on its test titles."""
    run, plain = read("neighbour"), read("mediafm")
    names = ("nearest_visible", "linear", "distance_weighted", "kriging")
    scores = [run["baselines"][name]["centred_cosine"] for name in names] + [plain["centred_cosine"]]
    head = " | ".join([*(n.replace("_", "-") for n in names), "`mediafm`", "`neighbour`"])
    row = " | ".join([*(f"{s:.3f}" for s in scores), f"**{run['centred_cosine']:.3f}**"])
    return f"| {head} |\n{'| --- ' * (len(names) + 2)}|\n| {row} |"


def lead_of(run: str) -> str:
    """What the Training page says of a run of the sample data."""
    return f"> {lead_sentence(run, Tail(ROOT / 'sample_data' / 'runs' / run).read())}"


# what, measured, the result that both values and command come from
SPEED = (
    (
        "a click in the masking lab, title of {r[shots]} shots",
        "{r[lab_median_ms]:.0f} ms (95th percentile {r[lab_p95_ms]:.0f} ms); an empty Streamlit rerun: {r[empty_median_ms]:.0f} ms",
        "lab",
    ),
    (
        "the same with ten people who each click every two seconds",
        "{r[windows_median_ms]:.0f} ms in a browser on the same machine, {r[others_median_ms]:.0f} ms for the others",
        "lab/people",
    ),
    (
        "{r[sessions]} sessions on one server for {r[minutes]:.0f} minutes",
        "{r[seconds][median]:.3f} s a request, {r[errors]} errors, memory {r[memory_mb][growth]:+.1%} after the warm-up",
        "load",
    ),
    (
        "search among {r[shots]:,} shots of 2304 columns",
        "{r[large][one_at_a_time][ratio]:.0f} × exact search ({r[large][200_at_once][ratio]:.0f} × with 200 queries at once), "
        "recall@10 {r[large][recall_at_10]:.2f}; index {r[large][index_mb]:.0f} MB, opened in {r[large][open_ms]:.0f} ms",
        "search",
    ),
    (
        "training on CPU against transformers' `BertModel` on padded titles",
        "{r[faster]:.1f} × the shots per second ({r[padding]:.0%} of the padded batches is padding), {r[memory]:.2f} × the memory",
        "train",
    ),
    (
        "a map of {r[shots]:,} shots against `umap.UMAP().fit`",
        "{r[seconds][msm]:.0f} s, {r[times_faster]:.1f} × as fast; trustworthiness {r[trustworthiness][msm]:.3f}, UMAP {r[trustworthiness][umap]:.3f}",
        "map",
    ),
    (
        "the surprise curve against hiding one shot after another",
        "{r[slowest]:.0f} to {r[fastest]:.0f} × as fast, rank correlation at least {r[lowest]:.2f}",
        "surprise",
    ),
)


def speed() -> str:
    """A row for each measurement of time, with its command."""
    lines = ["| | measured | command |", "| --- | --- | --- |"]
    for what, measured, source in SPEED:
        result = speed_result(source)
        lines.append(f"| {what.format(r=result)} | {measured.format(r=result)} | `{result['command']}` |")
    return "\n".join(lines)


def speed_result(source: str) -> dict[str, Any]:
    """The values of a row of SPEED, ratios worked out, and the command."""
    name, _, part = source.partition("/")
    found = read(name)
    if name == "map":
        return found["100000"]
    if name == "train":
        column = found["columns"]["cpu float32"]
        shots, memory = column["shots_per_s"], column["peak_memory"]
        peer = "transformers BertModel"
        return {**column, "faster": shots["msm"] / shots[peer], "memory": memory["msm"] / memory[peer]}
    if name == "surprise":
        times = [s["times_faster"] for s in found["sets"].values()]
        lowest = min(s["spearman"]["lowest"] for s in found["sets"].values())
        return {**found, "slowest": min(times), "fastest": max(times), "lowest": lowest}
    return found[part] if part else found


# notebook, its question, its answer on the sample films
NOTEBOOKS = (
    (
        "01_a_catalog_and_its_shots",
        "How much of a film can be predicted by copying the neighbouring shots?",
        "two random shots of a film: cosine {n[raw]:.2f}, centred {n[centred]:.2f}; the best baseline reaches {n[best_baseline]:.2f}",
    ),
    (
        "02_hide_and_fill_in",
        "Is the model better than copying the neighbouring shots?",
        "on unseen titles the model reaches {n[model]:.2f}, the best baseline {n[best_baseline]:.2f}",
    ),
    (
        "03_train_and_read_the_curves",
        "When has a training learned something?",
        "from step {n[first_ahead]:.0f} on: {n[model]:.2f} at the end, the best baseline {n[best_baseline]:.2f}",
    ),
    (
        "04_what_the_model_knows",
        "Does a model know more of a shot when it has seen the film around it?",
        "genre from one shot: AP {n[genre][raw]:.2f} raw, {n[genre][contextual]:.2f} in context; pattern of the scene: "
        "{n[pattern][raw]:.2f} raw, {n[pattern][contextual]:.2f} in context",
    ),
    (
        "05_maps",
        "Does a map of contextual embeddings show more of the story than one of raw shots?",
        "{n[raw]:.0%} of a shot's nearest share its genre raw, {n[contextual]:.0%} in context, {n[chance]:.0%} by chance",
    ),
    (
        "06_retrieval",
        "Which search finds the same kind of scene: by raw or by contextual embedding?",
        "the same place: mAP {n[raw]:.2f} raw, {n[contextual]:.2f} in context, {n[chance]:.2f} by chance",
    ),
    (
        "07_an_ablation_of_ones_own",
        "Does it matter how many shots are hidden while training?",
        "better, worse, or no difference seen, with intervals",
    ),
    (
        "08_bring_your_own_video",
        "Are the shots of a video file found and reconstructed?",
        "{n[found]:.0%} of the known cuts are found",
    ),
    ("09_at_scale", "How long would a million shots take on this machine?", "an estimate for your machine"),
)


def notebooks() -> str:
    """A row for each notebook: its question, and the answer that it prints on the sample films."""
    found = read("notebooks")["notebooks"]
    lines = ["| notebook | answer on the sample films |", "| --- | --- |"]
    for name, question, answer in NOTEBOOKS:
        number = name[:2]
        link = f"[{number} {question}](notebooks/{name}.ipynb)"
        lines.append(f"| {link} | {answer.format(n=found.get(number))} |")
    return "\n".join(lines)
