/* The Streamlit shell (components v2).

What is large and constant (places, colours, titles) comes in messages of its own and is kept by key: Streamlit
sends such a message once and afterwards only its hash. What changes is small and names the keys that it needs. */

import { render } from "./shot_map.js";

/** @import { About, Colours, Facet, Message, Part, Points, State, Gesture } from "./types.js" */

const MAX_PARTS = 40;
const parts = (globalThis.__msmMapParts ??= new Map());
const maps = (globalThis.__msmMaps ??= new Set());

/** @param {Part} part */
function keep(part) {
  const known = parts.has(part.key);
  parts.delete(part.key);
  parts.set(part.key, part);
  if (known) return;
  if (parts.size > MAX_PARTS) parts.delete(parts.keys().next().value);
  for (const map of maps) map.paint();
}

/**
 * The message with its parts in place of their keys; null while one of them is missing.
 * @param {Message} message
 * @returns {State | null}
 */
function assemble({ about, panels, colours, facets, ...rest }) {
  const keys = [about, colours, ...facets, ...panels.map((panel) => panel.points)];
  if (!keys.every((key) => key === null || parts.has(key))) return null;
  return {
    ...rest,
    about: /** @type {About} */ (parts.get(about)),
    colours: colours === null ? null : /** @type {Colours} */ (parts.get(colours)),
    facets: facets.map((key) => /** @type {Facet} */ (parts.get(key))),
    panels: panels.map((panel) => ({ ...panel, points: /** @type {Points} */ (parts.get(panel.points)) })),
  };
}

class MountedMap {
  /** @type {Message | undefined} */
  message;
  /** @type {ReturnType<typeof render> | undefined} */
  map;
  gestures = 0;
  /** @type {(gesture: object) => void} */
  send = () => {};

  /** @param {HTMLElement} el */
  constructor(el) {
    this.el = el;
  }

  /**
   * @param {Message} message
   * @param {(gesture: object) => void} send
   */
  show(message, send) {
    this.send = send;
    // Python echoes the number of the last gesture it received; a message about an earlier one would undo what the user did since.
    if (message.gesture !== 0 && message.gesture < this.gestures) return;
    this.message = message;
    this.paint();
  }

  paint() {
    const state = this.message && assemble(this.message);
    if (!state) return;
    if (this.map) this.map.update(state);
    else this.map = render(this.el, state, { onGesture: (gesture) => this.commit(gesture) });
  }

  /** @param {Gesture} gesture */
  commit(gesture) {
    this.send({ ...gesture, about: this.message?.about, gesture: ++this.gestures });
  }

  destroy() {
    maps.delete(this);
    this.map?.destroy();
  }
}

/** @type {WeakMap<HTMLElement, MountedMap>} */
const mounted = new WeakMap();

/** @param {{ parentElement: HTMLElement, data: Message & { part?: Part }, setTriggerValue: (name: string, value: object) => void }} component */
export default function ({ parentElement, data, setTriggerValue }) {
  if (data.part) return keep(data.part);
  let map = mounted.get(parentElement);
  if (!map) {
    map = new MountedMap(parentElement);
    mounted.set(parentElement, map);
    maps.add(map);
  }
  map.show(data, (value) => setTriggerValue("gesture", value));
  return () => {
    map.destroy();
    mounted.delete(parentElement);
  };
}
