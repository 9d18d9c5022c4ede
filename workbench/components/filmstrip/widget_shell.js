/* The notebook shell (anywidget). It is appended to the module as the Streamlit shell is.

A gesture sets the traits `hidden`, `modality` and `look`; whatever Python sets is painted. A notebook serves no files, so
the film comes as bytes, and plays from an address that is the browser's own. */

const NAMES = ["shots", "hidden", "modality", "answer", "curve", "arcs", "cursor"];

export default {
  render({ model, el }) {
    const film = model.get("film");
    const media = film?.byteLength ? URL.createObjectURL(new Blob([film], { type: "video/mp4" })) : null;
    const read = () => {
      const values = Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
      return { ...values, shots: { ...values.shots, media } };
    };
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
      if (media) URL.revokeObjectURL(media);
    };
  },
};
