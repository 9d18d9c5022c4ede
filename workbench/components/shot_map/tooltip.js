/* The shot under the pointer. */

import { element } from "../elements.js";
import { labelOf, nameOf, noteOf, quoteOf } from "./points.js";
import { thumbnail } from "./thumbnails.js";

/** @import { View } from "./types.js" */

const OFFSET_PX = 16;

/**
 * @param {HTMLElement} root
 * @param {View} view
 */
export function makeTooltip(root, view) {
  const tip = element("div", "tip", { hidden: "", "aria-hidden": "true" });

  /**
   * @param {number} point
   * @param {PointerEvent} event
   */
  function show(point, event) {
    tip.replaceChildren(thumbnail(view, point, "large"), element("strong", "", {}, nameOf(view, point)));
    for (const line of [labelOf(view, point), quoteOf(view, point)]) if (line) tip.append(element("p", "", {}, line));
    const note = noteOf(view, point);
    if (note) tip.append(element("p", "noted", {}, note));
    tip.hidden = false;
    place(event);
  }

  /**
   * Beside the pointer, within the root.
   * @param {PointerEvent} event
   */
  function place(event) {
    const box = root.getBoundingClientRect();
    const left = event.clientX - box.left + OFFSET_PX;
    const top = event.clientY - box.top + OFFSET_PX;
    const flip = left + tip.offsetWidth > box.width;
    tip.style.left = `${Math.max(0, flip ? left - tip.offsetWidth - 2 * OFFSET_PX : left)}px`;
    tip.style.top = `${Math.max(0, Math.min(top, box.height - tip.offsetHeight))}px`;
  }

  function hide() {
    tip.hidden = true;
  }

  return { tip, show, place, hide };
}
