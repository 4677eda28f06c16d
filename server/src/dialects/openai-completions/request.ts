import { create, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type Message,
  MessageSchema,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, text } from "../../canonical/events.ts";
import { Crossing, takeSpelling } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { messagePath, partPath } from "../paths.ts";
import { countIn, fieldsBeside, numberIn, objectIn, stringIn } from "../wire.ts";
import { readHead } from "./head.ts";

const dialect = "openai-completions";

/** A prompt is what a user says. */
export function decodeRequest(wire: JsonObject): GenerateRequest {
  const { model, maxOutputTokens } = readHead(wire);
  return create(GenerateRequestSchema, {
    model,
    messages: [decodePrompt(wire.prompt!)],
    maxOutputTokens,
    temperature: numberIn(wire.temperature),
    topP: numberIn(wire.top_p),
    stop: typeof wire.stop === "string" ? [wire.stop] : ((wire.stop ?? []) as string[]),
    candidateCount: countIn(wire.n),
    seed: typeof wire.seed === "number" ? BigInt(wire.seed) : undefined,
    presencePenalty: numberIn(wire.presence_penalty),
    frequencyPenalty: numberIn(wire.frequency_penalty),
    user: stringIn(wire.user) ?? "",
    dialect,
    extra: extraOf(wire),
  });
}

/** Several prompts in one call, and prompts of tokens, are known only here. */
function decodePrompt(prompt: JsonValue): Message {
  const bare = typeof prompt === "string";
  const said = bare ? text(prompt) : part({ case: "opaque", value: opaqueOf(dialect, { prompt }) });
  return create(MessageSchema, { role: Role.USER, parts: [said], bare });
}

function extraOf(wire: JsonObject): JsonObject | undefined {
  const extra = fieldsBeside(wire, requestWords) ?? {};
  const options = fieldsBeside(objectIn(wire.stream_options) ?? {}, new Set(["include_usage"]));
  if (options) extra.stream_options = options;
  if (typeof wire.stop === "string") extra.stop = wire.stop;
  return Object.keys(extra).length === 0 ? undefined : extra;
}

export function encodeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, dialect, context.losses);
  const { rest } = takeSpelling(request.extra);
  const { stream_options: options, ...extra } = crossing.requestExtra(rest) ?? {};
  const wire: JsonObject = { model: context.model, prompt: encodePrompt(request, crossing) };
  refuseWishes(request, crossing);
  if (context.stream) {
    wire.stream = true;
    const asked = { ...objectIn(options), ...(context.askUsage ? { include_usage: true } : {}) };
    if (Object.keys(asked).length > 0) wire.stream_options = asked;
  }
  if (request.maxOutputTokens !== undefined) wire.max_tokens = request.maxOutputTokens;
  if (request.temperature !== undefined) wire.temperature = request.temperature;
  if (request.topP !== undefined) wire.top_p = request.topP;
  if (request.topK !== undefined) crossing.lose("top_k");
  if (request.stop.length > 0) wire.stop = request.stop;
  if (request.candidateCount !== undefined) wire.n = request.candidateCount;
  if (request.seed !== undefined) wire.seed = Number(request.seed);
  if (request.presencePenalty !== undefined) wire.presence_penalty = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) wire.frequency_penalty = request.frequencyPenalty;
  if (request.user !== "") wire.user = request.user;
  return { ...wire, ...extra };
}

function encodePrompt(request: GenerateRequest, crossing: Crossing): JsonValue {
  const [only, ...others] = request.messages;
  if (only === undefined || others.length > 0 || only.role !== Role.USER) {
    const at = only?.role === Role.USER ? 1 : 0;
    throw crossing.cannot(messagePath(request, at), "A conversation");
  }
  const [said, ...more] = only.parts;
  const own = said?.kind.case === "opaque" ? opaqueIn(said.kind.value, dialect) : undefined;
  if (own?.prompt !== undefined) return own.prompt;
  if (more.length > 0 || said?.kind.case !== "text") {
    throw crossing.cannot(partPath(request, 0, more.length > 0 ? 1 : 0), "A message that is not one text");
  }
  const path = partPath(request, 0, 0);
  if (said.cache) crossing.lose(`${path}.cache_control`);
  crossing.extra(takeSpelling(said.extra).rest, path);
  if (only.name !== "") crossing.lose(`${messagePath(request, 0)}.name`);
  crossing.extra(takeSpelling(only.extra).rest, messagePath(request, 0));
  return said.kind.value.text;
}

/** What only a chat can be asked for. */
function refuseWishes(request: GenerateRequest, crossing: Crossing): void {
  if (request.tools.length > 0) throw crossing.cannot("tools", "`tools`");
  const format = request.responseFormat?.kind.case;
  if (format !== undefined && format !== "text") throw crossing.cannot("response_format", "A shape of the answer");
  if (request.logprobs) throw crossing.cannot("logprobs", "`logprobs`");
  if (request.toolChoice) crossing.lose("tool_choice");
  if (request.parallelToolCalls !== undefined) crossing.lose("parallel_tool_calls");
  const { effort = "", budgetTokens } = request.reasoning ?? {};
  if (effort !== "" || budgetTokens !== undefined) crossing.lose("reasoning_effort");
}

const requestWords = new Set([
  "model",
  "prompt",
  "max_tokens",
  "temperature",
  "top_p",
  "n",
  "stream",
  "stream_options",
  "stop",
  "presence_penalty",
  "frequency_penalty",
  "user",
  "seed",
]);
