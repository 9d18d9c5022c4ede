/* Lines of equal density: points are counted on a grid, the counts smoothed, and each level traced by marching squares. */

const CELLS = 96; // a side
const BLURS = 3; // of width 3: about a Gaussian
const SHARES = [0.06, 0.15, 0.3, 0.5, 0.75]; // of the densest cell

/**
 * The lines in coordinates of the map (0 to 1, y up), a path a level.
 * @param {Float32Array} xs
 * @param {Float32Array} ys
 * @param {Uint8Array | null} shown
 */
export function contourPaths(xs, ys, shown) {
  const density = smoothed(counted(xs, ys, shown));
  let most = 0;
  for (const value of density) most = Math.max(most, value);
  return most ? SHARES.map((share) => traced(density, share * most)) : [];
}

/**
 * @param {Float32Array} xs
 * @param {Float32Array} ys
 * @param {Uint8Array | null} shown
 */
function counted(xs, ys, shown) {
  const grid = new Float32Array(CELLS * CELLS);
  const cell = (/** @type {number} */ v) => Math.max(1, Math.min(CELLS - 2, Math.floor(1 + v * (CELLS - 2))));
  for (let i = 0; i < xs.length; i++) if (!shown || shown[i]) grid[cell(ys[i]) * CELLS + cell(xs[i])]++;
  return grid;
}

/** @param {Float32Array} grid */
function smoothed(grid) {
  for (let round = 0; round < BLURS; round++) for (const step of [1, CELLS]) grid = blurred(grid, step);
  return grid;
}

/**
 * @param {Float32Array} grid
 * @param {number} step to the neighbour
 */
function blurred(grid, step) {
  return grid.map((value, i) => (value * 2 + (grid[i - step] ?? 0) + (grid[i + step] ?? 0)) / 4);
}

/**
 * @param {Float32Array} grid
 * @param {number} level
 */
function traced(grid, level) {
  const path = new Path2D();
  const place = (/** @type {number} */ v) => (v - 0.5) / (CELLS - 2); // the middle of a cell
  for (let y = 0; y < CELLS - 1; y++) {
    for (let x = 0; x < CELLS - 1; x++) {
      const corners = [grid[y * CELLS + x], grid[y * CELLS + x + 1], grid[(y + 1) * CELLS + x + 1], grid[(y + 1) * CELLS + x]];
      const crossed = crossings(corners, level);
      for (let k = 0; k + 1 < crossed.length; k += 2) {
        path.moveTo(place(x + crossed[k][0]), place(y + crossed[k][1]));
        path.lineTo(place(x + crossed[k + 1][0]), place(y + crossed[k + 1][1]));
      }
    }
  }
  return path;
}

/** Edges of a cell, from corner to corner. */
const EDGES = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 0],
];
/** @type {[number, number][]} */
const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

/**
 * Where the level crosses the edges of a cell: none, two or four places.
 * @param {number[]} corners
 * @param {number} level
 * @returns {[number, number][]}
 */
function crossings(corners, level) {
  return EDGES.flatMap(([a, b]) => {
    if (corners[a] >= level === corners[b] >= level) return [];
    const share = (level - corners[a]) / (corners[b] - corners[a]);
    const [[ax, ay], [bx, by]] = [CORNERS[a], CORNERS[b]];
    /** @type {[number, number]} */
    const at = [ax + share * (bx - ax), ay + share * (by - ay)];
    return [at];
  });
}
