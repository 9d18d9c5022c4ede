/* The brushes: which shots a stroke hides, and what of them. */

/** @import { Brush, Hidden, Loss, View } from "./types.js" */

/** @type {{ name: Brush, key: string, label: string, says: string }[]} */
export const BRUSHES = [
  { name: "span", key: "1", label: "Shots", says: "click a shot or drag over several" },
  { name: "scene", key: "2", label: "Scene", says: "a click hides the whole scene" },
  { name: "nth", key: "3", label: "Every 3rd", says: "a click hides every 3rd shot of the film, a drag of the span; again for another number" },
  { name: "look", key: "4", label: "Look", says: "point at a shot without hiding it" },
  { name: "part", key: "5", label: "Part", says: "a click on a hidden shot hides another part of it: only its video, audio or text, or all of it" },
];
export const STEPS = [3, 5, 10, 2]; // of the brush `nth`

/**
 * A stroke of a brush from the shot where it began to the one where it is.
 * @typedef {object} Stroke
 * @property {number} from
 * @property {number} to
 * @property {boolean} hide hides shots, or reveals them
 * @property {boolean} whole every shot on the way, whatever the brush
 * @property {boolean} repaints hidden shots lose another part
 * @property {Loss} loss
 * @property {Hidden} before what was hidden when it began
 * @property {number[]} painted the shots that it is over
 */

/**
 * Begin a stroke. Under the brush `part` a hidden shot stays hidden and loses the next part, and so do the others on the way.
 * @param {View} view
 * @param {number} from
 * @param {boolean} hide
 * @param {boolean} [whole]
 * @returns {Stroke}
 */
export function beginStroke(view, from, hide, whole = false) {
  const loss = view.hidden.get(from);
  const repaints = view.brush === "part" && loss !== undefined;
  const part = repaints ? partAfter(view, loss) : view.part;
  return { from, to: from, hide: hide || repaints, whole, repaints, loss: part ? [part] : [], before: new Map(view.hidden), painted: [] };
}

/**
 * Lead the stroke to a shot and hide what is under it.
 * @param {View} view
 * @param {Stroke} stroke
 * @param {number} to
 * @returns {Set<number>} the shots to paint again: those that it has reached, and those that it has left
 */
export function leadStroke(view, stroke, to) {
  const { from, whole, hide, repaints, loss, before, painted } = stroke;
  stroke.to = to;
  stroke.painted = whole ? every(1, Math.min(from, to), Math.max(from, to)) : shotsUnder(view, from, to);
  const hidden = new Map(before);
  for (const i of stroke.painted) {
    if (!hide) hidden.delete(i);
    else if (repaints || !hidden.has(i)) hidden.set(i, loss);
  }
  view.hidden = hidden;
  const [left, reached] = [new Set(painted), new Set(stroke.painted)];
  return new Set([...painted.filter((i) => !reached.has(i)), ...stroke.painted.filter((i) => !left.has(i))]);
}

/**
 * What the brush covers between two shots.
 * @param {View} view
 * @param {number} from
 * @param {number} to
 */
function shotsUnder({ brush, scenes, step, times }, from, to) {
  let [low, high] = [Math.min(from, to), Math.max(from, to)];
  if (brush === "scene" && scenes.size) {
    while (low > 0 && !scenes.has(low)) low--;
    while (high + 1 < times.count && !scenes.has(high + 1)) high++;
  }
  if (brush !== "nth") return every(1, low, high);
  return from === to ? every(step, from % step, times.count - 1) : every(step, low + ((from - low) % step), high);
}

/**
 * @param {number} step
 * @param {number} first
 * @param {number} last
 */
function every(step, first, last) {
  const shots = [];
  for (let i = first; i <= last; i += step) shots.push(i);
  return shots;
}

/**
 * @param {View} view
 * @param {Loss} loss
 */
function partAfter({ shots }, loss) {
  const all = ["", ...(shots.modalities ?? [])];
  return all[(all.indexOf(loss[0] ?? "") + 1) % all.length];
}
