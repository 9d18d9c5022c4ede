/* The map: every shot a point, one or two embeddings of the same shots side by side, one lasso over both.

It knows neither Streamlit nor Jupyter; a shell of a few lines mounts it. `State` in types.d.ts is what it shows.

  const map = render(el, state, { onGesture });
  map.update(state);          // only what differs is done again
  map.destroy();

onGesture({ points: ranges, pin: point | null }) is called when a lasso closes, and at a click. */

import { element } from "../elements.js";
import { decodeBytes, decodeFlags, decodeFloats, formatRanges, parseColour, parseRanges } from "./decode.js";
import { makeFacets, sameBrushes } from "./facets.js";
import { attachKeyboard } from "./keyboard.js";
import { makeLegend } from "./legend.js";
import { Panel } from "./panel.js";
import { attachPointer } from "./pointer.js";
import { makeSidePanel } from "./side_panel.js";
import { makeToolbar } from "./toolbar.js";
import { makeTooltip } from "./tooltip.js";

/** @import { Actions, Gesture, State, View } from "./types.js" */

const MAX_RINGS = 60; // selected points up to which each gets a ring
const NO_COLOUR = "#84888f";
const MAX_FOUND = 2000; // points that a search found up to which each gets a ring beside a selection
const FRAME_MS = 24; // that painting may take while the map moves
const REST_MS = 140; // after which all points are painted

/**
 * @param {HTMLElement} el
 * @param {State} first
 * @param {{ onGesture?: (gesture: Gesture) => void }} [handlers]
 */
