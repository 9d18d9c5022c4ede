/* The notebook shell (anywidget).

A lasso sets the trait `points`, a click `pin`, a histogram `brushes`; what Python sets is painted. What is constant (places,
titles, histograms) is a trait of its own, so that a gesture sends only what changed. */

import { render } from "./shot_map.js";

/** @import { Brushes, Gesture, State } from "./types.js" */

/**
 * What anywidget gives: traits of the widget in Python.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on
 * @property {(event: string, listener: () => void) => void} off
 */

const NAMES = ["constant", "colours", "points", "pinned", "shown", "brushes"];

export default {
  /** @param {{ model: Model, el: HTMLElement }} widget */
  render({ model, el }) {
    /** @returns {State} */
    const read = () => ({
      ...model.get("constant"),
      colours: model.get("colours"),
      selected: model.get("points"),
      pinned: model.get("pinned"),
      shown: model.get("shown"),
      brushes: /** @type {Brushes} */ (model.get("brushes")),
      base: null,
      hits: null,
      path: null,
    });
    const onGesture = (/** @type {Gesture} */ { points, pin, brushes }) => {
      model.set("points", points);
      model.set("pin", pin);
      model.set("brushes", brushes);
      model.save_changes();
    };
    const map = render(el, read(), { onGesture });
    const update = () => map.update(read());
    for (const name of NAMES) model.on(`change:${name}`, update);
    return () => {
      for (const name of NAMES) model.off(`change:${name}`, update);
      map.destroy();
    };
  },
};
