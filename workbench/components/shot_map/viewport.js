/* Which part of the map a canvas shows: between the map's coordinates (0 to 1, y up) and canvas pixels (y down). */

const ZOOM = { least: 0.7, most: 400 };
const MARGIN_PX = 18;
const MIN_EXTENT = 0.02; // points that all lie in one place are not zoomed without end

export class Viewport {
  x = 0.5; // the centre
  y = 0.5;
  zoom = 1;
  width = 0; // canvas pixels
  height = 0;
  ratio = 1; // canvas pixels a CSS pixel
  fitted = true; // nobody has moved it since `fit`

  get scale() {
    return Math.min(this.width, this.height) * this.zoom;
  }

  /** @param {DOMRect} box of the canvas */
  resize(box) {
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.width = Math.max(1, Math.round(box.width * this.ratio));
    this.height = Math.max(1, Math.round(box.height * this.ratio));
  }

  /**
   * Show all points, as large as the canvas lets them be.
   * @param {Float32Array} xs
   * @param {Float32Array} ys
   */
  fit(xs, ys) {
    this.fitted = true;
    [this.x, this.y, this.zoom] = [0.5, 0.5, 1];
    if (!xs.length || !this.width) return;
    const [[left, right], [low, high]] = [extent(xs), extent(ys)];
    const margin = MARGIN_PX * this.ratio;
    const roomX = (this.width - 2 * margin) / Math.max(right - left, MIN_EXTENT);
    const roomY = (this.height - 3.4 * margin) / Math.max(high - low, MIN_EXTENT); // the label is above
    this.zoom = Math.min(roomX, roomY) / Math.min(this.width, this.height);
    this.x = (left + right) / 2;
    this.y = (low + high) / 2 + (0.7 * margin) / this.scale;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  toScreen(x, y) {
    const s = this.scale;
    return [(x - this.x) * s + this.width / 2, (this.y - y) * s + this.height / 2];
  }

  /**
   * The inverse of `toScreen`.
   * @param {number} px
   * @param {number} py
   */
  toMap(px, py) {
    const s = this.scale;
    return [(px - this.width / 2) / s + this.x, this.y - (py - this.height / 2) / s];
  }

  /**
   * Zoom about a pixel, which keeps its place.
   * @param {number} px
   * @param {number} py
   * @param {number} factor
   */
  zoomAt(px, py, factor) {
    this.fitted = false;
    const [x, y] = this.toMap(px, py);
    this.zoom = Math.max(ZOOM.least, Math.min(ZOOM.most, this.zoom * factor));
    const [nx, ny] = this.toMap(px, py);
    this.x += x - nx;
    this.y += y - ny;
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.fitted = false;
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
  }
}

/** @param {Float32Array} values between 0 and 1 */
function extent(values) {
  let [least, most] = [1, 0];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return [least, most];
}
