/* How large the frames of a film are, and how many stand in a row. */

const COLOUR_CELL = { least: 13, most: 46, ratio: 1.1, band: 0, extra: 9 };
const FRAME_CELL = { least: 13, most: 320, ratio: 9 / 16, band: 7, extra: 9 };
const FINE_FRAME = 46; // the least width of a frame that says something
const LARGE_FRAME = 132; // the most where the whole film is in view
const FEW = 24; // shots, of which each may take more room

/** @typedef {{ columns: number, cell: number, height: number, whole: number }} Layout `whole` is the zoom at which all are seen */

/**
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {boolean} frames
 * @param {number} zoom
 * @returns {Layout}
 */
export function gridLayout(count, width, height, frames, zoom) {
  const kind = frames ? FRAME_CELL : COLOUR_CELL;
  const whole = wholeFilm(count, width, height, frames);
  const start = frames ? Math.max(whole, Math.min(FINE_FRAME, width)) : whole;
  const wanted = Math.max(Math.min(kind.least, width), Math.min(start * zoom, Math.max(kind.most, whole), width));
  const columns = Math.max(1, Math.min(count, Math.ceil(width / wanted - 0.01)));
  const cell = Math.min(width / columns, wanted * 1.25);
  return { columns, cell: Math.floor(cell * 100) / 100, height: Math.round(cell * kind.ratio + kind.band), whole: whole / start };
}

/**
 * The largest cells that show the whole film in a box, but not so small that a frame says nothing.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {boolean} frames
 */
function wholeFilm(count, width, height, frames) {
  const kind = frames ? FRAME_CELL : COLOUR_CELL;
  const most = frames ? LARGE_FRAME : count <= FEW ? 2 * kind.most : kind.most;
  for (let columns = 1; columns <= count; columns++) {
    const cell = Math.min(width / columns, most);
    const rows = Math.ceil(count / columns);
    if (rows * (cell * kind.ratio + kind.band + kind.extra) <= height) return cell;
  }
  return kind.least;
}
