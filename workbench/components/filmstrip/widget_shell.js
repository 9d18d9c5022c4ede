/* The notebook shell (anywidget). It is appended to the module as the Streamlit shell is.

A gesture sets the traits `hidden`, `modality` and `look`; whatever Python sets is painted. */

const NAMES = ["shots", "hidden", "modality", "answer", "curve", "arcs", "cursor"];

export default {
  render({ model, el }) {
    const read = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
    const onGesture = ({ hidden, modality, look }) => {
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
    };
  },
};
