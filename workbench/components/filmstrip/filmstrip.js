/* The filmstrip: a title's shots in time order, some of them hidden, what a fill-in made of those, and the film itself.

It knows neither Streamlit nor Jupyter; a shell of a few lines mounts it. `State` in types.d.ts is what it shows, `Handlers`
what it calls.

  const strip = render(el, { shots, hidden, answer }, { onGesture });
  strip.update({ shots, hidden, answer });   // only what differs is painted
  strip.destroy(); */

import { element } from "../elements.js";
import { BRUSHES, STEPS } from "./brushes.js";
import { makeHelp } from "./help.js";
import { lossesOf, modalityOf, partOf, sameLoss } from "./losses.js";
import { makePlayer } from "./player.js";
import { makeStrip } from "./strip.js";
import { makeTimeline } from "./timeline.js";
import { timesOf } from "./times.js";
import { makeToolbar } from "./toolbar.js";

/** @import { Brush, Draft, Handlers, Measure, Score, Shots, State, StripView, View } from "./types.js" */

const HEIGHT = 372; // of the frames, in pixels
/** @type {Measure} */
const NO_MEASURE = { key: "", label: "", axis: "", baseline: "", model: [], best: [] };
/** @type {Shots} */
const NO_SHOTS = { key: null, name: "", colors: [], starts: [], scenes: [], texts: null, thumbnails: null, media: null };

/** @returns {View} */
function emptyView() {
  return {
    shots: NO_SHOTS,
    times: timesOf(NO_SHOTS),
    scenes: new Set(),
    notes: new Map(),
    hidden: new Map(),
    part: "",
    measures: [],
    measure: NO_MEASURE,
    score: new Map(),
    scored: [],
    answered: [],
    curve: null,
    arcs: null,
    look: null,
    now: 0,
    brush: "span",
    step: STEPS[0],
    height: HEIGHT,
    picture(i) {
      const { pictures, thumbnails } = this.shots;
      return pictures?.[i] ?? (thumbnails ? `${thumbnails}${i}.webp` : null);
    },
  };
}

/**
 * @param {HTMLElement} el
 * @param {State} data
 * @param {Handlers} [handlers]
 */
