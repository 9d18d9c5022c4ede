/* The film itself, in step with strip and timeline: a video where the catalog has one, else its frames as a flip-book.

Hidden shots are veiled: no picture, no sound, no words, whichever of them the model must not have either. */

const FLIP_RATE = 4; // a flip-book runs faster than the film: nobody waits eight seconds for the next picture
const FLIP_SHOT = 0.6; // seconds a shot where the catalog has no times

function makePlayer(view, hands) {
  const box = element("div", "player", { role: "group", "aria-label": "The film" });
  const screen = element("div", "screen");
  const veil = element("div", "veil", { "aria-hidden": "true" });
  const words = element("p", "words");
  const about = element("div", "about", { "aria-hidden": "true" }); // a screen reader hears it at the shot itself
  const controls = element("div", "controls");
  const play = control("play", "Play (p)", () => toggle());
  const sound = control("sound", "Mute", () => mute(!wantsSilence));
  const peek = element("button", "tool", { type: "button", "aria-pressed": "false" }, "Lift veil");
  const time = element("span", "clock");
  peek.addEventListener("click", () => lift(!lifted));
  controls.append(play, sound, time, peek);
  box.append(screen, controls, element("div", "below", {}, words, about));

  let video = null;
  let frame = null;
  let now = 0;
  let playing = false;
  let lifted = false;
  let wantsSilence = false;
  let tick = 0;
  let last = 0;
  let shown = null; // what of the current shot was painted last, so that a frame costs nothing

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
    screen.replaceChildren(...[video ?? frame, veil].filter(Boolean));
    sound.hidden = !video;
    if (video) {
      if (view.picture(0)) video.poster = view.picture(0);
      video.addEventListener("ended", stop);
      video.addEventListener("pause", () => playing && stop());
      video.addEventListener("seeked", () => moved(video.currentTime));
      video.addEventListener("error", () => build(false));
    }
    moved(0);
  }

  /* What fits beside many rows of frames, the most telling first: which shot this is, what became of it, how to read the strip. */
  function factsOf(at, lost, score) {
    const when = view.times.timed ? ` · ${clock(view.times.start(at))} – ${clock(view.times.end(at))}` : "";
    const facts = [element("strong", "", {}, `Shot ${at}${when}`)];
    if (!lost) return [...facts, element("p", "faint", {}, "visible to the model")];
    if (!score) return [...facts, element("p", "faint", {}, `${lossSays(lost)} hidden`.trim())];
    const is = element("p", "", {}, element("span", "of-model", {}, `● Model ${signed(score.model)}`));
    if (score.baseline != null) is.append("\u2003", element("span", "of-baseline", {}, `◇ ${view.measure.baseline} ${signed(score.baseline)}`));
    return [...facts, is];
  }

  function keyToTheStrip() {
    const sample = element("i", "sample");
    sample.style.setProperty("--score", "55%");
    sample.style.setProperty("--baseline", "35%");
    return element("p", "faint key", {}, sample, element("span", "", {}, "Hidden: the fuller, the nearer the model came. The line is how near a copy comes."));
  }

  /* Show the moment: everything that hangs on the shot only when it is another one. */
  function moved(to, tell = true) {
    now = Math.max(0, Math.min(to, view.times.total));
    const at = view.times.at(now);
    const lost = view.hidden.get(at);
    const veiled = lost !== undefined && !lifted;
    const hides = (part) => veiled && loses(lost, part);
    const score = lost && view.score.get(at);
    const state = `${at} ${veiled} ${lost} ${wantsSilence} ${score?.model} ${score?.baseline} ${view.measure.key}`;
    if (state !== shown) {
      shown = state;
      veil.hidden = !hides("picture");
      if (video) video.muted = wantsSilence || hides("sound");
      if (frame) frame.src = view.picture(at) ?? "";
      const text = view.shots.texts?.[at] ?? "";
      words.textContent = hides("words") && text ? "· · ·" : text;
      about.replaceChildren(...factsOf(at, lost, score), ...(view.score.size ? [keyToTheStrip()] : []));
      box.dataset.at = at;
      box.dataset.veiled = veiled;
    }
    const says = view.times.timed ? `${clock(now)} / ${clock(view.times.total)}` : `shot ${at} of ${view.times.count}`;
    if (time.textContent !== says) time.textContent = says;
    if (tell) hands.onTime(now, at);
  }

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
    box.dataset.playing = playing;
  }

  const toggle = () => (playing ? stop() : start());

  function seek(to) {
    if (video) video.currentTime = to;
    moved(to);
  }

  function mute(silent) {
    wantsSilence = silent;
    sound.replaceChildren(icon(silent ? "muted" : "sound"));
    sound.setAttribute("aria-label", silent ? "Unmute" : "Mute");
    moved(now, false);
  }

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
    update: (tell = false) => moved(now, tell),
    destroy: stop,
    get now() {
      return now;
    },
    get playing() {
      return playing;
    },
  };
}
