/* The film from left to right: how near the model and the best baseline came to each hidden shot, a curve and arcs
where there are some, and where the film stands. A press seeks; on the ruler it moves the strip. */

const LEFT = 44;
const RIGHT = 14;
const PLOT = 132;
const RULER = 30;
const CURVE = 46;
const ARCS = 84;
const CROWDED = 400; // hidden shots above which the points become small
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

function makeTimeline(view, hands) {
  const box = element("div", "timeline");
  const head = element("div", "head");
  const names = element("span", "names");
  const measures = element("div", "group", { role: "radiogroup", "aria-label": "Measure" });
  head.append(names, measures);
  const picture = drawing("svg", { role: "img", class: "plot" });
  box.append(head, picture);
  const layer = (name) => picture.appendChild(drawing("g", { class: name }));
  const layers = Object.fromEntries(["hiding", "arcs", "curve", "axis", "points", "window", "hand"].map((n) => [n, layer(n)]));
  const cursor = layers.hand.appendChild(drawing("line", { class: "cursor" }));
  const pointer = layers.hand.appendChild(drawing("line", { class: "pointer", visibility: "hidden" }));
  const bracket = layers.window.appendChild(drawing("rect", { class: "bracket", rx: 3 }));

  let width = 0;
  let tops = { arcs: 0, curve: 0, plot: 0, ruler: 0, all: 0 };
  let low = 0; // of the vertical axis
  let drag = null; // "seek" or "pan" while the pointer is down

  const x = (time) => LEFT + (time / view.times.total) * (width - LEFT - RIGHT);
  const time = (px) => Math.max(0, Math.min(1, (px - LEFT) / (width - LEFT - RIGHT))) * view.times.total;
  const y = (value) => tops.plot + ((1.06 - value) / (1.06 - low)) * PLOT;
  const middle = (i) => x((view.times.start(i) + view.times.end(i)) / 2);

  function size() {
    let top = 4;
    const lane = (height) => ((top += height), top - height);
    tops = { arcs: lane(view.arcs ? ARCS : 0), curve: lane(view.curve ? CURVE : 0), plot: lane(PLOT), ruler: lane(RULER), all: top };
    picture.setAttribute("viewBox", `0 0 ${width} ${top}`);
    picture.setAttribute("height", top);
    picture.setAttribute("width", width);
  }

  function draw() {
    if (!width) return;
    const values = view.scored.flatMap(({ model, baseline }) => [model, baseline]).filter((v) => v != null);
    low = Math.min(0, ...values) - 0.05;
    size();
    drawAxis();
    drawHiding();
    drawPoints();
    drawCurve();
    drawArcs();
    drawNames();
    moveTo(view.now);
  }

  function drawAxis() {
    const parts = [];
    for (const value of [0, 0.5, 1]) {
      parts.push(drawing("line", { class: value === 1 ? "truth" : "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
      parts.push(text(LEFT - 7, y(value) + 4, String(value), "end"));
    }
    parts.push(text(width - RIGHT, y(1) - 4, "the real shot", "end", "truth"));
    const { total, timed } = view.times;
    const most = Math.max(2, Math.floor((width - LEFT) / 90));
    const step = TICKS.find((s) => total / s <= most) ?? Math.ceil(total / most);
    parts.push(drawing("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: tops.ruler, y2: tops.ruler }));
    for (let t = 0; t <= total; t += step) {
      parts.push(drawing("line", { class: "rule", x1: x(t), x2: x(t), y1: tops.ruler, y2: tops.ruler + 5 }));
      parts.push(text(x(t), tops.ruler + 18, timed ? clock(t) : String(t), "middle"));
    }
    const marks = [...view.scenes].map((i) => `M${x(view.times.start(i)).toFixed(1)} ${tops.ruler}v-5`).join("");
    parts.push(drawing("path", { class: "scenes", d: marks }));
    layers.axis.replaceChildren(...parts);
  }

  function text(at, height, says, anchor, className = "") {
    const made = drawing("text", { x: at, y: height, "text-anchor": anchor, class: className });
    made.textContent = says;
    return made;
  }

  /* Hidden stretches, one rectangle each. */
  function drawHiding() {
    const { start, end } = view.times;
    let path = "";
    const hidden = [...view.hidden.keys()].sort((a, b) => a - b);
    for (let i = 0; i < hidden.length; i++) {
      const first = hidden[i];
      while (hidden[i + 1] === hidden[i] + 1) i++;
      const from = x(start(first));
      path += `M${from.toFixed(1)} ${tops.plot}h${Math.max(1, x(end(hidden[i])) - from).toFixed(1)}v${PLOT}H${from.toFixed(1)}z`;
    }
    layers.hiding.replaceChildren(drawing("path", { d: path }));
  }

  /* All points of a colour are one path: a thousand of them cost what one does. */
  function drawPoints() {
    const radius = view.scored.length <= CROWDED ? 4 : 1.8;
    layers.points.classList.toggle("crowded", radius < 4);
    const paths = { ahead: "", behind: "", baseline: "", model: "" };
    let count = 0;
    for (const { shot, model, baseline } of view.scored) {
      if (model == null) continue;
      count++;
      const at = middle(shot).toFixed(1);
      const [m, b] = [y(model), y(baseline ?? model)];
      paths[model >= baseline ? "ahead" : "behind"] += `M${at} ${m.toFixed(1)}V${b.toFixed(1)}`;
      if (baseline != null) paths.baseline += `M${at} ${(b - radius).toFixed(1)}l${radius} ${radius}l${-radius} ${radius}l${-radius} ${-radius}z`;
      paths.model += `M${at} ${(m - radius).toFixed(1)}a${radius} ${radius} 0 1 1 -.01 0z`;
    }
    layers.points.replaceChildren(...Object.entries(paths).map(([name, d]) => drawing("path", { class: name, d })));
    picture.dataset.points = count; // what a test or a benchmark waits for
    picture.dataset.hidden = view.hidden.size;
  }

  function drawCurve() {
    const { curve } = view;
    if (!curve) return void layers.curve.replaceChildren();
    const known = curve.values.filter((v) => v != null);
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const height = (v) => tops.curve + CURVE - 8 - ((v - least) / (most - least || 1)) * (CURVE - 20);
    let path = "";
    let pen = "M";
    curve.values.forEach((value, i) => {
      if (value == null) return void (pen = "M");
      path += `${pen}${middle(i).toFixed(1)} ${height(value).toFixed(1)}`;
      pen = "L";
    });
    const peaks = (curve.peaks ?? []).map((i) => `M${middle(i).toFixed(1)} ${(height(curve.values[i]) - 3).toFixed(1)}l-3.5 -6h7z`);
    const label = text(LEFT, tops.curve + 9, curve.label, "start", "label");
    layers.curve.replaceChildren(drawing("path", { class: "line", d: path }), drawing("path", { class: "peaks", d: peaks.join("") }), label);
  }

  function drawArcs() {
    if (!view.arcs) return void layers.arcs.replaceChildren();
    const { drawn, toward, against } = view.arcs;
    const floor = tops.arcs + ARCS;
    const most = Math.max(...drawn.map(([, , weight]) => Math.abs(weight)), 1e-9);
    const made = drawn.map(([from, to, weight]) => {
      const [a, b] = [middle(from), middle(to)];
      const share = Math.abs(weight) / most;
      const rise = Math.min(ARCS - 6, 8 + Math.abs(b - a) * 0.45);
      const d = `M${a.toFixed(1)} ${floor}C${a.toFixed(1)} ${floor - rise * 1.3} ${b.toFixed(1)} ${floor - rise * 1.3} ${b.toFixed(1)} ${floor}`;
      return drawing("path", { d, class: weight < 0 ? "against" : "for", "stroke-width": (0.6 + 3 * share).toFixed(2), opacity: (0.2 + 0.75 * share).toFixed(2) });
    });
    const signs = drawn.map(([, , weight]) => weight < 0);
    if (signs.includes(false)) made.push(text(LEFT + 8, tops.arcs + 10, `▬ ${toward}`, "start", "for"));
    if (signs.includes(true)) made.push(text(LEFT + 8, tops.arcs + 25, `▬ ${against}`, "start", "against"));
    layers.arcs.replaceChildren(...made);
  }

  function drawNames() {
    const mean = (key) => {
      const known = view.scored.map((s) => s[key]).filter((v) => v != null);
      return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
    };
    const [model, baseline] = [mean("model"), mean("baseline")];
    names.replaceChildren();
    if (model == null) return void picture.setAttribute("aria-label", "Nothing is hidden, so there is nothing to compare.");
    const label = view.measure.baseline;
    names.append(element("span", "of-model", {}, "● Model"), element("span", "of-baseline", {}, `◇ ${label}`));
    names.append(element("span", "faint", {}, view.measure.axis));
    const says = `${view.measure.axis} on average: model ${signed(model)}, ${label.toLowerCase()} ${signed(baseline)}, over ${view.scored.length} hidden shots`;
    picture.setAttribute("aria-label", says);
  }

  function build() {
    measures.replaceChildren();
    measures.hidden = view.measures.length < 2;
    for (const { key, label } of view.measures) {
      const one = element("button", "tool", { type: "button", role: "radio", "aria-checked": String(key === view.measure.key) }, label);
      one.addEventListener("click", () => hands.chooseMeasure(key));
      measures.append(one);
    }
  }

  // ---- the hand -------------------------------------------------------------------------------
  function place(event) {
    const frame = picture.getBoundingClientRect();
    return { at: time(event.clientX - frame.left), ruler: event.clientY - frame.top > tops.ruler };
  }

  picture.addEventListener("mousedown", (event) => event.preventDefault()); // the keys stay with the shots
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const { at, ruler } = place(event);
    drag = ruler ? "pan" : "seek";
    picture.setPointerCapture?.(event.pointerId);
    ruler ? hands.pan(at) : hands.seek(at);
  });
  picture.addEventListener("pointermove", (event) => {
    const { at } = place(event);
    if (drag === "pan") return hands.pan(at);
    if (drag === "seek") hands.seek(at);
    const px = x(at);
    for (const [name, value] of Object.entries({ x1: px, x2: px, y1: 0, y2: tops.ruler, visibility: "visible" })) pointer.setAttribute(name, value);
    hands.point(view.times.at(at), event);
  });
  const leave = () => {
    drag = null;
    pointer.setAttribute("visibility", "hidden");
    hands.point(null);
  };
  picture.addEventListener("pointerup", () => (drag = null));
  picture.addEventListener("pointerleave", leave);
  picture.addEventListener("pointercancel", leave);

  function moveTo(at) {
    const px = x(at);
    cursor.setAttribute("transform", `translate(${px.toFixed(2)} 0)`);
    cursor.setAttribute("y2", tops.ruler + 6);
  }

  /* Which part of the film the strip shows; nothing where it shows all of it. */
  function showWindow(from, to) {
    const all = from <= 0 && to >= view.times.total - 1e-6;
    bracket.setAttribute("visibility", all ? "hidden" : "visible");
    const frame = { x: x(from), width: Math.max(6, x(to) - x(from)), y: tops.ruler + 1, height: RULER - 4 };
    for (const [name, value] of Object.entries(frame)) bracket.setAttribute(name, value);
  }

  function fit() {
    const next = box.clientWidth;
    if (next === width || !next) return false;
    width = next;
    draw();
    return true;
  }

  return { box, build, draw, fit, moveTo, showWindow };
}
