/* Draw points into an image, without a GPU (benchmarks/map_page.py says how fast), so that a million can be moved and zoomed.

Where points lie on one another their colours add up to a density; zooming in takes them apart. */

/** @import { Viewport } from "./viewport.js" */
/** @import { RGB } from "./types.js" */

/**
 * @typedef {object} Look
 * @property {Uint8Array | null} shown
 * @property {Uint8Array | null} highlighted null: all alike
 * @property {Uint8Array | null} index palette entry of each point
 * @property {RGB[]} colours of the palette
 * @property {RGB} background
 * @property {number} size of the points, 1 = as usual
 */

/** @typedef {{ reach: number, side: number, cover: Float32Array }} Disc */

/**
 * Points that are not highlighted first and faint, then those that are.
 * @param {Float32Array} xs
 * @param {Float32Array} ys
 * @param {Viewport} viewport
 * @param {Look} look
 * @param {number} most points that are drawn: of more, evenly spread ones
 */
export function splatPoints(xs, ys, viewport, { shown, highlighted, index, colours, background, size }, most) {
  const { ratio } = viewport;
  const count = xs.length;
  const image = new ImageData(viewport.width, viewport.height);
  new Uint32Array(image.data.buffer).fill((255 << 24) | (background[2] << 16) | (background[1] << 8) | background[0]);
  const radius = size * pointRadius(Math.min(count, most), viewport);
  const alpha = Math.max(0.22, Math.min(0.86, 0.3 + radius / (4 * ratio)));
  const splat = splatter(image, xs, ys, viewport, index, Uint8Array.from(colours.flat()));
  const plain = disc(radius);
  const stride = coprime(count); // so that no title lies on top of all others
  for (let k = 0, i = 0; k < Math.min(count, most); k++, i = (i + stride) % count)
    if ((!shown || shown[i]) && !(highlighted && highlighted[i])) splat(i, plain, highlighted ? alpha * 0.11 : alpha);
  if (highlighted) {
    const strong = disc(Math.max(radius * 1.15, 1.6 * ratio * Math.min(1, 40000 / count + 0.4)));
    for (let k = 0, i = 0; k < Math.min(count, most); k++, i = (i + stride) % count)
      if (highlighted[i] && (!shown || shown[i])) splat(i, strong, 0.95);
  }
  return image;
}

/**
 * As large as the points' distance allows, within limits.
 * @param {number} count
 * @param {Viewport} viewport
 */
function pointRadius(count, { scale, ratio }) {
  const room = 0.32 * Math.sqrt((scale * scale) / Math.max(count, 1));
  const least = count <= 10000 ? 2.1 : count <= 60000 ? 1.2 : 0.5;
  return Math.max(least * ratio, Math.min(5 * ratio, room));
}

/**
 * The function that blends one point into the image.
 * @param {ImageData} image
 * @param {Float32Array} xs
 * @param {Float32Array} ys
 * @param {Viewport} viewport
 * @param {Uint8Array | null} index
 * @param {Uint8Array} table red, green, blue of each palette entry
 */
function splatter({ data: pixels, width, height }, xs, ys, viewport, index, table) {
  const s = viewport.scale;
  const [left, top] = [width / 2 - viewport.x * s, height / 2 + viewport.y * s];

  return (/** @type {number} */ point, /** @type {Disc} */ { reach, side, cover }, /** @type {number} */ strength) => {
    const cx = Math.round(left + xs[point] * s);
    const cy = Math.round(top - ys[point] * s);
    if (cx < -reach || cy < -reach || cx >= width + reach || cy >= height + reach) return;
    const entry = index ? 3 * index[point] : 0;
    const r = table[entry];
    const g = table[entry + 1];
    const b = table[entry + 2];
    for (let dy = -reach; dy <= reach; dy++) {
      const y = cy + dy;
      if (y < 0 || y >= height) continue;
      for (let dx = -reach; dx <= reach; dx++) {
        const x = cx + dx;
        if (x < 0 || x >= width) continue;
        const a = cover[(dy + reach) * side + dx + reach] * strength;
        if (a === 0) continue;
        const at = 4 * (y * width + x);
        pixels[at] += (r - pixels[at]) * a;
        pixels[at + 1] += (g - pixels[at + 1]) * a;
        pixels[at + 2] += (b - pixels[at + 2]) * a;
      }
    }
  };
}

/**
 * How much of each pixel a disc covers: what one point looks like.
 * @param {number} radius
 * @returns {Disc}
 */
function disc(radius) {
  const reach = Math.max(0, Math.ceil(radius - 0.5));
  const side = 2 * reach + 1;
  const cover = new Float32Array(side * side);
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++)
      cover[(y + reach) * side + x + reach] = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(x, y)));
  return { reach, side, cover };
}

/**
 * A stride that visits all of `count` points once.
 * @param {number} count
 */
function coprime(count) {
  /** @type {(a: number, b: number) => number} */
  const gcd = (a, b) => (b ? gcd(b, a % b) : a);
  let stride = Math.max(1, Math.floor(count * 0.618));
  while (gcd(stride, count) !== 1) stride++;
  return stride;
}
