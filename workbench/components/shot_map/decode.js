/* Decode the packed arrays and ranges of a message, and encode a selection. */

/** @param {string} base64 */
export function decodeBytes(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * One flag a point from one bit a point, the highest bit of a byte first, as numpy.packbits has them.
 * @param {string} base64
 * @param {number} count
 */
export function decodeFlags(base64, count) {
  const packed = decodeBytes(base64);
  const flags = new Uint8Array(count);
  for (let i = 0; i < count; i++) flags[i] = (packed[i >> 3] >> (7 - (i & 7))) & 1;
  return flags;
}

/**
 * Coordinates between 0 and 1.
 * @param {string} base64
 */
export const decodeCoordinates = (base64) => Float32Array.from(new Uint16Array(decodeBytes(base64).buffer), (v) => v / 65535);

/** @param {string} base64 */
export const decodeFloats = (base64) => new Float32Array(decodeBytes(base64).buffer);

/**
 * "3-5,9" → [3, 4, 5, 9]
 * @param {string} text
 * @param {number} count
 */
export function parseRanges(text, count) {
  const points = [];
  for (const part of text ? text.split(",") : []) {
    const [first, last = first] = part.split("-").map(Number);
    for (let i = first; i <= last && i < count; i++) points.push(i);
  }
  return points;
}

/**
 * The inverse of `parseRanges`.
 * @param {number[]} ascending
 */
export function formatRanges(ascending) {
  const parts = [];
  for (let i = 0; i < ascending.length; ) {
    let j = i;
    while (j + 1 < ascending.length && ascending[j + 1] === ascending[j] + 1) j++;
    parts.push(i === j ? `${ascending[i]}` : `${ascending[i]}-${ascending[j]}`);
    i = j + 1;
  }
  return parts.join(",");
}

/**
 * Red, green and blue of "#rrggbb" or of what a computed style says.
 * @param {string} colour
 */
export function parseColour(colour) {
  if (colour.startsWith("#")) return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return (colour.match(/[\d.]+/g) ?? ["128", "128", "128"]).slice(0, 3).map(Number);
}
