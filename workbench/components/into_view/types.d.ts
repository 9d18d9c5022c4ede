export {};

declare global {
  /** The names of answers that were brought into view, shared by all copies in a page. */
  var __msmSeen: Set<string> | undefined;
}
