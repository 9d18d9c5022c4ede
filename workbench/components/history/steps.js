/* The entries of the browser's history as the steps of a user.

Streamlit adds an entry whenever a page writes its address. Each gets a number here, so that the buttons know whether there is
a step before or after it. An address that is written before the user has done anything (a page fills in its defaults) replaces
the entry, so that Back never stands still. */

/** @import { Message, Move } from "./history.js" */

/** @typedef {ReturnType<typeof startSteps>} Steps */

const STEP = "msmStep";
const TOP = "msm.top"; // in the session storage: the last step, which the history does not tell after a reload
const PATIENCE_MS = 5000; // until a move of which Python has not heard is told again
const TYPING = "input, textarea, select, [contenteditable=true], [role=textbox]";

/** Number the steps of this tab; once a page, as it wraps functions of the browser's history. */
export function startSteps() {
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  /** @type {Set<() => void>} */
  const painters = new Set();
  let at = Number(history.state?.[STEP] ?? 0);
  let top = history.state?.[STEP] === undefined ? at : Math.max(at, Number(sessionStorage.getItem(TOP) ?? 0));
  let path = location.pathname;
  let search = location.search;
  let settling = true; // nobody has done anything since the page was opened or a step was made
  let told = 0;
  let heard = 0;
  let session = "";
  let retry = 0;
  /** @type {(move: Move) => void} */
  let send = () => {};

  function note() {
    path = location.pathname;
    search = location.search;
    sessionStorage.setItem(TOP, String(top));
    for (const paint of painters) paint();
  }

  /** @param {URL} to */
  const isHere = (to) => to.pathname === path;
  /** An address that Python wrote before it heard of the last move. */
  const isLate = (/** @type {URL} */ to) => told > heard && isHere(to);
  const urlOf = (/** @type {string | URL | null | undefined} */ url) => new URL(url ?? location.href, location.href);

  history.pushState = (state, unused, url) => {
    const to = urlOf(url);
    if (isLate(to)) return;
    if (isHere(to) && settling) replace({ ...state, [STEP]: at }, unused, url);
    else {
      settling ||= !isHere(to); // another page fills in its address
      push({ ...state, [STEP]: ++at }, unused, url);
      top = at;
    }
    note();
  };
  history.replaceState = (state, unused, url) => {
    if (isLate(urlOf(url))) return;
    replace({ ...state, [STEP]: at }, unused, url);
    note();
  };

  function tell() {
    window.clearTimeout(retry);
    send({ search: location.search, number: told });
    retry = window.setTimeout(() => told > heard && tell(), PATIENCE_MS);
  }

  /** @param {PopStateEvent} event */
  function onMove(event) {
    const step = event.state?.[STEP];
    if (step === undefined && !location.search && isHere(urlOf(null))) {
      event.stopImmediatePropagation();
      return history.back(); // the entry from before the page first wrote its address: it shows nothing of its own
    }
    if (location.search === search && location.pathname === path && step === at) return; // a place on the page
    at = Number(step ?? at);
    settling = true;
    const same = location.pathname === path;
    note();
    if (!same) return; // Streamlit turns the page
    event.stopImmediatePropagation();
    told += 1;
    tell();
  }

  const undo = () => void (at > 0 && history.back());
  const redo = () => void (at < top && history.forward());

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const key = event.key.toLowerCase();
    const meant = (event.ctrlKey || event.metaKey) && !event.altKey && (key === "z" || (key === "y" && !event.shiftKey));
    if (!meant) return void (settling = false);
    const on = event.composedPath()[0];
    if (on instanceof Element && on.closest(TYPING)) return; // a field has an undo of its own
    event.preventDefault();
    event.stopImmediatePropagation();
    if (key === "y" || event.shiftKey) redo();
    else undo();
  }

  replace({ ...history.state, [STEP]: at }, "");
  note();
  window.addEventListener("popstate", onMove, true);
  window.addEventListener("keydown", onKey, true);
  window.addEventListener("pointerdown", () => void (settling = false), true);

  return {
    painters,
    undo,
    redo,
    canUndo: () => at > 0,
    canRedo: () => at < top,
    /**
     * Tell moves by this function; Python echoes how many it has heard of.
     * @param {Message} message
     * @param {(move: Move) => void} by
     */
    lead(message, by) {
      send = by;
      const isNew = message.session !== session;
      const isPending = told > heard;
      session = message.session;
      heard = message.moves;
      if (!isNew) return;
      told = heard; // a new session of the server has heard of no move
      if (!isPending) return;
      told += 1; // but one was made before it, or while the last session was lost
      tell();
    },
  };
}
