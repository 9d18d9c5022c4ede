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
    this.core = render(this.el, { shots, ...shown }, { onGesture: (hand) => this.tell(hand) });
  }

  /* First the scores alone, straight from the server, and when they are painted the rerun that brings the rest of the page: it
  would keep both processors from the scores. Whatever goes wrong on the way, the rerun says it; where the scores take long,
  it does not wait. A gesture says all that is hidden, so of several only the last is told. */
  async tell(hand) {
    const last = (this.last = { strip: this.data.strip, ...hand, gesture: ++this.gestures });
    this.asking?.abort();
    this.asking = new AbortController();
    this.untold = true;
    const { ask } = this.data;
    if (ask && last.hidden.length && last.look == null) await Promise.race([this.ask(ask, last, this.asking.signal), pause(LATE_MS)]);
    if (this.untold && last === this.last) this.flush();
  }

  flush() {
    this.untold = false;
    this.send(this.last);
  }

  async ask(address, { hidden, modality, gesture, strip }, signal) {
    const headers = { "Content-Type": "application/json" };
    try {
      const told = await fetch(address, { method: "POST", headers, body: JSON.stringify({ hidden, modality }), signal });
      if (!told.ok) return;
      const answer = await told.json();
      if (gesture !== this.gestures || this.data.gesture >= gesture || this.data.strip !== strip) return;
      this.data = { ...this.data, hidden, modality, answer, arcs: null }; // arcs belong to the choice before
      this.paint();
      await painted();
    } catch {
      // the next gesture came, or there is no way to the server but Streamlit's own
    }
  }

  destroy() {
    strips.delete(this);
    window.clearTimeout(this.again);
    this.asking?.abort();
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
