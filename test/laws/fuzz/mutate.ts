import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import type { Frame } from "../../../server/src/framing/frame.ts";
import { seededRandom } from "../recordings.ts";

/*
 * Damage as data: what is done, where, and with what. Numbers, so that fast-check can shrink a failing case to the few that
 * matter, and so that a case can be printed and run again.
 */

export type Mutation = readonly [what: number, where: number, value: number];

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(fc.tuple(fc.nat(999), fc.nat(0xffffff), fc.nat(999)), {
  minLength: 1,
  maxLength: 4,
});

function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length]!;
}

/** Lists in lists, or objects in objects. */
function nested(depth: number, asList: boolean): JsonValue {
  let value: JsonValue = "deep";
  for (let level = 0; level < depth; level += 1) value = asList ? [value] : { content: value };
  return value;
}

const polluting = (name: string): JsonValue => JSON.parse(`{${JSON.stringify(name)}:{"polluted":1}}`) as JsonValue;

/** What no vendor would say. */
const oddValues: readonly JsonValue[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  -1e300,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  Number.MAX_VALUE,
  5e-324,
  "",
  " ",
  "x",
  "0",
  "null",
  "\u0000",
  "\ud800",
  "\udc00\ud800",
  "\u2028",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "data:image/png;base64,!!",
  "https://",
  "x".repeat(5000),
  [],
  [null],
  [[]],
  ["", 0, {}],
  {},
  { type: "text" },
  { type: "error" },
  { error: {} },
  { error: { message: 1, code: [], type: {} } },
  { "": "" },
  polluting("__proto__"),
  polluting("constructor"),
  polluting("toString"),
  nested(50, true),
  nested(50, false),
];

/** Deeper than a gate lets a client go: only upstreams can. */
const abysses: readonly JsonValue[] = [nested(3000, true), nested(3000, false)];

const keys = ["__proto__", "constructor", "toString", "valueOf", "", "type", "length", "0", "then", "toJSON"];

/** The same value in another type. */
function retyped(value: JsonValue): JsonValue {
  if (typeof value === "string") return value.length % 2 === 0 ? [value] : Number(value.length);
  if (typeof value === "number") return `${value}`;
  if (typeof value === "boolean") return value ? "true" : 0;
  if (value === null) return {};
  return Array.isArray(value) ? Object.fromEntries(value.entries()) : Object.values(value);
}

/** A copy of the value with one place in it damaged. */
export function mutateJson(value: JsonValue, [what, where, odd]: Mutation, fromUpstream: boolean): JsonValue {
  const random = seededRandom(where);
  const damage = (at: JsonValue): JsonValue => {
    const kind = what % 10;
    if (kind < 2) return retyped(at);
    if (kind === 2 && fromUpstream && odd % 50 === 0) return pick(abysses, odd / 50);
    return pick(oddValues, odd);
  };
  const walk = (at: JsonValue): JsonValue => {
    if (typeof at !== "object" || at === null || random() < 0.1) return damage(at);
    const kind = what % 10;
    if (Array.isArray(at)) {
      if (at.length === 0) return [damage(null)];
      const index = Math.floor(random() * at.length);
      const copy = [...at];
      // A place in a list is doubled, dropped or exchanged with another more often than it is walked through.
      if (kind === 3 && random() < 0.5) copy.splice(index, 0, at[index]!);
      else if (kind === 4 && random() < 0.5) copy.splice(index, 1);
      else if (kind === 5 && random() < 0.5) copy.reverse();
      else copy[index] = walk(at[index]!);
      return copy;
    }
    const names = Object.keys(at);
    if (names.length === 0) return { [pick(keys, odd)]: damage(null) };
    const name = names[Math.floor(random() * names.length)]!;
    const copy = Object.entries(at).filter(([field]) => field !== name);
    if (kind === 6 && random() < 0.3) return Object.fromEntries(copy);
    // As JSON.parse makes it: an own field even when it is named `__proto__`.
    if (kind === 7 && random() < 0.3) return Object.fromEntries([...copy, [pick(keys, odd), at[name]!]]);
    if (kind === 8 && random() < 0.3)
      return Object.fromEntries([...Object.entries(at), [pick(keys, odd), damage(null)]]);
    return Object.fromEntries(
      Object.entries(at).map(([field, inner]) => [field, field === name ? walk(inner) : inner]),
    );
  };
  return walk(value);
}

