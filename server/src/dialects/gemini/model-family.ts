/*
 * What a model takes follows from its family, and that from its name, wherever it is served.
 */

/** Takes a level of thinking, and refuses unsigned calls. */
export const gemini3OrLater = /gemini-(?:[3-9]|\d{2}|(?:pro|flash|flash-lite)-latest)/;

/** Takes a budget for thinking. */
export const gemini25 = /gemini-2\.5/;
