/* What every part of the filmstrip is made of: icons, words, what a shot loses, and where each stands in time. */

function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const ICONS = {
  span: "M2 5h12v6H2z",
  scene: "M2 4h12v9H2zM2 7h12M5 4l-1 3M9 4L8 7M13 4l-1 3",
  nth: "M3 4v8M8 4v8M13 4v8",
  look: "M1.5 8C4 3.7 12 3.7 14.5 8 12 12.3 4 12.3 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
  part: "M2 4h12v8H2zM2 12l12-8",
  picture: "M2 3h12v10H2zM2 11l4-4 3 3 2-2 3 3",
  words: "M3 5h10M3 8h10M3 11h6",
  play: "M4.5 2.8v10.4L13 8z",
  pause: "M5 3v10M11 3v10",
  sound: "M2 6v4h3l4 3V3L5 6zM11.5 5.5a4 4 0 0 1 0 5",
  muted: "M2 6v4h3l4 3V3L5 6zM11.5 6l3 4M14.5 6l-3 4",
  out: "M3.5 8h9",
  in: "M3.5 8h9M8 3.5v9",
  whole: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
};

function icon(name) {
  const picture = drawing("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" });
  picture.append(drawing("path", { d: ICONS[name] }));
  return picture;
}

/* Seconds of each shot; where the catalog has no times, a shot is one unit long. */
function timesOf(shots) {
  const { starts, ends = [] } = shots;
  const count = starts.length;
  const timed = count > 0 && starts.every((s) => s != null);
  const start = (i) => (timed ? starts[i] : i);
  const end = (i) => (timed ? (i + 1 < count ? starts[i + 1] : (ends[i] ?? starts[i] + 4)) : i + 1);
  const total = count ? end(count - 1) : 1;
  function at(time) {
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (start(middle) <= time + 1e-6) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  return { count, timed, start, end, total, at, says: (t) => (timed ? clock(t) : `shot ${at(t)}`) };
}

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u2009"); // as the page writes it
const signed = (value) => value.toFixed(2).replace("-", "−");
const PARTS = { video: "picture", visual: "picture", image: "picture", audio: "sound", text: "words" };
const partOf = (modality) => PARTS[modality] ?? modality;

/* Of each hidden shot the modalities that it loses, none named = all of it: shot → [name, …]. `modality` is what Python
says of them: one name for all, "" for whole shots, or { name: [shot, …] } where they differ. */
function lostOf(hidden, modality) {
  if (typeof modality === "string") return new Map(hidden.map((shot) => [shot, modality ? [modality] : []]));
  const lost = new Map(hidden.map((shot) => [shot, []]));
  for (const [name, shots] of Object.entries(modality)) for (const shot of shots) lost.get(shot)?.push(name);
  return lost;
}

/* The inverse; where nothing is hidden, what the next shot would lose. */
function modalityOf(lost, next) {
  const common = commonLoss(lost);
  if (!lost.size) return next;
  if (common != null && common.length < 2) return common[0] ?? "";
  const named = {};
  for (const [shot, names] of lost) for (const name of names) (named[name] ??= []).push(shot);
  return named;
}

/* What every hidden shot loses; null where they differ, or none is hidden. */
function commonLoss(lost) {
  const kinds = new Map([...lost.values()].map((names) => [String(names), names]));
  return kinds.size === 1 ? [...kinds.values()][0] : null;
}

const loses = (names, part) => !names.length || names.some((name) => partOf(name) === part);
const lossSays = (names) => names.map(partOf).join(" and ");
