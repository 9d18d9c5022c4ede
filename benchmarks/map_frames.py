"""Frames a second and latency of the map's front end at many points, beside regl-scatterplot.

    npm install --prefix FOLDER regl-scatterplot
    python -m benchmarks.map_frames [--points 300000] [--peer FOLDER] [--rounds 5] [--out benchmarks/results/map_frames.json]

In Chromium, without a server: the same made-up points in a panel of 900 × 580 pixels. Each round moves the map by `STEPS` steps of
the pointer, zooms by as many turns of the wheel and selects by a lasso, and the two take turns. A step is one animation frame:
what counts is the time until the next frame can be drawn, with the drawing of this one finished (WebGL is waited for by reading a
pixel). Without a GPU, as on most servers and in CI, Chromium emulates WebGL on the processor (SwiftShader).
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import shutil
import statistics
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, Route, sync_playwright

from msm.io.files import write_json
from workbench.components.front_end import joined, style_of
from workbench.views.map.component_data import points_part

HOST = "http://frames.invalid"
STEPS, LASSOS = 30, 5
GPU = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PAGE = """<!doctype html><body style="margin:0"><div id="ours" style="width:1216px"></div>
<div style="position:relative;width:900px;height:580px"><canvas id="peer" style="width:900px;height:580px"></canvas></div>
<script src="/node_modules/regl/dist/regl.min.js"></script><script type="importmap">{"imports": {"regl": "/regl.js", "pub-sub-es": "/node_modules/pub-sub-es/dist/index.js"}}</script></body>"""
REGL = "export default window.createREGL;\n"

# Each function answers a list of milliseconds, one a step.
SCRIPT = """
const next = () => new Promise((go) => requestAnimationFrame(go));
window.mountOurs = async (points, colours, count) => {
  const { render } = await import("/shot_map.js");
  const titles = [{ name: "A film", first: 0, count, frames: null }];
  const about = { key: "a", count, unit: "shots", frames: "", titles, starts: null, texts: null };
  const state = { about, panels: [{ points, label: "", note: "" }], colours, shown: null, hits: null, path: null, selected: "", pinned: null };
  const begin = performance.now();
  window.map = render(document.querySelector("#ours"), state);
  await next();
  return performance.now() - begin;
};
const over = () => document.querySelector("#ours .over");
const at = (target, type, x, y, more = {}) => {
  const box = target.getBoundingClientRect();
  const how = { bubbles: true, clientX: box.left + x, clientY: box.top + y, button: 0, buttons: 1, pointerId: 1, ...more };
  target.dispatchEvent(type === "wheel" ? new WheelEvent(type, { ...how, cancelable: true }) : new (type.startsWith("mouse") ? MouseEvent : PointerEvent)(type, how));
};
const timed = async (step, done, steps) => {
  const took = [];
  for (let k = 0; k < steps; k++) {
    const begin = performance.now();
    step(k);
    await next();
    await done();
    took.push(performance.now() - begin);
  }
  return took;
};
window.ours = {
  async pan(steps) {
    at(over(), "pointerdown", 400, 300, { altKey: true });
    const took = await timed((k) => at(over(), "pointermove", 400 + 6 * (k % 10), 300 + 4 * (k % 10)), async () => {}, steps);
    at(over(), "pointerup", 400, 300);
    return took;
  },
  zoom: (steps) => timed((k) => at(over(), "wheel", 450, 290, { deltaY: k % 20 < 10 ? -80 : 80 }), async () => {}, steps),
  async lasso() {
    const begin = performance.now();
    at(over(), "pointerdown", 650, 290);
    for (let k = 1; k < 30; k++) at(over(), "pointermove", 450 + 200 * Math.cos(k / 4.8), 290 + 200 * Math.sin(k / 4.8));
    at(over(), "pointerup", 650, 290);
    await next();
    const took = performance.now() - begin;
    window.map.update({ ...window.last, selected: "" });
    return [took];
  },
};
window.mountPeer = async (xs, ys, entries, colours) => {
  const { default: create } = await import("/node_modules/regl-scatterplot/dist/regl-scatterplot.esm.js");
  const canvas = document.querySelector("#peer");
  const begin = performance.now();
  const plot = create({ canvas, width: 900, height: 580, pointSize: 2, colorBy: "valueA", pointColor: colours, opacity: 0.6 });
  await plot.draw({ x: xs, y: ys, valueA: entries });
  window.plot = plot;
  const pixel = new Uint8Array(4);
  const gl = canvas.getContext("webgl") ?? canvas.getContext("2d");
  const finished = async () => {
    await next();
    if (gl.readPixels) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    else gl.getImageData(0, 0, 1, 1);
  };
  await finished();
  const took = performance.now() - begin;
  const middle = [0, 0];
  window.peer = {
    pan: (steps) => timed((k) => void plot.zoomToLocation([0.02 * (k % 10), 0.012 * (k % 10)], 1), finished, steps),
    zoom: (steps) => timed((k) => void plot.zoomToLocation([0, 0], 1 / 1.13 ** (k % 20 < 10 ? k % 20 : 20 - (k % 20))), finished, steps),
    async lasso() {
      const begin = performance.now();
      const inside = [];
      for (let i = 0; i < xs.length; i++) if (xs[i] ** 2 + ys[i] ** 2 < 0.4) inside.push(i);
      plot.select(inside);
      await finished();
      const took = performance.now() - begin;
      plot.deselect();
      await finished();
      return [took];
    },
  };
  return took;
};
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=300_000)
    parser.add_argument("--peer", type=Path, help="a folder with node_modules/regl-scatterplot")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with sync_playwright() as play:
        own = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
        browser = play.chromium.launch(executable_path=own, args=["--no-sandbox", *GPU])
        page = browser.new_page(viewport={"width": 1280, "height": 1300})
        page.set_default_timeout(600_000)
        page.route("**/*", lambda route: _answer(route, given.peer))
        page.goto(f"{HOST}/")
        result = {"map_frames": measure(page, given.points, given.rounds, bool(given.peer))}
        browser.close()
    options = f" --peer FOLDER --rounds {given.rounds}"
    facts = {
        "command": f"python -m benchmarks.map_frames --points {given.points}{options}", "points": given.points,
        **result["map_frames"], "load": [round(x, 1) for x in os.getloadavg()], "cores": os.cpu_count(),
        "machine": platform.machine(), "python": platform.python_version(), "playwright": version("playwright"),
    }  # fmt: skip
    print(json.dumps(facts, indent=1))
    if given.out:
        write_json(given.out, facts)


