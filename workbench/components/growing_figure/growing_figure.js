/* A Plotly figure that grows in its place: lines are replaced, a viewer's zoom stays, nothing blinks.

data  { figure: Plotly's JSON as text, config: Plotly's, library: where plotly.min.js is served, alt: what is drawn }

Plotly keeps the zoom of a figure with the same layout.uirevision, as long as it is drawn into the same element. */

/**
 * @typedef {object} Plotly what we use of it
 * @property {(el: HTMLElement, data: object[], layout: object, config: object) => Promise<unknown>} react
 * @property {(el: HTMLElement) => void} purge
 * @property {{ resize(el: HTMLElement): void }} Plots
 */

/** @typedef {{ figure: string, config: object, library: string, alt: string, view?: string }} Message */
/** @typedef {Record<string, any>} Layout */

const tool = () => /** @type {{ Plotly?: Plotly }} */ (globalThis).Plotly;

/** @type {Promise<Plotly> | undefined} */
let library; // one for all the figures of a page

/** @param {string} address */
function plotly(address) {
  library ??= new Promise((resolve, reject) => {
    const loaded = tool();
    if (loaded) return resolve(loaded);
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(/** @type {Plotly} */ (tool()));
    script.onerror = () => reject(new Error(`${address} is not served`));
    document.head.append(script);
  });
  return library;
}

/**
 * The page's own ink, lines and letters; what a figure colours itself stays.
 * @param {Layout} layout
 * @param {HTMLElement} el
 * @param {boolean} flat with two axes
 */
function themed(layout, el, flat) {
  const style = getComputedStyle(el);
  /** @type {(name: string, other: string) => string} */
  const read = (name, other) => style.getPropertyValue(name).trim() || other;
  const ink = read("--st-text-color", style.color);
  const line = read("--st-border-color", "rgba(128,128,128,.3)");
  const clear = "rgba(0,0,0,0)";
  /** @type {Layout} */
  const themedLayout = {
    ...layout,
    autosize: true,
    paper_bgcolor: clear,
    plot_bgcolor: clear,
    font: { family: read("--st-font", "sans-serif"), size: 13, color: ink, ...layout.font },
    modebar: { bgcolor: clear, color: line, activecolor: ink },
    hoverlabel: { font: { family: read("--st-font", "sans-serif"), size: 13 } },
  };
  delete themedLayout.width;
  if (layout.scene) {
    const lines = { color: ink, gridcolor: line, zerolinecolor: line, showbackground: false };
    const axes = ["xaxis", "yaxis", "zaxis"].map((axis) => [axis, { ...lines, ...layout.scene[axis] }]);
    themedLayout.scene = { ...layout.scene, ...Object.fromEntries(axes) };
  }
  for (const axis of flat ? ["xaxis", "yaxis"] : []) {
    const grid = axis === "yaxis";
    const title = { ...layout[axis]?.title, font: { size: 13 } };
    themedLayout[axis] = { gridcolor: line, linecolor: line, zerolinecolor: line, showgrid: grid, ...layout[axis], title };
  }
  return themedLayout;
}

const NARROW_PX = 520;
const LINE_END = "line end"; // the name of labels at the ends of lines: workbench/views/line_ends.py

/**
 * On a telephone the names at the ends of lines would take half of the figure: they become a legend above it.
 * @param {Layout} layout
 * @param {number} width
 * @returns {Layout}
 */
export function fitted(layout, width) {
  const notes = /** @type {{ name?: string, text: string }[]} */ (layout.annotations ?? []);
  const ends = notes.filter((note) => note.name === LINE_END);
  if (width >= NARROW_PX || !ends.length) return layout;
  const legend = { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12 }, itemclick: false, itemdoubleclick: false };
  const rows = Math.ceil(ends.length / (ends.some((end) => end.text.length > 20) ? 1 : 2));
  const margin = { ...layout.margin, r: 12, t: 12 + 19 * rows };
  return { ...layout, annotations: notes.filter((note) => note.name !== LINE_END), showlegend: true, legend, margin };
}

