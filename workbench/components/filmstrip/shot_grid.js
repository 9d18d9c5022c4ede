/* The frames, row by row: how many stand in one, which of them are in view, which one Tab reaches.

Rows out of sight are laid out but not painted (see .row in the style sheet). */

import { element } from "../elements.js";
import { formatTime } from "../format.js";
import { makeCell, paintCell } from "./cells.js";
import { gridLayout } from "./grid_layout.js";

/** @import { Layout } from "./grid_layout.js" */
/** @import { View } from "./types.js" */

const GUTTER = 48; // the times at the left
const MAX_ZOOM = 12;
const CROWDED_PX = 26;

/**
 * @param {HTMLElement} root
 * @param {View} view
 * @param {(first: number, last: number) => void} onWindow hears which shots are in view
 */
export function makeShotGrid(root, view, onWindow) {
  const list = element("div", "shots", { role: "listbox", "aria-multiselectable": "true" });
  /** @type {HTMLElement[]} */
  let cells = [];
  /** @type {Layout} */
  let layout = { columns: 1, cell: 0, height: 0, whole: 1 };
  let zoom = 1;
  let current = 0; // the one cell that Tab reaches

  const clamp = (/** @type {number} */ i) => Math.max(0, Math.min(view.times.count - 1, i));

  /** @param {number} i */
  function paint(i) {
    if (cells[i]) paintCell(view, cells[i], i);
  }

  function build() {
    const focused = cells.includes(/** @type {HTMLElement} */ (rootNode().activeElement)); // moving an element takes its focus away
    list.setAttribute("aria-label", `Shots of ${view.shots.name}; selected means hidden`);
    if (cells.length !== view.times.count) makeCells();
    const rows = [];
    for (let start = 0; start < cells.length; start += layout.columns) rows.push(makeRow(start));
    list.replaceChildren(...rows);
    list.classList.toggle("crowded", layout.cell < CROWDED_PX);
    if (focused) cells[current]?.focus({ preventScroll: true });
  }

  function makeCells() {
    cells = view.shots.colors.map((_, i) => makeCell(view, i));
    cells[current]?.setAttribute("tabindex", "0");
  }

  /** @param {number} start */
  function makeRow(start) {
    const time = view.times.timed ? formatTime(view.times.start(start)) : String(start);
    const label = element("span", "time", { "aria-hidden": "true" }, time);
    return element("div", "row", { role: "presentation" }, label, ...cells.slice(start, start + layout.columns));
  }

  /** The document, or the shadow root that the component stands in. */
  const rootNode = () => /** @type {ShadowRoot} */ (root.getRootNode());

  function fit() {
    const width = list.clientWidth - GUTTER;
    if (width <= 0 || !view.times.count) return;
    const { columns } = layout;
    const frames = Boolean(view.shots.thumbnails || view.shots.pictures);
    layout = gridLayout(view.times.count, width, view.height, frames, zoom);
    list.style.setProperty("--cell", `${layout.cell}px`);
    list.style.setProperty("--height", `${layout.height}px`);
    if (columns !== layout.columns || cells.length !== view.times.count) {
      build();
      if (zoom !== 1 && cells[current]) cells[current].scrollIntoView({ block: "nearest" });
    }
    reportWindow();
  }

  /** Show another title. */
  function open() {
    cells = [];
    current = clamp(current);
    zoom = 1;
    layout = { columns: 0, cell: 0, height: 0, whole: 1 };
    fit();
    cells.forEach((_, i) => paint(i));
  }

  /** @param {number} factor 0 = between the whole film and frames that say something */
  function zoomBy(factor) {
    zoom = factor ? Math.max(layout.whole, Math.min(zoom * factor, MAX_ZOOM)) : zoom === layout.whole ? 1 : layout.whole;
    fit();
  }

  /** @param {number} wanted as `zoom()` told it before */
  function zoomTo(wanted) {
    zoom = Math.min(wanted, MAX_ZOOM);
    fit();
  }

  function reportWindow() {
    if (!cells.length) return;
    const step = list.scrollHeight / Math.ceil(cells.length / layout.columns);
    const first = Math.floor((list.scrollTop + 8) / step) * layout.columns;
    const last = Math.ceil((list.scrollTop + list.clientHeight - 8) / step) * layout.columns;
    onWindow(clamp(first), clamp(last - 1));
  }

  /** @type {(i: number, options?: { scroll?: boolean }) => void} */
  function focusOn(i, { scroll = true } = {}) {
    cells[current]?.setAttribute("tabindex", "-1");
    current = clamp(i);
    cells[current].setAttribute("tabindex", "0");
    cells[current].focus({ preventScroll: !scroll });
  }

  const focus = () => cells[current]?.focus();

  /** @param {HTMLElement} cell */
  function keepInSight(cell) {
    const row = /** @type {HTMLElement} */ (cell.parentElement);
    const top = row.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - 8;
  }

  /** @param {number} i */
  function pan(i) {
    const row = cells[clamp(i)]?.parentElement;
    if (row) list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2 + row.offsetHeight / 2;
  }

  /**
   * The shot of the cell that an event came from.
   * @param {EventTarget | null | undefined} target
   */
  function shotOf(target) {
    const cell = /** @type {HTMLElement | null | undefined} */ (target instanceof Element && target.closest(".shot"));
    return cell ? Number(cell.dataset.shot) : null;
  }

  /** @type {(x: number, y: number) => number | null} */
  const shotAt = (x, y) => shotOf(rootNode().elementFromPoint?.(x, y));

  list.addEventListener("scroll", reportWindow, { passive: true });

  return {
    list,
    clamp,
    paint,
    open,
    fit,
    zoomBy,
    zoomTo,
    zoom: () => zoom,
    focus,
    focusOn,
    keepInSight,
    pan,
    shotOf,
    shotAt,
    cellOf: (/** @type {number} */ i) => cells[i],
    get current() {
      return current;
    },
    get count() {
      return cells.length;
    },
    get columns() {
      return layout.columns;
    },
    get cellWidth() {
      return layout.cell;
    },
  };
}
