import type { Steps } from "./steps.js";

declare global {
  /** Shared by all copies of the component in a page. */
  var __msmSteps: Steps | undefined;
}
