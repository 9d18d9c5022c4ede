/* Icons, and the SVG elements that they and the timeline are made of. */

/**
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...Node} children
 * @returns {SVGElement}
 */
export function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** @type {Record<string, string>} */
const PATHS = {
  span: "M2 5h12v6H2z",
  scene: "M2 4h12v9H2zM2 7h12M5 4l-1 3M9 4L8 7M13 4l-1 3",
  nth: "M3 4v8M8 4v8M13 4v8",
  look: "M1.5 8C4 3.7 12 3.7 14.5 8 12 12.3 4 12.3 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
  part: "M2 4h12v8H2zM2 12l12-8",
  video: "M2 3h12v10H2zM2 11l4-4 3 3 2-2 3 3",
  text: "M3 5h10M3 8h10M3 11h6",
  play: "M4.5 2.8v10.4L13 8z",
  pause: "M5 3v10M11 3v10",
  audio: "M2 6v4h3l4 3V3L5 6zM11.5 5.5a4 4 0 0 1 0 5",
  muted: "M2 6v4h3l4 3V3L5 6zM11.5 6l3 4M14.5 6l-3 4",
  out: "M3.5 8h9",
  in: "M3.5 8h9M8 3.5v9",
  whole: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
};

/** @param {string} name */
export const hasIcon = (name) => name in PATHS;

/** @param {string} name */
export function icon(name) {
  const frame = { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" };
  return svgElement("svg", frame, svgElement("path", { d: PATHS[name] }));
}
