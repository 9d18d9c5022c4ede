/* Frames of shots as cards: found shots, or a row of them. A click on the frame does the first action; each button its own. */

import { element } from "../elements.js";

/**
 * @typedef {object} Item
 * @property {number} row in the catalog
 * @property {string | null} picture
 * @property {string} colour
 * @property {string} name
 * @property {string} time
 * @property {number | null} [score]
 * @property {[name: string, value: string, same: boolean][]} [chips] labels, and whether the query has the same
 * @property {string} [text]
 * @property {string[]} [quote] what is said: one text, or what stands before, what was asked for and what follows
 * @property {string} [note]
 * @property {string} [remark] what people noted about the shot
 * @property {string} [mark]
 * @property {boolean} [play] whether there is a film to play
 */

/** @typedef {(action: string, row: number) => void} Send */

/** @type {Record<string, [symbol: string, words: string]>} */
const WORDS = {
  ask: ["search", "Search with this shot"],
  like: ["add", "Also like this"],
  unlike: ["remove", "Not like this"],
  play: ["play_arrow", "Play this shot"],
  lab: ["visibility_off", "Hide it in the masking lab"],
  drop: ["close", "Take it out"],
};
/** @type {Record<string, string>} */
const ICONS = {
  search: "M10 4a6 6 0 1 0 3.7 10.7l4.8 4.8 1.4-1.4-4.8-4.8A6 6 0 0 0 10 4zm0 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
  add: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  remove: "M5 11h14v2H5z",
  play_arrow: "M8 5v14l11-7z",
  visibility_off: "M4 4l1.4-1.4 16 16L20 20l-3.3-3.3A11 11 0 0 1 12 18C7 18 3 14.5 1.5 12a13 13 0 0 1 4-4.5zM12 6c5 0 9 3.500 10.500 6a13 13 0 0 1-3.200 3.900l-2.900-2.900a4.500 4.500 0 0 0-5.600-5.600L8.800 6.400A10 10 0 0 1 12 6z",
  close: "M6.400 5 12 10.600 17.600 5 19 6.400 13.400 12l5.600 5.600-1.400 1.400L12 13.400 6.400 19 5 17.600 10.600 12 5 6.400z",
};

/** @param {string} name */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * @param {string} action
 * @param {Item} item
 * @param {Send} send
 */
function button(action, item, send) {
  const [symbol, words] = WORDS[action];
  const made = element("button", "action");
  made.title = words;
  made.setAttribute("aria-label", `${words}: ${item.name}, ${item.time}`);
  made.append(icon(symbol));
  made.addEventListener("click", (event) => {
    event.stopPropagation();
    send(action, item.row);
  });
  return made;
}

/**
 * @param {Item} item
 * @param {string[]} actions
 * @param {Send} send
 */
function frame(item, actions, send) {
  const made = element("div", "frame");
  const open = element("button", "open");
  const main = actions[0];
  open.style.background = item.colour;
  open.setAttribute("aria-label", `${main ? WORDS[main][1] : "Shot"}: ${item.name}, ${item.time}`);
  open.title = item.text || "";
  if (main) open.addEventListener("click", () => send(main, item.row));
  else open.disabled = true;
  if (item.picture) {
    const picture = element("img");
    picture.loading = "lazy";
    picture.alt = "";
    picture.src = item.picture;
    picture.addEventListener("error", () => picture.remove());
    open.append(picture);
  } else if (item.text && !item.quote?.length) open.append(element("span", "said", {}, item.text));
  made.append(open);
  if (item.note) made.append(element("span", "note", {}, item.note));
  if (item.score !== null && item.score !== undefined) {
    const score = element("span", "score", {}, item.score.toFixed(2).replace("-", "\u2212"));
    score.title = "Centred cosine to the query: 1 is the same, 0 is no more alike than any two shots";
    made.append(score);
  }
  const row = element("div", "actions");
  for (const action of actions.slice(1)) if (action !== "play" || item.play) row.append(button(action, item, send));
  made.append(row);
  return made;
}

/**
 * @param {Item} item
 * @param {string[]} actions
 * @param {Send} send
 */
function card(item, actions, send) {
  const made = element("figure", `card ${item.mark || ""}`);
  made.dataset.row = String(item.row);
  made.append(frame(item, actions, send));
  if (item.name) {
    const caption = element("figcaption");
    caption.append(element("span", "name", {}, item.name), element("span", "time", {}, item.time));
    made.append(caption);
  }
  if (item.quote?.length) {
    const [before, asked, after] = item.quote;
    made.append(element("p", "quote", {}, before, asked ? element("mark", "", {}, asked) : null, after));
  }
  if (item.remark) made.append(element("p", "remark", {}, item.remark));
  if (item.chips?.length) {
    const chips = element("div", "chips");
    for (const [name, value, same] of item.chips) {
      const chip = element("span", same ? "chip same" : "chip", {}, value);
      chip.title = same ? `${name}: ${value}, as the query` : `${name}: ${value}`;
      chips.append(chip);
    }
    made.append(chips);
  }
  return made;
}

/** @type {WeakMap<HTMLElement, number>} */
const numbers = new WeakMap(); // of gestures

/**
 * @typedef {object} Message
 * @property {string} key
 * @property {Item[]} items
 * @property {string[]} actions of WORDS
 * @property {string} size
 * @property {string} accent
 */

/** @param {{ parentElement: HTMLElement, data: Message, setTriggerValue: (name: string, value: object) => void }} component */
export default function ({ parentElement, data, setTriggerValue }) {
  /** @type {Send} */
  const send = (action, row) => {
    const number = (numbers.get(parentElement) || 0) + 1;
    numbers.set(parentElement, number);
    setTriggerValue("gesture", { frames: data.key, action, row, number });
  };
  const wall = element("div", `wall ${data.size}`);
  wall.style.setProperty("--accent", data.accent);
  wall.append(...data.items.map((item) => card(item, data.actions, send)));
  parentElement.querySelector(".wall")?.remove();
  parentElement.append(wall);
}
