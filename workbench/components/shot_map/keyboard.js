/* Keys over a panel: arrows move, + and - zoom, 0 shows the whole map, Esc clears. */

/** @import { Panel } from "./panel.js" */
/** @import { Actions, View } from "./types.js" */

const STEP_PX = 60;
const ZOOM_STEP = 1.3;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [STEP_PX, 0], ArrowRight: [-STEP_PX, 0], ArrowUp: [0, STEP_PX], ArrowDown: [0, -STEP_PX] };

/**
 * @param {Panel} panel
 * @param {View} view
 * @param {Actions} actions
 */
export function attachKeyboard(panel, view, actions) {
  function escape() {
    if (!view.stroke) return actions.select([], null);
    view.stroke = null;
    actions.paintOverlay();
  }

  /** True where the key is one of ours. */
  function moved(/** @type {string} */ key) {
    const { viewport } = panel;
    if (key in ARROWS) viewport.pan(ARROWS[key][0] * viewport.ratio, ARROWS[key][1] * viewport.ratio);
    else if (key === "+" || key === "=") panel.zoomAtCentre(ZOOM_STEP);
    else if (key === "-") panel.zoomAtCentre(1 / ZOOM_STEP);
    else if (key === "0") panel.fit();
    else return false;
    return true;
  }

  panel.over.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return escape();
    if (!moved(event.key)) return;
    event.preventDefault();
    actions.requestPaint(true);
  });
}
