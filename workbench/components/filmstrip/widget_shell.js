/* The notebook shell (anywidget).

A gesture sets the traits `hidden`, `modality` and `look`; whatever Python sets is painted. A notebook serves no files, so
the film comes as bytes, and plays from an address that is the browser's own. */

import { render } from "./filmstrip.js";

/** @import { Gesture, State } from "./types.js" */

/**
 * What anywidget gives: traits of the widget in Python.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on
 * @property {(event: string, listener: () => void) => void} off
 */

const NAMES = ["shots", "hidden", "modality", "answer", "curve", "arcs", "cursor"];

export default {
  /** @param {{ model: Model, el: HTMLElement }} widget */
  render({ model, el }) {
    const film = model.get("film");
    const media = film?.byteLength ? URL.createObjectURL(new Blob([film], { type: "video/mp4" })) : null;
    /** @returns {State} */
    const read = () => {
      const values = /** @type {State} */ (Object.fromEntries(NAMES.map((name) => [name, model.get(name)])));
      return { ...values, shots: { ...values.shots, media } };
    };
    const onGesture = (/** @type {Gesture} */ { hidden, modality, look }) => {
      model.set("hidden", hidden);
      model.set("modality", modality);
      if (look != null) model.set("cursor", look);
      model.save_changes();
    };
    const strip = render(el, read(), { onGesture });
    const update = () => strip.update(read());
    for (const name of NAMES) model.on(`change:${name}`, update);
    return () => {
      for (const name of NAMES) model.off(`change:${name}`, update);
      strip.destroy();
      if (media) URL.revokeObjectURL(media);
    };
  },
};