const AXIS_PX = 84; // of parallel axes, below which their names overlap

/**
 * The least width of a figure; one that is wider than its place is moved sideways.
 * @param {Layout[]} data
 */
export const leastWidth = ([lines]) => (lines?.type === "parcoords" ? AXIS_PX * lines.dimensions.length : 0);

const short = (/** @type {number} */ value) => String(Number(value.toPrecision(6)));
const spanned = (/** @type {number[]} */ ends) => ends.map(short).join("..");
const ends = (/** @type {string} */ text) => text.split("..").map(Number);

/**
 * How a person looks at a kind of figure, as a text.
 * @typedef {object} Look
 * @property {RegExp} changed names of what Plotly tells to have changed
 * @property {(view: string, data: Layout[], layout: Layout) => void} apply show the figure so; all of it where the text is empty
 * @property {(plot: { data: Layout[], layout: Layout }, change: Layout, original: Layout[]) => string} read
 */

/** @type {Look} the part of two axes that is seen, `X0..X1,Y0..Y1` */
const ZOOM = {
  changed: /axis\.(range|autorange)/,
  apply(view, _data, layout) {
    if (!view) return;
    const [x, y] = view.split(",").map(ends);
    layout.xaxis = { ...layout.xaxis, range: x, autorange: false };
    layout.yaxis = { ...layout.yaxis, range: y, autorange: false };
  },
  read({ layout: { xaxis, yaxis } }, change) {
    const all = change["xaxis.autorange"] || (xaxis.autorange && yaxis.autorange);
    return all ? "" : [xaxis.range, yaxis.range].map(spanned).join(",");
  },
};

const CAMERA = ["eye", "center", "up"];

/** @type {Look} the camera of three dimensions, where it is, what it looks at and what is up: `X,Y,Z;X,Y,Z;X,Y,Z` */
const TURN = {
  changed: /^scene\.camera/,
  apply(view, _data, layout) {
    if (!view) return;
    const camera = Object.fromEntries(
      view.split(";").map((part, i) => {
        const [x, y, z] = part.split(",").map(Number);
        return [CAMERA[i], { x, y, z }];
      }),
    );
    layout.scene = { ...layout.scene, camera };
  },
  read({ layout }) {
    const { camera } = layout.scene;
    return camera ? CAMERA.map((part) => [camera[part].x, camera[part].y, camera[part].z].map(short).join(",")).join(";") : "";
  },
};

/** @type {(range: any) => number[][]} one range or several */
const listed = (range) => (!range?.length ? [] : Array.isArray(range[0]) ? range : [range]);

/** @type {Look} ranges kept of parallel axes, `NAME=LOW..HIGH|LOW..HIGH,…`; with all names, in their order, where axes were moved */
const BRUSHES = {
  changed: /dimensions/,
  apply(view, [lines]) {
    if (!view) return;
    const told = new Map(view.split(",").map((part) => /** @type {[string, string | undefined]} */ (part.split("="))));
    for (const axis of lines.dimensions) {
      const kept = told.get(axis.name)?.split("|").map(ends);
      if (kept) axis.constraintrange = kept.length === 1 ? kept[0] : kept;
    }
    const names = [...told.keys()];
    if (names.length === lines.dimensions.length) lines.dimensions.sort((/** @type {Layout} */ a, /** @type {Layout} */ b) => names.indexOf(a.name) - names.indexOf(b.name));
  },
  read({ data: [{ dimensions }] }, _change, [{ dimensions: before }]) {
    const moved = before.some((/** @type {Layout} */ axis, /** @type {number} */ i) => axis.name !== dimensions[i].name);
    const parts = dimensions.map((/** @type {Layout} */ axis) => [axis.name, listed(axis.constraintrange).map(spanned).join("|")].filter(Boolean).join("="));
    return (moved ? parts : parts.filter((/** @type {string} */ part) => part.includes("="))).join(",");
  },
};

/** @type {Record<string, Look>} by the type of a figure's first trace */
const LOOKS = { scatter3d: TURN, parcoords: BRUSHES };