export function render(el, data, { onGesture = () => {}, onDraft = () => {}, onView = () => {} } = {}) {
  const root = element("div", "filmstrip");
  const spoken = element("div", "spoken", { role: "status", "aria-live": "polite" });
  const view = emptyView();

  /** @returns {Draft} */
  const draft = () => ({ hidden: [...view.hidden.keys()].sort((a, b) => a - b), modality: modalityOf(view.hidden, view.part) });
  const commit = (/** @type {number | null} */ look = null) => onGesture({ ...draft(), look });
  const announce = (/** @type {string} */ text) => void (spoken.textContent = text);

  const strip = makeStrip(root, view, {
    onHidden() {
      commit(); // first, so that the answer is on its way while the rest is painted
      announce(`${view.hidden.size} of ${view.times.count} shots hidden`);
      toolbar.update();
      player.update();
    },
    onDraft: () => onDraft(draft()),
    onLook(shot) {
      announce(`Looking at shot ${shot}`);
      commit(shot);
    },
    onZoom: () => tellView(),
    onArrive: (shot) => player.playing || player.seek(view.times.start(shot)),
    onWindow: (first, last) => timeline.showWindow(view.times.start(first), view.times.end(last)),
    playing: () => player.playing,
  });
  const player = makePlayer(view, (now, shot) => {
    view.now = now;
    timeline.moveTo(now);
    strip.standAt(shot, (now - view.times.start(shot)) / (view.times.end(shot) - view.times.start(shot)));
  });
  const timeline = makeTimeline(view, {
    seek: (time) => player.seek(time),
    pan: (time) => strip.pan(view.times.at(time)),
    point: (shot) => (shot == null ? strip.hideTip() : strip.showTip(shot, timeline.pointer)),
    chooseMeasure(key) {
      showMeasure(key);
      tellView();
    },
  });

  let wanted = ""; // the measure that somebody chose, also while nothing is hidden and there is none
  let heard = "{}"; // the view that was told from outside last

  /** @param {string} key */
  function showMeasure(key) {
    wanted = key;
    choose(key);
    timeline.build();
    timeline.draw();
    strip.update(() => true);
    player.update();
  }

  /** @param {number} factor */
  function zoomBy(factor) {
    strip.zoomBy(factor);
    tellView();
  }

  function tellView() {
    const first = view.measures[0]?.key;
    const zoom = strip.zoom();
    onView({ ...(wanted && wanted !== first ? { measure: wanted } : {}), ...(zoom === 1 ? {} : { zoom: String(Number(zoom.toFixed(3))) }) });
  }

  /**
   * Take up a view from outside where it is another one than before: a link, a reload, Back.
   * @param {StripView} look
   */
  function takeView(look) {
    if (JSON.stringify(look) === heard) return;
    heard = JSON.stringify(look);
    const { measure = "", zoom = "1" } = look;
    if (measure !== wanted) showMeasure(measure || (view.measures[0]?.key ?? ""));
    if (Number(zoom) > 0 && Math.abs(Number(zoom) - strip.zoom()) > 0.002) strip.zoomTo(Number(zoom));
  }

  /** @param {Brush} name */
  function chooseBrush(name) {
    if (name === "nth" && view.brush === "nth") view.step = STEPS[(STEPS.indexOf(view.step) + 1) % STEPS.length];
    if (name === "scene" && !view.scenes.size) return announce("This title has no scene marks");
    view.brush = name;
    root.dataset.brush = name;
    toolbar.update();
    announce(`Brush: ${BRUSHES.find((b) => b.name === name)?.says}`);
  }

  /** @param {string} name */
  function chooseModality(name) {
    if (name === view.part && modalityOf(view.hidden, view.part) === name) return;
    view.part = name;
    view.hidden = lossesOf([...view.hidden.keys()], name);
    root.classList.add("stale");
    strip.repaint();
    toolbar.update();
    player.update();
    announce(name ? `Only the ${partOf(name)} is hidden` : "Whole shots are hidden");
    commit();
  }

  const toolbar = makeToolbar(view, {
    chooseBrush,
    chooseModality,
    zoom: zoomBy,
    help: () => showHelp(Boolean(help.hidden)),
  });
  const help = makeHelp(() => showHelp(false));
  root.append(toolbar.bar, element("div", "stage", {}, player.box, strip.list), timeline.box, strip.tip, help, spoken);
  el.append(root);

  /** @param {boolean} open */
  function showHelp(open) {
    help.hidden = !open;
    if (open) help.focus();
    else strip.focus();
  }

  function nextModality() {
    const all = ["", ...(view.shots.modalities ?? [])];
    if (all.length > 2) chooseModality(all[(all.indexOf(view.part) + 1) % all.length]);
  }

  /** @type {Record<string, () => void>} */
  const keys = {
    "?": () => showHelp(Boolean(help.hidden)),
    p: player.toggle,
    v: player.lift,
    "+": () => zoomBy(1.4),
    "=": () => zoomBy(1.4),
    "-": () => zoomBy(1 / 1.4),
    0: () => zoomBy(0),
    m: nextModality,
  };
  for (const { name, key } of BRUSHES) keys[key] = () => chooseBrush(name);

  /**
   * True where the key is one of ours.
   * @param {KeyboardEvent} event
   */
  function handled(event) {
    if (event.key === "Escape" && !help.hidden) return showHelp(false), true;
    const onShots = event.target instanceof Element && event.target.closest(".shots");
    if (onShots && strip.keyed(event)) return true;
    keys[event.key]?.();
    return event.key in keys;
  }

  /** @param {KeyboardEvent} event */
  function keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !handled(event)) return;
    event.preventDefault();
    event.stopPropagation(); // the page has single keys of its own
  }
  root.addEventListener("keydown", keyed);

  const resized = new ResizeObserver(() => {
    timeline.fit();
    strip.fit();
  });
  resized.observe(root);

  // ---- from outside ---------------------------------------------------------------------------
  /**
   * Take up one of the answer's measures: the one shown before, where there still is such a one.
   * @param {string} key
   */
  function choose(key) {
    view.measure = view.measures.find((m) => m.key === key) ?? view.measures[0] ?? NO_MEASURE;
    const { model, best } = view.measure;
    view.scored = view.answered.flatMap((shot, k) => {
      const score = model[k];
      return score == null ? [] : [{ shot, model: score, baseline: best[k] }];
    });
    view.score = new Map(view.scored.map((s) => [s.shot, s]));
  }

  /** @param {Shots} shots */
  function openTitle(shots) {
    view.shots = shots;
    view.times = timesOf(shots);
    view.scenes = new Set(shots.scenes);
    if (view.brush === "scene" && !view.scenes.size) view.brush = "span";
    root.dataset.brush = view.brush;
    toolbar.build();
    player.build();
    strip.open();
    player.update(true);
    root.classList.remove("stale");
  }

  /**
   * Whether a shot looks otherwise than before.
   * @param {Pick<View, "hidden" | "score" | "look" | "notes">} before
   * @param {number} i
   */
  function differs(before, i) {
    if (!sameLoss(before.hidden.get(i), view.hidden.get(i))) return true;
    if (!sameScore(before.score.get(i), view.score.get(i))) return true;
    if (before.notes.has(i) !== view.notes.has(i)) return true;
    return before.look !== view.look && (i === before.look || i === view.look);
  }

  /** @param {State} state */
  function update({ shots, hidden, modality = "", answer = null, curve = null, arcs = null, cursor = null, notes = null, look = {} }) {
    const other = shots && shots.key !== view.shots.key;
    const before = { hidden: view.hidden, score: view.score, look: view.look, notes: view.notes, measures: namesOf(view.measures) };
    Object.assign(view, { curve, arcs, look: cursor, hidden: lossesOf(hidden, modality), notes: notesOf(notes) });
    if (typeof modality === "string") view.part = modality;
    else if (other) view.part = "";
    view.answered = answer?.shots ?? [];
    view.measures = answer?.measures ?? [];
    choose(wanted || view.measure.key);
    if (other) openTitle(shots);
    else {
      strip.update((i) => differs(before, i));
      player.update();
    }
    if (other || before.measures !== namesOf(view.measures)) timeline.build();
    toolbar.update();
    if (!other || !timeline.fit()) timeline.draw(); // to ask how wide it is lays the page out once more
    if (other) heard = "of another title";
    takeView(look);
    root.dataset.hidden = String(view.hidden.size); // what a test or a benchmark waits for
  }

  function destroy() {
    strip.stop();
    player.destroy();
    resized.disconnect();
    root.remove();
  }

  update(data);
  return { update, destroy };
}

const notesOf = (/** @type {State["notes"]} */ notes) => new Map(Object.entries(notes ?? {}).map(([shot, text]) => [Number(shot), text]));

const namesOf = (/** @type {Measure[]} */ measures) => measures.map((m) => m.key).join();

/**
 * @param {Score | undefined} a
 * @param {Score | undefined} b
 */
const sameScore = (a, b) => a?.model === b?.model && a?.baseline === b?.baseline;
