/* The film from left to right: how near the model and the best baseline came to each hidden shot, a curve and arcs
where there are some, and where the film stands. A press seeks; on the ruler it moves the strip. */

import { element } from "../elements.js";
import { formatScore } from "../format.js";
import { svgElement } from "./icons.js";
import { arcLines, axes, curveLine, hiddenStretches, isCrowded, scorePoints } from "./timeline_layers.js";
import { makeScale, RULER } from "./timeline_scale.js";

/** @import { View } from "./types.js" */

/**
 * @typedef {object} TimelineHandlers
 * @property {(time: number) => void} seek
 * @property {(time: number) => void} pan
 * @property {(shot: number | null) => void} point the shot under the pointer
 * @property {(key: string) => void} chooseMeasure
 */

/**
 * @param {View} view
 * @param {TimelineHandlers} handlers
 */
export function makeTimeline(view, handlers) {
  const box = element("div", "timeline");
  const names = element("span", "names");
  const measures = element("div", "group", { role: "radiogroup", "aria-label": "Measure" });
  const picture = svgElement("svg", { role: "img", class: "plot" });
  box.append(element("div", "head", {}, names, measures), picture);
  const layer = (/** @type {string} */ name) => picture.appendChild(svgElement("g", { class: name }));
  const [hiding, arcs, curve, axis, points, above, hand] = ["hiding", "arcs", "curve", "axis", "points", "window", "hand"].map(layer);
  const cursor = hand.appendChild(svgElement("line", { class: "cursor" }));
  const pointer = hand.appendChild(svgElement("line", { class: "pointer", visibility: "hidden" }));
  const bracket = above.appendChild(svgElement("rect", { class: "bracket", rx: 3 }));

  let scale = makeScale(view, 0);
  /** @type {"seek" | "pan" | null} */
  let drag = null; // while the pointer is down
  let drawnAxes = ""; // what they were drawn for: to draw the same again lays out every word of them
  let drawnNames = "";

  // ---- drawing --------------------------------------------------------------------------------
  function draw() {
    if (!scale.width) return;
    scale = makeScale(view, scale.width);
    const { width, tops } = scale;
    setAttributes(picture, { viewBox: `0 0 ${width} ${tops.all}`, height: tops.all, width });
    const { shots } = view;
    if (drawnAxes !== (drawnAxes = [shots.key, width, scale.y(0), scale.y(1), tops.ruler].join())) axis.replaceChildren(...axes(view, scale));
    hiding.replaceChildren(...hiddenStretches(view, scale));
    points.replaceChildren(...scorePoints(view, scale));
    points.classList.toggle("crowded", isCrowded(view.scored.length));
    curve.replaceChildren(...(view.curve ? curveLine(view.curve, scale) : []));
    arcs.replaceChildren(...(view.arcs ? arcLines(view.arcs, scale) : []));
    drawNames();
    picture.dataset.points = String(view.scored.length); // what a test or a benchmark waits for
    picture.dataset.hidden = String(view.hidden.size);
    moveTo(view.now);
  }

  function drawNames() {
    const model = mean(view.scored.map((s) => s.model));
    const baseline = mean(view.scored.flatMap((s) => s.baseline ?? []));
    const { axis: label, baseline: name } = view.measure;
    const told = model === null ? [] : ["● Model", `◇ ${name}`, label];
    if (drawnNames !== (drawnNames = told.join())) {
      names.replaceChildren(...told.map((says, i) => element("span", ["of-model", "of-baseline", "faint"][i], {}, says)));
    }
    if (model === null) return picture.setAttribute("aria-label", "Nothing is hidden, so there is nothing to compare.");
    const best = baseline === null ? "" : `, ${name.toLowerCase()} ${formatScore(baseline)}`;
    picture.setAttribute("aria-label", `${label} on average: model ${formatScore(model)}${best}, over ${view.scored.length} hidden shots`);
  }

  /** The buttons of the measures. */
  function build() {
    measures.hidden = view.measures.length < 2;
    measures.replaceChildren(
      ...view.measures.map(({ key, label }) => {
        const checked = String(key === view.measure.key);
        const button = element("button", "tool", { type: "button", role: "radio", "aria-checked": checked }, label);
        button.addEventListener("click", () => handlers.chooseMeasure(key));
        return button;
      }),
    );
  }

  /**
   * Where the film stands.
   * @param {number} time
   */
  function moveTo(time) {
    cursor.setAttribute("transform", `translate(${scale.x(time).toFixed(2)} 0)`);
    cursor.setAttribute("y2", String(scale.tops.ruler + 6));
  }

  /**
   * Which part of the film the strip shows; nothing where it shows all of it.
   * @param {number} from
   * @param {number} to
   */
  function showWindow(from, to) {
    const { x, tops } = scale;
    const all = from <= 0 && to >= view.times.total - 1e-6;
    bracket.setAttribute("visibility", all ? "hidden" : "visible");
    setAttributes(bracket, { x: x(from), width: Math.max(6, x(to) - x(from)), y: tops.ruler + 1, height: RULER - 4 });
  }

  /** True where the width is another one. */
  function fit() {
    const width = box.clientWidth;
    if (width === scale.width || !width) return false;
    scale = makeScale(view, width);
    draw();
    return true;
  }

  // ---- pointer --------------------------------------------------------------------------------
  /** @param {PointerEvent} event */
  function placeOf(event) {
    const frame = picture.getBoundingClientRect();
    return { time: scale.time(event.clientX - frame.left), onRuler: event.clientY - frame.top > scale.tops.ruler };
  }

  /** @param {PointerEvent} event */
  function pressed(event) {
    if (event.button !== 0) return;
    const { time, onRuler } = placeOf(event);
    drag = onRuler ? "pan" : "seek";
    picture.setPointerCapture?.(event.pointerId);
    handlers[drag](time);
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    const { time } = placeOf(event);
    if (drag) handlers[drag](time);
    if (drag === "pan") return;
    const x = scale.x(time);
    setAttributes(pointer, { x1: x, x2: x, y1: 0, y2: scale.tops.ruler, visibility: "visible" });
    handlers.point(view.times.at(time));
  }

  function left() {
    drag = null;
    pointer.setAttribute("visibility", "hidden");
    handlers.point(null);
  }

  picture.addEventListener("mousedown", (event) => event.preventDefault()); // the keys stay with the shots
  picture.addEventListener("pointerdown", pressed);
  picture.addEventListener("pointermove", moved);
  picture.addEventListener("pointerup", () => (drag = null));
  picture.addEventListener("pointerleave", left);
  picture.addEventListener("pointercancel", left);

  return { box, build, draw, fit, moveTo, showWindow, pointer };
}

/**
 * @param {Element} target
 * @param {Record<string, string | number>} attributes
 */
function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (target.getAttribute(name) !== String(value)) target.setAttribute(name, String(value)); // even the same value would lay the page out
  }
}

/**
 * null where there is none.
 * @param {number[]} values
 */
const mean = (values) => (values.length ? values.reduce((a, b) => a + b, 0) / values.length : null);
