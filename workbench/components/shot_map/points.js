/* What a point stands for: its title and shot, its name, its label, its text. */

import { formatTime } from "../format.js";

/** @import { About, Title, View } from "./types.js" */

/**
 * The title of a point, and which of its shots it is; null where the points are titles.
 * @param {About} about
 * @param {number} point
 * @returns {[Title, number | null]}
 */
export function titleOf({ titles, unit }, point) {
  if (unit === "titles") return [titles[point], null];
  let low = 0;
  let high = titles.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (titles[middle].first <= point) low = middle;
    else high = middle - 1;
  }
  return [titles[low], point - titles[low].first];
}

/**
 * The name, for a person.
 * @param {View} view
 * @param {number} point
 */
export function nameOf({ state, starts }, point) {
  const [title, shot] = titleOf(state.about, point);
  if (shot === null) return `${title.name} · ${title.count} shots`;
  const at = starts && Number.isFinite(starts[point]) ? ` · ${formatTime(starts[point])}` : "";
  return `${title.name}${at} · shot ${shot}`;
}

/**
 * @param {View} view
 * @param {number} point
 */
export function paletteEntryOf({ state, index }, point) {
  return state.colours?.palette[index?.[point] ?? 0];
}

/**
 * "label: value" of what the colours mean; null where they mean nothing.
 * @param {View} view
 * @param {number} point
 */
export function labelOf(view, point) {
  const entry = paletteEntryOf(view, point);
  const label = view.state.colours?.label;
  return entry && label ? `${label}: ${entry.name}` : null;
}

/**
 * What people have noted about the point; null where nobody has.
 * @param {View} view
 * @param {number} point
 */
export const noteOf = ({ state }, point) => state.notes?.[point] ?? null;

/**
 * What is said in the shot, in quotation marks; null where nothing is.
 * @param {View} view
 * @param {number} point
 */
export function quoteOf({ state }, point) {
  const text = state.about.texts?.[point];
  return text ? `“${text}”` : null;
}
