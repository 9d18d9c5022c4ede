/* The tools above the map: what the pointer does, zoom, clear. */

import { element } from "../elements.js";

/** @import { Actions, Mode, View } from "./types.js" */

/** @type {[Mode, string, string][]} */
const MODES = [
  ["lasso", "Lasso", "Draw round the shots to choose; Shift adds to them"],
  ["box", "Box", "Draw a box over the shots to choose; Shift adds to them"],
  ["move", "Move", "Drag the map; the wheel looks closer"],
];

/**
 * @param {View} view
 * @param {Actions} actions
 * @param {(mode: Mode) => void} onMode
 */
export function makeToolbar(view, actions, onMode) {
  const bar = element("div", "tools", { role: "toolbar", "aria-label": "Map" });

  /** @type {(text: string, label: string, onClick: () => void) => HTMLButtonElement} */
  function append(text, label, onClick) {
    const button = element("button", "tool", { type: "button", title: label, "aria-label": /^\w/.test(text) ? `${text}: ${label}` : label }, text);
    button.addEventListener("click", onClick);
    bar.append(button);
    return button;
  }

  /** @param {number} factor */
  function zoomAll(factor) {
    for (const panel of view.panels) panel.zoomAtCentre(factor);
    actions.requestPaint();
  }

  function fitAll() {
    for (const panel of view.panels) panel.fit();
    actions.requestPaint();
  }

  const modes = new Map(MODES.map(([mode, text, label]) => [mode, append(text, label, () => setMode(mode))]));
  bar.append(element("span", "gap"));
  append("+", "Closer", () => zoomAll(1.5));
  append("−", "Farther", () => zoomAll(1 / 1.5));
  append("Whole", "The whole map", fitAll);
  append("Clear", "Let go of the chosen shots (Esc)", () => actions.select([], null));

  /** @param {Mode} mode */
  function setMode(mode) {
    view.mode = mode;
    for (const [name, button] of modes) button.setAttribute("aria-pressed", String(name === mode));
    onMode(mode);
  }

  return { bar, setMode };
}
