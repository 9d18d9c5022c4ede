/* The cell of a shot: its frame, whether it is hidden, how near the model came. An option of a listbox to a screen reader. */

import { element } from "../elements.js";
import { formatScore, formatTime } from "../format.js";
import { hasIcon, icon } from "./icons.js";
import { describeLoss, loses, partOf } from "./losses.js";

/** @import { Loss, View } from "./types.js" */

/**
 * @param {View} view
 * @param {number} i
 */
export function makeCell(view, i) {
  const cell = element("div", "shot", { role: "option", tabindex: "-1" });
  cell.dataset.shot = String(i);
  cell.style.setProperty("--colour", view.shots.colors[i]);
  if (view.scenes.has(i)) cell.classList.add("scene");
  const address = view.picture(i);
  if (address) {
    const frame = element("img", "frame", { alt: "", loading: "lazy", decoding: "async", draggable: "false" });
    frame.addEventListener("error", () => frame.remove()); // the colour below shows instead
    frame.src = address;
    cell.append(frame);
  }
  return cell;
}

/**
 * Show what has become of the shot.
 * @param {View} view
 * @param {HTMLElement} cell
 * @param {number} i
 */
export function paintCell(view, cell, i) {
  const loss = view.hidden.get(i);
  const score = loss && view.score.get(i);
  cell.classList.toggle("hidden", loss !== undefined);
  cell.classList.toggle("scored", score !== undefined);
  cell.classList.toggle("looked", view.look === i);
  cell.classList.toggle("heard", loss !== undefined && !loses(loss, "picture"));
  paintLoss(cell, loss);
  paintNote(cell, view.notes.has(i));
  cell.setAttribute("aria-selected", String(loss !== undefined));
  cell.setAttribute("aria-label", describeShot(view, i));
  if (!score) return;
  cell.style.setProperty("--score", percent(score.model));
  cell.style.setProperty("--baseline", percent(score.baseline ?? 0));
}

/**
 * The shot, for a person who hears it.
 * @param {View} view
 * @param {number} i
 */
export function describeShot(view, i) {
  const parts = [`Shot ${i}`];
  if (view.times.timed) parts.push(formatTime(view.times.start(i)));
  const loss = view.hidden.get(i);
  const score = loss && view.score.get(i);
  parts.push(loss ? describeLoss(loss) : "visible");
  if (score) parts.push(`${view.measure.axis.split(" to ")[0]} ${formatScore(score.model)}`);
  if (view.scenes.has(i)) parts.push("a scene starts");
  if (view.notes.has(i)) parts.push("has a note");
  return parts.join(", ");
}

/**
 * A sign of what the shot loses where it is not all of it.
 * @param {HTMLElement} cell
 * @param {Loss | undefined} loss
 */
function paintLoss(cell, loss) {
  const sign = /** @type {HTMLElement | null} */ (cell.querySelector(".lost"));
  if (loss?.length && sign?.dataset.of === String(loss)) return;
  sign?.remove();
  if (!loss?.length) return;
  const signs = loss.map((name) => (hasIcon(partOf(name)) ? icon(partOf(name)) : element("b", "", {}, name.slice(0, 1))));
  cell.append(element("span", "lost", { "aria-hidden": "true", "data-of": String(loss) }, ...signs));
}

/**
 * A folded corner where somebody has noted something.
 * @param {HTMLElement} cell
 * @param {boolean} noted
 */
function paintNote(cell, noted) {
  const fold = cell.querySelector(".fold");
  if (!noted) fold?.remove();
  else if (!fold) cell.append(element("i", "fold", { "aria-hidden": "true" }));
}

/** @param {number} share */
const percent = (share) => `${Math.round(Math.max(0, Math.min(1, share)) * 100)}%`;
