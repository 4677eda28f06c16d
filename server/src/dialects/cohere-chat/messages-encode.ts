import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type GenerateRequest, type Message, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import { opaqueIn } from "../opaque.ts";
import { messagePath, partPath } from "../paths.ts";
import { invalid } from "../wire.ts";
import { encodeCall, encodePart, isPlan, loseSecrets } from "./parts.ts";

/** Writes the turns of one request. Holds what every turn needs to know, and nothing between requests. */
export function encodeMessages(request: GenerateRequest, crossing: Crossing): JsonObject[] {
  const calls = new Set<string>();
  refusePrefill(request, crossing);
  return request.messages.flatMap((message, index) => {
    const path = messagePath(request, index);
    const pathOf = (at: number) => partPath(request, index, at);
    if (message.name !== "") crossing.lose(`${path}.name`);
    const own = crossing.extra(message.extra, path);
    if (message.role === Role.ASSISTANT) return [{ ...assistant(message, pathOf), ...own }];
    const turns = others(message, pathOf);
    return turns.map((turn, at) => (at === 0 ? { ...turn, ...own } : turn));
  });

  function assistant(message: Message, pathOf: (at: number) => string): JsonObject {
    const content: JsonObject[] = [];
    const called: JsonObject[] = [];
    let plan = "";
    for (const [at, part] of message.parts.entries()) {
      const { kind } = part;
      loseSecrets(part, pathOf(at), crossing);
      if (kind.case === "toolCall") {
        calls.add(kind.value.id);
        called.push(encodeCall(part, pathOf(at), crossing));
      } else if (kind.case === "reasoning" && isPlan(part)) plan += kind.value.text;
      else if (kind.case !== "reasoning" || kind.value.text !== "")
        content.push(encodePart(part, pathOf(at), crossing));
    }
    const words = list(content, message.bare);
    return {
      role: "assistant",
      ...(content.length === 0 && (called.length > 0 || plan !== "") ? {} : { content: words }),
      ...(plan === "" ? {} : { tool_plan: plan }),
      ...(called.length > 0 ? { tool_calls: called } : {}),
    };
  }

  function others(message: Message, pathOf: (at: number) => string): JsonObject[] {
    const [only] = message.parts;
    const whole = only?.kind.case === "opaque" ? opaqueIn(only.kind.value, crossing.to) : undefined;
    if (whole && typeof whole.role === "string") return [whole];
    const results: JsonObject[] = [];
    const said: JsonObject[] = [];
    for (const [at, part] of message.parts.entries()) {
      if (part.kind.case === "toolResult") results.push(result(part, pathOf(at)));
      else said.push(encodePart(part, pathOf(at), crossing));
    }
    if (said.length === 0 && results.length > 0) return results;
    const role =
      message.role === Role.USER ? "user" : crossing.same && message.role === Role.DEVELOPER ? "developer" : "system";
    return [...results, { role, content: list(said, message.bare) }];
  }

  function result(part: Part, path: string): JsonObject {
    const value = part.kind.case === "toolResult" ? part.kind.value : undefined;
    const { toolCallId = "", parts = [], isError = false, bare = false } = value ?? {};
    if (!crossing.same && !calls.has(toolCallId)) {
      throw invalid(path, `There is no tool call \`${toolCallId}\` before its result at \`${path}\`.`);
    }
    if (part.cache) crossing.lose(`${path}.cache_control`);
    crossing.extra(part.extra, path);
    const content = parts.map((inner, at) => {
      const innerPath = `${path}.content[${at}]`;
      if (inner.kind.case === "image") throw crossing.cannot(innerPath, "A picture in the result of a tool");
      return encodePart(inner, innerPath, crossing);
    });
    const [first] = content;
    // There is no flag for a failed call, so the words must say it.
    if (isError && first?.type === "text") first.text = `Error: ${first.text}`;
    else if (isError) content.unshift({ type: "text", text: "Error: " });
    return { role: "tool", tool_call_id: toolCallId, content: list(content, bare) };
  }

  /** A string where the origin had one, or where one text is all there is. */
  function list(parts: JsonObject[], bare: boolean): JsonValue {
    const [only] = parts;
    if (parts.length === 0) return bare || !crossing.same ? "" : [];
    const isPlain = parts.length === 1 && only?.type === "text" && Object.keys(only).length === 2;
    return isPlain && (bare || !crossing.same) ? (only.text ?? "") : parts;
  }
}

/** On Messages a last assistant turn is to be continued; here it is not, and the answer would be another. */
function refusePrefill(request: GenerateRequest, crossing: Crossing): void {
  const last = request.messages.length - 1;
  if (crossing.same || request.messages[last]?.role !== Role.ASSISTANT) return;
  if (request.dialect === "openai-responses") return;
  throw crossing.cannot(
    messagePath(request, last),
    "A conversation that ends with the assistant",
    "End it with a user message.",
  );
}
