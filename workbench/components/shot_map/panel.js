/* One map of the points: a canvas of the points, and above it one of what follows the pointer. */

import { element } from "../elements.js";
import { decodeCoordinates } from "./decode.js";
import { GridIndex } from "./grid_index.js";
import { drawOverlay } from "./overlay.js";
import { splatPoints } from "./splat.js";
import { Viewport } from "./viewport.js";

/** @import { Marks } from "./overlay.js" */
/** @import { Look } from "./splat.js" */
/** @import { Points } from "./types.js" */

const NEAREST_PX = 14; // how far from a point the pointer may be

export class Panel {
  viewport = new Viewport();
  xs = new Float32Array();
  ys = new Float32Array();
  grid = new GridIndex(this.xs, this.ys);
  /** @type {string | undefined} */
  key;

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

  /** @param {Look} look */
  paint(look) {
    this.resize();
    context(this.base).putImageData(splatPoints(this.xs, this.ys, this.viewport, look), 0, 0);
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
