/* The map: every shot a point, one or two embeddings of the same shots side by side, one lasso over both.

One plain ES module that knows neither Streamlit nor Jupyter; a shell of a few lines mounts it. ../elements.js comes
before it.

  const map = render(el, state, { onGesture });
  map.update(state);          // only what differs is done again
  map.destroy();

state    { about, panels: [{ points, label, note }], colours, shown, hits, path, selected, pinned, size }
about    { key, count, unit, frames, titles: [{ name, first, count, frames }], starts, texts }: constant for a catalog; frames
         is an address, and of a title what stands behind it, or null: FRAMES/TITLE/SHOT.webp, FRAMES.together?frame=TITLE/SHOT&…
points   { key, x, y }: 16-bit places as base64, 0 … 65535, the same scale on both axes
colours  { key, label, index, palette: [{ name, colour, count }], ramp }: a palette entry for each point, 8-bit as base64
shown    bits as base64, a point each, or null: all. hits: bits, or null: nobody searched
path     [point, …] to be joined in this order, or null
selected "3-9,12": points, as ranges. pinned: { point, near: [point, …] } or null
onGesture({ points: ranges, pin: point | null }) is called when a lasso closes, and at a click

Points are splatted into an image here, without a GPU (benchmarks/map_page.py says how fast), so that a million can be
moved and zoomed; where points lie on one another their colours add up to a density, and looking closer takes them
apart. Whatever comes from a catalog is shown through textContent, so markup in it stays text. */

const NEAREST_PX = 14; // how far from a point a hand may be
const MOST_FRAMES = 48;
const MOST_RINGS = 60;
const GRID = 256;
const CLICK_PX = 4;
const ZOOM = { least: 0.7, most: 400 };

// ---- small things -----------------------------------------------------------------------------
function bytes(base64) {
  const text = atob(base64);
  const found = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) found[i] = text.charCodeAt(i);
  return found;
}

function flags(base64, count) {
  const packed = bytes(base64);
  const found = new Uint8Array(count);
  for (let i = 0; i < count; i++) found[i] = (packed[i >> 3] >> (7 - (i & 7))) & 1;
  return found;
}

function fromRanges(text, count) {
  const found = [];
  for (const part of text ? text.split(",") : []) {
    const [first, last = first] = part.split("-").map(Number);
    for (let i = first; i <= last && i < count; i++) found.push(i);
  }
  return found;
}

function toRanges(ascending) {
  const parts = [];
  for (let i = 0; i < ascending.length; ) {
    let j = i;
    while (j + 1 < ascending.length && ascending[j + 1] === ascending[j] + 1) j++;
    parts.push(i === j ? `${ascending[i]}` : `${ascending[i]}-${ascending[j]}`);
    i = j + 1;
  }
  return parts.join(",");
}

function rgb(colour) {
  if (colour.startsWith("#")) return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return (colour.match(/[\d.]+/g) ?? ["128", "128", "128"]).slice(0, 3).map(Number);
}

/* How much of each pixel a disc covers: what one point looks like. */
function disc(radius) {
  const reach = Math.max(0, Math.ceil(radius - 0.5));
  const side = 2 * reach + 1;
  const cover = new Float32Array(side * side);
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++)
      cover[(y + reach) * side + x + reach] = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(x, y)));
  return { reach, side, cover };
}

/* Which points lie in which cell, so that the nearest is found without looking at all. */
function cellsOf(xs, ys) {
  const count = xs.length;
  const cell = (i) => Math.min(GRID - 1, Math.floor(ys[i] * GRID)) * GRID + Math.min(GRID - 1, Math.floor(xs[i] * GRID));
  const starts = new Uint32Array(GRID * GRID + 1);
  for (let i = 0; i < count; i++) starts[cell(i) + 1]++;
  for (let c = 0; c < GRID * GRID; c++) starts[c + 1] += starts[c];
  const at = starts.slice();
  const points = new Uint32Array(count);
  for (let i = 0; i < count; i++) points[at[cell(i)]++] = i;
  return { starts, points };
}

