/* The frames with what is hidden and how near the model came: the part that a hand draws on, by pointer and by keys.

A listbox to a screen reader: every shot is an option and "selected" means hidden. Whatever comes from the catalog is
shown as text, so markup in it stays text. */

import { beginStroke, leadStroke } from "./brushes.js";
import { sameLoss } from "./losses.js";
import { makeShotGrid } from "./shot_grid.js";
import { makeShotTip } from "./shot_tip.js";

/** @import { Stroke } from "./brushes.js" */
/** @import { View } from "./types.js" */

const KEY_PAUSE_MS = 250; // a held Shift + arrow is one gesture
const LOOK_PAUSE_MS = 350; // and arrows under the brush `look` tell where they stopped
const REST_MS = 100; // a hand that stops for so long while it draws may be about to let go
const LARGE_PX = 150; // a frame of this width needs no other in the tooltip

/**
 * @typedef {object} StripHandlers
 * @property {() => void} onHidden a stroke has ended and something else is hidden
 * @property {() => void} onDraft
 * @property {(shot: number) => void} onLook
 * @property {() => void} onZoom the wheel made the frames larger or smaller
 * @property {(shot: number) => void} onArrive the current shot is another one
 * @property {(first: number, last: number) => void} onWindow
 * @property {() => boolean} playing
 */

/**
 * @param {HTMLElement} root
 * @param {View} view
 * @param {StripHandlers} handlers
 */
