/* The legend: what the colours mean. Pointing at an entry highlights its points, a click selects them. */

import { element } from "../elements.js";
import { formatCount } from "../format.js";

/** @import { Actions, PaletteEntry, View } from "./types.js" */

/**
 * @param {View} view
 * @param {Actions} actions
 */
export function makeLegend(view, actions) {
  const legend = element("div", "legend");
  /** @type {Map<number, HTMLElement>} */
  const chips = new Map(); // the number of points of each entry

  function paint() {
    const { palette = [], label = "", ramp = null } = view.state.colours ?? {};
    chips.clear();
    legend.replaceChildren(element("span", "legend-label", {}, label));
    if (ramp) return legend.append(element("span", "", {}, ramp[0]), rampBar(palette), element("span", "", {}, ramp[1]));
    legend.append(...palette.flatMap((entry, number) => (entry.count ? [chip(entry, number)] : [])));
    paintCounts();
  }

  /** How many points each entry has: of those that are shown, and of the selection. */
  function paintCounts() {
    const { index, shown, selected } = view;
    if (!index || !chips.size) return;
    const [all, chosen] = [new Uint32Array(256), new Uint32Array(256)];
    for (let i = 0; i < index.length; i++) if (!shown || shown[i]) all[index[i]]++;
    for (const i of selected) chosen[index[i]]++;
    for (const [number, count] of chips)
      count.textContent = selected.length ? `${formatCount(chosen[number])} of ${formatCount(all[number])}` : formatCount(all[number]);
  }

  /**
   * @param {PaletteEntry} entry
   * @param {number} number
   */
  function chip(entry, number) {
    const button = element("button", "chip", { type: "button", title: `${entry.count} points; click to choose them` });
    const dot = element("i", "dot");
    dot.style.background = entry.colour;
    const count = element("span", "chip-count");
    chips.set(number, count);
    button.append(dot, element("span", "", {}, entry.name), count);
    button.addEventListener("pointerenter", () => highlight(number));
    button.addEventListener("pointerleave", () => highlight(null));
    button.addEventListener("click", () => {
      view.hoveredEntry = null;
      actions.select(pointsOf(number), null);
    });
    return button;
  }

  /** @param {number | null} number */
  function highlight(number) {
    view.hoveredEntry = number;
    actions.requestPaint();
  }

  /** @param {number} number */
  function pointsOf(number) {
    const { index, shown } = view;
    const points = [];
    for (let i = 0; index && i < index.length; i++) if (index[i] === number && (!shown || shown[i])) points.push(i);
    return points;
  }

  return { legend, paint, paintCounts };
}

/** @param {PaletteEntry[]} palette */
function rampBar(palette) {
  const bar = element("span", "ramp");
  const colours = palette.slice(1).map((entry) => entry.colour); // the first stands for "not known"
  bar.style.background = `linear-gradient(90deg, ${colours.join(",")})`;
  return bar;
}
