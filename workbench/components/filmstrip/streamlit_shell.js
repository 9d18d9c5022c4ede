/* The Streamlit shell (components v2).

A title's shots are large and constant, what is hidden is small and changes: they come as two
messages. The first is kept by key; Streamlit sends it once and afterwards only its hash. */

import { render } from "./filmstrip.js";

/** @import { Answer, Draft, Gesture, Message, SentGesture, Shots, StripView } from "./types.js" */

const shotsByKey = (globalThis.__msmShots ??= new Map());
const strips = (globalThis.__msmStrips ??= new Set());
const MAX_TITLES = 8;

/** @param {Shots} shots */
function keepShots(shots) {
  shotsByKey.delete(shots.key);
  shotsByKey.set(shots.key, shots);
  if (shotsByKey.size > MAX_TITLES) shotsByKey.delete(shotsByKey.keys().next().value);
  for (const strip of strips) strip.paint();
}

const PATIENCE_MS = 1500;
const LATE_MS = 400;
const VIEW_MS = 300;

/** @type {(ms: number) => Promise<null>} */
const pause = (ms) => new Promise((go) => window.setTimeout(() => go(null), ms));
const painted = () => Promise.race([new Promise((go) => requestAnimationFrame(() => window.setTimeout(go))), pause(100)]); // a tab in the background paints nothing

/**
 * null where the next gesture came, where this one cannot be answered, or where there is no way but Streamlit's own.
 * @param {string} address
 * @param {string} body
 * @param {AbortSignal} signal
 * @returns {Promise<Answer | null>}
 */
async function post(address, body, signal) {
  try {
    const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/**
 * The height that Python reserved for the strip is no longer needed once it is drawn.
 * @param {HTMLElement} el
 */
function releaseHeight(el) {
  const root = el.getRootNode();
  const reserved = (root instanceof ShadowRoot ? root.host : el).closest("[class*=st-key-]");
  if (reserved instanceof HTMLElement) Object.assign(reserved.style, { height: "auto", overflow: "visible" });
}

class MountedStrip {
  /** @type {Message | undefined} */
  message;
  /** @type {ReturnType<typeof render> | undefined} */
  strip;
  gestures = 0;
  /** @type {SentGesture | null} */
  last = null;
  unsent = false; // the last gesture has not started a rerun yet
  /** @type {{ ask: string, body: string, stop: AbortController, answer: Promise<Answer | null> } | null} */
  request = null;
  retry = 0;
  /** @type {string | undefined} */
  session;
  /** @type {(gesture: SentGesture | null) => void} */
  send = () => {};
  /** @type {(view: StripView) => void} */
  sendView = () => {};
  viewTimer = 0;

  /** @param {HTMLElement} el */
  constructor(el) {
    this.el = el;
  }

  /**
   * Python echoes the number of the last gesture it received. A message about an earlier gesture is dropped, because it
   * would undo what the user has done since. If no later message follows, the gesture was lost and is sent again; it holds
   * the whole hidden set, so sending it twice is safe. Numbers start anew in a new session (a restarted server).
   * @param {Message} message
   * @param {(gesture: SentGesture | null) => void} send
   * @param {(view: StripView) => void} sendView
   */
  show(message, send, sendView) {
    this.send = send;
    this.sendView = sendView;
    window.clearTimeout(this.retry);
    if (message.session === this.session && message.gesture < this.gestures) {
      this.retry = window.setTimeout(() => this.send(this.last), PATIENCE_MS);
      return;
    }
    this.session = message.session;
    this.message = message;
    this.paint();
  }

  paint() {
    const shots = this.message && shotsByKey.get(this.message.strip);
    if (!this.message || !shots) return;
    const { hidden, modality, answer, curve, arcs, cursor, notes, view: look } = this.message;
    const state = { shots, hidden, modality, answer, curve, arcs, cursor, notes, look };
    if (this.strip) return this.strip.update(state);
    this.strip = render(this.el, state, { onGesture: (gesture) => this.commit(gesture), onDraft: (draft) => this.fetchScores(draft), onView: (view) => this.keepView(view) });
    window.setTimeout(() => releaseHeight(this.el));
  }

  /**
   * Fetch the scores from the server, paint them, and only then start the rerun that draws the rest of the page, so that
   * the two do not compete for the processors. The rerun does not wait for slow scores, and it reports any error. A gesture
   * holds the whole hidden set, so of several gestures only the last is sent.
   * @param {Gesture} gesture
   */
  async commit(gesture) {
    if (!this.message) return;
    const last = (this.last = { strip: this.message.strip, ...gesture, gesture: ++this.gestures });
    this.unsent = true;
    const scores = gesture.look == null ? this.fetchScores(gesture) : null;
    if (scores) await Promise.race([scores.then((answer) => this.score(last, answer)), pause(LATE_MS)]);
    if (this.unsent && last === this.last) this.flush();
  }

  /**
   * A wheel zooms in many steps, of which the last is told.
   * @param {StripView} view
   */
  keepView(view) {
    window.clearTimeout(this.viewTimer);
    this.viewTimer = window.setTimeout(() => this.sendView(view), VIEW_MS);
  }

  flush() {
    this.unsent = false;
    this.send(this.last);
  }

  /**
   * Request the scores of a hidden set; null where the page has no server. Equal requests share one response: that of a
   * gesture was usually requested while the pointer was still down.
   * @param {Draft} draft
   */
  fetchScores({ hidden, modality }) {
    const ask = this.message?.ask;
    const body = ask && hidden.length ? JSON.stringify({ hidden, modality }) : null;
    if (body !== this.request?.body || ask !== this.request?.ask) {
      this.request?.stop.abort();
      const stop = new AbortController();
      this.request = ask && body ? { ask, body, stop, answer: post(ask, body, stop.signal) } : null;
    }
    return this.request?.answer ?? null;
  }

  /**
   * @param {SentGesture} sent
   * @param {Answer | null} answer
   */
  async score({ hidden, modality, gesture, strip }, answer) {
    const { message } = this;
    if (!answer || !message || gesture !== this.gestures || message.gesture >= gesture || message.strip !== strip) return;
    this.message = { ...message, hidden, modality, answer, arcs: null }; // arcs belong to the choice before
    this.paint();
    await painted();
  }

  destroy() {
    strips.delete(this);
    window.clearTimeout(this.retry);
    window.clearTimeout(this.viewTimer);
    this.request?.stop.abort();
    if (this.unsent) this.flush();
    this.strip?.destroy();
  }
}

/** @type {WeakMap<HTMLElement, MountedStrip>} */
const mounted = new WeakMap();

/** @param {{ parentElement: HTMLElement, data: Message & { shots?: Shots }, setTriggerValue: (name: string, value: object | null) => void }} component */
export default function ({ parentElement, data, setTriggerValue }) {
  if (data.shots) return keepShots(data.shots);
  let strip = mounted.get(parentElement);
  if (!strip) {
    strip = new MountedStrip(parentElement);
    mounted.set(parentElement, strip);
    strips.add(strip);
  }
  strip.show(
    data,
    (value) => setTriggerValue("gesture", value),
    (value) => setTriggerValue("view", value),
  );
  return () => {
    strip.destroy();
    mounted.delete(parentElement);
  };
}
