/* Numbered pictures, and keys. Everything that a catalog says is set as text, never as markup. */

import { element } from "../elements.js";

/**
 * @typedef {object} Card
 * @property {string | null} picture an address or a data URI
 * @property {string} colour
 * @property {string} [text]
 * @property {string} [mark] a colour of the palette, once it is answered
 * @property {{ word: string, mark?: string }[]} [badges]
 */

/**
 * @typedef {object} Message
 * @property {Card[]} cards
 * @property {string} question names the question
 * @property {Record<string, string>} keys what a key means
 * @property {boolean} open whether the cards can be chosen
 */

/** @typedef {{ question: string, answer: string, number: number }} Answer `number` counts answers */

const TYPING = "input, textarea, select, [contenteditable=true], [role=listbox], [role=combobox]";

/**
 * @param {Card} shown
 * @param {number} number
 * @param {boolean} open
 * @param {(number: number) => void} pick
 */
function makeCard(shown, number, open, pick) {
  const said = [shown.text, ...(shown.badges ?? []).map((b) => b.word)].filter(Boolean);
  const button = element("button", "card", { "aria-label": [`Choice ${number}`, ...said].join(", ") }, makePicture(shown, number));
  button.disabled = !open;
  button.addEventListener("click", () => pick(number));
  if (shown.text) button.append(element("q", "", {}, shown.text));
  return button;
}

/**
 * @param {Card} shown
 * @param {number} number
 */
function makePicture({ colour, mark, picture, badges = [] }, number) {
  const box = element("span", "picture");
  box.style.background = colour;
  if (mark) {
    box.classList.add("marked");
    box.style.setProperty("--mark", `var(--msm-${mark})`);
  }
  if (picture) box.append(element("img", "", { src: picture, alt: "" }));
  box.append(element("kbd", "", {}, String(number)), element("span", "badges", {}, ...badges.map(makeBadge)));
  return box;
}

/** @param {{ word: string, mark?: string }} badge */
function makeBadge({ word, mark }) {
  const made = element("b", "", {}, word);
  if (mark) made.style.background = `var(--msm-${mark})`;
  return made;
}

class Choices {
  /** @type {Message} */
  message = { cards: [], question: "", keys: {}, open: false };
  /** @type {(answer: Answer) => void} */
  send = () => {};
  answered = false;
  count = 0;

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = element("div", "choices");
    parent.append(this.root);
    this.listener = (/** @type {KeyboardEvent} */ event) => this.pressed(event);
    document.addEventListener("keydown", this.listener, true); // before a button under the focus swallows it
  }

  /**
   * @param {Message} message
   * @param {(answer: Answer) => void} send
   */
  show(message, send) {
    this.message = message;
    this.send = send;
    this.answered = false;
    const pick = (/** @type {number} */ number) => this.answer(String(number));
    this.root.replaceChildren(...message.cards.map((shown, i) => makeCard(shown, i + 1, message.open, pick)));
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    const at = event.composedPath()[0];
    if (at instanceof Element && at.closest(`${TYPING}, .filmstrip`)) return; // the filmstrip has keys of its own
    const { keys, cards, open } = this.message;
    const onButton = at instanceof Element && at.closest("button:not([role=radio]), a, [role=option], [role=gridcell]");
    if (event.key in keys && !(onButton && [" ", "Enter"].includes(event.key))) this.submit(keys[event.key]);
    else if (open && /^[1-9]$/.test(event.key) && Number(event.key) <= cards.length) this.answer(event.key);
    else return;
    event.preventDefault();
  }

  /** @param {string} number */
  answer(number) {
    if (this.answered) return; // one answer to one question
    this.answered = true;
    this.submit(number);
  }

  /** @param {string} answer */
  submit(answer) {
    this.send({ question: this.message.question, answer, number: ++this.count });
  }

  destroy() {
    document.removeEventListener("keydown", this.listener, true);
    this.root.remove();
  }
}

/** @type {WeakMap<HTMLElement, Choices>} */
const mounted = new WeakMap();

/** @param {{ parentElement: HTMLElement, data: Message, setTriggerValue: (name: string, value: Answer) => void }} component */
export default function ({ parentElement, data, setTriggerValue }) {
  let choices = mounted.get(parentElement);
  if (!choices) mounted.set(parentElement, (choices = new Choices(parentElement)));
  choices.show(data, (value) => setTriggerValue("answer", value));
  return () => {
    choices.destroy();
    mounted.delete(parentElement);
  };
}
