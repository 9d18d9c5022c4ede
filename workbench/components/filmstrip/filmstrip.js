/* The filmstrip: a title's shots in time order, some of them hidden, with what a fill-in made of those.

One plain ES module that knows neither Streamlit nor Jupyter; a shell of a few lines mounts it.

  const strip = render(el, { shots, hidden, scores }, { onHidden });
  strip.update({ shots, hidden, scores });   // only what differs is painted
  strip.destroy();

shots    { key, name, colors: ["#rrggbb", …], starts: [seconds | null, …], scenes: [first shots],
           texts: [string | "", …] | null, thumbnails: url prefix | null }: constant for a title
hidden   [shot, …] ascending
scores   [cosine | null, …], one a hidden shot, or [] while there is no fill-in
onHidden(hidden) is called once a gesture, when the pointer or the key is let go

A listbox to a screen reader: every shot is an option and "selected" means hidden. Whatever comes
from the catalog is shown through textContent, so markup in it stays text. */

const COLOUR_CELL = { least: 13, most: 40, heights: [92, 64, 52, 42, 36, 32, 30, 28] };
const FRAME_CELL = { least: 60, most: 132, ratio: 9 / 16, band: 8 };
const KEY_PAUSE_MS = 250; // a held Shift + arrow is one gesture

export function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/* As few rows as leave a cell wide enough to hit; the cells share the width. */
export function layout(numShots, width, frames) {
  const { least, most } = frames ? FRAME_CELL : COLOUR_CELL;
  const rows = Math.max(1, Math.ceil((numShots * least) / Math.max(width, least)));
  const columns = Math.min(Math.ceil(numShots / rows), numShots);
  const cell = Math.min(most, width / columns);
  const { heights } = COLOUR_CELL;
  const height = frames ? cell * FRAME_CELL.ratio + FRAME_CELL.band : heights[Math.min(rows, heights.length) - 1];
  return { rows, columns, cell: Math.floor(cell * 100) / 100, height: Math.round(height) };
}

