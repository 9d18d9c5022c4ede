/* The filmstrip: a title's shots in time order, some of them hidden, what a fill-in made of those, and the film itself.

One plain ES module that knows neither Streamlit nor Jupyter; a shell of a few lines mounts it. It is written in five
files that are joined in this order, without a build step: pieces, toolbar, player, timeline, strip, and this one.

  const strip = render(el, { shots, hidden, answer }, { onGesture });
  strip.update({ shots, hidden, answer });   // only what differs is painted
  strip.destroy();

shots      { key, name, colors: ["#rrggbb", …], starts, ends: [seconds | null, …], scenes: [first shots],
           texts: [string | "", …] | null, thumbnails: url prefix | null, pictures: [url | null, …] instead of it,
           media: url | null, modalities: [name, …] }: constant for a title
hidden     [shot, …] ascending
modality   the one modality that is hidden of them, "" = whole shots; or { modality: [shot, …] } where they differ: of the
           shots that it does not name everything is hidden
answer     { shots: [shot, …], measures: [{ key, label, axis, baseline, model: [number | null, …], best: […] }, …] },
           null while there is no fill-in
curve      { label, values: [number | null, …], peaks: [shot, …] } | null
arcs       { drawn: [[from, to, weight], …], toward, against: what arcs of positive and of negative weight are called } | null
cursor     the shot that is looked at | null
onGesture({ hidden, modality, look }) is called once a gesture, when the pointer or the key is let go; `look` is the
           shot that was pointed at, null where the gesture was another.
onDraft({ hidden, modality }) is called when the pointer comes down, and when it rests while it draws: what the gesture would
say if the hand let go now. */

const HEIGHT = 372; // of the frames, in pixels
const NO_MEASURE = { key: "", label: "", axis: "", baseline: "", model: [], best: [] };

