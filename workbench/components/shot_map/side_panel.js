/* Beside the map: the clicked shot with its true neighbours, and the frames of the selection. */

import { element } from "../elements.js";
import { formatCount } from "../format.js";
import { formatRanges } from "./decode.js";
import { labelOf, nameOf, noteOf, quoteOf, titleOf } from "./points.js";
import { fillThumbnails, swatch, thumbnail } from "./thumbnails.js";

/** @import { Actions, Pinned, View } from "./types.js" */

const MAX_FRAMES = 48;
const HINT =
  "Draw round some points to see their frames. Point at one to see its shot; click it to see which shots are truly its nearest.";

/**
 * @param {HTMLElement} root tells a test or a benchmark how many are selected
 * @param {View} view
 * @param {Actions} actions
 */
export function makeSidePanel(root, view, actions) {
  const side = element("div", "side");
  /** @type {string | undefined} */
  let painted; // what it shows now

  function paint() {
    const { state, pinned, selected } = view;
    const near = pinned ? [pinned.point, ...pinned.near] : [];
    const next = [state.about.key, state.colours?.key, near, pinned && noteOf(view, pinned.point), formatRanges(selected)].join("|");
    if (next === painted) return; // frames stay
    painted = next;
    side.replaceChildren();
    if (pinned) side.append(pinnedCard(pinned));
    if (selected.length) appendSelection();
    else if (!pinned) side.append(element("p", "hint", {}, HINT));
    root.dataset.selected = String(selected.length);
  }

  function appendSelection() {
    const { selected } = view;
    const count = selected.length;
    const summary = summaryOf(selected);
    const step = Math.max(1, count / MAX_FRAMES);
    const sample = Array.from({ length: Math.min(count, MAX_FRAMES) }, (_, k) => selected[Math.floor(k * step)]);
    side.append(element("h4", "", {}, summary), frameGrid("frames", sample));
    if (count > MAX_FRAMES) side.append(element("p", "small", {}, `Showing ${MAX_FRAMES} of ${formatCount(count)}, spread evenly`));
    actions.announce(`${summary} chosen`);
  }

  /** @param {number[]} points */
  function summaryOf(points) {
    const { about } = view.state;
    if (about.unit === "titles") return counted(points.length, "title");
    const titles = new Set(points.map((point) => titleOf(about, point)[0])).size;
    return `${counted(points.length, "shot")} of ${counted(titles, "title")}`;
  }

  /**
   * @param {string} className
   * @param {number[]} points
   */
  function frameGrid(className, points) {
    /** @type {[number, HTMLElement][]} */
    const boxes = points.map((point) => [point, swatch(view, point, "frame")]);
    const grid = element("div", className, {}, ...boxes.map(([point, box]) => frameButton(point, box)));
    fillThumbnails(view, boxes);
    return grid;
  }

  /**
   * @param {number} point
   * @param {HTMLElement} box
   */
  function frameButton(point, box) {
    const name = nameOf(view, point);
    const button = element("button", "frame-button", { type: "button", title: name, "aria-label": name }, box);
    button.addEventListener("click", () => actions.select(view.selected, point));
    button.addEventListener("pointerenter", () => hover(point));
    button.addEventListener("pointerleave", () => hover(null));
    return button;
  }

  /** @param {number | null} point */
  function hover(point) {
    view.hover = point;
    actions.paintOverlay();
  }

  /** @param {Pinned} pinned */
  function pinnedCard({ point, near }) {
    const card = element("div", "card");
    card.append(thumbnail(view, point, "large"), element("strong", "", {}, nameOf(view, point)));
    const [quote, label] = [quoteOf(view, point), labelOf(view, point)];
    if (quote) card.append(element("p", "said", {}, quote));
    if (label) card.append(element("p", "small", {}, label));
    const note = noteOf(view, point);
    if (note) card.append(element("p", "noted", {}, note));
    const ways = element("div", "ways");
    for (const [page, text] of /** @type {["lab" | "search", string][]} */ ([["lab", "Hide it in the lab"], ["search", "Search like this"]])) {
      const button = element("button", "tool", { type: "button" }, text);
      button.addEventListener("click", () => actions.go(page, point));
      ways.append(button);
    }
    card.append(ways);
    if (near.length) {
      card.append(element("p", "small", {}, "Truly nearest, wherever the map has put them:"));
      card.append(frameGrid("frames near", near));
    }
    return card;
  }

  return { side, paint };
}

/**
 * @param {number} count
 * @param {string} noun
 */
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
