import type { JsonObject } from "@bufbuild/protobuf";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { toolCall } from "../../canonical/events.ts";
import type { Crossing } from "../crossing.ts";
import { opaqueIn } from "../opaque.ts";
import { decodeAnnotations, encodeAnnotations, flatShape } from "../openai-chat/annotations.ts";
import { fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { decodePart, encodePart } from "./content.ts";
import { callWords, whole } from "./input-decode.ts";
import type { Item, ItemKind } from "./items.ts";
import { markOfItem } from "./items.ts";
import { itemFacts, marked, markOf, namesOf, unmarked, withoutItemFields } from "./mark.ts";
import { decodeReasoning, encodeReasoning } from "./reasoning.ts";

/** The parts of one item of an answer's `output`. */
export function decodeOutputItem(wire: JsonObject, at: number): Part[] {
  switch (wire.type) {
    case "message":
      return decodeMessage(wire, at) ?? [whole(wire, at)];
    case "reasoning":
      return decodeReasoning(wire, at) ?? [whole(wire, at)];
    case "function_call":
      return [decodeCall(wire, at)];
    default:
      return [whole(wire, at)];
  }
}

function decodeMessage(wire: JsonObject, at: number): Part[] | undefined {
  const content = listIn(wire.content) ?? [];
  if (content.length === 0) return undefined;
  const { id, status } = itemFacts(wire);
  const fields = messageFields(wire);
  return content.map((item, index) => {
    const decoded = decodeAnswerPart(objectIn(item) ?? {});
    const first = index === 0 ? { ...(id === undefined ? {} : { id }), ...namesOf(fields) } : {};
    const last = index === content.length - 1 && status !== undefined ? { status } : {};
    const own = index === 0 ? { ...fields, ...decoded.extra } : decoded.extra;
    return { ...decoded, extra: marked({ at, ...first, ...last }, own) };
  });
}

/** What a message says of itself that nobody knows. */
export function messageFields(wire: JsonObject): JsonObject | undefined {
  return fieldsBeside(wire, messageWords);
}

/** A piece of a message. What cannot be read is the provider's mistake and not the caller's. */
export function decodeAnswerPart(wire: JsonObject): Part {
  let decoded: Part;
  try {
    decoded = decodePart(wire, "output", "output_text");
  } catch (cause) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer holds content that cannot be read.", {
      cause,
    });
  }
  const { kind, extra } = decoded;
  if (kind.case !== "text" || extra === undefined) return decoded;
  const annotations = listIn(extra.annotations) ?? [];
  if (annotations.length > 0) decoded.citations = decodeAnnotations(annotations, kind.value.text);
  decoded.extra = withoutEmptyLists(annotations.length > 0 ? { ...extra, annotations: [] } : extra);
  return decoded;
}

/** Every text has these lists, and most of them are empty. */
function withoutEmptyLists(extra: JsonObject): JsonObject | undefined {
  const empty = ["annotations", "logprobs"].filter((field) => listIn(extra[field])?.length === 0);
  return fieldsBeside(extra, new Set(empty));
}

export function decodeCall(wire: JsonObject, at: number): Part {
  const call = {
    id: stringIn(wire.call_id) || (stringIn(wire.id) ?? ""),
    name: stringIn(wire.name) ?? "",
    arguments: stringIn(wire.arguments) ?? "",
  };
  return toolCall(call, marked({ at, ...itemFacts(wire) }, fieldsBeside(wire, callWords)));
}

const prefixes: Partial<Record<ItemKind, string>> = { message: "msg", reasoning: "rs", call: "fc" };

/**
 * An id for an item whose origin gave none: the same for the same place of the same answer. The vendor wants its own
 * prefixes and no more than 64 letters when the item comes back.
 */
export function inventedItemId(kind: ItemKind, replyId: string, index: number): string {
  const stem = replyId.replace(/^[a-z]+[-_]/, "").replace(/[^a-zA-Z0-9]/g, "");
  return `${prefixes[kind] ?? "item"}_${stem.slice(-48)}_${index}`;
}

/** One entry of a message's content. */
export function encodeAnswerPart(part: Part, path: string, crossing: Crossing): JsonObject | undefined {
  const { kind } = part;
  if (!crossing.same && kind.case !== "text" && kind.case !== "refusal") {
    crossing.lose(path);
    return undefined;
  }
  const wire = encodePart(part, path, crossing, "output_text");
  if (kind.case !== "text" || wire?.type !== "output_text") return wire;
  const cited = { citations: part.citations, text: kind.value.text, before: "" };
  const annotations = encodeAnnotations(cited, path, crossing, flatShape);
  return { type: "output_text", annotations, logprobs: [], ...wire };
}

/** One item of `output`. `id` is the item's own, or an invented one; `status` is for items whose origin does not say. */
export function encodeOutputItem(item: Item, id: string, status: string, path: string, crossing: Crossing): JsonObject {
  const mark = markOfItem(item, crossing.same);
  const [first] = item.parts;
  const { part: leading } = first!;
  switch (item.kind) {
    case "whole":
      return (leading.kind.case === "opaque" && opaqueIn(leading.kind.value, crossing.to)) || { type: "unknown", id };
    case "reasoning": {
      const parts = item.parts.map(({ part }) => part);
      return { id, ...encodeReasoning(parts, path, crossing) };
    }
    case "call": {
      const call = leading.kind.case === "toolCall" ? leading.kind.value : { id: "", name: "", arguments: "" };
      if (leading.signature !== undefined) crossing.lose(`${path}.signature`);
      return {
        id,
        type: "function_call",
        status: mark.status ?? status,
        arguments: call.arguments,
        call_id: call.id,
        name: call.name,
        ...unmarked(crossing.extra(leading.extra, path)),
      };
    }
    default: {
      const { fields, part: first } = crossing.same ? withoutItemFields(leading) : { fields: {}, part: leading };
      const parts = item.parts.map(({ part }, index) => (index === 0 ? first : part));
      return {
        id,
        type: "message",
        status: mark.status ?? status,
        content: parts.flatMap((part) => encodeAnswerPart(part, path, crossing) ?? []),
        role: "assistant",
        ...fields,
      };
    }
  }
}

/** The item's own id, where it has one. */
export function itemIdOf({ parts }: Item, isSame: boolean): string | undefined {
  return isSame ? markOf(parts[0]?.part.extra)?.id : undefined;
}

const messageWords = new Set(["type", "role", "content", "id", "status"]);