function render(el, data, { onGesture = () => {}, onDraft = () => {} } = {}) {
  const root = element("div", "filmstrip");
  const spoken = element("div", "spoken", { role: "status", "aria-live": "polite" });
  const stage = element("div", "stage");

  const view = {
    shots: { key: null, colors: [], starts: [] },
    times: timesOf({ starts: [] }),
    scenes: new Set(),
    hidden: new Map(), // shot → the modalities that it loses, none named = all of it
    part: "", // what the next shot loses: a modality, "" = all of it
    measures: [],
    measure: NO_MEASURE,
    score: new Map(), // shot → { model, baseline } of the measure that is shown
    scored: [], // the same in order, with the shot
    answered: [], // the shots that the answer speaks of
    curve: null,
    arcs: null,
    look: null,
    now: 0,
    brush: "span",
    step: STEPS[0],
    height: HEIGHT,
    picture: (i) => view.shots.pictures?.[i] ?? (view.shots.thumbnails ? `${view.shots.thumbnails}${i}.webp` : null),
  };

  const drawn = () => ({ hidden: [...view.hidden.keys()].sort((a, b) => a - b), modality: modalityOf(view.hidden, view.part) });
  const tell = (look = null) => onGesture({ ...drawn(), look });
  const say = (words) => (spoken.textContent = words);

  const strip = makeStrip(root, view, {
    onHidden() {
      tell(); // first, so that the answer is on its way while the rest is painted
      say(`${view.hidden.size} of ${view.times.count} shots hidden`);
      toolbar.update();
      player.update();
    },
    onDraft: () => onDraft(drawn()),
    onLook(shot) {
      say(`Looking at shot ${shot}`);
      tell(shot);
    },
    onArrive: (shot) => player.playing || player.seek(view.times.start(shot)),
    onWindow: (first, last) => timeline.showWindow(view.times.start(first), view.times.end(last)),
    playing: () => player.playing,
  });
  const player = makePlayer(view, {
    onTime(now, shot) {
      view.now = now;
      timeline.moveTo(now);
      strip.standAt(shot, (now - view.times.start(shot)) / (view.times.end(shot) - view.times.start(shot)));
    },
  });
  const timeline = makeTimeline(view, {
    seek: (time) => player.seek(time),
    pan: (time) => strip.pan(view.times.at(time)),
    point: (shot) => (shot == null ? strip.hideTip() : strip.showTip(shot, timeline.box.querySelector(".pointer"))),
    chooseMeasure(key) {
      choose(key);
      timeline.build();
      timeline.draw();
      strip.update(() => true);
      player.update();
    },
  });
  function chooseBrush(name) {
    if (name === "nth" && view.brush === "nth") view.step = STEPS[(STEPS.indexOf(view.step) + 1) % STEPS.length];
    if (name === "scene" && !view.scenes.size) return say("This title has no scene marks");
    view.brush = name;
    root.dataset.brush = name;
    toolbar.update();
    say(`Brush: ${BRUSHES.find((b) => b.name === name).says}`);
  }

  function chooseModality(name) {
    if (name === view.part && modalityOf(view.hidden, view.part) === name) return;
    view.part = name;
    view.hidden = lostOf([...view.hidden.keys()], name);
    root.classList.add("stale");
    strip.repaint();
    toolbar.update();
    player.update();
    say(name ? `Only the ${partOf(name)} is hidden` : "Whole shots are hidden");
    tell();
  }

  const toolbar = makeToolbar(view, {
    chooseBrush,
    chooseModality,
    zoom: (factor) => strip.zoomBy(factor),
    help: () => showHelp(help.hidden),
  });
  const help = makeHelp(() => showHelp(false));
  stage.append(player.box, strip.list);
  root.append(toolbar.bar, stage, timeline.box, strip.tip, help, spoken);
  el.append(root);

  function showHelp(open) {
    help.hidden = !open;
    if (open) help.focus();
    else strip.list.querySelector('.shot[tabindex="0"]')?.focus();
  }

  function keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onShots = event.target.closest?.(".shots");
    const modalities = ["", ...(view.shots.modalities ?? [])];
    const ours = {
      "?": () => showHelp(help.hidden),
      p: player.toggle,
      v: player.lift,
      "+": () => strip.zoomBy(1.4),
      "=": () => strip.zoomBy(1.4),
      "-": () => strip.zoomBy(1 / 1.4),
      0: () => strip.zoomBy(0),
      m: () => modalities.length > 2 && chooseModality(modalities[(modalities.indexOf(view.part) + 1) % modalities.length]),
    };
    for (const { name, key } of BRUSHES) ours[key] = () => chooseBrush(name);
    if (event.key === "Escape" && !help.hidden) showHelp(false);
    else if (onShots && strip.keyed(event));
    else if (event.key in ours) ours[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation(); // the page has single keys of its own
  }
  root.addEventListener("keydown", keyed);

  const resized = new ResizeObserver(() => {
    timeline.fit();
    strip.fit();
  });
  resized.observe(root);

  // ---- from outside ---------------------------------------------------------------------------
  /* Take up one of the answer's measures: the one shown before, where there still is such a one. */
  function choose(key) {
    view.measure = view.measures.find((m) => m.key === key) ?? view.measures[0] ?? NO_MEASURE;
    const { model, best } = view.measure;
    view.scored = view.answered.map((shot, k) => ({ shot, model: model[k], baseline: best[k] })).filter((s) => s.model != null);
    view.score = new Map(view.scored.map((s) => [s.shot, s]));
  }

  function update({ shots, hidden, modality = "", answer = null, curve = null, arcs = null, cursor = null }) {
    const other = shots && shots.key !== view.shots.key;
    const before = { hidden: view.hidden, score: view.score, look: view.look, keys: view.measures.map((m) => m.key).join() };
    Object.assign(view, { curve, arcs, look: cursor, hidden: lostOf(hidden, modality) });
    if (typeof modality === "string") view.part = modality;
    else if (other) view.part = "";
    view.answered = answer?.shots ?? [];
    view.measures = answer?.measures ?? [];
    choose(view.measure.key);
    if (other) {
      view.shots = shots;
      view.times = timesOf(shots);
      view.scenes = new Set(shots.scenes);
      if (view.brush === "scene" && !view.scenes.size) view.brush = "span";
      root.dataset.brush = view.brush;
      toolbar.build();
      player.build();
      strip.open();
      player.update(true);
      root.classList.remove("stale");
    } else {
      const same = (a, b) => a?.model === b?.model && a?.baseline === b?.baseline;
      strip.update((i) => String(before.hidden.get(i)) !== String(view.hidden.get(i)) || !same(before.score.get(i), view.score.get(i)) || ((i === before.look || i === view.look) && before.look !== view.look));
      player.update();
    }
    if (other || before.keys !== view.measures.map((m) => m.key).join()) timeline.build();
    toolbar.update();
    if (!other || !timeline.fit()) timeline.draw(); // to ask how wide it is lays the page out once more
    root.dataset.hidden = view.hidden.size; // what a test or a benchmark waits for
  }

  function destroy() {
    strip.stop();
    player.destroy();
    resized.disconnect();
    root.remove();
  }

  update(data);
  return { update, destroy };
}
