/* Undo and redo. Every view has an address, so the steps of a user are the entries of the browser's history: Back and Forward,
Ctrl+Z and Ctrl+Shift+Z and two buttons all move through them. */

import { element } from "../elements.js";
import { startSteps } from "./steps.js";

/** @import { Steps } from "./steps.js" */

/**
 * @typedef {object} Message
 * @property {number} moves how many moves Python has heard of
 * @property {string} session names the session of the server
 * @property {boolean} leads whether this instance tells Python of moves
 */

/** @typedef {{ search: string, number: number }} Move */

const ARROWS = { undo: "M4 8h9a5 5 0 0 1 0 10H8M8 4 4 8l4 4", redo: "M18 8H9a5 5 0 0 0 0 10h5M14 4l4 4-4 4" };
const MAC = /mac/i.test(navigator.platform);
const LABELS = { undo: `Undo (${MAC ? "⌘Z" : "Ctrl+Z"})`, redo: `Redo (${MAC ? "⇧⌘Z" : "Ctrl+Shift+Z"})` };

/** @type {Steps} */
const steps = (globalThis.__msmSteps ??= startSteps());

/**
 * @param {"undo" | "redo"} name
 * @param {() => void} onClick
 */
function makeButton(name, onClick) {
  const button = element("button", name, { type: "button", title: LABELS[name], "aria-label": LABELS[name] });
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 22 22");
  icon.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", ARROWS[name]);
  icon.append(line);
  button.append(icon, element("span", "", {}, name === "undo" ? "Undo" : "Redo"));
  button.addEventListener("click", onClick);
  return button;
}

/** @param {HTMLElement} parent */
function mount(parent) {
  const undo = makeButton("undo", steps.undo);
  const redo = makeButton("redo", steps.redo);
  const root = element("div", "steps", { role: "group", "aria-label": "Steps" }, undo, redo);
  const paint = () => {
    undo.disabled = !steps.canUndo();
    redo.disabled = !steps.canRedo();
  };
  parent.append(root);
  steps.painters.add(paint);
  paint();
  return () => {
    steps.painters.delete(paint);
    root.remove();
  };
}

/** @type {WeakMap<HTMLElement, () => void>} */
const mounted = new WeakMap();

/** @param {{ parentElement: HTMLElement, data: Message, setTriggerValue: (name: string, value: Move) => void }} component */
export default function ({ parentElement, data, setTriggerValue }) {
  if (!mounted.has(parentElement)) mounted.set(parentElement, mount(parentElement));
  if (data.leads) steps.lead(data, (move) => setTriggerValue("moved", move));
  return () => {
    mounted.get(parentElement)?.();
    mounted.delete(parentElement);
  };
}
