/* One map of the points: a canvas of the points, and above it one of what follows the pointer. */

import { element } from "../elements.js";
import { decodeCoordinates } from "./decode.js";
import { GridIndex } from "./grid_index.js";
import { contourPaths } from "./contours.js";
import { drawOverlay } from "./overlay.js";
import { splatPoints } from "./splat.js";
import { Viewport } from "./viewport.js";

/** @import { Marks } from "./overlay.js" */
/** @import { Look } from "./splat.js" */
/** @import { Points } from "./types.js" */

const FEWEST_POINTS = 4000; // that are drawn while the map moves
const NEAREST_PX = 14; // how far from a point the pointer may be

export class Panel {
  viewport = new Viewport();
  xs = new Float32Array();
  ys = new Float32Array();
  grid = new GridIndex(this.xs, this.ys);
  /** @type {string | undefined} */
  key;
  /** @type {Path2D[] | null} */
  contours = null; // null: not traced yet
  msAPoint = 0; // of the last painting

  constructor() {
    this.root = element("figure", "map");
    this.base = element("canvas", "base");
    this.over = element("canvas", "over", { tabindex: "0", role: "img" });
    this.label = element("figcaption", "label");
    this.root.append(this.base, this.over, this.label);
  }

  /** @param {Points} points */
  setPoints(points) {
    if (points.key === this.key) return;
    this.key = points.key;
    this.xs = decodeCoordinates(points.x);
    this.ys = decodeCoordinates(points.y);
    this.grid = new GridIndex(this.xs, this.ys);
    this.contours = null;
    this.viewport.fitted = true; // and so fitted again when it is painted
  }

  fit() {
    this.viewport.fit(this.xs, this.ys);
  }

  resize() {
    this.viewport.resize(this.root.getBoundingClientRect());
    const { width, height, fitted } = this.viewport;
    for (const canvas of [this.base, this.over]) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
    }
    if (fitted) this.fit();
  }

  /** @param {number} i */
  toScreen(i) {
    return this.viewport.toScreen(this.xs[i], this.ys[i]);
  }

  /**
   * @param {Look} look
   * @param {number} budgetMs the time that it may take; Infinity = all points, whatever they take
   */
  paint(look, budgetMs) {
    this.resize();
    const count = this.xs.length;
    const most = this.msAPoint && budgetMs < Infinity ? Math.max(FEWEST_POINTS, Math.floor(budgetMs / this.msAPoint)) : count;
    const begin = performance.now();
    context(this.base).putImageData(splatPoints(this.xs, this.ys, this.viewport, look, most), 0, 0);
    this.msAPoint = (performance.now() - begin) / Math.max(1, Math.min(count, most));
  }

  /** @param {Uint8Array | null} shown */
  traceContours(shown) {
    return (this.contours ??= contourPaths(this.xs, this.ys, shown));
  }

  /** @param {Marks} marks */
  paintOverlay(marks) {
    drawOverlay(context(this.over), this, marks);
  }

  /**
   * The shown point next to a pixel; null where none is near.
   * @param {number} px
   * @param {number} py
   * @param {Uint8Array | null} shown
   */
  nearest(px, py, shown) {
    const [x, y] = this.viewport.toMap(px, py);
    return this.grid.nearest(x, y, (NEAREST_PX * this.viewport.ratio) / this.viewport.scale, shown);
  }

  /** @param {number} factor */
  zoomAtCentre(factor) {
    this.viewport.zoomAt(this.viewport.width / 2, this.viewport.height / 2, factor);
  }
}

const context = (/** @type {HTMLCanvasElement} */ canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
