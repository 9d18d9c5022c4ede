/* The frames, row by row, with what is hidden and how near the model came: the part that a hand draws on.

A listbox to a screen reader: every shot is an option and "selected" means hidden. Whatever comes from the catalog is
shown through textContent, so markup in it stays text. Rows out of sight are laid out but not painted (see .row). */

const COLOUR_CELL = { least: 13, most: 46, ratio: 1.1, band: 0, extra: 9 };
const FRAME_CELL = { least: 13, most: 320, ratio: 9 / 16, band: 7, extra: 9, fine: 46 };
const GUTTER = 48;
const KEY_PAUSE_MS = 250; // a held Shift + arrow is one gesture
const LOOK_PAUSE_MS = 350; // and arrows under the brush `look` tell where they stopped
const REST_MS = 100; // a hand that stops for so long while it draws may be about to let go

const FEW = 24; // shots, of which each may take more room

/* The largest cells that show the whole film in a box, but not so small that a frame says nothing. */
function wholeFilm(count, width, height, kind) {
  for (let columns = 1; columns <= count; columns++) {
    const cell = Math.min(width / columns, kind.most === 320 ? 132 : count <= FEW ? 2 * kind.most : kind.most);
    const rows = Math.ceil(count / columns);
    if (rows * (cell * kind.ratio + kind.band + kind.extra) <= height) return cell;
  }
  return kind.least;
}

function layout(count, width, height, frames, zoom) {
  const kind = frames ? FRAME_CELL : COLOUR_CELL;
  const whole = wholeFilm(count, width, height, kind);
  const start = frames ? Math.max(whole, Math.min(kind.fine, width)) : whole;
  const wanted = Math.max(Math.min(kind.least, width), Math.min(start * zoom, Math.max(kind.most, whole), width));
  const columns = Math.max(1, Math.min(count, Math.ceil(width / wanted - 0.01)));
  const cell = Math.min(width / columns, wanted * 1.25);
  return { columns, cell: Math.floor(cell * 100) / 100, height: Math.round(cell * kind.ratio + kind.band), whole: whole / start };
}

