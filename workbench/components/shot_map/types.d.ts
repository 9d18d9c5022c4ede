/* The messages between Python and the map, and the state that the modules of the map share. */

import type { Panel } from "./panel.js";

/** What `views.map_parts.about_part` makes: constant for a catalog. */
export interface About {
  key: string | null;
  count: number;
  unit: "shots" | "titles";
  /** Address of the thumbnails: FRAMES/TITLE/SHOT.webp, many at once FRAMES.together?frame=TITLE/SHOT&… */
  frames: string;
  titles: Title[];
  /** Seconds as base64 of 32-bit floats. */
  starts: string | null;
  texts: string[] | null;
}

export interface Title {
  name: string;
  first: number;
  count: number;
  /** What stands behind `About.frames`; null where the title has no thumbnails. */
  frames: string | null;
}

/** What `views.map_parts.points_part` makes: 16-bit places as base64, 0 … 65535, the same scale on both axes. */
export interface Points {
  key: string;
  x: string;
  y: string;
}

/** What `views.map_parts.colours_part` makes: a palette entry for each point, 8-bit as base64. */
export interface Colours {
  key: string;
  label: string;
  index: string;
  palette: PaletteEntry[];
  /** The labels of both ends, where the palette is a ramp of numbers. */
  ramp: [string, string] | null;
}

/** What `views.map.facets.facet_part` makes: a histogram of a label. */
export interface Facet {
  key: string;
  label: string;
  kind: "category" | "number";
  /** The bin of each point plus one, 8-bit as base64; 0 = not known. */
  index: string;
  bins: { name: string; others?: boolean }[];
  /** What stands below both ends of a histogram of numbers. */
  ends?: [string, string];
}

/** By label the bins that are left; a label that is not named leaves all. */
export type Brushes = Record<string, number[]>;

/** A cluster's name and where it is densest, in coordinates of the map; the largest first. */
export interface ClusterName {
  x: number;
  y: number;
  text: string;
}

export interface PaletteEntry {
  name: string;
  colour: string;
  count: number;
}

/** A clicked point and its nearest neighbours by embedding. */
export interface Pinned {
  point: number;
  near: number[];
}

export interface PanelState {
  points: Points;
  label: string;
  note: string;
  names?: ClusterName[];
}

/** All that the map shows. */
export interface State {
  about: About;
  panels: PanelState[];
  facets?: Facet[];
  brushes?: Brushes;
  /** Points that anything but a histogram's brush leaves, a bit per point; null = all. */
  base?: string | null;
  contours?: boolean;
  colours: Colours | null;
  /** A bit per point as base64; null = all. */
  shown: string | null;
  /** Points that a search found, a bit per point; null = no search. */
  hits: string | null;
  /** Points to join in this order. */
  path: number[] | null;
  /** Points as ranges: "3-9,12". */
  selected: string;
  pinned: Pinned | null;
  /** What people have noted about points. */
  notes?: Record<string, string> | null;
  /** Of the points, 1 = as usual. */
  size?: number;
}

/** What a lasso or a click has selected; `pin` is the clicked point. With `go` a page that it leads to. */
export interface Gesture {
  points: string;
  pin: number | null;
  brushes: Brushes;
  go?: "lab" | "search";
}

export type Mode = "lasso" | "box" | "move";
export type Place = [x: number, y: number];
export type RGB = number[];

/** The pointer's way over a panel between down and up, in canvas pixels. */
export interface Stroke {
  panel: Panel;
  mode: Mode;
  trail: Place[];
  /** Shift: add to the selection. */
  add: boolean;
}

/** The state that the modules of one map share. */
export interface View {
  state: State;
  panels: Panel[];
  /** Palette entry of each point. */
  index: Uint8Array | null;
  shown: Uint8Array | null;
  base: Uint8Array | null;
  brushes: Brushes;
  hits: Uint8Array | null;
  starts: Float32Array | null;
  /** Ascending. */
  selected: number[];
  /** The same as flags; null where nothing is selected. */
  selectedFlags: Uint8Array | null;
  /** Points that a search found, ringed beside a selection. */
  found: number[];
  pinned: Pinned | null;
  hover: number | null;
  /** The palette entry under the pointer in the legend. */
  hoveredEntry: number | null;
  mode: Mode;
  stroke: Stroke | null;
}

/** What the parts of the map ask of the whole. */
export interface Actions {
  select(points: number[], pin: number | null): void;
  paintOverlay(): void;
  /** Paint everything at the next animation frame; while the map moves only as many points as a frame has time for. */
  requestPaint(moving?: boolean): void;
  /** What the histograms leave has changed. */
  filter(): void;
  /** Lead to another page with the clicked point. */
  go(page: "lab" | "search", point: number): void;
  announce(text: string): void;
}

export type Part = (About | Points | Colours | Facet) & { key: string };

/** What Python sends at each rerun: a `State` with the keys of its parts in place of the parts. */
export interface Message extends Omit<State, "about" | "panels" | "colours" | "facets"> {
  about: string;
  panels: (Omit<PanelState, "points"> & { points: string })[];
  colours: string | null;
  facets: string[];
  /** The number of the last gesture that Python has heard of. */
  gesture: number;
}

declare global {
  /** Shared by all copies of the shell in a page. */
  var __msmMapParts: Map<string, Part> | undefined;
  var __msmMaps: Set<{ paint(): void }> | undefined;
}
