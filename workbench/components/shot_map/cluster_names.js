/* Names of clusters, written where they are densest; of names that would overlap the larger cluster's is kept. */

/** @import { Panel } from "./panel.js" */
/** @import { ClusterName } from "./types.js" */

const FONT_PX = 13;

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {ClusterName[]} names the largest first
 * @param {{ ink: string, paper: string, font: string }} style
 */
export function drawNames(pen, panel, names, { ink, paper, font }) {
  const { viewport } = panel;
  const height = FONT_PX * viewport.ratio;
  pen.font = `600 ${height}px ${font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  /** @type {number[][]} */
  const taken = [];
  for (const { x, y, text } of names) {
    const [cx, cy] = viewport.toScreen(x, y);
    const half = pen.measureText(text).width / 2 + 4 * viewport.ratio;
    const box = [cx - half, cy - height * 0.8, cx + half, cy + height * 0.8];
    if (box[0] < 0 || box[1] < 0 || box[2] > viewport.width || box[3] > viewport.height) continue;
    if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
    taken.push(box);
    pen.lineWidth = 4 * viewport.ratio;
    pen.strokeStyle = paper;
    pen.strokeText(text, cx, cy);
    pen.fillStyle = ink;
    pen.fillText(text, cx, cy);
  }
}
