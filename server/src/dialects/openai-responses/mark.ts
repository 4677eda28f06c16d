import type { JsonObject } from "@bufbuild/protobuf";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { countIn, fieldsBeside, objectIn, stringIn } from "../wire.ts";

/*
 * Responses speaks in items, and one item may be several parts: a message holds texts, a reasoning item holds its summary
 * and what is encrypted. Each part remembers which item it came from, and the first and the last of them what the item said
 * of itself that means nothing elsewhere, so that the items can be put together again as they were.
 */
const field = "pontage_item";

export interface ItemMark {
  /** The item's place in `input` or `output`. */
  readonly at: number;
  readonly id?: string;
  readonly status?: string;
  /** The item said `type: "message"`, which may be left out. */
  readonly typed?: true;
  /** The content was one string and not a list. */
  readonly bare?: true;
  /** The content was an empty list. */
  readonly empty?: true;
  /** The part is an item of its own and no piece of a message. */
  readonly whole?: true;
  /** The thoughts are the item's `content` and not its `summary`. */
  readonly content?: true;
  /** The fields beside the part's own that are the item's. */
  readonly fields?: readonly string[];
  /** The thoughts were said in pieces of these lengths. */
  readonly lengths?: readonly number[];
}

/** The field of a part's or a message's `extra` that holds the mark, beside `more`. */
export function marked(mark: ItemMark, more?: JsonObject): JsonObject {
  return { ...more, [field]: { ...mark } as unknown as JsonObject };
}

export function markOf(extra: JsonObject | undefined): ItemMark | undefined {
  const mark = objectIn(extra?.[field]);
  return mark && countIn(mark.at) !== undefined ? (mark as unknown as ItemMark) : undefined;
}

/** The fields of the part's own, without the mark. */
export function unmarked(extra: JsonObject | undefined): JsonObject {
  return (extra && fieldsBeside(extra, markWords)) ?? {};
}

/** Remembers which fields of a part are its item's. */
export function namesOf(fields: JsonObject | undefined): Partial<ItemMark> {
  return fields === undefined ? {} : { fields: Object.keys(fields) };
}

/** The item's fields, and its first part without them. */
export function withoutItemFields(part: Part): { fields: JsonObject; part: Part } {
  const names = markOf(part.extra)?.fields ?? [];
  const fields = Object.entries(part.extra ?? {}).filter(([name]) => names.includes(name));
  if (fields.length === 0) return { fields: {}, part };
  const rest = fieldsBeside(part.extra ?? {}, new Set(names)) ?? {};
  return { fields: Object.fromEntries(fields), part: { ...part, extra: rest } };
}

/** What the marks of one item's parts say together. */
export function joinedMark(parts: readonly Part[]): Partial<ItemMark> {
  return Object.assign({}, ...parts.map(({ extra }) => markOf(extra)));
}

/** The fields of an item that only its first or last part carries. */
export function itemFacts(wire: JsonObject): { id?: string; status?: string } {
  const id = stringIn(wire.id);
  const status = stringIn(wire.status);
  return { ...(id === undefined ? {} : { id }), ...(status === undefined ? {} : { status }) };
}

const markWords = new Set([field]);