// ---- one map ----------------------------------------------------------------------------------
class Panel {
  constructor() {
    this.root = element("figure", "map");
    this.base = element("canvas", "base");
    this.over = element("canvas", "over", { tabindex: "0", role: "img" });
    this.label = element("figcaption", "label");
    this.root.append(this.base, this.over, this.label);
    this.fit();
  }

  /* All points, as large as the frame lets them be. */
  fit() {
    this.fitted = true;
    this.view = { x: 0.5, y: 0.5, zoom: 1 };
    if (!this.xs?.length || !this.width) return;
    const span = (places) => places.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [1, 0]);
    const [[left, right], [low, high]] = [span(this.xs), span(this.ys)];
    const margin = 18 * this.ratio;
    const roomX = (this.width - 2 * margin) / Math.max(right - left, 0.02);
    const roomY = (this.height - 3.4 * margin) / Math.max(high - low, 0.02); // the label is above
    this.view = { x: (left + right) / 2, y: (low + high) / 2, zoom: Math.min(roomX, roomY) / Math.min(this.width, this.height) };
    this.view.y += (0.7 * margin) / this.scale;
  }

  setPoints(points) {
    if (points.key === this.key) return;
    this.key = points.key;
    this.xs = Float32Array.from(new Uint16Array(bytes(points.x).buffer), (v) => v / 65535);
    this.ys = Float32Array.from(new Uint16Array(bytes(points.y).buffer), (v) => v / 65535);
    this.cells = cellsOf(this.xs, this.ys);
    this.fitted = true; // and so fitted again when it is painted
  }

  resize() {
    const box = this.root.getBoundingClientRect();
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.width = Math.max(1, Math.round(box.width * this.ratio));
    this.height = Math.max(1, Math.round(box.height * this.ratio));
    for (const canvas of [this.base, this.over]) {
      if (canvas.width !== this.width) canvas.width = this.width;
      if (canvas.height !== this.height) canvas.height = this.height;
    }
    if (this.fitted) this.fit();
  }

  get scale() {
    return Math.min(this.width, this.height) * this.view.zoom;
  }

  toScreen(i) {
    const s = this.scale;
    return [(this.xs[i] - this.view.x) * s + this.width / 2, (this.view.y - this.ys[i]) * s + this.height / 2];
  }

  toPlace(px, py) {
    const s = this.scale;
    return [(px - this.width / 2) / s + this.view.x, this.view.y - (py - this.height / 2) / s];
  }

  /* Points that nobody asks for first and faint, then those that are lit. */
  paint({ shown, lit, index, colours, paper, size }) {
    this.resize();
    const { width, height, xs, ys } = this;
    const count = xs.length;
    const image = new ImageData(width, height);
    const pixels = image.data;
    new Uint32Array(pixels.buffer).fill((255 << 24) | (paper[2] << 16) | (paper[1] << 8) | paper[0]);
    const s = this.scale;
    const room = 0.32 * Math.sqrt((s * s) / Math.max(count, 1));
    const least = count <= 10000 ? 2.1 : count <= 60000 ? 1.2 : 0.5;
    const radius = size * Math.max(least * this.ratio, Math.min(5 * this.ratio, room));
    const alpha = Math.max(0.22, Math.min(0.86, 0.3 + radius / (4 * this.ratio)));
    const table = Uint8Array.from(colours.flat());
    const [left, top] = [width / 2 - this.view.x * s, height / 2 + this.view.y * s];
    const splat = (point, { reach, side, cover }, strength) => {
      const cx = Math.round(left + xs[point] * s);
      const cy = Math.round(top - ys[point] * s);
      if (cx < -reach || cy < -reach || cx >= width + reach || cy >= height + reach) return;
      const entry = index ? 3 * index[point] : 0;
      const r = table[entry];
      const g = table[entry + 1];
      const b = table[entry + 2];
      for (let dy = -reach; dy <= reach; dy++) {
        const y = cy + dy;
        if (y < 0 || y >= height) continue;
        for (let dx = -reach; dx <= reach; dx++) {
          const x = cx + dx;
          if (x < 0 || x >= width) continue;
          const a = cover[(dy + reach) * side + dx + reach] * strength;
          if (a === 0) continue;
          const at = 4 * (y * width + x);
          pixels[at] += (r - pixels[at]) * a;
          pixels[at + 1] += (g - pixels[at + 1]) * a;
          pixels[at + 2] += (b - pixels[at + 2]) * a;
        }
      }
    };
    const plain = disc(radius);
    const stride = coprime(count); // so that no title lies on top of all others
    for (let k = 0, i = 0; k < count; k++, i = (i + stride) % count)
      if ((!shown || shown[i]) && !(lit && lit[i])) splat(i, plain, lit ? alpha * 0.11 : alpha);
    if (lit) {
      const strong = disc(Math.max(radius * 1.15, 1.6 * this.ratio * Math.min(1, 40000 / count + 0.4)));
      for (let i = 0; i < count; i++) if (lit[i] && (!shown || shown[i])) splat(i, strong, 0.95);
    }
    this.base.getContext("2d").putImageData(image, 0, 0);
  }

  /* What moves with the hand: the path of a title, a shot's true neighbours, the ring, the lasso. */
  paintOver({ path, pinned, hover, drawn, ringed, ink, accent }) {
    const pen = this.over.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    pen.lineJoin = pen.lineCap = "round";
    for (const point of ringed) this.ring(pen, point, 4.6, ink, 1.4); // few are easily overlooked
    if (path?.length) this.paintPath(pen, path, ink);
    if (pinned) {
      const [px, py] = this.toScreen(pinned.point);
      pen.strokeStyle = accent;
      pen.lineWidth = 1.2 * this.ratio;
      for (const other of pinned.near) {
        const [x, y] = this.toScreen(other);
        pen.globalAlpha = 0.75;
        pen.beginPath();
        pen.moveTo(px, py);
        pen.lineTo(x, y);
        pen.stroke();
        this.ring(pen, other, 3.4, accent);
      }
      pen.globalAlpha = 1;
      this.ring(pen, pinned.point, 8, accent, 2.4);
    }
    if (hover !== null) this.ring(pen, hover, 7, ink, 2);
    if (drawn?.panel === this) {
      pen.globalAlpha = 1;
      pen.strokeStyle = accent;
      pen.fillStyle = accent;
      pen.lineWidth = 1.6 * this.ratio;
      const shape = outline(drawn);
      pen.globalAlpha = 0.1;
      pen.fill(shape);
      pen.globalAlpha = 1;
      pen.stroke(shape);
    }
  }

  paintPath(pen, path, ink) {
    pen.strokeStyle = ink;
    pen.lineWidth = 1.3 * this.ratio;
    for (let k = 1; k < path.length; k++) {
      pen.globalAlpha = 0.12 + (0.6 * k) / path.length; // later is stronger
      pen.beginPath();
      pen.moveTo(...this.toScreen(path[k - 1]));
      pen.lineTo(...this.toScreen(path[k]));
      pen.stroke();
    }
    pen.globalAlpha = 1;
    this.ring(pen, path[0], 5, ink, 2);
    pen.fillStyle = ink;
    pen.beginPath();
    pen.arc(...this.toScreen(path.at(-1)), 5 * this.ratio, 0, 7);
    pen.fill();
  }

  ring(pen, point, radius, colour, thick = 1.2) {
    pen.strokeStyle = colour;
    pen.lineWidth = thick * this.ratio;
    pen.beginPath();
    pen.arc(...this.toScreen(point), radius * this.ratio, 0, 7);
    pen.stroke();
  }

  nearest(px, py, shown) {
    const [x, y] = this.toPlace(px, py);
    const reach = (NEAREST_PX * this.ratio) / this.scale;
    const clip = (v) => Math.max(0, Math.min(GRID - 1, Math.floor(v * GRID)));
    let best = null;
    let least = reach * reach;
    for (let row = clip(y - reach); row <= clip(y + reach); row++) {
      for (let column = clip(x - reach); column <= clip(x + reach); column++) {
        const c = row * GRID + column;
        for (let k = this.cells.starts[c]; k < this.cells.starts[c + 1]; k++) {
          const i = this.cells.points[k];
          if (shown && !shown[i]) continue;
          const apart = (this.xs[i] - x) ** 2 + (this.ys[i] - y) ** 2;
          if (apart < least) [least, best] = [apart, i];
        }
      }
    }
    return best;
  }

  /* The shape is filled on a canvas of its own, and each point looks up its pixel: as fast for a million. */
  inside(drawn, shown) {
    const stencil = document.createElement("canvas");
    stencil.width = this.width;
    stencil.height = this.height;
    const pen = stencil.getContext("2d", { willReadFrequently: true });
    pen.fill(outline(drawn));
    const pixels = pen.getImageData(0, 0, this.width, this.height).data;
    const found = [];
    for (let i = 0; i < this.xs.length; i++) {
      if (shown && !shown[i]) continue;
      const [x, y] = this.toScreen(i).map(Math.round);
      if (x >= 0 && y >= 0 && x < this.width && y < this.height && pixels[4 * (y * this.width + x) + 3] > 127) found.push(i);
    }
    return found;
  }

  zoomAt(px, py, factor) {
    this.fitted = false;
    const [x, y] = this.toPlace(px, py);
    this.view.zoom = Math.max(ZOOM.least, Math.min(ZOOM.most, this.view.zoom * factor));
    const [nx, ny] = this.toPlace(px, py);
    this.view.x += x - nx;
    this.view.y += y - ny;
  }

  move(dx, dy) {
    this.fitted = false;
    this.view.x -= dx / this.scale;
    this.view.y += dy / this.scale;
  }
}

