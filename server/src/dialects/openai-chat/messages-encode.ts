import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  type Message,
  type Part,
  Role,
  type ToolResult,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import type { Quirks } from "../dialect.ts";
import { opaqueIn } from "../opaque.ts";
import { messagePath, partPath } from "../paths.ts";
import { objectIn } from "../wire.ts";
import { encodePart } from "./parts.ts";
import { encodeReasoning } from "./reasoning.ts";
import { encodeSignature } from "./signature.ts";

/** Writes the turns of one request. Holds what every turn needs to know, and nothing between requests. */
export function encodeMessages(request: GenerateRequest, crossing: Crossing, quirks: Quirks): JsonObject[] {
  const keepCacheMarks = quirks.takesCacheMarks ?? false;
  refusePrefill(request, crossing, quirks);
  return request.messages.flatMap((message, index) => {
    const path = messagePath(request, index);
    const pathOf = (at: number) => partPath(request, index, at);
    switch (message.role) {
      case Role.ASSISTANT:
        return [encodeAssistant(message, path, pathOf)];
      case Role.SYSTEM:
        return [plain("system", message, path, pathOf)];
      case Role.DEVELOPER:
        return [plain(quirks.noDeveloperRole && !crossing.same ? "system" : "developer", message, path, pathOf)];
      default:
        return encodeUser(message, path, pathOf);
    }
  });

  function besides(message: Message, path: string): JsonObject {
    const name: JsonObject = message.name === "" ? {} : { name: message.name };
    return { ...name, ...crossing.extra(message.extra, path) };
  }

  function plain(role: string, message: Message, path: string, pathOf: (at: number) => string): JsonObject {
    return { role, content: content(message.parts, message.bare, pathOf), ...besides(message, path) };
  }

  /** A string where the origin had one, or where one text is all there is. */
  function content(parts: readonly Part[], bare: boolean, pathOf: (at: number) => string): JsonValue {
    const [only] = parts;
    if (bare || parts.length === 0) return only?.kind.case === "text" ? only.kind.value.text : "";
    const list = parts.flatMap<JsonObject>((part, at) => encodePart(part, pathOf(at), crossing, keepCacheMarks) ?? []);
    const single = list.length === 1 ? list[0] : undefined;
    const isPlain = single?.type === "text" && Object.keys(single).length === 2;
    return isPlain && !crossing.same ? (single.text as string) : list;
  }

  function encodeUser(message: Message, path: string, pathOf: (at: number) => string): JsonObject[] {
    const own = message.parts.length === 1 ? wholeMessage(message.parts[0]) : undefined;
    if (own) return [own];
    // Chat says each result in a message of its own, and knows text there only: pictures follow as the user's.
    const results = message.parts.flatMap(({ kind, cache, extra }, at) => {
      if (kind.case !== "toolResult") return [];
      if (cache && !crossing.same && !keepCacheMarks) crossing.lose(`${pathOf(at)}.cache_control`);
      crossing.extra(extra, pathOf(at));
      return [{ result: kind.value, path: pathOf(at) }];
    });
    const tools = results.map(({ result, path: at }) => ({
      role: "tool",
      tool_call_id: result.toolCallId,
      content: resultContent(result, at),
      ...(message.parts.length === 1 ? besides(message, path) : {}),
    }));
    const pictures = results.flatMap(({ result, path: at }) => resultPictures(result, at));
    const said = message.parts.flatMap((part, at) => (part.kind.case === "toolResult" ? [] : [{ part, at }]));
    if (said.length === 0 && pictures.length === 0 && results.length > 0) return tools;
    const rest = content(
      said.map(({ part }) => part),
      message.bare,
      (at) => pathOf(said[at]?.at ?? at),
    );
    const joined = pictures.length === 0 ? rest : [...pictures, ...asList(rest)];
    return [...tools, { role: "user", content: joined, ...besides(message, path) }];
  }

  function resultContent(result: ToolResult, path: string): JsonValue {
    const texts = result.parts.flatMap(({ kind }) => (kind.case === "text" ? [kind.value.text] : []));
    // Chat has no flag for a failed call, so the words must say it.
    const mark = result.isError ? "Error: " : "";
    if (crossing.same && !result.bare) {
      return result.parts.flatMap(
        (part, at) => encodePart(part, `${path}.content[${at}]`, crossing, keepCacheMarks) ?? [],
      );
    }
    if (result.bare || texts.length <= 1) return mark + (texts[0] ?? "");
    return texts.map((text, at) => ({ type: "text", text: at === 0 ? mark + text : text }));
  }

  function resultPictures(result: ToolResult, path: string): JsonObject[] {
    if (crossing.same) return [];
    return result.parts.flatMap((part, at) => {
      if (part.kind.case === "text") {
        crossing.extra(part.extra, `${path}.content[${at}]`);
        return [];
      }
      const picture = encodePart(part, `${path}.content[${at}]`, crossing, keepCacheMarks);
      return picture ? [{ type: "text", text: `Part of the result of tool call ${result.toolCallId}:` }, picture] : [];
    });
  }

  function encodeAssistant(message: Message, path: string, pathOf: (at: number) => string): JsonObject {
    const wire: JsonObject = { role: "assistant" };
    const said: { part: Part; at: number }[] = [];
    const calls: JsonObject[] = [];
    const refusals: string[] = [];
    const thoughts: Part[] = [];
    for (const [at, part] of message.parts.entries()) {
      const { kind } = part;
      if (kind.case === "toolCall") calls.push(encodeCall(part, pathOf(at)));
      else if (kind.case === "refusal") refusals.push(kind.value.text);
      else if (kind.case === "reasoning" && part.extra?.pontage_spelling !== "thinking") {
        const kept = crossing.withoutForeignSignature(part, pathOf(at));
        if (kept && (crossing.same || quirks.takesReasoning)) {
          if (!crossing.same) loseSeals(kept, pathOf(at));
          thoughts.push(kept);
        } else crossing.lose(pathOf(at));
      } else {
        const call = kind.case === "opaque" ? objectIn(opaqueIn(kind.value, crossing.to)?.tool_call) : undefined;
        if (call) calls.push(call);
        else said.push({ part, at });
      }
    }
    const words = content(
      said.map(({ part }) => part),
      message.bare,
      (at) => pathOf(said[at]?.at ?? at),
    );
    wire.content = words === "" && (calls.length > 0 || refusals.length > 0) ? null : words;
    if (crossing.same) Object.assign(wire, encodeReasoning(thoughts));
    else if (thoughts.length > 0) wire.reasoning_content = thoughts.map(thoughtText).join("");
    if (refusals.length > 0) wire.refusal = refusals.join("");
    if (calls.length > 0) wire.tool_calls = calls;
    const continues = message === request.messages.at(-1) && !crossing.same && quirks.takesPrefix;
    return { ...wire, ...(continues ? { prefix: true } : {}), ...besides(message, path) };
  }

  /** Who takes thoughts back takes their words. */
  function loseSeals({ kind }: Part, path: string): void {
    if (kind.case !== "reasoning") return;
    if (kind.value.signature !== "") crossing.lose(`${path}.signature`);
    if (kind.value.redacted !== "") crossing.lose(`${path}.encrypted_content`);
  }

  function encodeCall(part: Part, path: string): JsonObject {
    const call = part.kind.case === "toolCall" ? part.kind.value : { id: "", name: "", arguments: "" };
    if (part.cache && !crossing.same) crossing.lose(`${path}.cache_control`);
    // A provider that did not make the signature may refuse it.
    if (!crossing.same) crossing.withoutForeignSignature(part, path);
    return {
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: call.arguments },
      ...crossing.extra(part.extra, path),
      ...(crossing.same ? encodeSignature(part, path, crossing) : undefined),
    };
  }
}

/** On Messages a last assistant turn is to be continued; on chat it is history, and the answer would be another. */
function refusePrefill(request: GenerateRequest, crossing: Crossing, quirks: Quirks): void {
  const last = request.messages.length - 1;
  if (crossing.same || quirks.takesPrefix || request.messages[last]?.role !== Role.ASSISTANT) return;
  // On Responses it is history too.
  if (request.dialect === "openai-responses") return;
  throw crossing.cannot(
    messagePath(request, last),
    "A last assistant message that is to be continued",
    "End the conversation with a user message.",
  );
}

function wholeMessage(part: Part | undefined): JsonObject | undefined {
  const own = part?.kind.case === "opaque" ? opaqueIn(part.kind.value, "openai-chat") : undefined;
  return own && typeof own.role === "string" ? own : undefined;
}

function asList(content: JsonValue): JsonValue[] {
  if (Array.isArray(content)) return content;
  return content === "" ? [] : [{ type: "text", text: content }];
}

function thoughtText({ kind }: Part): string {
  return kind.case === "reasoning" ? kind.value.text : "";
}
