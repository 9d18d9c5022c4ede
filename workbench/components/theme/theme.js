/* A switch between the light and the dark theme. Streamlit reads a visitor's theme from the browser's storage when a page is loaded,
so the page is loaded again; all that is seen stands in the address.

data  { keys: where Streamlit keeps the theme of each page } */

import { element } from "../elements.js";

/** @typedef {{ keys: string[] }} Message */

const SUN = "M11 6.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM11 1v2M11 19v2M1 11h2M19 11h2M4 4l1.5 1.5M16.5 16.5 18 18M4 18l1.5-1.5M16.5 5.5 18 4";
const MOON = "M18 13.5A8 8 0 0 1 8.5 4a8 8 0 1 0 9.5 9.5z";

/**
 * Whether the background that an element stands on is dark.
 * @param {HTMLElement} el
 */
function isDark(el) {
  const color = getComputedStyle(el).getPropertyValue("--st-background-color").trim();
  const digits = /^#([0-9a-f]{6})/i.exec(color)?.[1];
  if (!digits) return matchMedia("(prefers-color-scheme: dark)").matches;
  return [0, 2, 4].reduce((sum, at) => sum + parseInt(digits.slice(at, at + 2), 16), 0) < 3 * 128;
}

/** @type {WeakMap<HTMLElement, { button: HTMLButtonElement, paint: (message: Message) => void }>} */
const mounted = new WeakMap();

/** @param {HTMLElement | ShadowRoot} parent */
function mount(parent) {
  const button = /** @type {HTMLButtonElement} */ (element("button", "theme", { type: "button" }));
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 22 22");
  icon.setAttribute("aria-hidden", "true");
  const line = icon.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  const label = element("span", "");
  button.append(icon, label);
  parent.append(button);
  /** @type {string[]} */
  let keys = [];
  const other = () => (isDark(button) ? "Light" : "Dark");
  const paintOther = () => {
    label.textContent = `${other()} theme`;
    line.setAttribute("d", other() === "Dark" ? MOON : SUN);
  };
  button.addEventListener("click", () => {
    for (const key of keys) localStorage.setItem(key, JSON.stringify(other()));
    location.reload();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(paintOther, 300));
  return {
    button,
    paint: (/** @type {Message} */ message) => {
      keys = message.keys;
      paintOther();
    },
  };
}

/** @param {{ parentElement: HTMLElement, data: Message }} component */
export default function ({ parentElement, data }) {
  let one = mounted.get(parentElement);
  if (!one) mounted.set(parentElement, (one = mount(parentElement)));
  one.paint(data);
  return () => {
    mounted.get(parentElement)?.button.remove();
    mounted.delete(parentElement);
  };
}