export function render(el, first, { onGesture = () => {} } = {}) {
  const fitted = element("div", "shot-map-fit"); // what the style sheet measures the width of
  const root = element("div", "shot-map");
  const maps = element("div", "maps");
  const spoken = element("div", "spoken", { role: "status", "aria-live": "polite" });
  const view = viewOf(first);
  /** @type {Actions} */
  const actions = { select, paintOverlay, requestPaint, filter, go, announce: (text) => void (spoken.textContent = text) };
  const tools = makeToolbar(view, actions, (mode) => void (maps.dataset.mode = mode));
  const legend = makeLegend(view, actions);
  const side = makeSidePanel(root, view, actions);
  const facets = makeFacets(view, actions);
  const tooltip = makeTooltip(root, view);
  root.append(element("div", "stage", {}, tools.bar, maps, legend.legend), element("div", "aside", {}, facets.root, side.side), tooltip.tip, spoken);
  fitted.append(root);
  el.append(fitted);
  let frameRequest = 0;
  let rest = 0;
  let whole = true; // otherwise the next painting draws as many points as a frame has time for
  tools.setMode("lasso");

  // ---- painting -------------------------------------------------------------------------------
  function highlighted() {
    const { hoveredEntry, index, selectedFlags, hits } = view;
    if (hoveredEntry !== null && index) return Uint8Array.from(index, (entry) => (entry === hoveredEntry ? 1 : 0));
    return selectedFlags ?? hits;
  }

  function paint() {
    const { state, shown, index } = view;
    const background = parseColour(getComputedStyle(root).backgroundColor);
    const palette = state.colours?.palette.length ? state.colours.palette : [{ colour: NO_COLOUR }];
    const colours = palette.map(({ colour }) => parseColour(colour));
    const begin = performance.now();
    const look = { shown, highlighted: highlighted(), index, colours, background, size: state.size ?? 1 };
    const budget = whole ? Infinity : FRAME_MS / view.panels.length;
    for (const panel of view.panels) panel.paint(look, budget);
    root.dataset.paintMs = String(Math.round(performance.now() - begin));
    if (whole) {
      facets.paint();
      legend.paintCounts();
    }
    paintOverlay();
  }

  /** What a search has found, beside a selection: evenly spaced ones of many. */
  function foundBeside() {
    const { hits, selected, shown } = view;
    if (!hits || !selected.length) return [];
    /** @type {number[]} */
    const found = [];
    for (let i = 0; i < hits.length; i++) if (hits[i] && (!shown || shown[i])) found.push(i);
    const step = Math.max(1, found.length / MAX_FOUND);
    return Array.from({ length: Math.min(found.length, MAX_FOUND) }, (_, k) => found[Math.floor(k * step)]);
  }

  function paintOverlay() {
    const { state, pinned, hover, stroke, selected } = view;
    const style = getComputedStyle(root);
    const ringed = selected.length <= MAX_RINGS ? selected : [];
    const colours = { ink: style.color, accent: style.getPropertyValue("--accent"), paper: style.backgroundColor, font: style.fontFamily };
    view.panels.forEach((panel, k) => {
      const names = stroke ? [] : (state.panels[k]?.names ?? []);
      const contours = state.contours ? panel.traceContours(view.shown) : [];
      panel.paintOverlay({ path: state.path, pinned, hover, stroke, ringed, found: view.found, contours, names, ...colours });
    });
  }

  /** @type {Actions["requestPaint"]} */
  function requestPaint(moving = false) {
    window.clearTimeout(rest);
    whole = !moving;
    if (moving) rest = window.setTimeout(() => requestPaint(), REST_MS);
    frameRequest ||= requestAnimationFrame(() => {
      frameRequest = 0;
      paint();
    });
  }

  // ---- the selection --------------------------------------------------------------------------
  /** @param {number[]} points */
  function mark(points) {
    view.selected = points;
    view.selectedFlags = points.length ? new Uint8Array(view.state.about.count) : null;
    for (const point of points) /** @type {Uint8Array} */ (view.selectedFlags)[point] = 1;
    view.found = foundBeside();
  }

  /** @type {Actions["select"]} */
  function select(points, pin) {
    const { pinned } = view;
    mark(points);
    view.hover = null;
    view.pinned = pin === null ? null : { point: pin, near: pinned?.point === pin ? pinned.near : [] };
    whole = true;
    paint();
    side.paint();
    onGesture(gesture());
  }

  /** @returns {Gesture} */
  const gesture = () => ({ points: formatRanges(view.selected), pin: view.pinned?.point ?? null, brushes: view.brushes });

  function filter() {
    for (const panel of view.panels) panel.contours = null;
    requestPaint();
    onGesture(gesture());
  }

  /** @type {Actions["go"]} */
  function go(page, point) {
    onGesture({ ...gesture(), pin: point, go: page });
  }

  // ---- from outside ---------------------------------------------------------------------------
  const changed = changeDetector();

  function addPanel() {
    const panel = new Panel();
    attachPointer(panel, view, actions, tooltip);
    attachKeyboard(panel, view, actions);
    view.panels.push(panel);
    maps.append(panel.root);
  }

  /** @param {State} state */
  function updatePanels({ panels, about }) {
    while (view.panels.length < panels.length) addPanel();
    for (const panel of view.panels.splice(panels.length)) panel.root.remove();
    panels.forEach(({ points, label, note }, k) => {
      const panel = view.panels[k];
      panel.setPoints(points);
      panel.label.replaceChildren(element("b", "", {}, label), element("span", "", {}, note));
      panel.over.setAttribute("aria-label", `Map of ${about.count} ${about.unit}: ${label}. Arrow keys move, + and - zoom, Esc clears.`);
    });
    root.dataset.panels = String(panels.length);
  }

  /**
   * Decode what has changed.
   * @param {State} state
   */
  function decode({ about, colours, shown, hits, base = null, brushes = {} }) {
    if (changed("about", about.key)) {
      view.starts = about.starts ? decodeFloats(about.starts) : null;
      view.hover = null;
    }
    if (changed("colours", colours?.key)) {
      view.index = colours ? decodeBytes(colours.index) : null;
      legend.paint();
    }
    facets.build();
    if (changed("base", base)) view.base = base ? decodeFlags(base, about.count) : null;
    const brushed = !sameBrushes(brushes, view.brushes);
    if (changed("shown", shown) || brushed) {
      view.shown = shown ? decodeFlags(shown, about.count) : null;
      for (const panel of view.panels) panel.contours = null;
    }
    view.brushes = brushes;
    if (changed("hits", hits)) view.hits = hits ? decodeFlags(hits, about.count) : null;
  }

  /** @param {State} next */
  function update(next) {
    const { about, panels, colours, selected, size, shown, hits, pinned, facets: kinds = [], brushes = {} } = next;
    view.state = next;
    updatePanels(next);
    decode(next);
    mark(parseRanges(selected, about.count));
    view.pinned = pinned;
    const drawing = [about.key, ...panels.map(({ points }) => points.key), colours?.key, selected, size, shown, hits];
    drawing.push(...kinds.map((facet) => facet.key), JSON.stringify(brushes));
    whole = true;
    if (changed("drawing", drawing.join("|"))) paint();
    else paintOverlay();
    side.paint();
    root.dataset.points = String(about.count); // what a test or a benchmark waits for
  }

  const resized = new ResizeObserver(() => requestPaint());
  resized.observe(maps);
  root.addEventListener("transitionend", (event) => event.target === root && requestPaint()); // the theme has changed

  function destroy() {
    cancelAnimationFrame(frameRequest);
    window.clearTimeout(rest);
    resized.disconnect();
    fitted.remove();
  }

  update(first);
  return { update, destroy };
}

/**
 * The state before anything is decoded.
 * @param {State} state
 * @returns {View}
 */
function viewOf(state) {
  const decoded = { index: null, shown: null, base: null, hits: null, starts: null, brushes: {} };
  const selection = { selected: [], selectedFlags: null, found: [], pinned: null };
  return { state, panels: [], ...decoded, ...selection, hover: null, hoveredEntry: null, mode: "lasso", stroke: null };
}

/** A function that tells whether the value of a name is another one than at its last call. */
function changeDetector() {
  const last = new Map();
  return (/** @type {string} */ name, /** @type {unknown} */ value) => {
    const same = last.get(name) === value;
    last.set(name, value);
    return !same;
  };
}
