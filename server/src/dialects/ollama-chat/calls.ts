import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { toolCall } from "../../canonical/events.ts";
import type { Crossing } from "../crossing.ts";
import { fieldsBeside, objectIn, stringIn } from "../wire.ts";
import { isMadeUp } from "./call-id.ts";

/** A call of a request or an answer. `id` serves where the call has none. */
export function decodeCall(wire: JsonObject, id: string): Part {
  const called = objectIn(wire.function) ?? {};
  const outer = fieldsBeside(wire, callWords);
  const inner = fieldsBeside(called, functionWords);
  return toolCall(
    { id: stringIn(wire.id) || id, name: stringIn(called.name) ?? "", arguments: argumentsText(called.arguments) },
    inner ? { ...outer, function: inner } : outer,
  );
}

/** Arguments are an object here; some versions and compatible servers write their text. */
function argumentsText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "{}";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function encodeCall(
  { id, name, input }: { readonly id: string; readonly name: string; readonly input: JsonValue },
  extra: JsonObject | undefined,
  path: string,
  crossing: Crossing,
): JsonObject {
  const { function: inner, ...outer } = crossing.extra(extra, path) ?? {};
  return {
    ...(id === "" || isMadeUp(id) ? {} : { id }),
    function: { name, arguments: input, ...objectIn(inner) },
    ...outer,
  };
}

const callWords = new Set(["id", "type", "function"]);
/** `index` repeats a call's place in the list. */
const functionWords = new Set(["name", "arguments", "index"]);
