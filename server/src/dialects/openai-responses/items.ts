import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { type ItemMark, joinedMark, markOf } from "./mark.ts";

/** `whole` is an item that only this dialect understands, carried as it came. */
export type ItemKind = "message" | "reasoning" | "call" | "result" | "whole";

/** Parts that make one item, with their places in the turn. */
export interface Item {
  readonly kind: ItemKind;
  readonly parts: { readonly part: Part; readonly at: number }[];
}

export function kindOf(part: Part, isSame: boolean): ItemKind {
  switch (part.kind.case) {
    case "reasoning":
      return "reasoning";
    case "toolCall":
      return "call";
    case "toolResult":
      return "result";
    case "opaque":
      return isSame && markOf(part.extra)?.whole ? "whole" : "message";
    default:
      return "message";
  }
}

/** Whether `part` goes on with the item that `before` belongs to. What came from elsewhere is one message while it lasts. */
export function continuesItem(part: Part, before: Part, isSame: boolean): boolean {
  const kind = kindOf(part, isSame);
  if (kind !== kindOf(before, isSame)) return false;
  if (!isSame) return kind === "message" || isSummaryOf(before, part);
  return (kind === "message" || kind === "reasoning") && markOf(part.extra)?.at === markOf(before.extra)?.at;
}

/** Words of this vendor's own thoughts, and the thoughts themselves, that have come back through another dialect. */
function isSummaryOf(before: Part, { kind, origin }: Part): boolean {
  if (kind.case !== "reasoning" || before.kind.case !== "reasoning" || origin !== "openai-responses") return false;
  return before.origin === origin && before.kind.value.redacted === "" && kind.value.redacted !== "";
}

export function itemsOf(parts: readonly Part[], isSame: boolean): Item[] {
  const items: Item[] = [];
  for (const [at, part] of parts.entries()) {
    const last = items.at(-1);
    const before = last?.parts.at(-1)?.part;
    if (last && before && continuesItem(part, before, isSame)) last.parts.push({ part, at });
    else items.push({ kind: kindOf(part, isSame), parts: [{ part, at }] });
  }
  return items;
}

/** What the item said of itself, in its own dialect. */
export function markOfItem({ parts }: Item, isSame: boolean): Partial<ItemMark> {
  return isSame ? joinedMark(parts.map(({ part }) => part)) : {};
}
