/* What a hidden shot loses: all of it, or some of its modalities. */

/** @import { Hidden, Loss, Modality } from "./types.js" */

/** @type {Record<string, string>} */
const PARTS = { visual: "video", image: "video", sound: "audio", words: "text" };

/**
 * The word for a modality.
 * @param {string} modality
 */
export const partOf = (modality) => PARTS[modality] ?? modality;

/**
 * What each hidden shot loses.
 * @param {number[]} hidden
 * @param {Modality} modality
 * @returns {Hidden}
 */
export function lossesOf(hidden, modality) {
  if (typeof modality === "string") return new Map(hidden.map((shot) => [shot, modality ? [modality] : []]));
  /** @type {Hidden} */
  const losses = new Map(hidden.map((shot) => [shot, []]));
  for (const [name, shots] of Object.entries(modality)) for (const shot of shots) losses.get(shot)?.push(name);
  return losses;
}

/**
 * The inverse; where nothing is hidden, what the next shot would lose.
 * @param {Hidden} losses
 * @param {string} next
 * @returns {Modality}
 */
export function modalityOf(losses, next) {
  const common = commonLoss(losses);
  if (!losses.size) return next;
  if (common != null && common.length < 2) return common[0] ?? "";
  /** @type {Record<string, number[]>} */
  const named = {};
  for (const [shot, names] of losses) for (const name of names) (named[name] ??= []).push(shot);
  return named;
}

/**
 * What every hidden shot loses; null where they differ, or none is hidden.
 * @param {Hidden} losses
 */
export function commonLoss(losses) {
  const kinds = new Map([...losses.values()].map((names) => [String(names), names]));
  return kinds.size === 1 ? [...kinds.values()][0] : null;
}

/**
 * Whether a loss takes this part of the shot.
 * @param {Loss} names
 * @param {string} part
 */
export const loses = (names, part) => !names.length || names.some((name) => partOf(name) === part);

/**
 * "picture and sound hidden"
 * @param {Loss} names
 */
export const describeLoss = (names) => `${names.map(partOf).join(" and ")} hidden`.trim();

/**
 * @param {Loss | undefined} a
 * @param {Loss | undefined} b
 */
export const sameLoss = (a, b) => String(a) === String(b);
