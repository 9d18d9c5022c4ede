/* The messages between Python and the filmstrip, and the state that its modules share. */

/** What `views.strip.strip_shots` makes: constant for a title. */
export interface Shots {
  key: string | null;
  name: string;
  /** "#rrggbb" of each shot, shown where it has no frame. */
  colors: string[];
  starts: (number | null)[];
  ends?: (number | null)[];
  /** The first shots of scenes. */
  scenes: number[];
  texts: string[] | null;
  /** Address that `SHOT.webp` is appended to. */
  thumbnails: string | null;
  /** Addresses of single frames, in a notebook, instead of `thumbnails`. */
  pictures?: (string | null)[] | null;
  media: string | null;
  /** Those that can be hidden by themselves. */
  modalities?: string[];
}

/** What `views.strip.strip_answer` makes of a fill-in. */
export interface Answer {
  shots: number[];
  measures: Measure[];
}

export interface Measure {
  key: string;
  label: string;
  axis: string;
  baseline: string;
  model: (number | null)[];
  best: (number | null)[];
}

export interface Score {
  shot: number;
  model: number;
  baseline: number | null;
}

export interface Curve {
  label: string;
  values: (number | null)[];
  peaks?: number[];
}

/** Lines from shot to shot; what those of positive and of negative weight are called. */
export interface Arcs {
  drawn: [from: number, to: number, weight: number][];
  toward: string;
  against: string;
}

/** The one modality that is hidden, "" = whole shots; or { modality: [shot, …] } where shots differ: of those that it does
 * not name everything is hidden. */
export type Modality = string | Record<string, number[]>;

/** All that the filmstrip shows. */
export interface State {
  shots: Shots;
  /** Ascending. */
  hidden: number[];
  modality?: Modality;
  answer?: Answer | null;
  curve?: Curve | null;
  arcs?: Arcs | null;
  /** The shot that is looked at. */
  cursor?: number | null;
  /** What people have noted about shots. */
  notes?: Record<string, string> | null;
  /** How the strip is looked at; what is not named is at its default. */
  look?: StripView;
}

export interface StripView {
  /** The key of the timeline's measure. */
  measure?: string;
  /** Of the frames: 1 as the strip opens. */
  zoom?: string;
}

/** What is hidden after the pointer or the key is let go. */
export interface Draft {
  hidden: number[];
  modality: Modality;
}

/** `look` is the shot that was pointed at; null where the gesture was another. */
export interface Gesture extends Draft {
  look: number | null;
}

export interface Handlers {
  /** A person looks at the strip in another way. */
  onView?: (view: StripView) => void;
  /** Once a gesture, when the pointer or the key is let go. */
  onGesture?: (gesture: Gesture) => void;
  /** When the pointer comes down, and when it rests while it draws: what the gesture would say if it ended now. */
  onDraft?: (draft: Draft) => void;
}

/** Modalities that a hidden shot loses; none named = all of it. */
export type Loss = string[];
export type Hidden = Map<number, Loss>;
export type Brush = "span" | "scene" | "nth" | "look" | "part";

export interface Times {
  count: number;
  /** False where the catalog has no times: a shot is one unit long. */
  timed: boolean;
  start(shot: number): number;
  end(shot: number): number;
  total: number;
  /** The shot at a time. */
  at(time: number): number;
}

/** The state that the modules of one filmstrip share. */
export interface View {
  shots: Shots;
  times: Times;
  scenes: Set<number>;
  notes: Map<number, string>;
  hidden: Hidden;
  /** What the next shot loses: a modality, "" = all of it. */
  part: string;
  measures: Measure[];
  measure: Measure;
  /** Of the measure that is shown, by shot and in order. */
  score: Map<number, Score>;
  scored: Score[];
  /** The shots that the answer speaks of. */
  answered: number[];
  curve: Curve | null;
  arcs: Arcs | null;
  look: number | null;
  /** Seconds. */
  now: number;
  brush: Brush;
  /** Of the brush `nth`. */
  step: number;
  /** Of the frames, in pixels. */
  height: number;
  picture(shot: number): string | null;
}

/** What the Streamlit shell sends to Python. */
export interface SentGesture extends Gesture {
  /** Key of the shots. */
  strip: string;
  /** Counts gestures. */
  gesture: number;
}

/** What Python sends at each rerun: a `State` with the key of its shots in place of them. */
export interface Message extends Omit<State, "shots"> {
  strip: string;
  /** Address that answers a gesture before the rerun does. */
  ask: string | null;
  /** The number of the last gesture that Python has heard of. */
  gesture: number;
  session: string;
  view?: StripView;
}

declare global {
  /** Shared by all copies of the shell in a page. */
  var __msmShots: Map<string | null, Shots> | undefined;
  var __msmStrips: Set<{ paint(): void }> | undefined;
}
