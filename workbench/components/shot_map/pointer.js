/* Pointer and wheel over a panel: look at a point, click it, draw a lasso or a box, move, zoom. */

import { pointsInside } from "./lasso.js";

/** @import { Panel } from "./panel.js" */
/** @import { makeTooltip } from "./tooltip.js" */
/** @import { Actions, Place, Stroke, View } from "./types.js" */

const CLICK_PX = 4; // a stroke that leads less far is a click
const MIN_STEP = 2; // canvas pixels

/**
 * @param {Panel} panel
 * @param {View} view
 * @param {Actions} actions
 * @param {ReturnType<typeof makeTooltip>} tooltip
 */
export function attachPointer(panel, view, actions, tooltip) {
  const { over, viewport } = panel;

  /**
   * @param {MouseEvent} event
   * @returns {Place}
   */
  function placeOf(event) {
    const box = over.getBoundingClientRect();
    return [(event.clientX - box.left) * viewport.ratio, (event.clientY - box.top) * viewport.ratio];
  }

  /** @param {PointerEvent} event */
  function pressed(event) {
    if (event.button > 1) return;
    event.preventDefault();
    over.focus(/** @type {FocusOptions} */ ({ preventScroll: true, focusVisible: false }));
    over.setPointerCapture?.(event.pointerId);
    const mode = event.button === 1 || event.altKey ? "move" : view.mode;
    view.stroke = { panel, mode, trail: [placeOf(event)], add: event.shiftKey };
    tooltip.hide();
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    const place = placeOf(event);
    if (!view.stroke) return look(place, event);
    if (view.stroke.panel === panel) extend(view.stroke, place);
  }

  /**
   * @param {Stroke} stroke
   * @param {Place} place
   */
  function extend({ mode, trail }, place) {
    const last = trail[trail.length - 1];
    if (mode === "move") {
      viewport.pan(place[0] - last[0], place[1] - last[1]);
      trail.push(place);
      return actions.requestPaint(true);
    }
    if (distance(place, last) < MIN_STEP) return;
    trail.push(place);
    actions.paintOverlay();
  }

  function released() {
    const { stroke, selected } = view;
    if (!stroke) return;
    view.stroke = null;
    const [start] = stroke.trail;
    const farthest = Math.max(...stroke.trail.map((place) => distance(place, start)));
    if (farthest < CLICK_PX * viewport.ratio) return clicked(start);
    if (stroke.mode === "move") return;
    const inside = pointsInside(panel, stroke, view.shown);
    actions.select(stroke.add ? union(selected, inside) : inside, null);
  }

  /** @param {Place} place */
  function clicked([x, y]) {
    const point = panel.nearest(x, y, view.shown);
    if (point !== null) return actions.select(view.selected, point);
    if (view.selected.length || view.pinned) actions.select([], null);
    else actions.paintOverlay();
  }

  /**
   * @param {Place} place
   * @param {PointerEvent} event
   */
  function look([x, y], event) {
    const point = panel.nearest(x, y, view.shown);
    if (point === view.hover) {
      if (point !== null) tooltip.place(event);
      return;
    }
    view.hover = point;
    actions.paintOverlay();
    if (point === null) tooltip.hide();
    else tooltip.show(point, event);
  }

  function cancelled() {
    view.stroke = null;
    actions.paintOverlay();
  }

  function left() {
    if (view.stroke) return;
    tooltip.hide();
    view.hover = null;
    actions.paintOverlay();
  }

  function fit() {
    panel.fit();
    actions.requestPaint();
  }

  /** @param {WheelEvent} event */
  function zoom(event) {
    event.preventDefault();
    tooltip.hide();
    viewport.zoomAt(...placeOf(event), Math.exp(-event.deltaY * 0.0016));
    actions.requestPaint(true);
  }

  over.addEventListener("pointerdown", pressed);
  over.addEventListener("pointermove", moved);
  over.addEventListener("pointerup", released);
  over.addEventListener("pointercancel", cancelled);
  over.addEventListener("pointerleave", left);
  over.addEventListener("dblclick", fit);
  over.addEventListener("wheel", zoom, { passive: false });
}

/**
 * @param {Place} a
 * @param {Place} b
 */
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/**
 * @param {number[]} a
 * @param {number[]} b
 */
const union = (a, b) => [...new Set([...a, ...b])].sort((x, y) => x - y);
