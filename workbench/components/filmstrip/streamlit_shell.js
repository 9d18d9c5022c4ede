/* The Streamlit shell (components v2). It is appended to filmstrip.js.

A title's shots are large and constant, what is hidden is small and changes: they come as two
messages. The first is kept by key; Streamlit sends it once and afterwards only its hash. */

const shotsByKey = (globalThis.__msmShots ??= new Map());
const strips = (globalThis.__msmStrips ??= new Set());
const MOST_TITLES = 8;

function keepShots(shots) {
  shotsByKey.delete(shots.key);
  shotsByKey.set(shots.key, shots);
  if (shotsByKey.size > MOST_TITLES) shotsByKey.delete(shotsByKey.keys().next().value);
  for (const strip of strips) strip.paint();
}

const PATIENCE_MS = 1500;
const LATE_MS = 400;

const pause = (ms) => new Promise((go) => window.setTimeout(go, ms));
const painted = () => Promise.race([new Promise((go) => requestAnimationFrame(() => window.setTimeout(go))), pause(100)]); // a tab in the background paints nothing

/* null where the next gesture came, where this one cannot be answered, or where there is no way but Streamlit's own. */
async function post(address, body, signal) {
  try {
    const told = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
    return told.ok ? await told.json() : null;
  } catch {
    return null;
  }
}

class Strip {
  constructor(el) {
    this.el = el;
    this.gestures = 0;
    this.last = null; // the last gesture, as it was sent
  }

  /* Python echoes the number of the last gesture it has heard of. An answer to an earlier one would undo what the hand
  has done since. Where none but such answers come, the gesture was lost on its way and is told again: it says all that
  is hidden, so twice does no harm. Another session (the server was restarted) knows nothing of our numbers. */
  show(data, send) {
    this.send = send;
    window.clearTimeout(this.again);
    if (data.session === this.session && data.gesture < this.gestures) {
      this.again = window.setTimeout(() => this.send(this.last), PATIENCE_MS);
      return;
    }
    this.session = data.session;
    this.data = data;
    this.paint();
  }

  paint() {
    const shots = this.data && shotsByKey.get(this.data.strip);
    if (!shots) return;
    const { strip, gesture, session, ask, ...shown } = this.data;
    if (this.core) return this.core.update({ shots, ...shown });
    this.core = render(this.el, { shots, ...shown }, { onGesture: (hand) => this.tell(hand), onDraft: (hand) => this.ask(hand) });
  }

  /* First the scores alone, straight from the server, and when they are painted the rerun that brings the rest of the page: it
  would keep both processors from the scores. Whatever goes wrong on the way, the rerun says it; where the scores take long,
  it does not wait. A gesture says all that is hidden, so of several only the last is told. */
  async tell(hand) {
    const last = (this.last = { strip: this.data.strip, ...hand, gesture: ++this.gestures });
    this.untold = true;
    const scores = hand.look == null && this.ask(hand);
    if (scores) await Promise.race([scores.then((answer) => this.score(last, answer)), pause(LATE_MS)]);
    if (this.untold && last === this.last) this.flush();
  }

  flush() {
    this.untold = false;
    this.send(this.last);
  }

  /* What comes of these shots; null where nobody is there to ask. A question is asked once: of most gestures it was asked
  before the hand let go. */
  ask({ hidden, modality }) {
    const { ask } = this.data;
    const body = ask && hidden.length ? JSON.stringify({ hidden, modality }) : null;
    if (body !== this.asked?.body || ask !== this.asked?.ask) {
      this.asked?.stop.abort();
      this.asked = body && { ask, body, stop: new AbortController() };
      if (body) this.asked.answer = post(ask, body, this.asked.stop.signal);
    }
    return this.asked?.answer;
  }

  async score({ hidden, modality, gesture, strip }, answer) {
    if (!answer || gesture !== this.gestures || this.data.gesture >= gesture || this.data.strip !== strip) return;
    this.data = { ...this.data, hidden, modality, answer, arcs: null }; // arcs belong to the choice before
    this.paint();
    await painted();
  }

  destroy() {
    strips.delete(this);
    window.clearTimeout(this.again);
    this.asked?.stop.abort();
    if (this.untold) this.flush();
    this.core?.destroy();
  }
}

const mounted = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  if (data.shots) return keepShots(data.shots);
  let strip = mounted.get(parentElement);
  if (!strip) {
    strip = new Strip(parentElement);
    mounted.set(parentElement, strip);
    strips.add(strip);
  }
  strip.show(data, (value) => setTriggerValue("gesture", value));
  return () => {
    strip.destroy();
    mounted.delete(parentElement);
  };
}
