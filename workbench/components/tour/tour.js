/* A card that leads over a page, stop by stop. It covers nothing that it speaks of, takes no keys but Esc, and can be left at
any time; the page goes on working below it. */

import { element } from "../elements.js";

/** @typedef {{ heading: string, text: string, where: string, inside: string }} Stop */

const AROUND_PX = 6; // between a part of the page and the frame around it

/**
 * The element of a stop; null where the page does not have it now.
 * @param {Stop} stop
 */
function targetOf({ where, inside }) {
  const outer = where ? document.querySelector(where) : null;
  if (!outer || !inside) return outer;
  const hosts = [outer, ...outer.querySelectorAll("*")];
  for (const host of hosts) {
    const found = host.shadowRoot?.querySelector(inside);
    if (found) return found;
  }
  return outer;
}

/**
 * @param {HTMLElement} parent
 * @param {Stop[]} stops
 * @param {() => void} onLeave
 */
function mount(parent, stops, onLeave) {
  let at = 0;
  let frame = 0;
  const heading = element("h2", "", { id: "tour-heading" });
  const text = element("p");
  const place = element("span", "place");
  const back = element("button", "", { type: "button" }, "Back");
  const next = element("button", "main", { type: "button" });
  const leave = element("button", "leave", { type: "button", "aria-label": "Leave the tour", title: "Leave the tour (Esc)" }, "×");
  const card = element("div", "card", { role: "dialog", "aria-labelledby": "tour-heading", "aria-live": "polite" });
  card.append(leave, heading, text, element("div", "row", {}, place, back, next));
  const ring = element("div", "ring", { "aria-hidden": "true" });
  parent.append(ring, card);

  function show() {
    const stop = stops[at];
    heading.textContent = stop.heading;
    text.textContent = stop.text;
    place.textContent = `${at + 1} of ${stops.length}`;
    back.disabled = at === 0;
    next.textContent = at === stops.length - 1 ? "Done" : "Next";
    const target = targetOf(stop);
    const tall = (target?.getBoundingClientRect().height ?? 0) > window.innerHeight / 2;
    target?.scrollIntoView({ block: tall ? "start" : "center", behavior: "instant" });
  }

  /** The frame follows its part of the page, which a rerun may draw again. */
  function follow() {
    const box = targetOf(stops[at])?.getBoundingClientRect();
    const seen = box && box.width > 0 && box.height > 0;
    ring.hidden = !seen;
    if (seen) {
      ring.style.left = `${box.left - AROUND_PX}px`;
      ring.style.top = `${box.top - AROUND_PX}px`;
      ring.style.width = `${box.width + 2 * AROUND_PX}px`;
      ring.style.height = `${box.height + 2 * AROUND_PX}px`;
      card.classList.toggle("high", box.top > window.innerHeight / 2);
    }
    frame = requestAnimationFrame(follow);
  }

  /** @param {number} step */
  function go(step) {
    if (at + step >= stops.length) return onLeave();
    at = Math.max(0, at + step);
    show();
  }

  const keyed = (/** @type {KeyboardEvent} */ event) => void (event.key === "Escape" && onLeave());
  back.addEventListener("click", () => go(-1));
  next.addEventListener("click", () => go(1));
  leave.addEventListener("click", onLeave);
  window.addEventListener("keydown", keyed);
  show();
  follow();
  next.focus({ preventScroll: true });

  return () => {
    cancelAnimationFrame(frame);
    window.removeEventListener("keydown", keyed);
    card.remove();
    ring.remove();
  };
}

/** @type {WeakMap<HTMLElement, () => void>} */
const mounted = new WeakMap();

/** @param {{ parentElement: HTMLElement, data: { stops: Stop[] }, setTriggerValue: (name: string, value: object) => void }} component */
export default function ({ parentElement, data, setTriggerValue }) {
  const end = () => {
    mounted.get(parentElement)?.();
    mounted.delete(parentElement);
  };
  if (!mounted.has(parentElement)) {
    const leave = () => {
      end();
      setTriggerValue("left", {});
    };
    mounted.set(parentElement, mount(parentElement, data.stops, leave));
  }
  return end;
}
