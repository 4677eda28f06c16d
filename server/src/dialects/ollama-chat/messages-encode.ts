import type { JsonObject } from "@bufbuild/protobuf";
import { type GenerateRequest, type Message, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { inputObject } from "../anthropic-messages/blocks.ts";
import type { Crossing } from "../crossing.ts";
import { opaqueIn } from "../opaque.ts";
import { messagePath, partPath } from "../paths.ts";
import { invalid, objectIn } from "../wire.ts";
import { isMadeUp } from "./call-id.ts";
import { encodeCall } from "./calls.ts";
import { encodeImage } from "./images.ts";
import { thoughtOf } from "./reply.ts";
import { saidOfCall } from "./request-decode.ts";

/** Writes the turns of one request. Holds what every turn needs to know, and nothing between requests. */
export function encodeMessages(request: GenerateRequest, crossing: Crossing): JsonObject[] {
  /** The calls so far: results are named after them and stand in their order. */
  const calls = new Map<string, { readonly name: string; readonly place: number }>();
  const written: { wire: JsonObject; place: number | undefined }[] = [];
  refusePrefill(request, crossing);
  for (const [index, message] of request.messages.entries()) {
    const path = messagePath(request, index);
    const pathOf = (at: number) => partPath(request, index, at);
    if (message.name !== "") crossing.lose(`${path}.name`);
    if (message.role === Role.ASSISTANT) written.push({ wire: assistant(message, path, pathOf), place: undefined });
    else written.push(...others(message, path, pathOf));
  }
  return (crossing.same ? written : inOrderOfCalls(written)).map(({ wire }) => wire);

  function assistant(message: Message, path: string, pathOf: (at: number) => string): JsonObject {
    const wire: JsonObject = { role: "assistant", content: "" };
    const thoughts: string[] = [];
    const images: string[] = [];
    const called: JsonObject[] = [];
    for (const [at, part] of message.parts.entries()) {
      const { kind } = part;
      loseMarks(part, pathOf(at));
      if (kind.case === "reasoning") thoughts.push(thoughtOf(part, pathOf(at), crossing));
      else if (kind.case === "toolCall") {
        const { id, name, arguments: text } = kind.value;
        const input = inputObject(text);
        if (input === undefined) {
          throw invalid(pathOf(at), `The arguments of the tool call at \`${pathOf(at)}\` are not a JSON object.`);
        }
        calls.set(id, { name, place: calls.size });
        called.push(encodeCall({ id, name, input }, part.extra, pathOf(at), crossing));
      } else if (kind.case === "image") images.push(encodeImage(kind.value, pathOf(at), crossing));
      else wire.content += words(part, pathOf(at));
    }
    const thought = thoughts.join("");
    if (thought !== "") wire.thinking = thought;
    if (images.length > 0) wire.images = images;
    if (called.length > 0) wire.tool_calls = called;
    return { ...wire, ...crossing.extra(message.extra, path) };
  }

  /** Content is one string here. Texts that were said apart stay apart, in messages of their own, which the server joins. */
  function others(message: Message, path: string, pathOf: (at: number) => string) {
    const [only] = message.parts;
    const whole =
      message.parts.length === 1 && only?.kind.case === "opaque" ? opaqueIn(only.kind.value, crossing.to) : undefined;
    if (whole) return [{ wire: whole, place: undefined }];
    const results: typeof written = [];
    const turns: (JsonObject & { content: string; images?: string[] })[] = [];
    const role =
      message.role === Role.USER ? "user" : crossing.same && message.role === Role.DEVELOPER ? "developer" : "system";
    const { [saidOfCall]: named, ...extra } = message.extra ?? {};
    for (const [at, part] of message.parts.entries()) {
      loseMarks(part, pathOf(at));
      const { kind } = part;
      if (kind.case === "toolResult") {
        results.push(result(part, pathOf(at), crossing.same ? objectIn(named) : undefined));
      } else if (kind.case === "image") {
        const last = turns.at(-1) ?? { role, content: "" };
        if (turns.length === 0) turns.push(last);
        last.images = [...(last.images ?? []), encodeImage(kind.value, pathOf(at), crossing)];
        crossing.extra(part.extra, pathOf(at));
      } else {
        const last = turns.at(-1);
        const text = words(part, pathOf(at));
        if (last?.content === "") last.content = text;
        else turns.push({ role, content: text });
      }
    }
    if (turns.length === 0 && results.length === 0) turns.push({ role, content: "" });
    const own = crossing.extra(extra, path);
    const [first] = turns.length > 0 ? turns : results.map(({ wire }) => wire);
    if (first && own) Object.assign(first, own);
    return [...results, ...turns.map((wire) => ({ wire, place: undefined }))];
  }

  function result(part: Part, path: string, named: JsonObject | undefined): (typeof written)[number] {
    const value = part.kind.case === "toolResult" ? part.kind.value : undefined;
    const { toolCallId = "", parts = [], isError = false } = value ?? {};
    const call = calls.get(toolCallId);
    if (call === undefined && !crossing.same) {
      throw invalid(path, `There is no tool call \`${toolCallId}\` before its result at \`${path}\`.`);
    }
    const texts: string[] = [];
    const images: string[] = [];
    for (const [at, inner] of parts.entries()) {
      const innerPath = `${path}.content[${at}]`;
      if (inner.kind.case === "image") images.push(encodeImage(inner.kind.value, innerPath, crossing));
      else texts.push(words(inner, innerPath));
    }
    crossing.extra(part.extra, path);
    // There is no flag for a failed call, so the words must say it.
    const wire: JsonObject = { role: "tool", content: (isError ? "Error: " : "") + texts.join("\n") };
    if (images.length > 0) wire.images = images;
    const id: JsonObject = toolCallId === "" || isMadeUp(toolCallId) ? {} : { tool_call_id: toolCallId };
    return { wire: { ...wire, ...(named ?? { tool_name: call?.name ?? "", ...id }) }, place: call?.place };
  }

  function words(part: Part, path: string): string {
    const { kind } = part;
    crossing.extra(part.extra, path);
    switch (kind.case) {
      case "text":
      case "refusal":
        return kind.value.text;
      case "file":
        if (kind.value.mimeType === "text/plain" && kind.value.source.case === "data") {
          return new TextDecoder().decode(kind.value.source.value);
        }
        throw crossing.cannot(path, "A file", "Send its text.");
      case "audio":
        throw crossing.cannot(path, "Sound");
      case "opaque":
        throw crossing.cannotCarry(path, kind.value);
      default:
        // It has no place in this turn.
        crossing.lose(path);
        return "";
    }
  }

  /** The marks other providers want on a part mean nothing here. */
  function loseMarks({ cache, signature, kind }: Part, path: string): void {
    if (cache) crossing.lose(`${path}.cache_control`);
    if (signature !== undefined && kind.case !== "reasoning") crossing.lose(`${path}.signature`);
  }
}

/** Servers that know no ids tell the results of one function's calls apart by their order only. */
function inOrderOfCalls<Written extends { readonly place: number | undefined }>(
  written: readonly Written[],
): Written[] {
  const ordered = [...written];
  for (let from = 0; from < ordered.length; from += 1) {
    let end = from;
    while (ordered[end]?.place !== undefined) end += 1;
    const run = ordered.slice(from, end).sort((a, b) => a.place! - b.place!);
    ordered.splice(from, run.length, ...run);
    from = end;
  }
  return ordered;
}

/** On Messages a last assistant turn is to be continued, and on chat it is history; Ollama continues it. */
function refusePrefill(request: GenerateRequest, crossing: Crossing): void {
  const last = request.messages.length - 1;
  const message = request.messages[last];
  if (crossing.same || message?.role !== Role.ASSISTANT) return;
  if (request.dialect === "anthropic-messages" || message.extra?.prefix === true) return;
  throw crossing.cannot(
    messagePath(request, last),
    "A conversation that ends with the assistant, unless it is to be continued,",
    "End it with a user message.",
  );
}
