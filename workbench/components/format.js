/* Write numbers and times as the page does. */

/**
 * mm:ss, or h:mm:ss from an hour on.
 * @param {number} seconds
 */
export function formatTime(seconds) {
  const whole = Math.floor(seconds);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/**
 * A whole number, its thousands set apart.
 * @param {number} number
 */
export const formatCount = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/**
 * Two decimals and a real minus sign.
 * @param {number} value
 */
export const formatScore = (value) => value.toFixed(2).replace("-", "−");
