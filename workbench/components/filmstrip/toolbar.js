/* The brushes, what they hide of a shot, and how near one looks: a row of small buttons. */

const BRUSHES = [
  { name: "span", key: "1", label: "Shots", says: "click a shot or drag over several" },
  { name: "scene", key: "2", label: "Scene", says: "a click hides the whole scene" },
  { name: "nth", key: "3", label: "Every 3rd", says: "a click hides every 3rd shot of the film, a drag of the span; again for another number" },
  { name: "look", key: "4", label: "Look", says: "point at a shot without hiding it" },
  { name: "part", key: "5", label: "Part", says: "a click on a hidden shot hides another part of it: only its picture, its sound, its words, all of it" },
];
const STEPS = [3, 5, 10, 2];
const ordinal = (n) => `${n}${{ 2: "nd", 3: "rd" }[n] ?? "th"}`;

function makeToolbar(view, hands) {
  const bar = element("div", "bar", { role: "toolbar", "aria-label": "Filmstrip" });
  const brushes = element("div", "group", { role: "radiogroup", "aria-label": "Brush" });
  const parts = element("div", "group", { role: "radiogroup", "aria-label": "What is hidden of a shot" });
  const zoom = element("div", "group");
  const tell = element("span", "tell");
  bar.append(brushes, parts, tell, zoom);
  const made = new Map();

  function button(group, label, says, onClick, picture) {
    const one = element("button", "tool", { type: "button", title: says });
    if (picture) one.append(icon(picture));
    if (label) one.append(element("span", "", {}, label));
    else one.setAttribute("aria-label", says);
    one.addEventListener("click", onClick);
    group.append(one);
    return one;
  }

  function choice(group, key, ...rest) {
    const one = button(group, ...rest);
    one.setAttribute("role", "radio");
    made.set(key, one);
  }

  for (const { name, key, label, says } of BRUSHES)
    choice(brushes, name, label, `${says} (${key})`, () => hands.chooseBrush(name), name);
  button(zoom, "", "Smaller frames (−)", () => hands.zoom(1 / 1.4), "out");
  button(zoom, "", "The whole film (0)", () => hands.zoom(0), "whole");
  button(zoom, "", "Larger frames (+)", () => hands.zoom(1.4), "in");
  const help = button(zoom, "?", "Keys (?)", () => hands.help());
  help.setAttribute("aria-label", "Keys");

  function build() {
    parts.replaceChildren();
    const known = view.shots.modalities ?? [];
    parts.hidden = made.get("part").hidden = known.length < 2;
    if (parts.hidden) return;
    for (const name of ["", ...known])
      choice(parts, `of ${name}`, name ? partOf(name) : "all of it", name ? `hide only the ${partOf(name)} of the hidden shots (m)` : "hide whole shots (m)", () => hands.chooseModality(name));
  }

  function update() {
    for (const { name } of BRUSHES) mark(name, view.brush === name);
    const common = view.hidden.size ? commonLoss(view.hidden) : view.part ? [view.part] : [];
    for (const name of ["", ...(view.shots.modalities ?? [])]) mark(`of ${name}`, common !== null && String(common) === name);
    // Tab reaches one of a group, also where shots differ and none is marked.
    if (common === null && made.has("of ")) made.get("of ").tabIndex = 0;
    made.get("scene").disabled = !view.scenes.size;
    made.get("nth").querySelector("span").textContent = `Every ${ordinal(view.step)}`;
    const count = view.hidden.size;
    tell.textContent = `${grouped(count)} of ${grouped(view.times.count)} hidden`;
  }

  function mark(key, on) {
    const one = made.get(key);
    if (!one) return;
    one.setAttribute("aria-checked", String(on));
    one.tabIndex = on ? 0 : -1;
  }

  // Arrow keys within a group, as a radio group has it.
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const group = event.target.closest?.('[role="radiogroup"]');
    if (!step || !group) return;
    const all = [...group.querySelectorAll("button:not(:disabled)")];
    const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
    event.preventDefault();
    event.stopPropagation();
    next.click();
    next.focus();
  });

  return { bar, build, update };
}

const KEYS = [
  ["← → ↑ ↓, Home, End", "move from shot to shot; the film follows"],
  ["Space", "hide or reveal the shot"],
  ["Shift + ← →", "hide or reveal a span"],
  ["Enter", "look at the shot: the panels below speak of it"],
  ["N, B", "next and previous hidden shot"],
  ["1, 2, 3, 4, 5", "brush: shots, scene, every nth, look, part"],
  ["M", "what is hidden of the hidden shots: all of it, picture, sound, words"],
  ["5, then Space", "the same of one shot"],
  ["P", "play and pause"],
  ["V", "lift the veil from hidden shots, and lower it"],
  ["+, −, 0", "larger frames, smaller frames, the whole film"],
  ["Esc", "let go without hiding"],
];

function makeHelp(onClose) {
  const sheet = element("div", "help", { role: "dialog", "aria-label": "Keys of the filmstrip", tabindex: "-1", hidden: "" });
  const list = element("dl", "");
  for (const [keys, does] of KEYS) list.append(element("dt", "", {}, keys), element("dd", "", {}, does));
  const close = element("button", "tool", { type: "button" }, "Close");
  close.addEventListener("click", onClose);
  sheet.append(list, close);
  return sheet;
}