def measure(page: Page, count: int, rounds: int, with_peer: bool) -> dict[str, Any]:
    """Milliseconds of each: the median and the 95th percentile over all rounds, and frames a second of the median."""
    points, entries, colours = _points(count)
    page.add_script_tag(content=SCRIPT, type="module")
    page.wait_for_function("window.mountPeer !== undefined")
    opened = {"ours": page.evaluate("([p, c, n]) => mountOurs(p, c, n)", [points, colours, count])}
    page.evaluate(
        "([p, c, n]) => { window.last = { about: { key: 'a', count: n, unit: 'shots', frames: '', titles: [{ name: 'A film', first: 0,"
        " count: n, frames: null }], starts: null, texts: null }, panels: [{ points: p, label: '', note: '' }], colours: c, shown: null,"
        " hits: null, path: null, selected: '', pinned: null }; }",
        [points, colours, count],
    )
    who = ["ours", *(["peer"] if with_peer else [])]
    if with_peer:
        decoded = [np.frombuffer(base64.b64decode(points[a]), "<u2") / 32767.5 - 1 for a in "xy"]
        lists = [np.round(d, 4).tolist() for d in decoded]
        palette = [entry["colour"] for entry in colours["palette"]]
        opened["peer"] = page.evaluate("([x, y, e, c]) => mountPeer(x, y, e, c)", [*lists, entries.tolist(), palette])
    took: dict[str, dict[str, list[float]]] = {w: {"pan": [], "zoom": [], "lasso": []} for w in who}
    for _ in range(rounds):
        for w in who:
            for what, steps in (("pan", STEPS), ("zoom", STEPS), ("lasso", LASSOS)):
                call = f"async (n) => {{ const all = []; for (let i = 0; i < n; i++) all.push(...await {w}.lasso()); return all; }}"
                took[w][what] += page.evaluate(call if what == "lasso" else f"(n) => {w}.{what}(n)", steps)
    renderer = page.evaluate(
        "() => { const gl = document.createElement('canvas').getContext('webgl'); const e = gl?.getExtension('WEBGL_debug_renderer_info');"
        " return gl ? gl.getParameter(e ? e.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : 'no WebGL'; }"
    )
    return {"renderer": renderer, **{w: {"first_paint_ms": round(opened[w], 1), **_summary(took[w])} for w in who}}


def _summary(took: dict[str, list[float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for what, values in took.items():
        found[f"{what}_median_ms"] = round(statistics.median(values), 1)
        found[f"{what}_p95_ms"] = round(float(np.quantile(values, 0.95)), 1)
        if what != "lasso":
            found[f"{what}_frames_per_s"] = round(1000 / statistics.median(values), 1)
    return found


def _points(count: int) -> tuple[dict[str, Any], np.ndarray, dict[str, Any]]:
    rng = np.random.default_rng(0)
    centres = rng.uniform(-1, 1, (40, 2))
    places = centres[rng.integers(0, 40, count)] + 0.12 * rng.standard_normal((count, 2))
    entries = rng.integers(0, 8, count).astype(np.uint8)
    shades = ["#3752b7", "#f59c12", "#1dbdff", "#a03e00", "#8a8919", "#7e7fed", "#51c77d", "#9d598c"]
    palette = [{"name": str(i), "colour": c, "count": int((entries == i).sum())} for i, c in enumerate(shades)]
    colours = {
        "key": "c",
        "label": "kind",
        "index": base64.b64encode(entries.tobytes()).decode(),
        "palette": palette,
        "ramp": None,
    }
    return points_part("p", places.astype(np.float32)), entries, colours


def _answer(route: Route, peer: Path | None) -> None:
    path = route.request.url.removeprefix(HOST)
    if path == "/":
        route.fulfill(content_type="text/html", body=PAGE + f"<style>{style_of('shot_map')}</style>")
    elif path == "/shot_map.js":
        route.fulfill(content_type="text/javascript", body=joined("shot_map", "shot_map.js"))
    elif path == "/regl.js":
        route.fulfill(content_type="text/javascript", body=REGL)
    elif path.startswith("/node_modules/") and peer is not None and ".." not in path:
        route.fulfill(content_type="text/javascript", path=str(peer / path.lstrip("/")))
    else:
        route.fulfill(status=404)


if __name__ == "__main__":
    main()
