/* Scrolls to what stands around it, once for each name. */

/** @type {Set<string>} */
const seen = (globalThis.__msmSeen ??= new Set());
const DRAWN_MS = 150; // what came with it is laid out

/** @param {{ parentElement: HTMLElement | ShadowRoot, data: { name: string } }} component */
export default function ({ parentElement, data }) {
  if (seen.has(data.name)) return;
  seen.add(data.name);
  const root = parentElement.getRootNode();
  const host = root instanceof ShadowRoot ? root.host : /** @type {HTMLElement} */ (parentElement);
  const around = host.closest("[data-testid=stVerticalBlock]") ?? host;
  setTimeout(() => around.scrollIntoView({ block: "nearest" }), DRAWN_MS);
}
