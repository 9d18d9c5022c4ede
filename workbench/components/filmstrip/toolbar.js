/* The brushes, what they hide of a shot, and the zoom: a row of small buttons. */

import { element } from "../elements.js";
import { formatCount } from "../format.js";
import { BRUSHES } from "./brushes.js";
import { icon } from "./icons.js";
import { commonLoss, partOf } from "./losses.js";

/** @import { Brush, View } from "./types.js" */

/** @type {Record<number, string>} */
const ENDINGS = { 2: "nd", 3: "rd" };
const ordinal = (/** @type {number} */ n) => `${n}${ENDINGS[n] ?? "th"}`;
const buttonOf = (/** @type {string} */ modality) => `of ${modality}`;

/**
 * @typedef {object} ToolbarHandlers
 * @property {(brush: Brush) => void} chooseBrush
 * @property {(modality: string) => void} chooseModality
 * @property {(factor: number) => void} zoom
 * @property {() => void} help
 */

/**
 * @param {View} view
 * @param {ToolbarHandlers} handlers
 */
export function makeToolbar(view, handlers) {
  const bar = element("div", "bar", { role: "toolbar", "aria-label": "Filmstrip" });
  const brushes = element("div", "group", { role: "radiogroup", "aria-label": "Brush" });
  const parts = element("div", "group", { role: "radiogroup", "aria-label": "What is hidden of a shot" });
  const zoom = element("div", "group");
  const count = element("span", "tell");
  bar.append(brushes, parts, count, zoom);
  /** @type {Map<string, HTMLButtonElement>} */
  const radios = new Map();

  /** @type {(group: HTMLElement, label: string, says: string, onClick: () => void, picture?: string) => HTMLButtonElement} */
  function button(group, label, says, onClick, picture) {
    const made = element("button", "tool", { type: "button", title: says });
    if (picture) made.append(icon(picture));
    if (label) made.append(element("span", "", {}, label));
    else made.setAttribute("aria-label", says);
    made.addEventListener("click", onClick);
    group.append(made);
    return made;
  }

  /** @type {(group: HTMLElement, key: string, label: string, says: string, onClick: () => void, picture?: string) => void} */
  function radio(group, key, ...rest) {
    const made = button(group, ...rest);
    made.setAttribute("role", "radio");
    radios.set(key, made);
  }

  for (const { name, key, label, says } of BRUSHES)
    radio(brushes, name, label, `${says} (${key})`, () => handlers.chooseBrush(name), name);
  button(zoom, "", "Smaller frames (−)", () => handlers.zoom(1 / 1.4), "out");
  button(zoom, "", "The whole film (0)", () => handlers.zoom(0), "whole");
  button(zoom, "", "Larger frames (+)", () => handlers.zoom(1.4), "in");
  button(zoom, "?", "Keys (?)", () => handlers.help()).setAttribute("aria-label", "Keys");

  const modalities = () => view.shots.modalities ?? [];
  const brush = (/** @type {Brush} */ name) => /** @type {HTMLButtonElement} */ (radios.get(name));

  /** The buttons of what is hidden of a shot, for another title. */
  function build() {
    parts.replaceChildren();
    parts.hidden = brush("part").hidden = modalities().length < 2;
    if (parts.hidden) return;
    for (const name of ["", ...modalities()]) {
      const says = name ? `hide only the ${partOf(name)} of the hidden shots (m)` : "hide whole shots (m)";
      radio(parts, buttonOf(name), name ? capital(partOf(name)) : "All", says, () => handlers.chooseModality(name));
    }
  }

  /** @param {string} word */
  const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

  function update() {
    for (const { name } of BRUSHES) check(name, view.brush === name);
    const common = view.hidden.size ? commonLoss(view.hidden) : view.part ? [view.part] : [];
    for (const name of ["", ...modalities()]) check(buttonOf(name), common !== null && String(common) === name);
    const all = radios.get(buttonOf(""));
    if (common === null && all) all.tabIndex = 0; // Tab reaches one of a group, also where shots differ and none is checked
    brush("scene").disabled = !view.scenes.size;
    /** @type {HTMLElement} */ (brush("nth").querySelector("span")).textContent = `Every ${ordinal(view.step)}`;
    count.textContent = `${formatCount(view.hidden.size)} of ${formatCount(view.times.count)} hidden`;
  }

  /**
   * @param {string} key
   * @param {boolean} on
   */
  function check(key, on) {
    const made = radios.get(key);
    if (!made) return;
    made.setAttribute("aria-checked", String(on));
    made.tabIndex = on ? 0 : -1;
  }

  bar.addEventListener("keydown", moveInGroup);
  return { bar, build, update };
}

/**
 * Arrow keys within a radio group.
 * @param {KeyboardEvent} event
 */
function moveInGroup(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const from = /** @type {HTMLButtonElement} */ (event.target);
  const group = from.closest?.('[role="radiogroup"]');
  if (!step || !group) return;
  /** @type {HTMLButtonElement[]} */
  const all = [...group.querySelectorAll(/** @type {"button"} */ ("button:not(:disabled)"))];
  const next = all[(all.indexOf(from) + step + all.length) % all.length];
  event.preventDefault();
  event.stopPropagation();
  next.click();
  next.focus();
}
