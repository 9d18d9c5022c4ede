/* The shot under the pointer. */

import { element } from "../elements.js";
import { formatScore } from "../format.js";
import { describeShot } from "./cells.js";
import { loses } from "./losses.js";

/** @import { View } from "./types.js" */

/**
 * @param {HTMLElement} root
 * @param {View} view
 */
export function makeShotTip(root, view) {
  const tip = element("div", "tip", { hidden: "", "aria-hidden": "true" });

  /**
   * @param {number} i
   * @param {Element} anchor what it stands below
   * @param {boolean} withPicture
   */
  function show(i, anchor, withPicture) {
    const loss = view.hidden.get(i);
    const score = loss && view.score.get(i);
    const address = withPicture && !(loss && loses(loss, "video")) && view.picture(i);
    const text = view.shots.texts?.[i];
    tip.replaceChildren(element("strong", "", {}, describeShot(view, i)));
    if (address) tip.prepend(element("img", "", { alt: "", src: address }));
    if (score?.baseline != null) tip.append(element("p", "", {}, `${view.measure.baseline}: ${formatScore(score.baseline)}`));
    if (text && !(loss && loses(loss, "text"))) tip.append(element("p", "", {}, text));
    const note = view.notes.get(i);
    if (note) tip.append(element("p", "noted", {}, note));
    tip.hidden = false;
    place(anchor);
  }

  /** @param {Element} anchor */
  function place(anchor) {
    const frame = root.getBoundingClientRect();
    const at = anchor.getBoundingClientRect();
    const left = at.left - frame.left + at.width / 2 - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(left, frame.width - tip.offsetWidth))}px`;
    tip.style.top = `${at.bottom - frame.top + 6}px`;
  }

  function hide() {
    tip.hidden = true;
  }

  return { tip, show, hide };
}
