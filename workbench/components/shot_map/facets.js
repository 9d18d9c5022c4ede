/* Histograms beside the map: how many points have each value of a label, all of them and of the selection.

They filter one another and the map: a press on a category or a drag over numbers leaves only the points that have these
values. A histogram shows what the others leave, so what it leaves out itself can be taken back. */

import { element } from "../elements.js";
import { formatCount } from "../format.js";
import { decodeBytes } from "./decode.js";

/** @import { Actions, Brushes, Facet, View } from "./types.js" */

const OUT = 255; // of `fails`: left out by something that no histogram shows

/**
 * @param {View} view
 * @param {Actions} actions
 */
export function makeFacets(view, actions) {
  const root = element("div", "facets");
  /** @type {Map<string, Uint8Array>} */
  const indexes = new Map(); // by key, decoded
  /** @type {{ facet: Facet, index: Uint8Array, box: HTMLElement, bins: HTMLElement[], counts: HTMLElement[], clear: HTMLElement }[]} */
  let drawn = [];
  let built = "";
  /** @type {{ at: number, from: number } | null} */
  let drag = null;

  /** Points by how many of the histograms leave them out. */
  function failsOf() {
    const { state, base } = view;
    const fails = new Uint8Array(state.about.count);
    if (base) for (let i = 0; i < fails.length; i++) if (!base[i]) fails[i] = OUT;
    for (const { facet, index } of drawn) {
      const chosen = view.brushes[facet.label];
      if (!chosen) continue;
      const inside = insideOf(chosen);
      for (let i = 0; i < fails.length; i++) if (fails[i] !== OUT && !inside[index[i]]) fails[i]++;
    }
    return fails;
  }

  /** The points that all histograms leave; null = all. */
  function shown() {
    if (!view.base && !drawn.some(({ facet }) => view.brushes[facet.label])) return null;
    return Uint8Array.from(failsOf(), (f) => (f === 0 ? 1 : 0));
  }

  function build() {
    const { facets = [] } = view.state;
    const key = facets.map((facet) => facet.key).join();
    if (key === built) return;
    built = key;
    for (const known of indexes.keys()) if (!facets.some((facet) => facet.key === known)) indexes.delete(known);
    for (const facet of facets) if (!indexes.has(facet.key)) indexes.set(facet.key, decodeBytes(facet.index));
    drawn = facets.map((facet, at) => draw(facet, at));
    root.replaceChildren(...drawn.map(({ box }) => box));
  }

  /**
   * @param {Facet} facet
   * @param {number} at
   */
  function draw(facet, at) {
    const index = /** @type {Uint8Array} */ (indexes.get(facet.key));
    const clear = element("button", "facet-clear", { type: "button", hidden: "", "aria-label": `All values of ${facet.label}` }, "All");
    clear.addEventListener("click", () => brush(facet, null, true));
    const head = element("div", "facet-head", {}, element("span", "facet-name", {}, facet.label), clear);
    const box = element("div", `facet ${facet.kind}`, { "data-label": facet.label }, head);
    const [bins, counts] = facet.kind === "category" ? categoryRows(facet, box) : numberColumns(facet, box, at);
    return { facet, index, box, bins, counts, clear };
  }

  /**
   * @param {Facet} facet
   * @param {HTMLElement} box
   * @returns {[HTMLElement[], HTMLElement[]]}
   */
  function categoryRows(facet, box) {
    /** @type {HTMLElement[]} */
    const counts = [];
    const rows = facet.bins.map(({ name, others }, bin) => {
      const count = element("span", "facet-count");
      counts.push(count);
      const row = element("button", "facet-row", { type: "button" }, element("i", "bar"), element("span", "facet-value", {}, name), count);
      if (others) row.disabled = true;
      row.addEventListener("click", () => toggle(facet, bin));
      return row;
    });
    box.append(...rows);
    return [rows, counts];
  }

  /**
   * @param {Facet} facet
   * @param {HTMLElement} box
   * @param {number} at
   * @returns {[HTMLElement[], HTMLElement[]]}
   */
  function numberColumns(facet, box, at) {
    const bins = facet.bins.map(({ name }) => element("div", "facet-column", { title: name }, element("i", "bar")));
    const columns = element("div", "facet-columns", { role: "img", "aria-label": `Histogram of ${facet.label}; Filter has the same as a slider` }, ...bins);
    const ends = element("div", "facet-ends", {}, element("span", "", {}, facet.ends?.[0] ?? ""), element("span", "", {}, facet.ends?.[1] ?? ""));
    const binAt = (/** @type {PointerEvent} */ event) => {
      const { left, width } = columns.getBoundingClientRect();
      return Math.max(0, Math.min(bins.length - 1, Math.floor(((event.clientX - left) / width) * bins.length)));
    };
    columns.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      columns.setPointerCapture?.(event.pointerId);
      drag = { at, from: binAt(event) };
      brush(facet, span(drag.from, drag.from), false);
    });
    columns.addEventListener("pointermove", (event) => {
      if (drag?.at === at) brush(facet, span(drag.from, binAt(event)), false);
    });
    columns.addEventListener("pointerup", () => {
      if (drag?.at !== at) return;
      drag = null;
      actions.filter();
    });
    columns.addEventListener("pointercancel", () => (drag = null));
    box.append(columns, ends);
    return [bins, []];
  }

  /**
   * @param {Facet} facet
   * @param {number} bin
   */
  function toggle(facet, bin) {
    const chosen = new Set(view.brushes[facet.label] ?? []);
    if (!chosen.delete(bin)) chosen.add(bin);
    brush(facet, chosen.size ? [...chosen].sort((a, b) => a - b) : null, true);
  }

  /**
   * @param {Facet} facet
   * @param {number[] | null} bins null = all
   * @param {boolean} done otherwise the pointer is still down
   */
  function brush(facet, bins, done) {
    const others = Object.fromEntries(Object.entries(view.brushes).filter(([label]) => label !== facet.label));
    view.brushes = bins ? { ...others, [facet.label]: bins } : others;
    view.shown = shown();
    actions.requestPaint(!done);
    if (done) actions.filter();
  }

  function paint() {
    const fails = drawn.length ? failsOf() : new Uint8Array();
    drawn.forEach(({ facet, index, bins, counts, clear, box }) => {
      const chosen = view.brushes[facet.label];
      const inside = insideOf(chosen ?? null);
      const all = new Uint32Array(256);
      const selected = new Uint32Array(256);
      for (let i = 0; i < fails.length; i++) {
        if (fails[i] > 1 || (fails[i] === 1 && (!chosen || inside[index[i]]))) continue; // another one leaves it out
        all[index[i]]++;
      }
      for (const i of view.selected) if (fails[i] === 0) selected[index[i]]++;
      const most = Math.max(1, ...all.subarray(1, facet.bins.length + 1));
      clear.hidden = !chosen;
      box.classList.toggle("picking", view.selected.length > 0);
      bins.forEach((bin, k) => {
        bin.style.setProperty("--all", `${(100 * all[k + 1]) / most}%`);
        bin.style.setProperty("--of-all", all[k + 1] ? `${(100 * selected[k + 1]) / all[k + 1]}%` : "0%");
        bin.classList.toggle("out", Boolean(chosen) && !inside[k + 1]);
        if (!counts[k]) return;
        counts[k].textContent = view.selected.length ? `${formatCount(selected[k + 1])} of ${formatCount(all[k + 1])}` : formatCount(all[k + 1]);
        bin.setAttribute("aria-pressed", String(Boolean(chosen?.includes(k))));
      });
    });
  }

  return { root, build, paint, shown };
}

/**
 * Flags of a facet's entries (0 = not known): which of them a brush leaves.
 * @param {number[] | null} chosen
 */
function insideOf(chosen) {
  const inside = new Uint8Array(256).fill(chosen ? 0 : 1);
  for (const bin of chosen ?? []) inside[bin + 1] = 1;
  return inside;
}

/**
 * @param {number} a
 * @param {number} b
 */
function span(a, b) {
  const [first, last] = a < b ? [a, b] : [b, a];
  return Array.from({ length: last - first + 1 }, (_, k) => first + k);
}

/**
 * Whether two brushes leave the same.
 * @param {Brushes} a
 * @param {Brushes} b
 */
export function sameBrushes(a, b) {
  const text = (/** @type {Brushes} */ brushes) => JSON.stringify(Object.entries(brushes).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}
