"""Run the notebooks and store them with their outputs, small enough for the repository.

    python -m benchmarks.notebook_outputs            all (`make notebook-outputs`; ten minutes on two cores)
    python -m benchmarks.notebook_outputs 02 05      only these

A figure or a widget is stored as a picture that Chromium draws of it, in 128 colours: pages that show notebooks run no scripts, and a
Plotly figure would bring megabytes. What is printed to stderr (progress bars) is left out, and paths of this machine are shortened. The
notebook's metadata hold a digest of its code, by which a test knows whether the outputs are those of the code.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.map_frames import GPU
from msm.io.files import whole_file

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
PLOTLY, VIEW = "application/vnd.plotly.v1+json", "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
WIDTH, HEIGHT, COLOURS = 860, 430, 128
CELL_TIMEOUT_S = 1800
DRAW_FIGURE = """async ([figure, width, height]) => {
  document.body.innerHTML = '<div id="figure"></div>';
  await Plotly.newPlot("figure", figure.data, {...figure.layout, width, height}, {staticPlot: true});
  return await Plotly.toImage("figure", {format: "png", width, height});
}"""
DRAW_WIDGET = """async ([state, width]) => {
  document.body.innerHTML = `<style>${state._css}</style><div id="widget" style="width:${width}px;padding:8px;background:#fff"></div>`;
  const address = URL.createObjectURL(new Blob([state._esm], {type: "text/javascript"}));
  const widget = (await import(address)).default;
  const model = {get: (name) => state[name] ?? null, set() {}, save_changes() {}, on() {}, off() {}};
  widget.render({model, el: document.querySelector("#widget")});
  await new Promise((go) => setTimeout(go, 1500));
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", metavar="NUMBER", help="the first digits of some (default: all)")
    chosen = parser.parse_args().notebooks
    paths = [p for p in sorted(NOTEBOOKS.glob("*.ipynb")) if not chosen or p.stem[:2] in chosen]
    with sync_playwright() as play:
        own = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
        browser = play.chromium.launch(executable_path=own, args=["--no-sandbox", *GPU])
        page = browser.new_page(viewport={"width": WIDTH + 40, "height": 1200})
        page.set_content("<body></body>")
        page.add_script_tag(path=str(_plotly()))
        for path in paths:
            print(path.name, record(path, page), "bytes", flush=True)
        browser.close()


def record(path: Path, page: Page) -> int:
    """Run a notebook, and write it with its outputs; returns its size in bytes."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("widgets", None)
    client = NotebookClient(
        notebook, timeout=CELL_TIMEOUT_S, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}
    )
    client.execute()
    widgets = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := _small(output, widgets, page)) is not None]
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata["msm"] = {"outputs_of": digest_of_code(notebook)}
    text = nbformat.writes(notebook) + "\n"
    with whole_file(path) as temporary:
        temporary.write_text(text.replace(f"{ROOT}/", "../").replace(str(Path.home()), "~"), encoding="utf-8")
    return len(text.encode())


def digest_of_code(notebook: Any) -> str:
    """16 hex digits of the sources of all code cells."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:16]


def _small(output: Any, widgets: Mapping[str, Any], page: Page) -> Any:
    """The output with pictures in place of what needs scripts; None for one that is left out."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    data = output.get("data", {})
    if PLOTLY in data:
        output.data = {"image/png": _figure(json.loads(json.dumps(data[PLOTLY])), page)}
    elif VIEW in data:
        found = widgets.get(data[VIEW]["model_id"], {}).get("state", {})
        if "_esm" not in found:  # a progress bar
            return None
        output.data = {
            "image/png": _widget(json.loads(json.dumps(found)), page),
            "text/plain": "a widget: run the cell to use it",
        }
    elif "image/webp" in data:  # which not every page that shows notebooks draws
        output.data = {"image/png": _reduced(base64.b64decode(data["image/webp"])), "text/plain": "a picture"}
    output.metadata = {}
    return output


def _figure(figure: dict[str, Any], page: Page) -> str:
    height = int(figure.get("layout", {}).get("height") or HEIGHT)
    address = page.evaluate(DRAW_FIGURE, [{"data": figure["data"], "layout": figure["layout"]}, WIDTH, height])
    return _reduced(base64.b64decode(address.partition(",")[2]))


def _widget(state: dict[str, Any], page: Page) -> str:
    page.evaluate(DRAW_WIDGET, [state, WIDTH])
    return _reduced(page.locator("#widget").screenshot())


def _reduced(png: bytes) -> str:
    """A PNG in fewer colours, as base64."""
    small = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def _plotly() -> Path:
    from workbench.server.routes import PLOTLY as SCRIPT

    return SCRIPT


if __name__ == "__main__":
    main()