function makeStrip(root, view, hands) {
  const list = element("div", "shots", { role: "listbox", "aria-multiselectable": "true" });
  const tip = element("div", "tip", { hidden: "", "aria-hidden": "true" });
  let cells = [];
  let grid = { columns: 1, whole: 1 };
  let zoom = 1;
  let current = 0; // the one cell that Tab reaches
  let anchor = null; // where a Shift gesture started
  let gesture = null; // { from, to, hide, before, painted } while a pointer or Shift + arrows draw
  let pause = 0;
  let rest = 0;
  let nowCell = null;

  // ---- painting -------------------------------------------------------------------------------
  function describe(i) {
    const parts = [`Shot ${i}`];
    if (view.times.timed) parts.push(clock(view.times.start(i)));
    const lost = view.hidden.get(i);
    parts.push(lost ? `${lossSays(lost)} hidden`.trim() : "visible");
    const score = view.score.get(i);
    if (view.hidden.has(i) && score) parts.push(`${view.measure.axis.split(" to ")[0]} ${signed(score.model)}`);
    if (view.scenes.has(i)) parts.push("a scene starts");
    return parts.join(", ");
  }

  function paint(i) {
    const cell = cells[i];
    if (!cell) return;
    const hidden = view.hidden.has(i);
    const score = hidden ? view.score.get(i) : undefined;
    cell.classList.toggle("hidden", hidden);
    cell.classList.toggle("scored", score !== undefined);
    cell.classList.toggle("looked", view.look === i);
    cell.classList.toggle("heard", hidden && !pictureHidden(i));
    paintLoss(cell, view.hidden.get(i));
    cell.setAttribute("aria-selected", String(hidden));
    cell.setAttribute("aria-label", describe(i));
    if (!score) return;
    cell.style.setProperty("--score", share(score.model));
    cell.style.setProperty("--baseline", share(score.baseline ?? 0));
  }

  /* A sign of what a shot loses where it is not all of it. */
  function paintLoss(cell, lost) {
    const sign = cell.querySelector(".lost");
    if (!lost?.length) return void sign?.remove();
    if (sign?.dataset.of === String(lost)) return;
    sign?.remove();
    const made = element("span", "lost", { "aria-hidden": "true", "data-of": lost });
    for (const name of lost) made.append(partOf(name) in ICONS ? icon(partOf(name)) : element("b", "", {}, name.slice(0, 1)));
    cell.append(made);
  }

  const pictureHidden = (i) => loses(view.hidden.get(i), "picture");
  const share = (value) => `${Math.round(Math.max(0, Math.min(1, value)) * 100)}%`;

  function makeCell(i) {
    const cell = element("div", "shot", { role: "option", tabindex: i === current ? "0" : "-1" });
    cell.dataset.shot = i;
    cell.style.setProperty("--colour", view.shots.colors[i]);
    if (view.scenes.has(i)) cell.classList.add("scene");
    const address = view.picture(i);
    if (address) {
      const frame = element("img", "frame", { alt: "", loading: "lazy", decoding: "async", draggable: "false" });
      frame.addEventListener("error", () => frame.remove()); // the fingerprint below shows instead
      frame.src = address;
      cell.append(frame);
    }
    return cell;
  }

  function build() {
    const { columns } = grid;
    const focused = cells.includes(root.getRootNode().activeElement); // moving an element takes its focus away
    list.setAttribute("aria-label", `Shots of ${view.shots.name}; selected means hidden`);
    cells = cells.length === view.times.count ? cells : view.shots.colors.map((_, i) => makeCell(i));
    const rows = [];
    for (let start = 0; start < cells.length; start += columns) {
      const row = element("div", "row", { role: "presentation" });
      const label = element("span", "time", { "aria-hidden": "true" });
      label.textContent = view.times.timed ? clock(view.times.start(start)) : String(start);
      row.append(label, ...cells.slice(start, start + columns));
      rows.push(row);
    }
    list.replaceChildren(...rows);
    list.classList.toggle("crowded", grid.cell < 26);
    if (focused) cells[current]?.focus({ preventScroll: true });
  }

  const frames = () => Boolean(view.shots.thumbnails || view.shots.pictures);

  function fit() {
    const width = list.clientWidth - GUTTER;
    if (width <= 0 || !view.times.count) return;
    const before = grid;
    grid = layout(view.times.count, width, view.height, frames(), zoom);
    list.style.setProperty("--cell", `${grid.cell}px`);
    list.style.setProperty("--height", `${grid.height}px`);
    if (before.columns !== grid.columns || cells.length !== view.times.count) {
      build();
      if (zoom !== 1 && cells[current]) cells[current].scrollIntoView({ block: "nearest" });
    }
    tellWindow();
  }

  function open() {
    cells = [];
    nowCell = null;
    current = inside(current);
    anchor = gesture = null;
    zoom = 1;
    grid = { columns: 0, whole: 1 };
    fit();
    cells.forEach((_, i) => paint(i));
  }

  function zoomBy(factor) {
    zoom = factor ? Math.max(grid.whole, Math.min(zoom * factor, 12)) : zoom === grid.whole ? 1 : grid.whole;
    fit();
  }

  /* The stretch of film in view, for the timeline's ruler. */
  function tellWindow() {
    if (!cells.length) return;
    const step = list.scrollHeight / Math.ceil(cells.length / grid.columns);
    const first = Math.floor((list.scrollTop + 8) / step) * grid.columns;
    const last = Math.ceil((list.scrollTop + list.clientHeight - 8) / step) * grid.columns;
    hands.onWindow(inside(first), inside(last - 1));
  }

  // ---- gestures -------------------------------------------------------------------------------
  const cellAt = (x, y) => root.getRootNode().elementFromPoint?.(x, y)?.closest?.(".shot");
  const inside = (i) => Math.max(0, Math.min(view.times.count - 1, i));

  /* What a brush hides between the shot where it came down and the one where it is. */
  function under(from, to) {
    let [low, high] = [Math.min(from, to), Math.max(from, to)];
    if (view.brush === "scene" && view.scenes.size) {
      while (low > 0 && !view.scenes.has(low)) low--;
      while (high + 1 < view.times.count && !view.scenes.has(high + 1)) high++;
    }
    const all = view.brush === "nth" && from === to;
    if (all) [low, high] = [0, view.times.count - 1];
    const shots = [];
    for (let i = low; i <= high; i++) if (view.brush !== "nth" || (i - from) % view.step === 0) shots.push(i);
    return shots;
  }

  function draw(to) {
    const { from, hide, before, painted, lost, repaints } = gesture;
    gesture.to = to;
    gesture.painted = gesture.whole ? wholly(from, to) : under(from, to);
    const hidden = new Map(before);
    for (const i of gesture.painted) {
      if (!hide) hidden.delete(i);
      else if (repaints || !hidden.has(i)) hidden.set(i, lost);
    }
    view.hidden = hidden;
    for (const i of new Set([...painted, ...gesture.painted])) paint(i);
    root.classList.add("stale"); // the scores shown belong to the previous choice
  }

  function wholly(from, to) {
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    return Array.from({ length: high - low + 1 }, (_, k) => low + k);
  }

  /* Under the brush `part` a hidden shot stays hidden and loses the next part, and so do the others on the way. */
  function begin(from, hide, whole = false) {
    const repaints = view.brush === "part" && view.hidden.has(from);
    const lost = repaints ? partAfter(view.hidden.get(from)) : view.part;
    gesture = { from, to: from, hide: hide || repaints, whole, lost: lost ? [lost] : [], repaints, before: new Map(view.hidden), painted: [] };
  }

  function partAfter(lost) {
    const all = ["", ...view.shots.modalities];
    return all[(all.indexOf(lost[0] ?? "") + 1) % all.length];
  }

  function commit() {
    window.clearTimeout(pause);
    window.clearTimeout(rest);
    if (!gesture) return;
    const { before } = gesture;
    gesture = null;
    const changed = before.size !== view.hidden.size || [...view.hidden].some(([i, lost]) => String(before.get(i)) !== String(lost));
    if (!changed) return void root.classList.remove("stale");
    hands.onHidden();
  }

  function cancel() {
    window.clearTimeout(rest);
    if (!gesture) return;
    const { before, painted } = gesture;
    view.hidden = before;
    gesture = null;
    painted.forEach(paint);
    root.classList.remove("stale");
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
    focusOn(at, { scroll: false });
    hideTip();
    hands.onArrive(at);
    if (view.brush === "look") return hands.onLook(at);
    if (event.shiftKey && anchor !== null) begin(anchor, view.hidden.has(anchor), true);
    else {
      begin(at, !view.hidden.has(at));
      anchor = at;
    }
    draw(at);
    hands.onDraft();
    list.setPointerCapture?.(event.pointerId);
  }

  function movedOver(event) {
    const cell = cellAt(event.clientX, event.clientY);
    if (!gesture) return cell ? showTip(Number(cell.dataset.shot), cell) : hideTip();
    if (!cell || Number(cell.dataset.shot) === gesture.to) return;
    draw(Number(cell.dataset.shot));
    window.clearTimeout(rest);
    rest = window.setTimeout(hands.onDraft, REST_MS);
  }

  function toggle() {
    commit();
    anchor = current;
    begin(current, !view.hidden.has(current), view.brush === "look");
    draw(current);
    commit();
  }

  function neighbourHidden(way) {
    for (let i = current + way; i >= 0 && i < view.times.count; i += way) if (view.hidden.has(i)) return i;
    return null;
  }

  /* True where the key was one of ours. */
  function keyed(event) {
    const { columns } = grid;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -5 * columns, PageDown: 5 * columns };
    const jumps = { Home: 0, End: view.times.count - 1, n: neighbourHidden(1), b: neighbourHidden(-1) };
    if (event.key === "Escape") return cancel(), hideTip(), true;
    if (event.key === " ") return toggle(), true;
    if (event.key === "Enter") return hands.onLook(current), true;
    if (!(event.key in steps) && !(event.key in jumps)) return false;
    const to = event.key in jumps ? (jumps[event.key] ?? current) : inside(current + steps[event.key]);
    if (event.shiftKey && event.key in steps) {
      if (!gesture) begin((anchor = current), !view.hidden.has(current), true);
      draw(to);
      window.clearTimeout(pause);
      pause = window.setTimeout(commit, KEY_PAUSE_MS);
    } else if (view.brush === "look") {
      window.clearTimeout(pause);
      pause = window.setTimeout(() => hands.onLook(to), LOOK_PAUSE_MS);
    }
    focusOn(to);
    showTip(to, cells[to]);
    hands.onArrive(to);
    return true;
  }

  // ---- the tooltip ----------------------------------------------------------------------------
  function showTip(i, anchor) {
    const head = element("strong", "", {}, describe(i));
    tip.replaceChildren(head);
    const lost = view.hidden.get(i);
    const seen = !lost || !pictureHidden(i);
    const address = seen && grid.cell < 150 && view.picture(i);
    if (address) tip.prepend(element("img", "", { alt: "", src: address }));
    const score = view.hidden.has(i) && view.score.get(i);
    if (score?.baseline != null) tip.append(element("p", "", {}, `${view.measure.baseline}: ${signed(score.baseline)}`));
    const text = view.shots.texts?.[i];
    if (text && !(lost && loses(lost, "words"))) tip.append(element("p", "", {}, text));
    tip.hidden = false;
    const frame = root.getBoundingClientRect();
    const at = anchor.getBoundingClientRect();
    const left = at.left - frame.left + at.width / 2 - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(left, frame.width - tip.offsetWidth))}px`;
    tip.style.top = `${at.bottom - frame.top + 6}px`;
  }

  function hideTip() {
    tip.hidden = true;
  }

  list.addEventListener("pointerdown", pressed);
  list.addEventListener("pointermove", movedOver);
  list.addEventListener("pointerup", commit);
  list.addEventListener("pointercancel", cancel);
  list.addEventListener("pointerleave", () => gesture || hideTip());
  list.addEventListener("keyup", (event) => event.key === "Shift" && commit());
  list.addEventListener("focusout", hideTip);
  list.addEventListener("scroll", tellWindow, { passive: true });
  list.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    },
    { passive: false },
  );

  // ---- from outside ---------------------------------------------------------------------------
  function update(before) {
    for (let i = 0; i < cells.length; i++) if (before(i)) paint(i);
    root.classList.remove("stale");
    if (!gesture) return;
    // An answer came while the next span is being drawn: the span stays under the pointer.
    gesture.before = new Map(view.hidden);
    draw(gesture.to);
  }

  /* The shot that the film is in, and how much of it has passed. */
  function standAt(i, passed) {
    const cell = cells[i];
    if (cell !== nowCell) {
      nowCell?.classList.remove("now");
      cell?.classList.add("now");
      nowCell = cell;
      if (cell && hands.playing()) keepInSight(cell);
    }
    cell?.style.setProperty("--passed", passed.toFixed(3));
  }

  function keepInSight(cell) {
    const row = cell.parentElement;
    const top = row.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - 8;
  }

  function pan(i) {
    const row = cells[inside(i)]?.parentElement;
    if (row) list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2 + row.offsetHeight / 2;
  }

  return { list, tip, open, fit, update, repaint: () => cells.forEach((_, i) => paint(i)), keyed, standAt, pan, zoomBy, showTip, hideTip, cellOf: (i) => cells[i], stop: () => [pause, rest].forEach((timer) => window.clearTimeout(timer)) };
}
