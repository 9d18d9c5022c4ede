/* The legend: what the colours mean. Pointing at an entry highlights its points, a click selects them. */

import { element } from "../elements.js";

/** @import { Actions, PaletteEntry, View } from "./types.js" */

/**
 * @param {View} view
 * @param {Actions} actions
 */
export function makeLegend(view, actions) {
  const legend = element("div", "legend");

  function paint() {
    const { palette = [], label = "", ramp = null } = view.state.colours ?? {};
    legend.replaceChildren(element("span", "legend-label", {}, label));
    if (ramp) return legend.append(element("span", "", {}, ramp[0]), rampBar(palette), element("span", "", {}, ramp[1]));
    legend.append(...palette.flatMap((entry, number) => (entry.count ? [chip(entry, number)] : [])));
  }

  /**
   * @param {PaletteEntry} entry
   * @param {number} number
   */
  function chip(entry, number) {
    const button = element("button", "chip", { type: "button", title: `${entry.count} points; click to choose them` });
    const dot = element("i", "dot");
    dot.style.background = entry.colour;
    button.append(dot, element("span", "", {}, entry.name));
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

  return { legend, paint };
}

/** @param {PaletteEntry[]} palette */
function rampBar(palette) {
  const bar = element("span", "ramp");
  const colours = palette.slice(1).map((entry) => entry.colour); // the first stands for "not known"
  bar.style.background = `linear-gradient(90deg, ${colours.join(",")})`;
  return bar;
}
