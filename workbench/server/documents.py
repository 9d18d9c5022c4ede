"""The documentation in the app: Markdown files of the package as pages of HTML, without the internet.

/help/index.md    and every other page of docs/, with its pictures
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from workbench.session.arguments import ROOT
from workbench.session.base_path import base_address

DOCS = ROOT / "docs"
PICTURES = {".png": "image/png", ".svg": "image/svg+xml"}
LEAVING = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+)([^)#\s]+)(?:#[^)]*)?\)")
DECISIONS, VERBS = "<!-- every note of this folder -->", "<!-- every verb -->"
GENERATED = re.compile(r"^::: ([\w.]+).*$", re.MULTILINE)  # what the site writes from the docstrings
POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root{color-scheme:light dark}
body{margin:0 auto;max-width:46rem;padding:1rem 1.2rem 5rem;font:16px/1.6 system-ui,sans-serif;color:#22252b;background:#fdfdfc}
a{color:#1b62ad}h1,h2,h3{line-height:1.25;text-wrap:balance}h2{margin-top:2.2rem}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;padding-bottom:.6rem;border-bottom:1px solid #8885;font-size:.92rem}
img{max-width:100%}pre{padding:.8rem 1rem;border-radius:8px;overflow-x:auto;background:#8881;font-size:.86rem;line-height:1.5}
code{font-family:ui-monospace,monospace;font-size:.88em;overflow-wrap:anywhere}pre code{font-size:1em;overflow-wrap:normal}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.93rem}th,td{padding:.35rem .7rem .35rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #8884}
td:first-child code{white-space:nowrap}
:target{scroll-margin-top:1rem;background:#f59c1226}
@media (prefers-color-scheme:dark){body{color:#e7e7e3;background:#14161a}a{color:#7db4f0}}
"""


def address(page: str = "index.md") -> str:
    """The address of a page of the documentation on this server, e.g. `masking-lab.md#notes`."""
    return f"{base_address()}/help/{page}"


def document(request: Request) -> Response:
    """A page of the documentation, or a picture of it."""
    name = request.path_params["page"]
    file = (DOCS / name).resolve() if "\0" not in name else DOCS
    if not file.is_relative_to(DOCS.resolve()) or not file.is_file():
        return Response("There is no such page in the documentation.", status_code=404)
    if (kind := PICTURES.get(file.suffix)) is not None:
        return FileResponse(file, media_type=kind)
    if file.suffix != ".md":
        return Response(status_code=404)
    page = PurePosixPath(file.relative_to(DOCS.resolve()))
    return HTMLResponse(_as_html(page, file.stat().st_mtime_ns), headers={"Content-Security-Policy": POLICY})


def completed(markdown: str, page: PurePosixPath, docs: Path) -> str:
    """A page with what it leaves to its reader's program: decisions and verbs listed, and links that leave docs/ as paths.

    page  its path inside of docs
    """
    depth = len(page.parent.parts)

    def as_path(link: re.Match[str]) -> str:
        text, up, path = link.groups()
        return f"{text} (`{path}`)" if len(up) // 3 > depth else link[0]

    if DECISIONS in markdown:
        markdown = markdown.replace(DECISIONS, _decisions(docs / "decisions"))
    if VERBS in markdown:
        from msm.cli.reference import verbs

        markdown = markdown.replace(VERBS, verbs())
    return LEAVING.sub(as_path, markdown)


def _decisions(folder: Path) -> str:
    """A line a note: its number and its heading, as a link."""
    lines = []
    for note in sorted(folder.glob("[0-9]*.md")):
        heading = note.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        lines.append(f"- [{note.stem[:4]}: {re.sub(r'^[0-9]{4}:? *', '', heading)}]({note.name})")
    return "\n".join(lines)


@lru_cache(maxsize=64)
def _as_html(page: PurePosixPath, changed: int) -> str:
    from markdown_it import MarkdownIt

    markdown = completed((DOCS / page).read_text(encoding="utf-8"), page, DOCS)
    markdown = GENERATED.sub(r"- `\1`: `help(\1)` in Python", markdown)
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(markdown)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", slug(inline.content))
    body = reader.renderer.render(tokens, reader.options, {})
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    heading = next((t.content for o, t in pairwise(tokens) if o.type == "heading_open"), page.stem)
    top = "../" * len(page.parent.parts)
    links = {"Contents": "index.md", "Masking lab": "masking-lab.md", "Map": "map.md", "Search": "search.md",
             "Training": "training.md", "Metrics": "metrics.md", "Glossary": "glossary.md", "Commands": "commands.md"}  # fmt: skip
    listed = "".join(f'<a href="{top}{path}">{name}</a>' for name, path in links.items())
    about = f"<span>MSM Workbench {escape(version('msm-workbench'))}</span>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(heading)} · MSM Workbench</title><style>{STYLE}</style></head>"
        f'<body><nav aria-label="Documentation">{about}{listed}</nav><main>{body}</main></body></html>'
    )


def slug(heading: str) -> str:
    """The anchor of a heading, as the site and the links between the pages have it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", lambda m: m[1] or "", heading)
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


ROUTE: Any = Route(base_address() + "/help/{page:path}", document)