export function makeStrip(root, view, handlers) {
  const grid = makeShotGrid(root, view, handlers.onWindow);
  const tip = makeShotTip(root, view);
  const { list } = grid;
  /** @type {number | null} */
  let anchor = null; // where a Shift gesture started
  /** @type {{ anchor: number, hides: boolean } | null} */
  let extension = null; // the span that Shift + arrows extend, also after a pause
  /** @type {Stroke | null} */
  let stroke = null; // while a pointer or Shift + arrows draw
  let pause = 0;
  let rest = 0;
  /** @type {HTMLElement | null} */
  let nowCell = null;

  function repaint() {
    for (let i = 0; i < grid.count; i++) grid.paint(i);
  }

  /** @type {(i: number, anchor: Element) => void} */
  const showTip = (i, below) => tip.show(i, below, grid.cellWidth < LARGE_PX);

  function open() {
    nowCell = null;
    anchor = stroke = extension = null;
    grid.open();
  }

  // ---- strokes --------------------------------------------------------------------------------
  /**
   * @param {Stroke} drawn
   * @param {number} to
   */
  function draw(drawn, to) {
    for (const i of leadStroke(view, drawn, to)) grid.paint(i);
    root.classList.add("stale"); // the scores shown belong to the previous choice
  }

  function commit() {
    window.clearTimeout(pause);
    window.clearTimeout(rest);
    if (!stroke) return;
    const { before } = stroke;
    stroke = null;
    const changed = before.size !== view.hidden.size || [...view.hidden].some(([i, loss]) => !sameLoss(before.get(i), loss));
    if (changed) handlers.onHidden();
    else root.classList.remove("stale");
  }

  function cancel() {
    window.clearTimeout(rest);
    if (!stroke) return;
    const { before, painted } = stroke;
    view.hidden = before;
    stroke = null;
    painted.forEach(grid.paint);
    root.classList.remove("stale");
  }

  function toggle() {
    commit();
    extension = null;
    const { current } = grid;
    anchor = current;
    stroke = beginStroke(view, current, !view.hidden.has(current), view.brush === "look");
    draw(stroke, current);
    commit();
    if (!tip.tip.hidden) showTip(current, grid.cellOf(current)); // it says what the shot is now
  }

  // ---- pointer --------------------------------------------------------------------------------
  /** @param {PointerEvent} event */
  function pressed(event) {
    const shot = grid.shotOf(event.target);
    if (shot === null || event.button !== 0) return;
    event.preventDefault(); // no text selection, no native drag of a frame
    commit();
    extension = null;
    grid.focusOn(shot, { scroll: false });
    tip.hide();
    handlers.onArrive(shot);
    if (view.brush === "look") return handlers.onLook(shot);
    stroke = strokeFrom(shot, event.shiftKey);
    draw(stroke, shot);
    handlers.onDraft();
    list.setPointerCapture?.(event.pointerId);
  }

  /**
   * @param {number} shot
   * @param {boolean} extend from where the last one began
   */
  function strokeFrom(shot, extend) {
    if (extend && anchor !== null) return beginStroke(view, anchor, view.hidden.has(anchor), true);
    anchor = shot;
    return beginStroke(view, shot, !view.hidden.has(shot));
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    const shot = grid.shotAt(event.clientX, event.clientY);
    if (!stroke) return shot === null ? tip.hide() : showTip(shot, grid.cellOf(shot));
    if (shot === null || shot === stroke.to) return;
    draw(stroke, shot);
    window.clearTimeout(rest);
    rest = window.setTimeout(handlers.onDraft, REST_MS);
  }

  // ---- keys -----------------------------------------------------------------------------------
  /** @param {number} way 1 or −1 */
  function nextHidden(way) {
    for (let i = grid.current + way; i >= 0 && i < view.times.count; i += way) if (view.hidden.has(i)) return i;
    return grid.current;
  }

  /**
   * Where a key leads; null where it leads nowhere.
   * @param {string} key
   * @returns {number | null}
   */
  function targetOf(key) {
    const { columns, current } = grid;
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -5 * columns, PageDown: 5 * columns };
    if (key in steps) return grid.clamp(current + steps[key]);
    if (key === "Home") return 0;
    if (key === "End") return view.times.count - 1;
    if (key === "n") return nextHidden(1);
    if (key === "b") return nextHidden(-1);
    return null;
  }

  /**
   * True where the key was one of ours.
   * @param {KeyboardEvent} event
   */
  function keyed({ key, shiftKey }) {
    if (key === "Escape") return cancel(), tip.hide(), true;
    if (key === " ") return toggle(), true;
    if (key === "Enter") return handlers.onLook(grid.current), true;
    const to = targetOf(key);
    if (to === null) return false;
    if (shiftKey && /^(Arrow|Page)/.test(key)) extendTo(to);
    else {
      extension = null;
      if (view.brush === "look") later(() => handlers.onLook(to), LOOK_PAUSE_MS);
    }
    grid.focusOn(to);
    showTip(to, grid.cellOf(to));
    handlers.onArrive(to);
    return true;
  }

  /** @param {number} shot */
  function extendTo(shot) {
    if (!stroke) {
      extension ??= { anchor: grid.current, hides: !view.hidden.has(grid.current) };
      anchor = extension.anchor;
      stroke = beginStroke(view, anchor, extension.hides, true);
    }
    draw(stroke, shot);
    later(commit, KEY_PAUSE_MS);
  }

  /** @type {(action: () => void, ms: number) => void} */
  function later(action, ms) {
    window.clearTimeout(pause);
    pause = window.setTimeout(action, ms);
  }

  /** @param {WheelEvent} event */
  function zoom(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    grid.zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    handlers.onZoom();
  }

  list.addEventListener("pointerdown", pressed);
  list.addEventListener("pointermove", moved);
  list.addEventListener("pointerup", commit);
  list.addEventListener("pointercancel", cancel);
  list.addEventListener("pointerleave", () => stroke || tip.hide());
  list.addEventListener("keyup", (event) => event.key === "Shift" && commit());
  list.addEventListener("focusout", tip.hide);
  list.addEventListener("wheel", zoom, { passive: false });

  // ---- from outside ---------------------------------------------------------------------------
  /** @param {(shot: number) => boolean} differs */
  function update(differs) {
    for (let i = 0; i < grid.count; i++) if (differs(i)) grid.paint(i);
    root.classList.remove("stale");
    if (!stroke) return;
    // An answer came while the next span is being drawn: the span stays under the pointer.
    stroke.before = new Map(view.hidden);
    stroke.painted = [];
    draw(stroke, stroke.to);
  }

  /**
   * The shot that the film is in, and how much of it has passed.
   * @param {number} i
   * @param {number} passed
   */
  function standAt(i, passed) {
    const cell = grid.cellOf(i) ?? null;
    if (cell !== nowCell) {
      nowCell?.classList.remove("now");
      cell?.classList.add("now");
      nowCell = cell;
      if (cell && handlers.playing()) grid.keepInSight(cell);
    }
    cell?.style.setProperty("--passed", passed.toFixed(3));
  }

  function stop() {
    window.clearTimeout(pause);
    window.clearTimeout(rest);
  }

  const { fit, focus, pan, zoomBy, zoomTo, zoom: zoomOf } = grid;
  return { list, tip: tip.tip, open, fit, focus, update, repaint, keyed, standAt, pan, zoomBy, zoomTo, zoom: zoomOf, showTip, hideTip: tip.hide, stop };
}
