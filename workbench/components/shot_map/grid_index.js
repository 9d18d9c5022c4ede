/* Find the nearest point: an index of which points lie in which cell of a grid, so that not all are looked at. */

const CELLS = 256; // a side

const cellOf = (/** @type {number} */ coordinate) => Math.max(0, Math.min(CELLS - 1, Math.floor(coordinate * CELLS)));

export class GridIndex {
  /**
   * @param {Float32Array} xs between 0 and 1
   * @param {Float32Array} ys
   */
  constructor(xs, ys) {
    this.xs = xs;
    this.ys = ys;
    const count = xs.length;
    const cell = (/** @type {number} */ i) => cellOf(ys[i]) * CELLS + cellOf(xs[i]);
    this.starts = new Uint32Array(CELLS * CELLS + 1); // a counting sort by cell
    for (let i = 0; i < count; i++) this.starts[cell(i) + 1]++;
    for (let c = 0; c < CELLS * CELLS; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.points = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.points[next[cell(i)]++] = i;
  }

  /**
   * The nearest shown point that is less than `reach` away; null where there is none.
   * @param {number} x
   * @param {number} y
   * @param {number} reach
   * @param {Uint8Array | null} shown
   */
  nearest(x, y, reach, shown) {
    let best = null;
    let least = reach * reach;
    for (let row = cellOf(y - reach); row <= cellOf(y + reach); row++) {
      for (let column = cellOf(x - reach); column <= cellOf(x + reach); column++) {
        const c = row * CELLS + column;
        for (let k = this.starts[c]; k < this.starts[c + 1]; k++) {
          const i = this.points[k];
          if (shown && !shown[i]) continue;
          const distance = (this.xs[i] - x) ** 2 + (this.ys[i] - y) ** 2;
          if (distance < least) [least, best] = [distance, i];
        }
      }
    }
    return best;
  }
}
