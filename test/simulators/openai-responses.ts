import { openaiChat } from "./openai-chat.ts";
import { refusesResponse } from "./openai-refusals.ts";
import {
  askedInBody,
  defaultUsage,
  eventStream,
  object,
  pieces,
  type Script,
  type ScriptedUsage,
  type Speech,
  signatureOf,
  sse,
  type Wire,
  wordsOf,
} from "./speech.ts";

const id = "resp_simulated";
const created = 1_790_000_000;

/** https://platform.openai.com/docs/api-reference/responses and its `/streaming`. */
export const openaiResponses: Speech = {
  name: "openai-responses",
  dialect: "openai-responses",
  streamType: eventStream,
  asks(path, request) {
    if (path === "/v1/responses/input_tokens") return askedInBody(request, true);
    return path === "/v1/responses" ? askedInBody(request) : undefined;
  },
  refuses: (request) => refusesResponse(request),

  whole: (script, request) => ended(script, request),

  frames(script, request) {
    const frames: string[] = [];
    const say = (type: string, body: object) =>
      frames.push(sse({ type, sequence_number: frames.length, ...body }, type));
    const start = response(request, { status: "in_progress", output: [], usage: null });
    say("response.created", { response: start });
    say("response.in_progress", { response: start });
    for (const [output_index, item] of itemsOf(script).entries()) {
      const { item_id, at } = { item_id: item.id, at: { output_index } };
      say("response.output_item.added", { ...at, item: begun(item) });
      if (item.type === "reasoning") {
        const place = { item_id, ...at, summary_index: 0 };
        const text = script.thoughts!;
        say("response.reasoning_summary_part.added", { ...place, part: { type: "summary_text", text: "" } });
        for (const delta of pieces(text)) say("response.reasoning_summary_text.delta", { ...place, delta });
        say("response.reasoning_summary_text.done", { ...place, text });
        say("response.reasoning_summary_part.done", { ...place, part: { type: "summary_text", text } });
      } else if (item.type === "function_call") {
        const place = { item_id, ...at };
        for (const delta of pieces(item.arguments as string)) {
          say("response.function_call_arguments.delta", { ...place, delta });
        }
        say("response.function_call_arguments.done", { ...place, arguments: item.arguments });
      } else {
        for (const [content_index, part] of (item.content as Wire[]).entries()) {
          const place = { item_id, ...at, content_index };
          const isText = part.type === "output_text";
          const kind = isText ? "output_text" : "refusal";
          const more = isText ? { logprobs: [] } : {};
          say("response.content_part.added", { ...place, part: { ...part, [isText ? "text" : "refusal"]: "" } });
          for (const delta of pieces(isText ? script.text : script.refusal)) {
            say(`response.${kind}.delta`, { ...place, ...more, delta });
          }
          const words = isText ? { text: part.text } : { refusal: part.refusal };
          say(`response.${kind}.done`, { ...place, ...more, ...words });
          say("response.content_part.done", { ...place, part });
        }
      }
      say("response.output_item.done", { ...at, item });
    }
    const end = ended(script, request);
    say(`response.${end.status}`, { response: end });
    return frames;
  },

  error: (status, message) => openaiChat.error(status, message),

  // As it was recorded: the error, and the answer that failed of it.
  errorFrame(body) {
    const error = object(body.error);
    const failed = response({}, { status: "failed", output: [], usage: null });
    const response_ = { ...failed, error: { code: error.code ?? "server_error", message: error.message } };
    return (
      sse({ ...body, type: "error", sequence_number: 2 }, "error") +
      sse({ type: "response.failed", sequence_number: 3, response: response_ }, "response.failed")
    );
  },

  count: (inputTokens) => ({ object: "response.input_tokens", input_tokens: inputTokens }),

  modelList: openaiChat.modelList,
};

function ended(script: Script, request: Wire) {
  const { finish } = script;
  const usage = script.withoutUsage ? null : usageOf(script.usage);
  const output = itemsOf(script);
  if (finish === undefined) return response(request, { status: "completed", output, usage });
  const reason = finish === "length" ? "max_output_tokens" : "content_filter";
  const ending = { status: "incomplete", output, usage };
  return { ...response(request, ending), incomplete_details: { reason } };
}

function response(request: Wire, { status, output, usage }: { status: string; output: unknown; usage: unknown }) {
  return {
    id,
    object: "response",
    created_at: created,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    model: request.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: request.store ?? true,
    temperature: 1,
    text: request.text ?? { format: { type: "text" } },
    tool_choice: request.tool_choice ?? "auto",
    tools: request.tools ?? [],
    top_p: 1,
    truncation: "disabled",
    usage,
    user: null,
    metadata: {},
  };
}

function itemsOf({ thoughts, text, refusal, calls = [], finish }: Script): Wire[] {
  const items: Wire[] = [];
  if (thoughts !== undefined) {
    const summary = [{ type: "summary_text", text: thoughts }];
    items.push({ id: "rs_simulated", type: "reasoning", summary, encrypted_content: signatureOf(thoughts) });
  }
  const content: Wire[] = [];
  if (text !== undefined) content.push({ type: "output_text", annotations: [], logprobs: [], text: wordsOf(text) });
  if (refusal !== undefined) content.push({ type: "refusal", refusal });
  const status = finish === undefined ? "completed" : "incomplete";
  if (content.length > 0) items.push({ id: "msg_simulated", type: "message", status, role: "assistant", content });
  for (const [at, { id: call_id, name, arguments: args }] of calls.entries()) {
    const facts = { id: `fc_simulated_${at}`, type: "function_call", status: "completed" };
    items.push({ ...facts, arguments: JSON.stringify(args), call_id, name });
  }
  return items;
}

/** An item as it is before anything has been said in it. */
function begun(item: Wire): Wire {
  if (item.type === "reasoning") return { ...item, summary: [], encrypted_content: "" };
  const start = { ...item, status: "in_progress" };
  return item.type === "message" ? { ...start, content: [] } : { ...start, arguments: "" };
}

function usageOf({ input, output, cached = 0, reasoning = 0 }: ScriptedUsage = defaultUsage): object {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}
