"""The slides of a presentation as HTML in large type. All text of scripts and catalogs is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import pandas as pd

from msm import baselines
from workbench.views import palette
from workbench.views.formatting import number
from workbench.views.frames import STYLE as FRAMES_STYLE
from workbench.views.frames import Frame, figure, row
from workbench.views.interpret.attention import LOOKED_AT
from workbench.views.interpret.influence import HELPED, MISLED
from workbench.views.slides.svg import arcs_svg, curve_svg


class Slide(NamedTuple):
    heading: str
    text: str  # written by the author of the script
    said: str  # computed from the numbers
    body: str  # HTML, escaped already


STYLE = (
    FRAMES_STYLE
    + """
.msm-slide{font-size:1.12rem}
.msm-slide h2{font-size:clamp(1.7rem,3.4vw,3rem);line-height:1.15;margin:.2rem 0 .7rem;padding:0;font-weight:650;text-wrap:balance}
.msm-slide .prose{font-size:clamp(1.1rem,1.7vw,1.5rem);line-height:1.45;margin:0 0 1rem;max-width:62ch}
.msm-slide .said{font-size:clamp(1.1rem,1.7vw,1.5rem);line-height:1.4;font-weight:600;margin:0 0 1.1rem;max-width:62ch}
.msm-slide .msm-column h4{font-size:clamp(.85rem,2.7cqi,1.25rem)}
.msm-slide .key{font-size:.95rem;margin:.6rem 0 .2rem;display:flex;gap:1.4rem;flex-wrap:wrap}
.msm-slide .key i{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.45em}
.msm-bars p{margin:.9rem 0 .25rem}.msm-bars div{display:flex;align-items:center;gap:.8rem;height:2.6rem;
background:color-mix(in oklab,currentColor 8%,transparent);border-radius:6px}
.msm-bars i{display:block;height:100%;border-radius:6px}.msm-bars b{font-size:1.4rem}
.msm-film{display:grid;grid-template-columns:repeat(auto-fill,minmax(clamp(46px,5.6vw,92px),1fr));gap:4px}
.msm-film .msm-picture{border-radius:3px}.msm-film .msm-veil{font-size:0;background-color:color-mix(in oklab,var(--msm-hidden) 35%,transparent)}.msm-film figcaption{display:none}
.msm-choices{counter-reset:choice}.msm-choices .msm-shot{counter-increment:choice}
.msm-choices .msm-picture::after{content:counter(choice);position:absolute;right:.5rem;bottom:.5rem;padding:.05rem .6rem;
border-radius:5px;background:#000a;color:#fff;font-weight:650}
"""
)


def slide_html(slide: Slide) -> str:
    """One slide, without the style sheet."""
    parts = [f"<h2>{escape(slide.heading)}</h2>" if slide.heading else ""]
    parts += [f'<p class="prose">{escape(slide.text)}</p>' if slide.text else ""]
    parts += [f'<p class="said">{escape(slide.said)}</p>' if slide.said else ""]
    return f'<div class="msm-slide">{"".join(parts)}{slide.body}</div>'


def film(frames: Sequence[Frame]) -> str:
    """All shots of a title as small pictures."""
    return f'<div class="msm-film">{"".join(figure(f, words=False) for f in frames)}</div>'


def with_note(body: str, note: str) -> str:
    """A body with a line of small print below."""
    return f'{body}<p class="key">{escape(note)}</p>' if note else body


def attention(frames: Sequence[Frame], arcs: Sequence[tuple[int, int, float]], num_shots: int) -> str:
    label = "Where the model looks"
    return row(frames) + _key([(palette.MODEL, LOOKED_AT)]) + arcs_svg(arcs, num_shots, label=label)


def influence(frames: Sequence[Frame], arcs: Sequence[tuple[int, int, float]], num_shots: int) -> str:
    signs = {weight > 0 for _, _, weight in arcs}
    names = [(palette.MODEL, HELPED)] * (True in signs) + [(palette.OTHER, MISLED)] * (False in signs)
    return row(frames) + _key(names) + arcs_svg(arcs, num_shots)


def surprise(table: pd.DataFrame, peaks: Sequence[int], frames: Sequence[Frame]) -> str:
    """table: columns surprise, copy_surprise, baseline, starts_scene."""
    starts = [int(s) for s in table.index[table["starts_scene"].fillna(False).astype(bool)]]
    curve = curve_svg(table["surprise"].to_numpy(), table["copy_surprise"].to_numpy(), starts, peaks)
    names = [(palette.MODEL, "Model"), (palette.BASELINE, baselines.best_label(str(table["baseline"].iloc[0])))]
    names += [(palette.HIDDEN, "a scene starts")] if starts else []
    return row(frames) + _key(names) + curve


def score_bars(table: pd.DataFrame, best_baseline_name: str) -> str:
    """table: columns centred_cosine, best_baseline."""
    rows = zip(
        ("Model", baselines.best_label(best_baseline_name)),
        (palette.MODEL, palette.BASELINE),
        ("centred_cosine", "best_baseline"),
        strict=True,
    )
    bars = "".join(_bar(name, colour, float(table[column].mean())) for name, colour, column in rows)
    note = "Centred cosine to the real shots: 1 is exactly right, 0 no better than the average shot."
    return with_note(f'<div class="msm-bars">{bars}</div>', note)


def _bar(name: str, colour: str, value: float) -> str:
    length = 100 * min(max(value, 0.0), 1.0)
    bar = f'<i style="width:{length:.1f}%;background:{colour}"></i>'
    return f"<p>{escape(name)}</p><div>{bar}<b>{number(value)}</b></div>"


def guess(around: Sequence[Frame], choices: Sequence[Frame]) -> str:
    """The hidden shot among its neighbours, and the numbered choices."""
    return f'{row(around, wrap=False)}<div class="msm-row msm-choices" style="margin-top:1.4rem">{"".join(figure(f) for f in choices)}</div>'


def _key(names: Sequence[tuple[str, str]]) -> str:
    return f'<p class="key">{"".join(f"<span><i style={chr(34)}background:{c}{chr(34)}></i>{escape(n)}</span>" for c, n in names)}</p>'
