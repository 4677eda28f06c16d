import { Buffer } from "node:buffer";
import type { JsonValue } from "@bufbuild/protobuf";
import { GatewayError, Reason } from "../canonical/error.ts";

/*
 * The numbers of a vector are 32-bit floats, whichever way they are written: as decimal numbers, or as the base64 of their
 * bytes, the lowest byte first. Both ways are exact.
 */

const bytesPerNumber = 4;

/** The numbers of a vector in an answer, in either form. */
export function numbersIn(value: JsonValue | undefined): number[] {
  if (typeof value === "string") return numbersOfBase64(value);
  if (!Array.isArray(value)) throw unreadable("holds a vector that is neither a list of numbers nor base64");
  for (const number of value) {
    if (typeof number !== "number" || !Number.isFinite(Math.fround(number))) {
      throw unreadable("holds a vector with something in it that is not a 32-bit number");
    }
  }
  return value as number[];
}

function numbersOfBase64(text: string): number[] {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % bytesPerNumber !== 0 || bytes.toString("base64").length !== text.length) {
    throw unreadable("holds a vector that is not the base64 of 32-bit numbers");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Array<number>(bytes.length / bytesPerNumber);
  for (let at = 0; at < numbers.length; at++) numbers[at] = view.getFloat32(at * bytesPerNumber, true);
  if (!numbers.every(Number.isFinite)) throw unreadable("holds a vector with something in it that is not a number");
  return numbers;
}

export function base64OfNumbers(numbers: readonly number[]): string {
  const bytes = Buffer.alloc(numbers.length * bytesPerNumber);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [at, number] of numbers.entries()) view.setFloat32(at * bytesPerNumber, number, true);
  return bytes.toString("base64");
}

/** `what` goes on from "The provider's answer". */
export function unreadable(what: string): GatewayError {
  return new GatewayError(Reason.UPSTREAM_GARBAGE, `The provider's answer ${what}.`);
}
