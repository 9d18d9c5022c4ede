/* Where each shot stands in time. */

/** @import { Shots, Times } from "./types.js" */

const LAST_SHOT_S = 4; // where nothing says how long the last shot is

/**
 * Seconds of each shot; where the catalog has no times, a shot is one unit long.
 * @param {Pick<Shots, "starts" | "ends">} shots
 * @returns {Times}
 */
export function timesOf({ starts, ends = [] }) {
  const count = starts.length;
  const timed = count > 0 && starts.every((s) => s != null);
  const start = (/** @type {number} */ i) => (timed ? Number(starts[i]) : i);
  const end = (/** @type {number} */ i) => (timed ? (i + 1 < count ? start(i + 1) : (ends[i] ?? start(i) + LAST_SHOT_S)) : i + 1);
  const total = count ? end(count - 1) : 1;

  /** @param {number} time */
  function at(time) {
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (start(middle) <= time + 1e-6) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  return { count, timed, start, end, total, at };
}
