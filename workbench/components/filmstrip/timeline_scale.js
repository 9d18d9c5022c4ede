/* Where a time and a score stand in the timeline's picture. */

/** @import { View } from "./types.js" */

export const LEFT = 44;
export const RIGHT = 14;
export const PLOT = 132; // heights of the lanes
export const RULER = 30;
export const CURVE = 46;
export const ARCS = 84;
const TOP_SCORE = 1.06;

/**
 * @typedef {object} Scale
 * @property {number} width
 * @property {{ arcs: number, curve: number, plot: number, ruler: number, all: number }} tops where each lane begins
 * @property {(time: number) => number} x
 * @property {(score: number) => number} y
 * @property {(shot: number) => number} middle of a shot
 * @property {(px: number) => number} time the inverse of x
 */

/**
 * @param {View} view
 * @param {number} width
 * @returns {Scale}
 */
export function makeScale(view, width) {
  const scores = view.scored.flatMap(({ model, baseline }) => [model, baseline ?? 0]);
  const low = Math.min(0, ...scores) - 0.05; // of the vertical axis
  const tops = lanes(view);
  // The title may become another one before this is made anew: its times are read when they are needed.
  const x = (/** @type {number} */ time) => LEFT + (time / view.times.total) * (width - LEFT - RIGHT);
  return {
    width,
    tops,
    x,
    y: (score) => tops.plot + ((TOP_SCORE - score) / (TOP_SCORE - low)) * PLOT,
    middle: (shot) => x((view.times.start(shot) + view.times.end(shot)) / 2),
    time: (px) => Math.max(0, Math.min(1, (px - LEFT) / (width - LEFT - RIGHT))) * view.times.total,
  };
}

/** @param {View} view */
function lanes({ arcs, curve }) {
  let top = 4;
  const lane = (/** @type {number} */ height) => ((top += height), top - height);
  return { arcs: lane(arcs ? ARCS : 0), curve: lane(curve ? CURVE : 0), plot: lane(PLOT), ruler: lane(RULER), all: top };
}
