/* The film itself, in step with strip and timeline: a video where the catalog has one, else its frames as a flip-book.

Hidden shots are veiled: no picture, no sound, no words, whichever of them the model must not have either. */

import { element } from "../elements.js";
import { formatScore, formatTime } from "../format.js";
import { icon } from "./icons.js";
import { describeLoss, loses } from "./losses.js";

/** @import { Loss, Score, View } from "./types.js" */

const FLIP_RATE = 4; // a flip-book runs faster than the film: nobody waits eight seconds for the next picture
const FLIP_SHOT = 0.6; // seconds a shot where the catalog has no times

/**
 * @param {View} view
 * @param {(now: number, shot: number) => void} onTime
 */
export function makePlayer(view, onTime) {
  const box = element("div", "player", { role: "group", "aria-label": "The film" });
  const screen = element("div", "screen");
  const veil = element("div", "veil", { "aria-hidden": "true" });
  const words = element("p", "words");
  const facts = element("div", "about", { "aria-hidden": "true" }); // a screen reader hears it at the shot itself
  const controls = element("div", "controls");
  const play = control("play", "Play (p)", () => toggle());
  const sound = control("audio", "Mute", () => mute(!wantsSilence));
  const peek = element("button", "tool", { type: "button", "aria-pressed": "false" }, "Lift veil");
  const time = element("span", "clock");
  peek.addEventListener("click", () => lift(!lifted));
  controls.append(play, sound, time, peek);
  box.append(screen, controls, element("div", "below", {}, words, facts));

  /** @type {HTMLVideoElement | null} */
  let video = null;
  /** @type {HTMLImageElement | null} */
  let frame = null;
  let now = 0;
  let playing = false;
  let lifted = false;
  let wantsSilence = false;
  let tick = 0;
  let last = 0;
  /** @type {string | null} */
  let shown = null; // what of the current shot was painted last, so that a frame costs nothing

  /** @type {(name: string, says: string, onClick: () => void) => HTMLButtonElement} */
  function control(name, says, onClick) {
    const one = element("button", "tool", { type: "button", title: says, "aria-label": says }, icon(name));
    one.addEventListener("click", onClick);
    return one;
  }

  /* A film that the browser cannot play is shown by its frames. */
  function build(playable = true) {
    stop();
    now = 0;
    shown = null;
    const { media, thumbnails, pictures } = view.shots;
    video = media && playable ? element("video", "", { src: media, preload: "metadata", playsinline: "", tabindex: "-1" }) : null;
    frame = !video && (thumbnails || pictures) ? element("img", "", { alt: "", draggable: "false" }) : null;
    box.hidden = !video && !frame;
    const picture = video ?? frame;
    screen.replaceChildren(...(picture ? [picture, veil] : [veil]));
    sound.hidden = !video;
    if (video) follow(video);
    moved(0);
  }

  /** @param {HTMLVideoElement} film */
  function follow(film) {
    const poster = view.picture(0);
    if (poster) film.poster = poster;
    film.addEventListener("ended", stop);
    film.addEventListener("pause", () => playing && stop());
    film.addEventListener("seeked", () => moved(film.currentTime));
    film.addEventListener("error", () => build(false));
  }

  /**
   * Show a moment; what depends on the shot is redrawn only when the shot changes.
   * @param {number} to
   * @param {boolean} [notify]
   */
  function moved(to, notify = true) {
    now = Math.max(0, Math.min(to, view.times.total));
    const at = view.times.at(now);
    showShot(at);
    const says = view.times.timed ? `${formatTime(now)} / ${formatTime(view.times.total)}` : `shot ${at} of ${view.times.count}`;
    if (time.textContent !== says) time.textContent = says;
    if (notify) onTime(now, at);
  }

  /** @param {number} at */
  function showShot(at) {
    const loss = view.hidden.get(at);
    const score = loss && view.score.get(at);
    const veiled = loss !== undefined && !lifted;
    const hides = (/** @type {string} */ part) => veiled && loses(loss, part);
    const state = `${at} ${veiled} ${loss} ${wantsSilence} ${score?.model} ${score?.baseline} ${view.measure.key}`;
    if (state === shown) return;
    shown = state;
    veil.hidden = !hides("video");
    if (video) video.muted = wantsSilence || hides("audio");
    if (frame) frame.src = view.picture(at) ?? "";
    const text = view.shots.texts?.[at] ?? "";
    words.textContent = hides("text") && text ? "· · ·" : text;
    facts.replaceChildren(...factsOf(view, at, loss, score), ...(view.score.size ? [keyToTheStrip()] : []));
    box.dataset.at = String(at);
    box.dataset.veiled = String(veiled);
  }

  /** @param {number} stamp milliseconds */
  function run(stamp) {
    if (!playing) return;
    if (video) moved(video.currentTime);
    else {
      const rate = view.times.timed ? FLIP_RATE : 1 / FLIP_SHOT;
      moved(now + ((stamp - last) / 1000) * rate);
      if (now >= view.times.total) return stop();
    }
    last = stamp;
    tick = requestAnimationFrame(run);
  }

  function start() {
    if (box.hidden || playing) return;
    if (now >= view.times.total - 0.05) seek(0);
    playing = true;
    last = performance.now();
    video?.play().catch(stop);
    tick = requestAnimationFrame(run);
    paintPlay();
  }

  function stop() {
    playing = false;
    cancelAnimationFrame(tick);
    if (video && !video.paused) video.pause();
    paintPlay();
  }

  function paintPlay() {
    play.replaceChildren(icon(playing ? "pause" : "play"));
    play.setAttribute("aria-label", playing ? "Pause (p)" : "Play (p)");
    box.dataset.playing = String(playing);
  }

  const toggle = () => (playing ? stop() : start());

  /** @param {number} to */
  function seek(to) {
    if (video) video.currentTime = to;
    moved(to);
  }

  /** @param {boolean} silent */
  function mute(silent) {
    wantsSilence = silent;
    sound.replaceChildren(icon(silent ? "muted" : "audio"));
    sound.setAttribute("aria-label", silent ? "Unmute" : "Mute");
    moved(now, false);
  }

  /** @param {boolean} up */
  function lift(up) {
    lifted = up;
    peek.setAttribute("aria-pressed", String(up));
    peek.textContent = up ? "Lower veil" : "Lift veil";
    moved(now, false);
  }

  screen.addEventListener("click", toggle);
  return {
    box,
    build,
    seek,
    toggle,
    lift: () => lift(!lifted),
    update: (notify = false) => moved(now, notify),
    destroy: stop,
    get now() {
      return now;
    },
    get playing() {
      return playing;
    },
  };
}

/**
 * What fits beside many rows of frames, the most telling first: which shot this is, what became of it.
 * @param {View} view
 * @param {number} at
 * @param {Loss | undefined} loss
 * @param {Score | undefined} score
 */
function factsOf({ times, measure }, at, loss, score) {
  const when = times.timed ? ` · ${formatTime(times.start(at))} – ${formatTime(times.end(at))}` : "";
  const name = element("strong", "", {}, `Shot ${at}${when}`);
  if (!score) return [name, element("p", "faint", {}, loss ? describeLoss(loss) : "visible to the model")];
  const is = element("p", "", {}, element("span", "of-model", {}, `● Model ${formatScore(score.model)}`));
  if (score.baseline != null) is.append("\u2003", element("span", "of-baseline", {}, `◇ ${measure.baseline} ${formatScore(score.baseline)}`));
  return [name, is];
}

/** How to read the strip. */
function keyToTheStrip() {
  const sample = element("i", "sample");
  sample.style.setProperty("--score", "55%");
  sample.style.setProperty("--baseline", "35%");
  return element("p", "faint key", {}, sample, element("span", "", {}, "Hidden: the fuller, the nearer the model came. The line is how near the best baseline comes."));
}
