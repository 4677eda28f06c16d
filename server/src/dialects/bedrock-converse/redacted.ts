import { Buffer } from "node:buffer";

/*
 * Encrypted thoughts are bytes on Converse, base64 in JSON. What Claude encrypts is a text already, which Messages writes
 * as it is; the canonical model has that text, so that the thoughts can go either way.
 */

/** The text in the bytes; undefined where they are not a text, or not the base64 of one. */
export function redactedText(wire: string): string | undefined {
  const text = Buffer.from(wire, "base64").toString("utf8");
  return text !== "" && redactedBytes(text) === wire ? text : undefined;
}

/** The way back. */
export function redactedBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
