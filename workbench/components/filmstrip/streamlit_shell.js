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

class Strip {
  constructor(el) {
    this.el = el;
    this.gestures = 0;
  }

  show(data, send) {
    this.send = send;
    // Python echoes the number of the last gesture it has heard of. An answer to an earlier one
    // would undo what the hand has done since; 0 is a session that has not heard of any.
    if (data.gesture !== 0 && data.gesture < this.gestures) return;
    this.data = data;
    this.paint();
  }

  paint() {
    const shots = this.data && shotsByKey.get(this.data.strip);
    if (!shots) return;
    const { strip, gesture, ...shown } = this.data;
    if (this.core) return this.core.update({ shots, ...shown });
    const onGesture = (hand) => this.send({ strip: this.data.strip, ...hand, gesture: ++this.gestures });
    this.core = render(this.el, { shots, ...shown }, { onGesture });
  }

  destroy() {
    strips.delete(this);
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