function outline({ mode, trail }) {
  const shape = new Path2D();
  if (mode === "box") {
    const [[x, y], [u, v]] = [trail[0], trail.at(-1)];
    shape.rect(Math.min(x, u), Math.min(y, v), Math.abs(u - x), Math.abs(v - y));
    return shape;
  }
  trail.forEach(([x, y], k) => (k ? shape.lineTo(x, y) : shape.moveTo(x, y)));
  shape.closePath();
  return shape;
}

function coprime(count) {
  const gcd = (a, b) => (b ? gcd(b, a % b) : a);
  let stride = Math.max(1, Math.floor(count * 0.618));
  while (gcd(stride, count) !== 1) stride++;
  return stride;
}

// ---- all of it --------------------------------------------------------------------------------
export function render(el, first, { onGesture = () => {} } = {}) {
  const fitted = element("div", "shot-map-fit"); // what the style sheet measures the width of
  const root = element("div", "shot-map");
  const stage = element("div", "stage");
  const tools = element("div", "tools", { role: "toolbar", "aria-label": "Map" });
  const maps = element("div", "maps");
  const legend = element("div", "legend");
  const side = element("div", "side");
  const tip = element("div", "tip", { hidden: "", "aria-hidden": "true" });
  const spoken = element("div", "spoken", { role: "status", "aria-live": "polite" });
  stage.append(tools, maps, legend);
  root.append(stage, side, tip, spoken);
  fitted.append(root);
  el.append(fitted);

  let state = { about: { key: null, count: 0, titles: [] }, panels: [] };
  let panels = [];
  let index = null;
  let shown = null;
  let hits = null;
  let starts = null;
  let selected = [];
  let chosen = null; // flags of the selected points
  let pinned = null;
  let hover = null;
  let lifted = null; // the palette entry that the pointer is on
  let mode = "lasso";
  let drawn = null; // { panel, mode, trail, add } while a hand draws
  let waiting = 0;
  const keys = {};

  // ---- what a point is ------------------------------------------------------------------------
  function titleOf(point) {
    const { titles, unit } = state.about;
    if (unit === "titles") return [titles[point], null];
    let low = 0;
    let high = titles.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (titles[middle].first <= point) low = middle;
      else high = middle - 1;
    }
    return [titles[low], point - titles[low].first];
  }

  function words(point) {
    const [title, shot] = titleOf(point);
    if (shot === null) return `${title.name} · ${title.count} shots`;
    const at = starts && Number.isFinite(starts[point]) ? ` · ${clock(starts[point])}` : "";
    return `${title.name}${at} · shot ${shot}`;
  }

  function swatch(point, className) {
    const box = element("span", className);
    const entry = state.colours?.palette[index?.[point] ?? 0];
    if (entry) box.style.setProperty("--colour", entry.colour);
    return box;
  }

  function picture(box, source) {
    const made = element("img", "", { alt: "", decoding: "async", draggable: "false" });
    made.addEventListener("error", () => made.remove());
    if (source.startsWith("blob:")) made.addEventListener("load", () => URL.revokeObjectURL(source));
    made.src = source;
    box.append(made);
  }

  function frame(point, className) {
    const box = swatch(point, className);
    const [title, shot] = titleOf(point);
    if (title.frames) picture(box, `${state.about.frames}/${title.frames}/${shot ?? title.count >> 1}.webp`);
    return box;
  }

  /* The frames of many points come in one answer, each after its length in four bytes: the server has better to do than
     to answer fifty times. */
  async function fillFrames(boxes) {
    const framed = boxes.map(([point, box]) => [...titleOf(point), box]).filter(([title]) => title.frames);
    if (!framed.length) return;
    const names = framed.map(([title, shot]) => `${decodeURIComponent(title.frames)}/${shot ?? title.count >> 1}`);
    try {
      const answer = await fetch(`${state.about.frames}.together?${names.map((n) => `frame=${encodeURIComponent(n)}`).join("&")}`);
      if (!answer.ok) return;
      const whole = await answer.arrayBuffer();
      const view = new DataView(whole);
      let at = 0;
      for (const [, , box] of framed) {
        const length = view.getUint32(at, true);
        if (length) picture(box, URL.createObjectURL(new Blob([new Uint8Array(whole, at + 4, length)], { type: "image/webp" })));
        at += 4 + length;
      }
    } catch {
      return; // the colour of the label stands for the frame
    }
  }

  // ---- painting -------------------------------------------------------------------------------
  function lit() {
    if (lifted !== null && index) return Uint8Array.from(index, (entry) => (entry === lifted ? 1 : 0));
    if (chosen) return chosen;
    return hits;
  }

  function paint() {
    const style = getComputedStyle(root);
    const paper = rgb(style.backgroundColor);
    const entries = state.colours?.palette.length ? state.colours.palette : [{ colour: "#84888f" }];
    const colours = entries.map((entry) => rgb(entry.colour));
    const begin = performance.now();
    const how = { shown, lit: lit(), index, colours, paper, size: state.size ?? 1 };
    for (const panel of panels) panel.paint(how);
    root.dataset.paintMs = Math.round(performance.now() - begin);
    paintOver();
  }

  function paintOver() {
    const style = getComputedStyle(root);
    const ringed = selected.length <= MOST_RINGS ? selected : [];
    const how = { path: state.path, pinned, hover, drawn, ringed, ink: style.color, accent: style.getPropertyValue("--accent") };
    for (const panel of panels) panel.paintOver(how);
  }

  function soon() {
    if (!waiting)
      waiting = requestAnimationFrame(() => {
        waiting = 0;
        paint();
      });
  }

  // ---- tools and legend -----------------------------------------------------------------------
  const buttons = {};
  function tool(name, label, text, action) {
    const button = element("button", "tool", { type: "button", title: label, "aria-label": label }, text);
    button.addEventListener("click", action);
    buttons[name] = button;
    tools.append(button);
  }
  function setMode(next) {
    mode = next;
    for (const name of ["lasso", "box", "move"]) buttons[name].setAttribute("aria-pressed", String(name === mode));
    maps.dataset.mode = mode;
  }
  function zoomAll(factor) {
    for (const panel of panels) panel.zoomAt(panel.width / 2, panel.height / 2, factor);
    soon();
  }
  tool("lasso", "Draw round the shots to choose; Shift adds to them", "Lasso", () => setMode("lasso"));
  tool("box", "Draw a box over the shots to choose; Shift adds to them", "Box", () => setMode("box"));
  tool("move", "Drag the map; the wheel looks closer", "Move", () => setMode("move"));
  tools.append(element("span", "gap"));
  tool("closer", "Closer", "+", () => zoomAll(1.5));
  tool("farther", "Farther", "−", () => zoomAll(1 / 1.5));
  tool("whole", "The whole map", "Whole", () => {
    panels.forEach((panel) => panel.fit());
    soon();
  });
  tool("clear", "Let go of the chosen shots (Esc)", "Clear", () => choose([], null));
  setMode("lasso");

  function paintLegend() {
    const { palette = [], label = "", ramp = null } = state.colours ?? {};
    legend.replaceChildren(element("span", "legend-label", {}, label));
    if (ramp) {
      const bar = element("span", "ramp");
      bar.style.background = `linear-gradient(90deg, ${palette.slice(1).map((entry) => entry.colour).join(",")})`;
      legend.append(element("span", "", {}, ramp[0]), bar, element("span", "", {}, ramp[1]));
      return;
    }
    palette.forEach((entry, number) => {
      if (!entry.count) return;
      const chip = element("button", "chip", { type: "button", title: `${entry.count} points; click to choose them` });
      const dot = element("i", "dot");
      dot.style.background = entry.colour;
      chip.append(dot, element("span", "", {}, entry.name));
      chip.addEventListener("pointerenter", () => ((lifted = number), soon()));
      chip.addEventListener("pointerleave", () => ((lifted = null), soon()));
      chip.addEventListener("click", () => {
        lifted = null;
        const all = [];
        for (let i = 0; i < index.length; i++) if (index[i] === number && (!shown || shown[i])) all.push(i);
        choose(all, null);
      });
      legend.append(chip);
    });
  }

  // ---- the side: one shot, and those chosen ---------------------------------------------------
  function paintSide() {
    const near = pinned ? [pinned.point, ...pinned.near] : [];
    if (!changed("side", [state.about.key, state.colours?.key, near, toRanges(selected)].join("|"))) return; // frames stay
    side.replaceChildren();
    if (pinned) side.append(pinnedCard());
    const count = selected.length;
    if (!count) {
      if (!pinned) side.append(element("p", "hint", {}, HINT));
      root.dataset.selected = 0;
      return;
    }
    const titles = new Set(selected.map((point) => titleOf(point)[0])).size;
    const unit = state.about.unit === "titles" ? "title" : "shot";
    const said = `${count} ${unit}${count === 1 ? "" : "s"}` + (unit === "shot" ? ` of ${titles} title${titles === 1 ? "" : "s"}` : "");
    side.append(element("h4", "", {}, said));
    const grid = element("div", "frames");
    const step = Math.max(1, count / MOST_FRAMES);
    const shownFrames = [];
    for (let k = 0; k < Math.min(count, MOST_FRAMES); k++) shownFrames.push(selected[Math.floor(k * step)]);
    side.append(frameGrid(grid, shownFrames));
    if (count > MOST_FRAMES) side.append(element("p", "small", {}, `Every ${step.toFixed(1).replace(/\.0$/, "")}th of them is shown.`));
    root.dataset.selected = count;
    spoken.textContent = `${said} chosen`;
  }

  function frameGrid(grid, points) {
    const boxes = points.map((point) => [point, swatch(point, "frame")]);
    grid.append(...boxes.map(([point, box]) => frameButton(point, box)));
    fillFrames(boxes);
    return grid;
  }

  function frameButton(point, box) {
    const button = element("button", "frame-button", { type: "button", title: words(point), "aria-label": words(point) });
    button.append(box);
    button.addEventListener("click", () => choose(selected, point));
    button.addEventListener("pointerenter", () => ((hover = point), paintOver()));
    button.addEventListener("pointerleave", () => ((hover = null), paintOver()));
    return button;
  }

  function pinnedCard() {
    const { point, near } = pinned;
    const card = element("div", "card");
    card.append(frame(point, "large"), element("strong", "", {}, words(point)));
    const text = state.about.texts?.[point];
    if (text) card.append(element("p", "said", {}, `“${text}”`));
    const entry = state.colours?.palette[index?.[point] ?? 0];
    if (entry && state.colours.label) card.append(element("p", "small", {}, `${state.colours.label}: ${entry.name}`));
    if (near.length) {
      card.append(element("p", "small", {}, "Truly nearest, wherever the map has put them:"));
      card.append(frameGrid(element("div", "frames near"), near));
    }
    return card;
  }

  // ---- gestures -------------------------------------------------------------------------------
  function mark(points) {
    selected = points;
    chosen = null;
    if (!points.length) return;
    chosen = new Uint8Array(state.about.count);
    for (const point of points) chosen[point] = 1;
  }

  function choose(points, pin) {
    mark(points);
    hover = null;
    pinned = pin === null ? null : { point: pin, near: pinned?.point === pin ? pinned.near : [] };
    paint();
    paintSide();
    onGesture({ points: toRanges(points), pin });
  }

  function at(panel, event) {
    const box = panel.over.getBoundingClientRect();
    return [(event.clientX - box.left) * panel.ratio, (event.clientY - box.top) * panel.ratio];
  }

  function pressed(panel, event) {
    if (event.button > 1) return;
    event.preventDefault();
    panel.over.focus({ preventScroll: true, focusVisible: false });
    panel.over.setPointerCapture?.(event.pointerId);
    const how = event.button === 1 || event.altKey ? "move" : mode;
    drawn = { panel, mode: how, trail: [at(panel, event)], add: event.shiftKey };
    hideTip();
  }

  function moved(panel, event) {
    const here = at(panel, event);
    if (!drawn) return look(panel, here, event);
    if (drawn.panel !== panel) return;
    const [x, y] = drawn.trail.at(-1);
    if (drawn.mode === "move") {
      panel.move(here[0] - x, here[1] - y);
      drawn.trail.push(here);
      return soon();
    }
    if (Math.hypot(here[0] - x, here[1] - y) < 2) return;
    drawn.trail.push(here);
    paintOver();
  }

  function released(panel) {
    if (!drawn) return;
    const shape = drawn;
    drawn = null;
    const [x, y] = shape.trail[0];
    const far = Math.max(...shape.trail.map(([u, v]) => Math.hypot(u - x, v - y)));
    if (far < CLICK_PX * panel.ratio) return clicked(panel, x, y);
    if (shape.mode === "move") return;
    let found = panel.inside(shape, shown);
    if (shape.add) found = [...new Set([...selected, ...found])].sort((a, b) => a - b);
    choose(found, null);
  }

  function clicked(panel, x, y) {
    const point = panel.nearest(x, y, shown);
    if (point === null) return selected.length || pinned ? choose([], null) : paintOver();
    choose(selected, point);
  }

  function look(panel, [x, y], event) {
    const point = panel.nearest(x, y, shown);
    if (point === hover) return void (point !== null && placeTip(event));
    hover = point;
    paintOver();
    if (point === null) return hideTip();
    tip.replaceChildren(frame(point, "large"), element("strong", "", {}, words(point)));
    const entry = state.colours?.palette[index?.[point] ?? 0];
    if (entry && state.colours.label) tip.append(element("p", "", {}, `${state.colours.label}: ${entry.name}`));
    const text = state.about.texts?.[point];
    if (text) tip.append(element("p", "", {}, `“${text}”`));
    tip.hidden = false;
    placeTip(event);
  }

  function placeTip(event) {
    const box = root.getBoundingClientRect();
    const left = event.clientX - box.left + 16;
    const top = event.clientY - box.top + 16;
    const flip = left + tip.offsetWidth > box.width;
    tip.style.left = `${Math.max(0, flip ? left - tip.offsetWidth - 32 : left)}px`;
    tip.style.top = `${Math.max(0, Math.min(top, box.height - tip.offsetHeight))}px`;
  }

  function hideTip() {
    tip.hidden = true;
  }

  function keyed(panel, event) {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.key === "Escape") {
      if (drawn) return (drawn = null), paintOver();
      return choose([], null);
    }
    if (event.key in steps) panel.move(...steps[event.key].map((d) => d * panel.ratio));
    else if (event.key === "+" || event.key === "=") panel.zoomAt(panel.width / 2, panel.height / 2, 1.3);
    else if (event.key === "-") panel.zoomAt(panel.width / 2, panel.height / 2, 1 / 1.3);
    else if (event.key === "0") panel.fit();
    else return;
    event.preventDefault();
    soon();
  }

  function handsOf(panel) {
    const { over } = panel;
    over.addEventListener("pointerdown", (event) => pressed(panel, event));
    over.addEventListener("pointermove", (event) => moved(panel, event));
    over.addEventListener("pointerup", () => released(panel));
    over.addEventListener("pointercancel", () => ((drawn = null), paintOver()));
    over.addEventListener("pointerleave", () => drawn || (hideTip(), (hover = null), paintOver()));
    over.addEventListener("dblclick", () => (panel.fit(), soon()));
    over.addEventListener("keydown", (event) => keyed(panel, event));
    over.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        hideTip();
        panel.zoomAt(...at(panel, event), Math.exp(-event.deltaY * 0.0016));
        soon();
      },
      { passive: false },
    );
  }

  // ---- from outside ---------------------------------------------------------------------------
  function changed(name, value) {
    const same = keys[name] === value;
    keys[name] = value;
    return !same;
  }

  function update(next) {
    state = next;
    const { about, colours } = next;
    if (changed("about", about.key)) {
      starts = about.starts ? new Float32Array(bytes(about.starts).buffer) : null;
      hover = pinned = null;
      keys.selected = undefined;
    }
    while (panels.length < next.panels.length) {
      const panel = new Panel();
      handsOf(panel);
      panels.push(panel);
      maps.append(panel.root);
    }
    for (const panel of panels.splice(next.panels.length)) panel.root.remove();
    next.panels.forEach(({ points, label, note }, k) => {
      panels[k].setPoints(points);
      panels[k].label.replaceChildren(element("b", "", {}, label), element("span", "", {}, note));
      panels[k].over.setAttribute("aria-label", `Map of ${about.count} ${about.unit}: ${label}. Arrow keys move, + and - zoom, Esc clears.`);
    });
    root.dataset.panels = panels.length;
    if (changed("colours", colours?.key)) {
      index = colours ? bytes(colours.index) : null;
      paintLegend();
    }
    if (changed("shown", next.shown)) shown = next.shown ? flags(next.shown, about.count) : null;
    if (changed("hits", next.hits)) hits = next.hits ? flags(next.hits, about.count) : null;
    changed("selected", next.selected);
    mark(fromRanges(next.selected, about.count));
    pinned = next.pinned;
    const drawing = [about.key, ...next.panels.map((panel) => panel.points.key), colours?.key, next.selected, next.size];
    changed("drawing", [...drawing, next.shown, next.hits].join("|")) ? paint() : paintOver();
    paintSide();
    root.dataset.points = about.count; // what a test or a benchmark waits for
  }

  const resized = new ResizeObserver(soon);
  resized.observe(maps);
  root.addEventListener("transitionend", (event) => event.target === root && soon()); // the theme has changed

  function destroy() {
    cancelAnimationFrame(waiting);
    resized.disconnect();
    fitted.remove();
  }

  update(first);
  return { update, destroy };
}

const HINT =
  "Draw round some points to see their frames. Point at one to see its shot; click it to see which shots are truly its nearest.";
