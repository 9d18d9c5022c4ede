/* What a lasso or a box encloses. */

/** @import { Panel } from "./panel.js" */
/** @import { Stroke } from "./types.js" */

/**
 * The shape that the pointer has drawn.
 * @param {Stroke} stroke
 */
export function strokePath({ mode, trail }) {
  const shape = new Path2D();
  if (mode === "box") {
    const [[x, y], [u, v]] = [trail[0], trail[trail.length - 1]];
    shape.rect(Math.min(x, u), Math.min(y, v), Math.abs(u - x), Math.abs(v - y));
    return shape;
  }
  trail.forEach(([x, y], k) => (k ? shape.lineTo(x, y) : shape.moveTo(x, y)));
  shape.closePath();
  return shape;
}

/**
 * The points inside, ascending. The shape is filled on a canvas of its own and each point looks up its pixel: as fast for a
 * million.
 * @param {Panel} panel
 * @param {Stroke} stroke
 * @param {Uint8Array | null} shown
 */
export function pointsInside(panel, stroke, shown) {
  const { width, height } = panel.viewport;
  const alpha = filled(strokePath(stroke), width, height);
  const points = [];
  for (let i = 0; i < panel.xs.length; i++) {
    if (shown && !shown[i]) continue;
    const [x, y] = panel.toScreen(i).map(Math.round);
    if (x >= 0 && y >= 0 && x < width && y < height && alpha[4 * (y * width + x) + 3] > 127) points.push(i);
  }
  return points;
}

/**
 * Four bytes a pixel, of which the last says how much of it the shape covers.
 * @param {Path2D} shape
 * @param {number} width
 * @param {number} height
 */
function filled(shape, width, height) {
  const stencil = document.createElement("canvas");
  stencil.width = width;
  stencil.height = height;
  const pen = /** @type {CanvasRenderingContext2D} */ (stencil.getContext("2d", { willReadFrequently: true }));
  pen.fill(shape);
  return pen.getImageData(0, 0, width, height).data;
}
