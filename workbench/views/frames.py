"""Shots as HTML figures with captions, for pages, notebooks and exported files.

All text of a catalog is escaped here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from workbench.views import palette

LONGEST_TEXT = 120  # characters of a shot's text under its picture
LONGEST_NOTE = 240


@dataclass(frozen=True)
class Frame:
    """One shot with everything that its HTML figure needs."""

    picture: str | None  # an address or a data URI
    colour: str  # `#rrggbb`, stands for it where there is no picture
    caption: str  # which shot of which title
    text: str = ""  # its text, such as subtitles
    mark: str = ""  # a name of palette.MEANINGS: the colour of its border
    badge: str = ""  # a word on the picture
    veiled: bool = False  # neither picture nor text is shown or sent to the browser
    keeps_text: bool = False  # with veiled: only the video is hidden, the text is shown
    note: str = ""  # what somebody noted about it; not shown while it is veiled


STYLE = (
    palette.css_variables()
    + """
.msm-triptych{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:1.1rem 1.4rem;align-items:start;container-type:inline-size}
.msm-column{min-width:0}
.msm-column h4{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;margin:0 0 .45rem;padding:0;font-size:clamp(.78rem,2.7cqi,1.02rem);line-height:1.3;font-weight:600}
.msm-column h4 span{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.45em}
.msm-shot{margin:0;min-width:0}
.msm-picture{position:relative;aspect-ratio:16/9;border-radius:6px;overflow:hidden;outline:1px solid #8885;outline-offset:-1px}
.msm-picture img{display:block;width:100%;height:100%;object-fit:cover}
.msm-picture.marked{outline:4px solid var(--mark);outline-offset:-4px}
.msm-badge{position:absolute;left:.5rem;top:.5rem;padding:.12rem .55rem;border-radius:99px;font-size:.8rem;font-weight:600;
background:var(--mark,#22252b);color:#fff}
.msm-veil{display:grid;place-items:center;height:100%;font-size:2.2rem;color:var(--msm-hidden);
background:repeating-linear-gradient(135deg,var(--msm-hidden) 0 1.5px,transparent 1.5px 9px)}
.msm-none{display:grid;place-items:center;margin:0;padding:0 1.2rem;text-align:center;font-size:.9rem;line-height:1.4;text-wrap:balance}
.msm-shot figcaption{font-size:.85rem;line-height:1.35;margin-top:.35rem;opacity:.86;overflow-wrap:anywhere}
.msm-shot q{display:block;font-style:italic;margin-top:.1rem}
.msm-shot .msm-note{display:block;margin-top:.2rem;padding-left:.5rem;border-left:3px solid #8888;white-space:pre-line}
.msm-next{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.5rem;margin-top:.7rem}
.msm-next .msm-badge{font-size:.62rem;left:.25rem;top:.25rem;padding:.05rem .35rem;white-space:nowrap}
.msm-next .marked{outline-width:3px;outline-offset:-3px}
.msm-next figcaption{font-size:.74rem;margin-top:.2rem}
.msm-row{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:.9rem}
.msm-row .msm-shot{max-width:300px}
.msm-line{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);gap:.9rem}
@media (max-width:640px){.msm-triptych{grid-template-columns:minmax(0,1fr)}}
"""
)


def figure(frame: Frame, *, words: bool = True) -> str:
    """One shot; without `words` its text is shown as a tooltip only."""
    mark = f' style="--mark:{palette.MEANINGS[frame.mark]}"' if frame.mark in palette.MEANINGS else ""
    marked = " marked" if mark else ""
    badge = f'<span class="msm-badge">{escape(frame.badge)}</span>' if frame.badge else ""
    text = "" if frame.veiled and not frame.keeps_text else shortened(frame.text)
    said = f"<q>{escape(text)}</q>" if text and words else ""
    note = shortened(frame.note, LONGEST_NOTE) if not frame.veiled else ""
    said += f'<span class="msm-note">{escape(note)}</span>' if note and words else ""
    hint = " · ".join(filter(None, [text, note]))
    tip = f' title="{escape(hint)}"' if hint and not words else ""
    return (
        f'<figure class="msm-shot"{tip}><div class="msm-picture{marked}"{mark}>{_picture(frame)}{badge}</div>'
        f"<figcaption>{escape(frame.caption)}{said}</figcaption></figure>"
    )


def column(heading: str, colour: str, first: Frame, others: Sequence[Frame] = ()) -> str:
    """A column: a coloured heading, a large shot, and further shots small below it."""
    small = "".join(figure(f, words=False) for f in others)
    more = f'<div class="msm-next">{small}</div>' if small else ""
    return f'<div class="msm-column">{_head(heading, colour)}{figure(first)}{more}</div>'


def empty_column(heading: str, colour: str, why: str) -> str:
    """A column with a sentence in place of a shot."""
    return f'<div class="msm-column">{_head(heading, colour)}<p class="msm-picture msm-none">{escape(why)}</p></div>'


def _head(heading: str, colour: str) -> str:
    return f'<h4><span style="background:{colour}"></span>{escape(heading)}</h4>'


def triptych(columns: Sequence[str]) -> str:
    return f'<div class="msm-triptych">{"".join(columns)}</div>'


def row(frames: Sequence[Frame], *, wrap: bool = True) -> str:
    """Shots side by side; with `wrap` in as many lines as needed, otherwise in one line and without their texts."""
    drawn = "".join(figure(f, words=wrap) for f in frames)
    return f'<div class="{"msm-row" if wrap else "msm-line"}">{drawn}</div>'


def styled(body: str) -> str:
    """HTML with the style sheet of this module."""
    return f"<div><style>{STYLE}</style>{body}</div>"


def data_uri(file: Path) -> str:
    """A WebP picture as a data URI."""
    return f"data:image/webp;base64,{b64encode(file.read_bytes()).decode('ascii')}"


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """The first words of a text, with an ellipsis where some are left out."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rsplit(" ", 1)[0] + " …"


def _picture(frame: Frame) -> str:
    if frame.veiled:
        return '<div class="msm-veil" role="img" aria-label="veiled">?</div>'
    if frame.picture:
        return f'<img src="{escape(frame.picture)}" alt="{escape(frame.caption)}" loading="lazy">'
    colour = frame.colour if frame.colour.startswith("#") and frame.colour[1:].isalnum() else "#888888"
    return f'<div role="img" aria-label="{escape(frame.caption)}" style="height:100%;background:{colour}"></div>'
