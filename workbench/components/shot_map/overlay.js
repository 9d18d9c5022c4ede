/* Draw what follows the pointer and the selection, above the points: rings, a title's path, true neighbours, the lasso. */

import { drawNames } from "./cluster_names.js";
import { strokePath } from "./lasso.js";

/** @import { Panel } from "./panel.js" */
/** @import { ClusterName, Pinned, Stroke } from "./types.js" */

const FEW_FOUND = 120; // points that a search found up to which their rings are large

/**
 * @typedef {object} Marks
 * @property {number[]} ringed
 * @property {number[] | null} path
 * @property {Pinned | null} pinned
 * @property {number | null} hover
 * @property {Stroke | null} stroke
 * @property {number[]} found that a search found, beside a selection
 * @property {Path2D[]} contours in coordinates of the map
 * @property {ClusterName[]} names
 * @property {string} paper
 * @property {string} font
 * @property {string} ink
 * @property {string} accent
 */

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {Marks} marks
 */
export function drawOverlay(pen, panel, { ringed, found, contours, names, path, pinned, hover, stroke, ink, accent, paper, font }) {
  pen.clearRect(0, 0, panel.viewport.width, panel.viewport.height);
  pen.lineJoin = pen.lineCap = "round";
  drawContours(pen, panel, contours, ink);
  const few = found.length <= FEW_FOUND;
  for (const point of found) drawRing(pen, panel, point, few ? 6 : 3.2, ink, few ? 1.5 : 0.8);
  for (const point of ringed) drawRing(pen, panel, point, 4.6, ink, 1.4); // few are easily overlooked
  if (path?.length) drawPath(pen, panel, path, ink);
  if (names.length) drawNames(pen, panel, names, { ink, paper, font });
  if (pinned) drawNeighbours(pen, panel, pinned, accent);
  if (hover !== null) drawRing(pen, panel, hover, 7, ink, 2);
  if (stroke?.panel === panel) drawStroke(pen, panel, stroke, accent);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {number} point
 * @param {number} radius
 * @param {string} colour
 * @param {number} [thick]
 */
function drawRing(pen, panel, point, radius, colour, thick = 1.2) {
  const { ratio } = panel.viewport;
  pen.strokeStyle = colour;
  pen.lineWidth = thick * ratio;
  pen.beginPath();
  pen.arc(...panel.toScreen(point), radius * ratio, 0, 7);
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {number} from
 * @param {number} to
 */
function drawLine(pen, panel, from, to) {
  pen.beginPath();
  pen.moveTo(...panel.toScreen(from));
  pen.lineTo(...panel.toScreen(to));
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {Path2D[]} paths
 * @param {string} ink
 */
function drawContours(pen, { viewport }, paths, ink) {
  if (!paths.length) return;
  const { scale } = viewport;
  const [left, top] = viewport.toScreen(0, 0);
  pen.save();
  pen.setTransform(scale, 0, 0, -scale, left, top);
  pen.strokeStyle = ink;
  pen.lineWidth = (1.1 * viewport.ratio) / scale;
  paths.forEach((path, level) => {
    pen.globalAlpha = 0.3 + 0.12 * level;
    pen.stroke(path);
  });
  pen.restore();
}

/**
 * From a ring at the first shot to a disc at the last; later is stronger.
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {number[]} path
 * @param {string} ink
 */
function drawPath(pen, panel, path, ink) {
  const { ratio } = panel.viewport;
  pen.strokeStyle = ink;
  pen.lineWidth = 1.3 * ratio;
  for (let k = 1; k < path.length; k++) {
    pen.globalAlpha = 0.12 + (0.6 * k) / path.length;
    drawLine(pen, panel, path[k - 1], path[k]);
  }
  pen.globalAlpha = 1;
  drawRing(pen, panel, path[0], 5, ink, 2);
  pen.fillStyle = ink;
  pen.beginPath();
  pen.arc(...panel.toScreen(path[path.length - 1]), 5 * ratio, 0, 7);
  pen.fill();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {Pinned} pinned
 * @param {string} accent
 */
function drawNeighbours(pen, panel, { point, near }, accent) {
  for (const other of near) {
    pen.strokeStyle = accent;
    pen.lineWidth = 1.2 * panel.viewport.ratio;
    pen.globalAlpha = 0.75;
    drawLine(pen, panel, point, other);
    drawRing(pen, panel, other, 3.4, accent);
  }
  pen.globalAlpha = 1;
  drawRing(pen, panel, point, 8, accent, 2.4);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {Stroke} stroke
 * @param {string} accent
 */
function drawStroke(pen, panel, stroke, accent) {
  const shape = strokePath(stroke);
  pen.strokeStyle = pen.fillStyle = accent;
  pen.lineWidth = 1.6 * panel.viewport.ratio;
  pen.globalAlpha = 0.1;
  pen.fill(shape);
  pen.globalAlpha = 1;
  pen.stroke(shape);
}
