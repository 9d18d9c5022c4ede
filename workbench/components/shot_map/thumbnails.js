/* Thumbnails of points; the colour of the label stands where there is none. */

import { element } from "../elements.js";
import { paletteEntryOf, titleOf } from "./points.js";

/** @import { Title, View } from "./types.js" */

/**
 * A box in the colour of the point's label.
 * @param {View} view
 * @param {number} point
 * @param {string} className
 */
export function swatch(view, point, className) {
  const box = element("span", className);
  const entry = paletteEntryOf(view, point);
  if (entry) box.style.setProperty("--colour", entry.colour);
  return box;
}

/**
 * The same with the thumbnail in it.
 * @param {View} view
 * @param {number} point
 * @param {string} className
 */
export function thumbnail(view, point, className) {
  const { about } = view.state;
  const box = swatch(view, point, className);
  const [title, shot] = titleOf(about, point);
  if (title.frames) appendPicture(box, `${about.frames}/${title.frames}/${shownShot(title, shot)}.webp`);
  return box;
}

/**
 * Fetch the thumbnails of many points in one answer and put them into their boxes.
 *
 * In the answer each comes after its length in four bytes: the server has better to do than to answer fifty times.
 * @param {View} view
 * @param {[number, HTMLElement][]} boxes
 */
export async function fillThumbnails(view, boxes) {
  const { about } = view.state;
  const wanted = boxes.map(([point, box]) => ({ name: frameName(...titleOf(about, point)), box })).filter(({ name }) => name);
  if (!wanted.length) return;
  try {
    const query = wanted.map(({ name }) => `frame=${encodeURIComponent(name)}`).join("&");
    const answer = await fetch(`${about.frames}.together?${query}`);
    if (!answer.ok) return;
    const bytes = await answer.arrayBuffer();
    const lengths = new DataView(bytes);
    let at = 0;
    for (const { box } of wanted) {
      const length = lengths.getUint32(at, true);
      const picture = new Blob([new Uint8Array(bytes, at + 4, length)], { type: "image/webp" });
      if (length) appendPicture(box, URL.createObjectURL(picture));
      at += 4 + length;
    }
  } catch {
    return; // the colour of the label stands for the frame
  }
}

/**
 * TITLE/SHOT as the server reads it; "" where the title has no thumbnails.
 * @param {Title} title
 * @param {number | null} shot
 */
const frameName = (title, shot) => (title.frames ? `${decodeURIComponent(title.frames)}/${shownShot(title, shot)}` : "");

/**
 * A whole title is shown by its middle shot.
 * @param {Title} title
 * @param {number | null} shot
 */
const shownShot = (title, shot) => shot ?? title.count >> 1;

/**
 * @param {HTMLElement} box
 * @param {string} source
 */
function appendPicture(box, source) {
  const picture = element("img", "", { alt: "", decoding: "async", draggable: "false" });
  picture.addEventListener("error", () => picture.remove());
  if (source.startsWith("blob:")) picture.addEventListener("load", () => URL.revokeObjectURL(source));
  picture.src = source;
  box.append(picture);
}
