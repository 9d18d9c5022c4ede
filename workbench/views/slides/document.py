"""A presentation as one self-contained HTML file with its pictures, turned by keys."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape

from workbench.views.slides.markup import STYLE, Slide, slide_html

PAGE = """
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;font:18px/1.5 system-ui,sans-serif;color:#22252b;background:#fdfdfc}
section{display:none;min-height:100vh;padding:4vh 5vw 9vh;flex-direction:column;justify-content:center}
section.shown{display:flex}
section>div{width:100%;max-width:1500px;margin:0 auto}
nav{position:fixed;inset:auto 0 0 0;display:flex;gap:.8rem;align-items:center;justify-content:center;padding:.7rem;font-size:.95rem;
background:linear-gradient(transparent,#fdfdfc 45%)}
nav button{font:inherit;color:inherit;background:none;border:1px solid #8888;border-radius:6px;padding:.2rem .9rem;cursor:pointer}
@media (prefers-color-scheme:dark){body{color:#e7e7e3;background:#14161a}nav{background:linear-gradient(transparent,#14161a 45%)}}
@media print{section{display:flex;break-after:page;min-height:auto}nav{display:none}}
"""

SCRIPT = """
const views=[...document.querySelectorAll("section")],at=document.querySelector("nav span");
for(const image of document.querySelectorAll("img[data-picture]"))image.src=PICTURES[image.dataset.picture];
let now=0;
function go(to){now=Math.max(0,Math.min(views.length-1,to));views.forEach((v,i)=>v.classList.toggle("shown",i===now));
at.textContent=`${now+1} / ${views.length}`;scrollTo(0,0);history.replaceState(null,"","#"+(now+1))}
addEventListener("keydown",(e)=>{if(e.ctrlKey||e.metaKey||e.altKey)return;
if(["ArrowRight"," ","PageDown"].includes(e.key)){if(e.key===" "&&e.target.closest?.("button"))return;go(now+1)}
else if(["ArrowLeft","PageUp"].includes(e.key))go(now-1);else if(e.key==="Home")go(0);else if(e.key==="End")go(views.length-1);
else return;e.preventDefault()});
document.querySelector("#back").onclick=()=>go(now-1);document.querySelector("#next").onclick=()=>go(now+1);
addEventListener("hashchange",()=>go(Number(location.hash.slice(1))-1||0));
go((Number(location.hash.slice(1))||1)-1);
"""


def slide_document(heading: str, slides: Sequence[Slide]) -> str:
    """The HTML file; a picture that several slides show is stored once."""
    pictures: dict[str, int] = {}

    def once(found: re.Match) -> str:
        return f'data-picture="{pictures.setdefault(found.group(1), len(pictures))}"'

    bodies = [re.sub(r'(?<=<img )src="(data:image/[^"]*)"', once, slide_html(s)) for s in slides]
    sections = "".join(f"<section><div>{body}</div></section>" for body in bodies)
    # `</` would end the script element.
    kept = json.dumps(list(pictures), ensure_ascii=True).replace("</", "<\\/")
    nav = '<nav><button id="back">Back</button><span></span><button id="next">Next</button></nav>'
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>{escape(heading)}</title>'
        f"<style>{STYLE}{PAGE}</style></head><body>{sections}{nav}<script>const PICTURES={kept};{SCRIPT}</script></body></html>"
    )
