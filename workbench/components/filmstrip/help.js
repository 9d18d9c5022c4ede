/* The sheet that lists the keys. */

import { element } from "../elements.js";

const KEYS = [
  ["← → ↑ ↓, Home, End", "move from shot to shot; the film follows"],
  ["Space", "hide or reveal the shot"],
  ["Shift + ← →", "hide or reveal a span"],
  ["Enter", "look at the shot: the panels below speak of it"],
  ["N, B", "next and previous hidden shot"],
  ["1, 2, 3, 4, 5", "brush: shots, scene, every nth, look, part"],
  ["M", "what is hidden of the hidden shots: all, video, audio, text"],
  ["5, then Space", "the same of one shot"],
  ["P", "play and pause"],
  ["V", "lift the veil from hidden shots, and lower it"],
  ["+, −, 0", "larger frames, smaller frames, the whole film"],
  ["Esc", "let go without hiding"],
];

/** @param {() => void} onClose */
export function makeHelp(onClose) {
  const sheet = element("div", "help", { role: "dialog", "aria-label": "Keys of the filmstrip", tabindex: "-1", hidden: "" });
  const list = element("dl", "");
  for (const [keys, does] of KEYS) list.append(element("dt", "", {}, keys), element("dd", "", {}, does));
  const close = element("button", "tool", { type: "button" }, "Close");
  close.addEventListener("click", onClose);
  sheet.append(list, close);
  return sheet;
}