/** @type {WeakMap<HTMLElement, GrowingFigure>} */
const mounted = new WeakMap();

const NEAR = "300px";
const LATEST_MS = 4000;

/**
 * When the figure comes near to what is seen, at the latest after a while: the library keeps the browser busy for most of
 * a second, which belongs to what stands at the top of the page.
 * @param {HTMLElement} el
 */
function near(el) {
  return new Promise((/** @type {(nothing: void) => void} */ resolve) => {
    const watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && done(), { rootMargin: NEAR });
    const timer = window.setTimeout(done, LATEST_MS);
    function done() {
      watch.disconnect();
      window.clearTimeout(timer);
      resolve();
    }
    watch.observe(el);
  });
}

class GrowingFigure {
  drawn = false;
  /** @type {string | undefined} */
  latest;

  view = ""; // how a person looks at it
  heard = ""; // the view that was told from outside last: a message may be older than what a person has done since
  told = 0;
  /** @type {Layout[]} */
  original = []; // the traces as they came
  look = ZOOM;
  /** @type {(view: string) => void} */
  tell = () => {};

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.el = document.createElement("div");
    this.el.setAttribute("role", "figure"); // not "img", which has no buttons inside
    this.frame = document.createElement("div");
    this.frame.style.overflowX = "auto";
    this.frame.append(this.el);
    parent.append(this.frame);
    this.observer = new ResizeObserver(() => this.drawn && tool()?.Plots.resize(this.el));
    this.observer.observe(this.el);
    this.near = near(this.el);
  }

  /** @param {Message} message */
  async show({ figure, config, library: address, alt, view = "" }) {
    this.el.setAttribute("aria-label", alt);
    this.latest = figure;
    let drawing;
    try {
      await this.near;
      drawing = await plotly(address);
    } catch (error) {
      this.el.textContent = `This figure cannot be drawn: ${error instanceof Error ? error.message : error}.`;
      return;
    }
    if (this.latest !== figure || !this.el.isConnected) return; // a newer one came while the library was loading
    const { data, layout } = JSON.parse(figure);
    this.original = JSON.parse(figure).data;
    this.look = LOOKS[data[0]?.type] ?? ZOOM;
    const least = leastWidth(data);
    this.el.style.minWidth = `${least}px`;
    this.frame.tabIndex = least > this.frame.clientWidth ? 0 : -1; // what is moved sideways is reached by the keyboard too
    const shown = themed(fitted(layout, this.el.clientWidth), this.el, this.look === ZOOM);
    if (view !== this.heard) {
      this.heard = this.view = view;
      this.told += 1;
    }
    shown.uirevision = `${shown.uirevision} ${this.told}`; // another one, and Plotly forgets what a person did before
    this.look.apply(this.view, data, shown);
    await drawing.react(this.el, data, shown, config);
    if (!this.drawn) this.listen();
    this.drawn = true;
  }

  listen() {
    const plot = /** @type {HTMLElement & { on: (name: string, heard: (change: any) => void) => void, data: Layout[], layout: Layout }} */ (/** @type {unknown} */ (this.el));
    const hear = (/** @type {Layout} */ change) => {
      if (!Object.keys(change).some((key) => this.look.changed.test(key))) return;
      this.view = this.look.read(plot, change, this.original);
      this.tell(this.view);
    };
    plot.on("plotly_relayout", hear);
    plot.on("plotly_restyle", ([change]) => hear(change));
  }

  destroy() {
    this.observer.disconnect();
    if (this.drawn) tool()?.purge(this.el);
    this.frame.remove();
  }
}

/** @param {{ parentElement: HTMLElement, data: Message, setTriggerValue: (name: string, value: string) => void }} component */
export default function ({ parentElement, data, setTriggerValue }) {
  let figure = mounted.get(parentElement);
  if (!figure) {
    figure = new GrowingFigure(parentElement);
    mounted.set(parentElement, figure);
  }
  figure.tell = (view) => setTriggerValue("view", view || "all");
  figure.show(data);
  return () => {
    figure.destroy();
    mounted.delete(parentElement);
  };
}
