import { createHash } from "node:crypto";
import {
  FinishReason,
  type GenerateEvent,
  type GenerateRequest,
  type Message,
  type Part,
  Role,
  ToolChoice_Mode,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import {
  choiceFinished,
  finished,
  opened,
  partClosed,
  partGrown,
  partOpened,
  text,
  toolCall,
} from "../../canonical/events.ts";
import { usageOf } from "../../canonical/usage.ts";
import { sampleOf } from "./schema-sample.ts";

/** What a client may ask of a simulated model, by request headers. */
export interface SimulationOptions {
  /** `x-sim-tps`: tokens a second. Zero means as fast as it goes. */
  readonly tokensPerSecond: number;
  /** `x-sim-delay`: milliseconds to the first token. */
  readonly delayMs: number;
  /** `x-sim-fail`: how to fail, for example `429;retry-after=2`, `500`, `timeout` or `cut-stream`. */
  readonly fail: string;
}

/** What a simulated model does with a request. */
export interface Performance {
  /** The whole answer. */
  readonly events: readonly GenerateEvent[];
  readonly tokensPerSecond: number;
  readonly delayMs: number;
  readonly fail: string;
}

type Model = (request: GenerateRequest, options: SimulationOptions) => Partial<Performance> & { said: Said };

interface Said {
  readonly words?: readonly string[];
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[];
  readonly finishReason?: FinishReason;
}

/**
 * The models, by name. Every answer follows from the request alone, but for its time, so that two runs can be compared.
 * They work offline and cost nothing.
 */
const models: Readonly<Record<string, Model>> = {
  /** Quotes the prompt. */
  echo: (request) => {
    const quoted = lastWords(request).slice(0, 400);
    const answer = quoted
      ? `You said: "${quoted}". I am sim/echo, a simulated model inside Pontage. I work offline and cost nothing; add a provider to talk to a real one.`
      : "You said nothing. I am sim/echo, a simulated model inside Pontage.";
    return { said: { words: wordsOf(answer) } };
  },
  /** As many tokens as `max_tokens` says, 64 without it. */
  lorem: (request) => {
    const count = Math.min(request.maxOutputTokens ?? 64, 100_000);
    const words = Array.from({ length: count }, (_, i) => (i === 0 ? "Lorem" : ` ${latin[(i - 1) % latin.length]}`));
    const finishReason = request.maxOutputTokens === undefined ? FinishReason.STOP : FinishReason.LENGTH;
    return { said: { words, finishReason } };
  },
  /** Calls the first function offered, then sums its result up. */
  tools: (request) => {
    const result = lastToolResult(request);
    if (result !== undefined) return { said: { words: wordsOf(`The function answered: ${result}`) } };
    const named = request.toolChoice?.mode === ToolChoice_Mode.NAMED ? request.toolChoice.name : undefined;
    const tool = request.tools.find(({ name }) => name && (named === undefined || name === named));
    if (!tool || request.toolChoice?.mode === ToolChoice_Mode.NONE) {
      return { said: { words: wordsOf("No function was offered, so there is none to call.") } };
    }
    const call = { name: tool.name, arguments: JSON.stringify(sampleOf(tool.parameters ?? { type: "object" })) };
    return { said: { calls: [call], finishReason: FinishReason.TOOL_CALLS } };
  },
  /** JSON that fits the schema asked for, as the other models do too, and JSON when none was asked for. */
  json: () => ({ said: { words: wordsOf(JSON.stringify({ message: "Hello from sim/json", ok: true })) } }),
  /** Fails as `x-sim-fail` says; without it, about every second request, which one following from the request. */
  flaky: (request, options) => {
    const dice = createHash("sha256").update(lastWords(request)).digest()[0]!;
    const fail = options.fail || (["", "500", "", "cut-stream", "", "429;retry-after=1"][dice % 6] ?? "");
    return { fail, said: { words: wordsOf("This time it worked. Ask something else and it may not.") } };
  },
  /** Takes two seconds, or `x-sim-delay`, to its first token. */
  slow: (_, options) => ({
    delayMs: options.delayMs || 2_000,
    tokensPerSecond: options.tokensPerSecond || 20,
    said: { words: wordsOf("Good things take their time.") },
  }),
};

/** The model that makes vectors, and says nothing. */
export const vectorModel = "embed";

export const simulatedModels: readonly string[] = [...Object.keys(models), vectorModel];

/** What a request asks for that no simulated model has: they store nothing, wait for nothing and weigh nothing. */
export function beyondSimulation({ logprobs, extra = {} }: GenerateRequest): string | undefined {
  if (logprobs) return "logprobs";
  return ["previous_response_id", "conversation", "background"].find((field) => extra[field]);
}

export function perform(request: GenerateRequest, options: SimulationOptions): Performance | undefined {
  const model = Object.hasOwn(models, request.model) ? models[request.model] : undefined;
  if (!model) return undefined;
  const { said, ...performance } = model(request, options);
  return { ...options, ...performance, events: eventsOf(request, withinLimits(request, shaped(request, said))) };
}

/** Words in the shape that was asked for. */
function shaped({ responseFormat }: GenerateRequest, said: Said): Said {
  const kind = responseFormat?.kind;
  if (!said.words || (kind?.case !== "jsonSchema" && kind?.case !== "json")) return said;
  const value = kind.case === "jsonSchema" ? sampleOf(kind.value.schema ?? {}) : { message: "Hello", ok: true };
  return { ...said, words: wordsOf(JSON.stringify(value)) };
}

/** Cut at the first stop string, and after as many tokens as were allowed: a word is one. */
function withinLimits({ stop, maxOutputTokens }: GenerateRequest, said: Said): Said {
  if (!said.words) return said;
  const text = said.words.join("");
  const ends = stop.map((word) => text.indexOf(word)).filter((at) => at !== -1);
  const words = ends.length > 0 ? wordsOf(text.slice(0, Math.min(...ends))) : said.words;
  if (maxOutputTokens === undefined || words.length <= maxOutputTokens) return { ...said, words };
  return { ...said, words: words.slice(0, maxOutputTokens), finishReason: FinishReason.LENGTH };
}

/** Input tokens of a request: a token is taken to be four letters. */
export function inputTokensOf(request: GenerateRequest): number {
  const letters = request.messages.flatMap(({ parts }) => parts.map(lettersIn)).reduce((sum, more) => sum + more, 0);
  return Math.max(
    1,
    Math.ceil((letters + JSON.stringify(request.tools.map(({ parameters }) => parameters ?? {})).length) / 4),
  );
}

function eventsOf(request: GenerateRequest, said: Said): GenerateEvent[] {
  const id = `sim-${createHash("sha256")
    .update(JSON.stringify(request.messages.map(wordsIn)))
    .digest("hex")
    .slice(0, 24)}`;
  const input = inputTokensOf(request);
  // A long system prompt counts as cached, so that the figure is seen before a real key is there.
  const cached = cachedTokensOf(request);
  const read = { inputTokens: input - cached, cacheReadTokens: cached };
  const choices = Array.from({ length: request.candidateCount ?? 1 }, (_, choice) => choiceOf(choice, id, said));
  const output = choices.reduce((sum, { tokens }) => sum + tokens, 0);
  return [
    opened({ id, model: request.model, createTimeSeconds: 0, dialect: "", usage: usageOf(read) }),
    ...choices.flatMap(({ events }) => events),
    finished(usageOf({ ...read, outputTokens: output })),
  ];
}

/** One of the answers that were asked for. All say the same. */
function choiceOf(choice: number, id: string, { words = [], calls = [], finishReason }: Said) {
  const events: GenerateEvent[] = [];
  let index = 0;
  let tokens = words.length;
  if (words.length > 0) {
    events.push(partOpened(choice, index, text("")));
    for (const word of words) events.push(partGrown(choice, index, { case: "text", value: word }));
    events.push(partClosed(choice, index));
    index++;
  }
  for (const [number, call] of calls.entries()) {
    const callId = `call_${id.slice(4, 26)}${choice === 0 ? "" : `${choice}_`}${number}`;
    events.push(partOpened(choice, index, toolCall({ id: callId, name: call.name, arguments: "" })));
    for (const piece of piecesOf(call.arguments, 8)) {
      events.push(partGrown(choice, index, { case: "arguments", value: piece }));
      tokens++;
    }
    events.push(partClosed(choice, index));
    index++;
  }
  events.push(choiceFinished({ choice, finishReason: finishReason ?? FinishReason.STOP }));
  return { events, tokens };
}

function cachedTokensOf(request: GenerateRequest): number {
  const system = request.messages.filter(({ role }) => role === Role.SYSTEM || role === Role.DEVELOPER);
  const tokens = Math.floor(
    system.flatMap(({ parts }) => parts.map(lettersIn)).reduce((sum, more) => sum + more, 0) / 4,
  );
  return tokens >= 256 ? tokens - (tokens % 64) : 0;
}

function lastWords(request: GenerateRequest): string {
  const last = request.messages.findLast(({ role }) => role === Role.USER);
  return last ? wordsIn(last) : "";
}

function wordsIn(message: Message): string {
  return message.parts
    .map((part) => (part.kind.case === "text" ? part.kind.value.text : ""))
    .join(" ")
    .trim();
}

function lastToolResult(request: GenerateRequest): string | undefined {
  const result = request.messages.at(-1)?.parts.find(({ kind }) => kind.case === "toolResult")?.kind;
  if (result?.case !== "toolResult") return undefined;
  return result.value.parts.map((part) => (part.kind.case === "text" ? part.kind.value.text : "")).join(" ");
}

export function lettersIn({ kind }: Part): number {
  switch (kind.case) {
    case "text":
    case "reasoning":
    case "refusal":
      return kind.value.text.length;
    case "toolCall":
      return kind.value.name.length + kind.value.arguments.length;
    case "toolResult":
      return kind.value.parts.map(lettersIn).reduce((sum, more) => sum + more, 0);
    case undefined:
      return 0;
    default:
      return 400; // an image or a document: some figure, the same each time
  }
}

/** Words with the blank that leads them, as real tokens have it. */
function wordsOf(sentence: string): string[] {
  return sentence.match(/\s*\S+/g) ?? [];
}

function piecesOf(text: string, size: number): string[] {
  return text.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
}

const latin =
  "ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua".split(
    " ",
  );