function element(tag, className, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function render(el, data, { onHidden = () => {} } = {}) {
  const root = element("div", "filmstrip");
  const list = element("div", "shots", { role: "listbox", "aria-multiselectable": "true" });
  const tip = element("div", "tip", { hidden: "", "aria-hidden": "true" });
  const spoken = element("div", "spoken", { role: "status", "aria-live": "polite" });
  root.append(list, tip, spoken);
  el.append(root);

  let shots = { key: null, colors: [] };
  let cells = [];
  let grid = { columns: 1 };
  let hidden = new Set();
  let score = new Map();
  let current = 0; // the one cell that Tab reaches
  let anchor = null; // where a Shift gesture started
  let gesture = null; // { from, to, hide, before } while a pointer or Shift + arrows draw a span
  let pause = 0;

  // ---- painting -------------------------------------------------------------------------------
  const isScene = (i) => scenes.has(i);
  let scenes = new Set();

  function describe(i) {
    const parts = [`Shot ${i}`];
    if (shots.starts[i] != null) parts.push(clock(shots.starts[i]));
    parts.push(hidden.has(i) ? "hidden" : "visible");
    if (score.has(i)) parts.push(`centred cosine ${score.get(i).toFixed(2)}`);
    if (isScene(i)) parts.push("a scene starts");
    return parts.join(", ");
  }

  function paint(i) {
    const cell = cells[i];
    const isHidden = hidden.has(i);
    cell.classList.toggle("hidden", isHidden);
    cell.setAttribute("aria-selected", String(isHidden));
    cell.setAttribute("aria-label", describe(i));
    const value = isHidden ? score.get(i) : undefined;
    cell.classList.toggle("scored", value !== undefined);
    if (value !== undefined) cell.style.setProperty("--score", `${Math.round(Math.max(0, value) * 100)}%`);
  }

  function paintSpan(from, to) {
    for (let i = Math.min(from, to); i <= Math.max(from, to); i++) paint(i);
  }

  function makeCell(i) {
    const cell = element("div", "shot", { role: "option", tabindex: i === current ? "0" : "-1" });
    cell.dataset.shot = i;
    cell.style.setProperty("--colour", shots.colors[i]);
    if (isScene(i)) cell.classList.add("scene");
    if (shots.thumbnails) {
      const frame = element("img", "frame", { alt: "", loading: "lazy", decoding: "async", draggable: "false" });
      frame.addEventListener("error", () => frame.remove()); // the fingerprint below shows instead
      frame.src = `${shots.thumbnails}${i}.webp`;
      cell.append(frame);
    }
    return cell;
  }

  function build() {
    const { columns, cell, height } = grid;
    const timed = shots.starts.some((s) => s != null);
    list.replaceChildren();
    list.style.setProperty("--cell", `${cell}px`);
    list.style.setProperty("--height", `${height}px`);
    list.setAttribute("aria-label", `Shots of ${shots.name}; selected means hidden`);
    cells = shots.colors.map((_, i) => makeCell(i));
    for (let start = 0; start < cells.length; start += columns) {
      const row = element("div", "row", { role: "presentation" });
      const label = element("span", "time", { "aria-hidden": "true" });
      label.textContent = timed && shots.starts[start] != null ? clock(shots.starts[start]) : String(start);
      row.append(label, ...cells.slice(start, start + columns));
      list.append(row);
    }
    cells.forEach((_, i) => paint(i));
  }

  function fit() {
    const gutter = 52;
    const width = root.clientWidth - gutter;
    if (width <= 0 || !shots.colors.length) return;
    const next = layout(shots.colors.length, width, Boolean(shots.thumbnails));
    const same = next.columns === grid.columns && cells.length === shots.colors.length;
    grid = next;
    if (!same) return build();
    list.style.setProperty("--cell", `${grid.cell}px`);
    list.style.setProperty("--height", `${grid.height}px`);
  }

  // ---- gestures -------------------------------------------------------------------------------
  const cellAt = (x, y) => el.getRootNode().elementFromPoint?.(x, y)?.closest(".shot");
  const inside = (i) => Math.max(0, Math.min(cells.length - 1, i));

  function drawSpan(to) {
    const { from, to: last, hide, before } = gesture;
    gesture.to = to;
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    hidden = new Set(before);
    for (let i = low; i <= high; i++) hide ? hidden.add(i) : hidden.delete(i);
    paintSpan(Math.min(low, last), Math.max(high, last));
    root.classList.add("stale"); // the scores shown belong to the previous choice
  }

  function begin(from, hide) {
    gesture = { from, to: from, hide, before: new Set(hidden) };
  }

  function commit() {
    window.clearTimeout(pause);
    if (!gesture) return;
    const { before } = gesture;
    gesture = null;
    const changed = before.size !== hidden.size || [...hidden].some((i) => !before.has(i));
    if (!changed) return void root.classList.remove("stale");
    say();
    onHidden([...hidden].sort((a, b) => a - b));
  }

  function cancel() {
    if (!gesture) return;
    hidden = gesture.before;
    paintSpan(gesture.from, gesture.to);
    gesture = null;
    root.classList.remove("stale");
  }

  function say() {
    spoken.textContent = `${hidden.size} of ${cells.length} shots hidden`;
  }

  function focusOn(i, { scroll = true } = {}) {
    cells[current]?.setAttribute("tabindex", "-1");
    current = inside(i);
    cells[current].setAttribute("tabindex", "0");
    cells[current].focus({ preventScroll: !scroll });
  }

  function pressed(event) {
    const cell = event.target.closest?.(".shot");
    if (!cell || event.button !== 0) return;
    event.preventDefault(); // no text selection, no native drag of a frame
    commit();
    const at = Number(cell.dataset.shot);
    if (event.shiftKey && anchor !== null) {
      begin(anchor, hidden.has(anchor));
    } else {
      begin(at, !hidden.has(at));
      anchor = at;
    }
    drawSpan(at);
    focusOn(at, { scroll: false });
    hideTip();
    list.setPointerCapture?.(event.pointerId);
  }

  function moved(event) {
    const cell = cellAt(event.clientX, event.clientY);
    if (!gesture) return cell ? showTip(cell) : hideTip();
    if (cell && Number(cell.dataset.shot) !== gesture.to) drawSpan(Number(cell.dataset.shot));
  }

  function keyed(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns };
    const jumps = { Home: 0, End: cells.length - 1 };
    if (event.key === "Escape") return cancel(), hideTip();
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      commit();
      anchor = current;
      begin(current, !hidden.has(current));
      drawSpan(current);
      return commit();
    }
    if (!(event.key in steps) && !(event.key in jumps)) return;
    event.preventDefault();
    const to = inside(event.key in jumps ? jumps[event.key] : current + steps[event.key]);
    if (event.shiftKey) {
      if (!gesture) begin((anchor = current), !hidden.has(current));
      drawSpan(to);
      window.clearTimeout(pause);
      pause = window.setTimeout(commit, KEY_PAUSE_MS);
    }
    focusOn(to);
    showTip(cells[to]);
  }

  // ---- the tooltip ----------------------------------------------------------------------------
  function showTip(cell) {
    const i = Number(cell.dataset.shot);
    const head = element("strong", "");
    head.textContent = describe(i);
    tip.replaceChildren(head);
    const text = shots.texts?.[i];
    if (text) {
      const line = element("p", "");
      line.textContent = text;
      tip.append(line);
    }
    tip.hidden = false;
    const box = root.getBoundingClientRect();
    const at = cell.getBoundingClientRect();
    const left = at.left - box.left + at.width / 2 - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(left, box.width - tip.offsetWidth))}px`;
    tip.style.top = `${at.bottom - box.top + 6}px`;
  }

  function hideTip() {
    tip.hidden = true;
  }

  list.addEventListener("pointerdown", pressed);
  list.addEventListener("pointermove", moved);
  list.addEventListener("pointerup", commit);
  list.addEventListener("pointercancel", cancel);
  list.addEventListener("pointerleave", () => gesture || hideTip());
  list.addEventListener("keydown", keyed);
  list.addEventListener("keyup", (event) => event.key === "Shift" && commit());
  list.addEventListener("focusout", hideTip);
  const resized = new ResizeObserver(fit);
  resized.observe(root);

  // ---- from outside ---------------------------------------------------------------------------
  function update({ shots: nextShots, hidden: nextHidden, scores = [] }) {
    if (nextShots && nextShots.key !== shots.key) {
      shots = nextShots;
      scenes = new Set(shots.scenes);
      cells = [];
      current = inside(Math.min(current, shots.colors.length - 1));
      anchor = gesture = null;
      hidden = new Set();
      score = new Map();
      root.hidden = false;
      fit();
    }
    const before = hidden;
    const scoreBefore = score;
    hidden = new Set(nextHidden);
    score = new Map(nextHidden.map((shot, k) => [shot, scores[k]]).filter(([, value]) => value != null));
    for (let i = 0; i < cells.length; i++) {
      if (before.has(i) !== hidden.has(i) || scoreBefore.get(i) !== score.get(i)) paint(i);
    }
    root.classList.remove("stale");
    root.dataset.hidden = hidden.size; // what a test or a benchmark waits for
    if (gesture) drawOver(gesture);
  }

  /* An answer came while the next span is being drawn: the span stays under the pointer. */
  function drawOver(unfinished) {
    gesture = { ...unfinished, before: new Set(hidden) };
    drawSpan(unfinished.to);
  }

  function destroy() {
    window.clearTimeout(pause);
    resized.disconnect();
    root.remove();
  }

  update(data);
  return { update, destroy };
}
