/* The map: every shot a point, one or two embeddings of the same shots side by side, one lasso over both.

It knows neither Streamlit nor Jupyter; a shell of a few lines mounts it. `State` in types.d.ts is what it shows.

  const map = render(el, state, { onGesture });
  map.update(state);          // only what differs is done again
  map.destroy();

onGesture({ points: ranges, pin: point | null }) is called when a lasso closes, and at a click. */

import { element } from "../elements.js";
import { decodeBytes, decodeFlags, decodeFloats, formatRanges, parseColour, parseRanges } from "./decode.js";
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
  const actions = { select, paintOverlay, requestPaint, announce: (text) => void (spoken.textContent = text) };
  const tools = makeToolbar(view, actions, (mode) => void (maps.dataset.mode = mode));
  const legend = makeLegend(view, actions);
  const side = makeSidePanel(root, view, actions);
  const tooltip = makeTooltip(root, view);
  root.append(element("div", "stage", {}, tools.bar, maps, legend.legend), side.side, tooltip.tip, spoken);
  fitted.append(root);
  el.append(fitted);
  let frameRequest = 0;
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
    for (const panel of view.panels) panel.paint(look);
    root.dataset.paintMs = String(Math.round(performance.now() - begin));
    paintOverlay();
  }

  function paintOverlay() {
    const { state, pinned, hover, stroke, selected } = view;
    const style = getComputedStyle(root);
    const ringed = selected.length <= MAX_RINGS ? selected : [];
    const colours = { ink: style.color, accent: style.getPropertyValue("--accent") };
    for (const panel of view.panels) panel.paintOverlay({ path: state.path, pinned, hover, stroke, ringed, ...colours });
  }

  function requestPaint() {
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
  }

  /** @type {Actions["select"]} */
  function select(points, pin) {
    const { pinned } = view;
    mark(points);
    view.hover = null;
    view.pinned = pin === null ? null : { point: pin, near: pinned?.point === pin ? pinned.near : [] };
    paint();
    side.paint();
    onGesture({ points: formatRanges(points), pin });
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
  function decode({ about, colours, shown, hits }) {
    if (changed("about", about.key)) {
      view.starts = about.starts ? decodeFloats(about.starts) : null;
      view.hover = null;
    }
    if (changed("colours", colours?.key)) {
      view.index = colours ? decodeBytes(colours.index) : null;
      legend.paint();
    }
    if (changed("shown", shown)) view.shown = shown ? decodeFlags(shown, about.count) : null;
    if (changed("hits", hits)) view.hits = hits ? decodeFlags(hits, about.count) : null;
  }

  /** @param {State} next */
  function update(next) {
    const { about, panels, colours, selected, size, shown, hits, pinned } = next;
    view.state = next;
    updatePanels(next);
    decode(next);
    mark(parseRanges(selected, about.count));
    view.pinned = pinned;
    const drawing = [about.key, ...panels.map(({ points }) => points.key), colours?.key, selected, size, shown, hits];
    if (changed("drawing", drawing.join("|"))) paint();
    else paintOverlay();
    side.paint();
    root.dataset.points = String(about.count); // what a test or a benchmark waits for
  }

  const resized = new ResizeObserver(requestPaint);
  resized.observe(maps);
  root.addEventListener("transitionend", (event) => event.target === root && requestPaint()); // the theme has changed

  function destroy() {
    cancelAnimationFrame(frameRequest);
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
  const decoded = { index: null, shown: null, hits: null, starts: null };
  const selection = { selected: [], selectedFlags: null, pinned: null };
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
