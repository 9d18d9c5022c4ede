/* The Streamlit shell (components v2). It is appended to shot_map.js.

What is large and constant (places, colours, titles) comes in messages of its own and is kept by key: Streamlit
sends such a message once and afterwards only its hash. What changes is small and names the keys that it needs. */

const kept = (globalThis.__msmMapParts ??= new Map());
const mapped = (globalThis.__msmMaps ??= new Set());
const MOST_PARTS = 24;

function keep(part) {
  kept.delete(part.key);
  kept.set(part.key, part);
  if (kept.size > MOST_PARTS) kept.delete(kept.keys().next().value);
  for (const map of mapped) map.paint();
}

class Mounted {
  constructor(el) {
    this.el = el;
    this.gestures = 0;
  }

  show(data, send) {
    this.send = send;
    // Python echoes the number of the last gesture it has heard of; an answer to an earlier one would undo the hand.
    if (data.gesture !== 0 && data.gesture < this.gestures) return;
    this.data = data;
    this.paint();
  }

  paint() {
    if (!this.data) return;
    const part = (key) => kept.get(key);
    const { about, panels, colours } = this.data;
    if (![about, colours, ...panels.map((p) => p.points)].every((key) => key === null || kept.has(key))) return;
    const whole = { ...this.data, about: part(about), colours: colours === null ? null : part(colours) };
    const state = { ...whole, panels: panels.map((p) => ({ ...p, points: part(p.points) })) };
    if (this.core) return this.core.update(state);
    const onGesture = (gesture) => this.send({ ...gesture, about: this.data.about, gesture: ++this.gestures });
    this.core = render(this.el, state, { onGesture });
  }

  destroy() {
    mapped.delete(this);
    this.core?.destroy();
  }
}

const mounts = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  if (data.part) return keep(data.part);
  let mounted = mounts.get(parentElement);
  if (!mounted) {
    mounted = new Mounted(parentElement);
    mounts.set(parentElement, mounted);
    mapped.add(mounted);
  }
  mounted.show(data, (value) => setTriggerValue("gesture", value));
  return () => {
    mounted.destroy();
    mounts.delete(parentElement);
  };
}
