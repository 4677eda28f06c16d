import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateReply } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { fold } from "../../server/src/canonical/fold.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import type { DialectId } from "../../server/src/dialects/dialect.ts";
import { dialectOf } from "../../server/src/dialects/index.ts";
import type { TestGateway } from "../gateway/gateway.ts";
import { eventsOf, framesOf } from "../laws/recordings.ts";

/*
 * Clients of every dialect that ask a model to think, run the tools it calls and send the conversation back: with all that
 * an answer held, or with what the dialect documents and no more, as most clients do.
 */
type Json = Readonly<Record<string, unknown>>;

export type Manner = "sends all back" | "sends back what it knows";

export const manners: readonly Manner[] = ["sends all back", "sends back what it knows"];

export interface ReasoningClient {
  readonly dialect: DialectId;
  path(model: string, stream: boolean): string;
  body(model: string, stream: boolean, history: readonly Json[]): object;
  readonly question: Json;
  /** The model's turn as it goes back. */
  turn(answer: Json, manner: Manner): Json[];
  calls(answer: Json): string[];
  results(callIds: readonly string[]): Json[];
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const object = (value: unknown): Json => (value ?? {}) as Json;
const pick = (value: Json, ...fields: string[]): Json =>
  Object.fromEntries(fields.flatMap((field) => (value[field] === undefined ? [] : [[field, value[field]]])));

const parameters = { type: "object", properties: { city: { type: "string" } } };
const question = "How is the weather in Rome?";

const chat: ReasoningClient = {
  dialect: "openai-chat",
  path: () => "/v1/chat/completions",
  body: (model, stream, messages) => ({
    ...{ model, stream, messages, reasoning_effort: "low", max_completion_tokens: 8000 },
    tools: [{ type: "function", function: { name: "weather", parameters } }],
  }),
  question: { role: "user", content: question },
  turn({ choices }, manner) {
    const message = object(list(choices)[0]?.message);
    if (manner === "sends all back") return [message];
    const calls = list(message.tool_calls).map((call) => pick(call, "id", "type", "function"));
    return [{ ...pick(message, "role", "content"), ...(calls.length > 0 ? { tool_calls: calls } : {}) }];
  },
  calls: ({ choices }) => list(object(list(choices)[0]?.message).tool_calls).map(({ id }) => String(id)),
  results: (ids) => ids.map((id) => ({ role: "tool", tool_call_id: id, content: "sunny" })),
};

const messages: ReasoningClient = {
  dialect: "anthropic-messages",
  path: () => "/v1/messages",
  body: (model, stream, history) => ({
    ...{ model, stream, messages: history, max_tokens: 8000, thinking: { type: "enabled", budget_tokens: 2000 } },
    tools: [{ name: "weather", input_schema: parameters }],
  }),
  question: { role: "user", content: question },
  turn({ content }, manner) {
    const isKnown = ({ type }: Json) => type === "text" || type === "tool_use";
    return [
      { role: "assistant", content: list(content).filter((block) => manner === "sends all back" || isKnown(block)) },
    ];
  },
  calls: ({ content }) => list(content).flatMap(({ type, id }) => (type === "tool_use" ? String(id) : [])),
  results: (ids) => [
    { role: "user", content: ids.map((id) => ({ type: "tool_result", tool_use_id: id, content: "sunny" })) },
  ],
};

const gemini: ReasoningClient = {
  dialect: "gemini",
  path: (model, stream) =>
    `/v1beta/models/${encodeURIComponent(model)}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  body: (_, __, contents) => ({
    contents,
    generationConfig: { maxOutputTokens: 8000, thinkingConfig: { thinkingBudget: 2000 } },
    tools: [{ functionDeclarations: [{ name: "weather", parameters }] }],
  }),
  question: { role: "user", parts: [{ text: question }] },
  turn({ candidates }, manner) {
    const parts = list(object(list(candidates)[0]?.content).parts);
    const known = parts.filter(({ thought }) => !thought).map((part) => pick(part, "text", "functionCall"));
    return [{ role: "model", parts: manner === "sends all back" ? parts : known }];
  },
  calls: ({ candidates }) =>
    list(object(list(candidates)[0]?.content).parts).flatMap(({ functionCall: call }) =>
      call ? String(object(call).id) : [],
    ),
  results: (ids) => [
    {
      role: "user",
      parts: ids.map((id) => ({ functionResponse: { id, name: "weather", response: { output: "sunny" } } })),
    },
  ],
};

const converse: ReasoningClient = {
  dialect: "bedrock-converse",
  path: (model, stream) => `/model/${encodeURIComponent(model)}/converse${stream ? "-stream" : ""}`,
  body: (_, __, history) => ({
    messages: history,
    inferenceConfig: { maxTokens: 8000 },
    additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2000 } },
    toolConfig: { tools: [{ toolSpec: { name: "weather", inputSchema: { json: parameters } } }] },
  }),
  question: { role: "user", content: [{ text: question }] },
  turn({ output }, manner) {
    const content = list(object(object(output).message).content);
    const known = content.filter(({ reasoningContent }) => !reasoningContent);
    return [{ role: "assistant", content: manner === "sends all back" ? content : known }];
  },
  calls: ({ output }) =>
    list(object(object(output).message).content).flatMap(({ toolUse }) =>
      toolUse ? String(object(toolUse).toolUseId) : [],
    ),
  results: (ids) => [
    { role: "user", content: ids.map((toolUseId) => ({ toolResult: { toolUseId, content: [{ text: "sunny" }] } })) },
  ],
};

const responses: ReasoningClient = {
  dialect: "openai-responses",
  path: () => "/v1/responses",
  body: (model, stream, input) => ({
    ...{ model, stream, input, reasoning: { effort: "low" }, max_output_tokens: 8000, store: false },
    include: ["reasoning.encrypted_content"],
    tools: [{ type: "function", name: "weather", parameters, strict: false }],
  }),
  question: { type: "message", role: "user", content: question },
  turn: ({ output }, manner) => list(output).filter(({ type }) => manner === "sends all back" || type !== "reasoning"),
  calls: ({ output }) => list(output).flatMap(({ type, call_id: id }) => (type === "function_call" ? String(id) : [])),
  results: (ids) => ids.map((id) => ({ type: "function_call_output", call_id: id, output: "sunny" })),
};

const ollama: ReasoningClient = {
  dialect: "ollama-chat",
  path: () => "/api/chat",
  body: (model, stream, history) => ({
    ...{ model, stream, messages: history, think: "low", options: { num_predict: 8000 } },
    tools: [{ type: "function", function: { name: "weather", parameters } }],
  }),
  question: { role: "user", content: question },
  turn({ message }, manner) {
    return [manner === "sends all back" ? object(message) : pick(object(message), "role", "content", "tool_calls")];
  },
  calls: ({ message }) => list(object(message).tool_calls).map(({ id }) => String(id)),
  results: (ids) => ids.map((id) => ({ role: "tool", tool_name: "weather", tool_call_id: id, content: "sunny" })),
};

export const reasoningClients: readonly ReasoningClient[] = [chat, responses, messages, gemini, converse, ollama];

export interface Told {
  readonly status: number;
  readonly answer: Json;
  /** What the gateway says was lost. */
  readonly loss: string;
  readonly requestId: string;
}

/** Makes one call, and reads the answer as a whole one however it came. */
export async function tell(
  gateway: Pick<TestGateway, "baseUrl" | "apiKey">,
  client: ReasoningClient,
  model: string,
  stream: boolean,
  history: readonly Json[],
  headers: Record<string, string> = {},
): Promise<Told> {
  const response = await fetch(`${gateway.baseUrl}${client.path(model, stream)}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": gateway.apiKey, ...headers },
    body: JSON.stringify(client.body(model, stream, history)),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const { status } = response;
  const requestId = response.headers.get("x-request-id") ?? "";
  const loss = response.headers.get("x-pontage-loss") ?? "";
  const dialect = dialectOf(client.dialect);
  if (!stream || status !== 200) return { status, answer: JSON.parse(bytes.toString()) as Json, loss, requestId };
  const frames = framesOf(dialect, [bytes]);
  const last = frames.map(({ data }) => data).findLast((data) => data.includes('"response.completed"'));
  // The last event has the whole answer, which is what clients keep.
  if (last !== undefined) return { status, answer: (JSON.parse(last) as { response: Json }).response, loss, requestId };
  const reply: GenerateReply = fold(eventsOf(dialect, frames));
  return { status, answer: dialect.unary.encode(reply, new LossReport()) as JsonObject, loss, requestId };
}
