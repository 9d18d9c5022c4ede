/* Numbered pictures, and keys. Everything that a catalog says is set as text, never as markup. */

const WRITING = "input, textarea, select, [contenteditable=true], [role=listbox], [role=combobox]";
const mounted = new WeakMap();

function card(shown, number, open, pick) {
  const button = document.createElement("button");
  button.className = "card";
  button.disabled = !open;
  button.onclick = () => pick(number);
  const picture = document.createElement("span");
  picture.className = "picture";
  picture.style.background = shown.colour;
  if (shown.mark) {
    picture.classList.add("marked");
    picture.style.setProperty("--mark", `var(--msm-${shown.mark})`);
  }
  if (shown.picture) {
    const image = document.createElement("img");
    image.src = shown.picture;
    image.alt = "";
    picture.append(image);
  }
  const key = document.createElement("kbd");
  key.textContent = number;
  picture.append(key);
  const said = [shown.text, ...(shown.badges ?? []).map((b) => b.word)].filter(Boolean);
  button.setAttribute("aria-label", [`Choice ${number}`, ...said].join(", "));
  const badges = document.createElement("span");
  badges.className = "badges";
  for (const { word, mark } of shown.badges ?? []) {
    const badge = document.createElement("b");
    badge.textContent = word;
    if (mark) badge.style.background = `var(--msm-${mark})`;
    badges.append(badge);
  }
  picture.append(badges);
  button.append(picture);
  if (shown.text) {
    const text = document.createElement("q");
    text.textContent = shown.text;
    button.append(text);
  }
  return button;
}

class Choices {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "choices";
    this.said = 0;
    parent.append(this.root);
    this.hear = (event) => this.pressed(event);
    document.addEventListener("keydown", this.hear, true); // before a button under the focus swallows it
  }

  show(data, send) {
    this.data = data;
    this.send = send;
    this.sent = false;
    const pick = (number) => this.answer(String(number));
    this.root.replaceChildren(...data.cards.map((shown, i) => card(shown, i + 1, data.open, pick)));
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    const at = event.composedPath()[0];
    if (at instanceof Element && at.closest(WRITING)) return;
    const { keys, cards, open } = this.data;
    const onButton = at instanceof Element && at.closest("button:not([role=radio]), a, [role=option], [role=gridcell]");
    if (event.key in keys && !(onButton && [" ", "Enter"].includes(event.key))) this.say(keys[event.key]);
    else if (open && /^[1-9]$/.test(event.key) && Number(event.key) <= cards.length) this.answer(event.key);
    else return;
    event.preventDefault();
  }

  answer(number) {
    if (this.sent) return; // one answer to one question
    this.sent = true;
    this.say(number);
  }

  say(answer) {
    this.send({ asked: this.data.asked, answer, number: ++this.said });
  }

  destroy() {
    document.removeEventListener("keydown", this.hear, true);
    this.root.remove();
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  let choices = mounted.get(parentElement);
  if (!choices) mounted.set(parentElement, (choices = new Choices(parentElement)));
  choices.show(data, (value) => setTriggerValue("answer", value));
  return () => {
    choices.destroy();
    mounted.delete(parentElement);
  };
}
