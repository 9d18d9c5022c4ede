/* What the timeline shows, as SVG elements: axes, hidden stretches, scores, a curve, arcs.

Many marks of a kind are one path: a thousand of them cost what one does. */

import { formatTime } from "../format.js";
import { svgElement } from "./icons.js";
import { ARCS, CURVE, LEFT, PLOT, RIGHT } from "./timeline_scale.js";

/** @import { Scale } from "./timeline_scale.js" */
/** @import { Arcs, Curve, View } from "./types.js" */

const CROWDED = 400; // hidden shots above which the points become small
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const TICK_PX = 90; // the least distance between two

/** @type {(at: number, height: number, says: string, anchor: string, className?: string) => SVGElement} */
function text(at, height, says, anchor, className = "") {
  const made = svgElement("text", { x: at, y: height, "text-anchor": anchor, class: className });
  made.textContent = says;
  return made;
}

/** @type {(className: string, x1: number, x2: number, y1: number, y2: number) => SVGElement} */
const line = (className, x1, x2, y1, y2) => svgElement("line", { class: className, x1, x2, y1, y2 });

/**
 * @param {View} view
 * @param {Scale} scale
 */
export const axes = (view, scale) => [...scoreAxis(scale), ...ruler(view, scale)];

/** @param {Scale} scale */
function scoreAxis({ y, width }) {
  const right = width - RIGHT;
  const grid = [0, 0.5, 1].flatMap((score) => [
    line(score === 1 ? "truth" : "grid", LEFT, right, y(score), y(score)),
    text(LEFT - 7, y(score) + 4, String(score), "end"),
  ]);
  return [...grid, text(right, y(1) - 4, "the real shot", "end", "truth")];
}

/**
 * @param {View} view
 * @param {Scale} scale
 */
function ruler({ times, scenes }, { x, width, tops }) {
  const { total, timed } = times;
  const most = Math.max(2, Math.floor((width - LEFT) / TICK_PX));
  const step = TICKS.find((s) => total / s <= most) ?? Math.ceil(total / most);
  const parts = [line("rule", LEFT, width - RIGHT, tops.ruler, tops.ruler)];
  for (let t = 0; t <= total; t += step) {
    parts.push(line("rule", x(t), x(t), tops.ruler, tops.ruler + 5));
    parts.push(text(x(t), tops.ruler + 18, timed ? formatTime(t) : String(t), "middle"));
  }
  const marks = [...scenes].map((i) => `M${x(times.start(i)).toFixed(1)} ${tops.ruler}v-5`).join("");
  return [...parts, svgElement("path", { class: "scenes", d: marks })];
}

/**
 * Hidden stretches, one rectangle each.
 * @param {View} view
 * @param {Scale} scale
 */
export function hiddenStretches(view, { x, tops }) {
  const { start, end } = view.times;
  const hidden = [...view.hidden.keys()].sort((a, b) => a - b);
  let path = "";
  for (let i = 0; i < hidden.length; i++) {
    const first = hidden[i];
    while (hidden[i + 1] === hidden[i] + 1) i++;
    const from = x(start(first));
    path += `M${from.toFixed(1)} ${tops.plot}h${Math.max(1, x(end(hidden[i])) - from).toFixed(1)}v${PLOT}H${from.toFixed(1)}z`;
  }
  return [svgElement("path", { d: path })];
}

/**
 * @param {View} view
 * @param {Scale} scale
 */
export function scorePoints({ scored }, { y, middle }) {
  const radius = isCrowded(scored.length) ? 1.8 : 4;
  const paths = { ahead: "", behind: "", baseline: "", model: "" };
  for (const { shot, model, baseline } of scored) {
    const at = middle(shot).toFixed(1);
    const [m, b] = [y(model), y(baseline ?? model)];
    paths[model >= (baseline ?? 0) ? "ahead" : "behind"] += `M${at} ${m.toFixed(1)}V${b.toFixed(1)}`;
    if (baseline != null) paths.baseline += `M${at} ${(b - radius).toFixed(1)}l${radius} ${radius}l${-radius} ${radius}l${-radius} ${-radius}z`;
    paths.model += `M${at} ${(m - radius).toFixed(1)}a${radius} ${radius} 0 1 1 -.01 0z`;
  }
  return Object.entries(paths).map(([name, d]) => svgElement("path", { class: name, d }));
}

/** @param {number} count of scored shots */
export const isCrowded = (count) => count > CROWDED;

/**
 * @param {Curve} curve
 * @param {Scale} scale
 */
export function curveLine({ values, peaks = [], label }, { middle, tops }) {
  const known = values.filter((v) => v != null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const y = (/** @type {number} */ v) => tops.curve + CURVE - 8 - ((v - least) / (most - least || 1)) * (CURVE - 20);
  let path = "";
  let pen = "M";
  values.forEach((value, i) => {
    path += value == null ? "" : `${pen}${middle(i).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = value == null ? "M" : "L"; // a gap where there is no value
  });
  const marks = peaks.map((i) => `M${middle(i).toFixed(1)} ${(y(values[i] ?? 0) - 3).toFixed(1)}l-3.5 -6h7z`);
  return [
    svgElement("path", { class: "line", d: path }),
    svgElement("path", { class: "peaks", d: marks.join("") }),
    text(LEFT, tops.curve + 9, label, "start", "label"),
  ];
}

/**
 * The stronger the heavier.
 * @param {Arcs} arcs
 * @param {Scale} scale
 */
export function arcLines({ drawn, toward, against }, { middle, tops }) {
  const floor = tops.arcs + ARCS;
  const most = Math.max(...drawn.map(([, , weight]) => Math.abs(weight)), 1e-9);
  const lines = drawn.map(([from, to, weight]) => {
    const [a, b] = [middle(from), middle(to)];
    const share = Math.abs(weight) / most;
    const top = floor - Math.min(ARCS - 6, 8 + Math.abs(b - a) * 0.45) * 1.3;
    const d = `M${a.toFixed(1)} ${floor}C${a.toFixed(1)} ${top} ${b.toFixed(1)} ${top} ${b.toFixed(1)} ${floor}`;
    const look = { "stroke-width": (0.6 + 3 * share).toFixed(2), opacity: (0.2 + 0.75 * share).toFixed(2) };
    return svgElement("path", { d, class: weight < 0 ? "against" : "for", ...look });
  });
  if (drawn.some(([, , weight]) => !(weight < 0))) lines.push(text(LEFT + 8, tops.arcs + 10, `▬ ${toward}`, "start", "for"));
  if (drawn.some(([, , weight]) => weight < 0)) lines.push(text(LEFT + 8, tops.arcs + 25, `▬ ${against}`, "start", "against"));
  return lines;
}
