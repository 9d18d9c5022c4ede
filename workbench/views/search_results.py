"""Search results as cards, sentences and figures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from workbench.views import palette
from workbench.views.formatting import clock, count, grouped, number
from workbench.views.frames import shortened

LONGEST_TEXT = 160
BEFORE = 60  # characters of a quotation before the words that were asked for
CLEAR = 0.005  # mAP; less is called a draw
MEASURES = {"r1": "nearest", "r5": "one of 5", "r10": "one of 10", "map": "mAP"}


def cards(
    table: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    picture: Callable[[str, int], str | None],
    colour: Callable[[str, int], str] = lambda title, shot: palette.OTHER,
    plays: Callable[[str], bool] = lambda title: False,
    show: Sequence[str] = (),
    as_query: Mapping[str, object] | None = None,
    marks: Mapping[int, str] | None = None,
    notes: Mapping[int, str] | None = None,
    remarks: Mapping[int, str] | None = None,
    words: str | None = None,
) -> list[dict[str, Any]]:
    """A card a shot, ready for JSON (see components/frames/frames.js).

    table     columns row, title_id, name, shot, start_s, text, score, copies; optional last_shot
    labels    the same rows
    picture   (title, shot) → address of its frame, None where it has none; then `colour` stands for it
    show      labels that a card shows
    as_query  the query's labels: a card marks the values that are the same
    marks     row → truth or asked (the query)
    notes     row → a note on the frame, before the number of near-identical shots
    remarks   row → what people noted about the shot
    words     what was asked for: every card quotes what is said in its shot, these words marked
    """
    made = []
    for at, shot in enumerate(table.itertuples()):
        row, title, where = int(shot.row), str(shot.title_id), int(shot.shot)
        address = picture(title, where)
        said = " ".join(str(shot.text).split())
        alike = f"+{shot.copies} alike" if shot.copies else ""
        last = getattr(shot, "last_shot", None)
        made.append(
            {
                "row": row,
                "picture": address,
                "colour": "var(--st-secondary-background-color)" if address else colour(title, where),
                "name": str(shot.name),
                "time": clock(shot.start_s) or (f"shot {where}" if last is None else f"shots {where}–{last}"),
                "text": said[:LONGEST_TEXT],
                "quote": [] if words is None else quote(said, words),
                "score": round(float(shot.score), 3) if shot.score == shot.score else None,
                "note": " · ".join(filter(None, [(notes or {}).get(row, ""), alike])),
                "remark": shortened((remarks or {}).get(row, "")),
                "mark": (marks or {}).get(row, ""),
                "play": plays(title),
                "chips": chips(labels.iloc[at], show, as_query or {}) if show else [],
            }
        )
    return made


def quote(said: str, words: str) -> list[str]:
    """What is said as [before, the words, after], cut around the words where it is long; [text] where they are not said."""
    asked = " ".join(words.split()).casefold()
    at = said.casefold().find(asked) if asked and len(said.casefold()) == len(said) else -1
    if at < 0:
        return [shortened(said, LONGEST_TEXT)] if said else []
    first = max(0, at - BEFORE)
    before = ("… " if first else "") + said[first:at]
    rest = said[at + len(asked) :]
    after = rest if len(rest) <= LONGEST_TEXT else shortened(rest, LONGEST_TEXT)
    return [before, said[at : at + len(asked)], after]


def chips(labels: pd.Series, show: Sequence[str], as_query: Mapping[str, object]) -> list[list[Any]]:
    """[label, value, whether the query shares the value] for each label that is not empty."""
    present = [(name, labels[name]) for name in show if name in labels.index]
    return [[name, _word(v), same_label(v, as_query.get(name))] for name, v in present if _word(v)]


def _word(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return ", ".join(part.strip() for part in text.split("|") if part.strip())


def same_label(one: object, other: object) -> bool:
    """Whether two cells share a value; a cell `A|B` holds two values."""
    words = [set(filter(None, _word(v).split(", "))) for v in (one, other)]
    return bool(words[0] & words[1])


def agreement(raw: Collection[int], contextual: Collection[int]) -> str:
    """How many results two searches share, as a sentence."""
    both, of = len(set(raw) & set(contextual)), max(len(raw), len(contextual))
    if not of:
        return "Nothing passes the filters."
    if both == of:
        return f"Raw and contextual find the same {count(of, 'shot')}."
    if not both:
        return f"Raw and contextual find {of} shots each, and none of them in common."
    return f"Raw and contextual agree on {both} of {of} shots."


def same_as_query(labels: Mapping[str, pd.DataFrame], label: str, query: object) -> str:
    """`The same place as the query: raw 7 of 12, contextual 9 of 12.`; empty where the query has no such label or no result has it.

    labels  kind of search → labels of its results
    """
    if not _word(query) or any(label not in table for table in labels.values()):
        return ""
    counts = {
        how: (sum(same_label(v, query) for v in table[label]), len(table))
        for how, table in labels.items()
        if len(table)
    }
    if not any(same for same, _ in counts.values()):
        return ""
    shares = ", ".join(f"{how} {same} of {of}" for how, (same, of) in counts.items())
    return f"The same {label.replace('_', ' ')} as the query ({_word(query)}): {shares}." if shares else ""


def expected_words(place: int | None, num_shots: int, predicted: Collection[int], real: Collection[int]) -> str:
    """The rank of the real shot from the prediction, and how many results both searches share, as a sentence.

    place  rank of the real shot, 1 = the nearest to the prediction; None where it was not computed
    """
    both = f"{len(set(predicted) & set(real))} of {max(len(predicted), len(real))} shots found are the same"
    if place is None:
        return f"{both[0].upper()}{both[1:]}."
    if place == 1:
        return f"Of {count(num_shots, 'shot')}, none is nearer to the model's guess than the real one; {both}."
    nearer = f"{count(place - 1, 'shot')} of {grouped(num_shots)}"
    return f"{nearer} {'is' if place == 2 else 'are'} nearer to the model's guess than the real one; {both}."


def encoder_words(name: str) -> str:
    """What the text encoder of a catalog can find, as a sentence."""
    if name.startswith("descriptors"):
        return (
            f"The texts are encoded by `{name}`, hashed words and groups of letters: it finds the same words and kin "
            "of them, and nothing of their meaning."
        )
    if name.startswith("trained"):
        return f"The texts are encoded by `{name}`, vectors of words that were trained on English: it finds what is meant alike."
    return f"The texts are encoded by `{name}`."


def measures_sentence(table: pd.DataFrame, label: str) -> str:
    """Which kind of search finds the same label more often by mean average precision.

    table  columns how, r1, map
    """
    by = table.set_index("how")
    what = label.replace("_", " ")
    if "contextual" not in by.index:
        return f"The nearest shot has the same {what} in {by.loc['raw', 'r1']:.0%} of searches, by chance in {by.loc['chance', 'r1']:.0%}."
    raw, contextual = by.loc["raw", "map"], by.loc["contextual", "map"]
    if abs(raw - contextual) < CLEAR:
        return f"Raw and contextual find the same {what} about as often (mAP {number(raw)} and {number(contextual)})."
    better, worse = ("contextual", "raw") if contextual > raw else ("raw", "contextual")
    return (
        f"The {better} search finds the same {what} more often than the {worse} one "
        f"(mAP {number(max(raw, contextual))} against {number(min(raw, contextual))}, by chance {number(by.loc['chance', 'map'])})."
    )


def filter_words(filters: Any, names: Mapping[str, str]) -> str:
    """What the filters allow, as a sentence; empty where they allow everything.

    filters  as `msm.search.filters.Filters`
    names    title_id → name
    """
    only = [names.get(t, t) for t in filters.titles] + [f"{s} titles" for s in filters.splits]
    only += [f"{name.replace('_', ' ')} {value}" for name, value in filters.labels]
    left = "title" if filters.not_same_title else "scene" if filters.not_same_scene else ""
    sentences = [f"Only {', '.join(only)}." if only else "", f"The query's own {left} is left out." if left else ""]
    return " ".join(filter(None, sentences))


def index_words(facts: Mapping[str, Any], candidates: int, took_ms: float) -> str:
    """How a search was made: number of shots, time, kind of index, exact or with its recall.

    facts  as `msm.search.index_store.Finder.facts`
    """
    how = "exact" if facts["exact"] else f"recall@10 {number(facts['recall_at_10'], 3)} measured, scores exact"
    kept = "kept beside the catalog" if facts["saved"] else "built in memory"
    return (
        f"{count(candidates, 'shot')} searched in {number(took_ms, 1)} ms · `{facts['kind']}` index, {how}, {kept} · "
        f"{facts['words']}"
    )


def measures_table(measured: Mapping[str, Any]) -> pd.DataFrame:
    """A row a kind of search: how, r1, r5, r10, map, median_rank; chance last.

    measured  as `msm.search.quality.measure`
    """
    rows = {**measured["columns"], "chance": measured["chance"]}
    return pd.DataFrame([{"how": how, **scores} for how, scores in rows.items()])


def measures_figure(table: pd.DataFrame) -> go.Figure:
    """A line a measure with a dot for each kind of search; chance is grey.

    table  columns how, r1, r5, r10, map
    """
    colours = {"raw": palette.TRUTH, "contextual": palette.MODEL, "chance": palette.OTHER}
    figure = go.Figure()
    for row in table.itertuples():
        values = [float(getattr(row, m)) for m in MEASURES]
        figure.add_scatter(
            x=values,
            y=list(MEASURES.values()),
            mode="markers",
            name=row.how,
            marker={
                "size": 13,
                "color": colours.get(row.how, palette.OTHER),
                "symbol": "line-ns-open" if row.how == "chance" else "circle",
            },
            hovertemplate=f"{row.how} %{{x:.3f}}<extra></extra>",
        )
    figure.update_layout(template="none", height=246, margin={"l": 8, "r": 16, "t": 8, "b": 60})
    figure.update_layout(legend={"orientation": "h", "y": 1.15, "x": 0})
    figure.update_xaxes(title="share of searches that find the same<br>(mAP: 1 = all of them first)", range=[0, 1])
    figure.update_yaxes(autorange="reversed", automargin=True, ticksuffix="  ")
    return figure