export function asObject(value: JsonValue): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

const oddData = [
  "",
  "{",
  "[DONE]",
  "null",
  "[]",
  "{}",
  "0",
  '"',
  "{oops",
  '{"error":"x"}',
  '{"type":"error"}',
  "\u0000",
  "[".repeat(3000),
];
const oddEvents = [
  "",
  "error",
  "message_stop",
  "message-end",
  "messageStop",
  "internalServerException",
  "__proto__",
  "\u0000",
];

/** Frames with one of them damaged: its JSON, its name, its place, or whether it is there at all. */
export function mutateFrames(frames: readonly Frame[], mutation: Mutation): Frame[] {
  const [what, where, odd] = mutation;
  const copy = [...frames];
  const at = where % Math.max(copy.length, 1);
  const frame = copy[at] ?? { event: "", data: "" };
  switch (what % 16) {
    case 0:
      copy.splice(at, 1);
      break;
    case 1:
      copy.splice(at, 0, frame);
      break;
    case 2: {
      const other = odd % copy.length || 0;
      [copy[at], copy[other]] = [copy[other] ?? frame, frame];
      break;
    }
    case 3:
      copy.splice(at, 1 + (odd % 5));
      break;
    case 4:
      copy[at] = { ...frame, data: frame.data.slice(0, odd % (frame.data.length + 1)) };
      break;
    case 5:
      copy[at] = { ...frame, data: pick(oddData, odd) };
      break;
    case 6:
      copy[at] = { ...frame, event: pick(oddEvents, odd) };
      break;
    case 7:
      copy.splice(at, 0, { event: pick(oddEvents, odd), data: pick(oddData, where) });
      break;
    default:
      copy[at] = { ...frame, data: mutatedText(frame.data, [Math.floor(what / 16), Math.floor(where / 64), odd]) };
  }
  return copy;
}

/** The text of a JSON value with a place in it damaged. */
export function mutatedText(text: string, mutation: Mutation): string {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return pick(oddData, mutation[2]);
  }
  return JSON.stringify(mutateJson(value, mutation, true));
}

const tokens = [
  "\n\n",
  "\n",
  "\r",
  "\r\n\r\n",
  "data: ",
  "data",
  "event: error\n",
  "data: [DONE]\n\n",
  ": comment\n",
  "id: 1\nretry: 0\n",
  "\u0000",
  "{",
  "}",
  "[",
  "]",
  ",",
  '"',
  "\\",
  "\\ud800",
  '{"error":{}}',
  '"__proto__":',
  "1e999",
  "-0",
  "\ufeff",
].map((token) => Buffer.from(token));

/** Bytes with a place in them damaged. */
export function mutateBytes(bytes: Buffer, [what, where, value]: Mutation): Buffer {
  if (bytes.length === 0) return pick(tokens, value);
  const at = where % bytes.length;
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const length = value % 200;
  switch (what % 8) {
    case 0:
      return Buffer.from(before);
    case 1:
      return Buffer.concat([before, after.subarray(1 + length)]);
    case 2:
      return Buffer.concat([before, after.subarray(0, 1 + length), after]);
    case 3:
    case 4:
      return Buffer.concat([before, pick(tokens, value), after]);
    case 5:
      return Buffer.concat([before, Buffer.from([0xff, 0xff, 0xff, 0xff]), after.subarray(4)]);
    case 6:
      return Buffer.concat([after, before]);
    default: {
      const copy = Buffer.from(bytes);
      copy[at] = value & 0xff;
      return copy;
    }
  }
}

/** The bytes in pieces. */
export function cutBy(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  const step = Math.max(1, size);
  for (let at = 0; at < bytes.length; at += step) pieces.push(bytes.subarray(at, at + step));
  return pieces;
}
