import { refusesChat } from "./openai-refusals.ts";
import {
  askedInBody,
  defaultUsage,
  eventStream,
  pieces,
  type Script,
  type ScriptedUsage,
  type Speech,
  sse,
  type Wire,
  wordsOf,
} from "./speech.ts";

const id = "chatcmpl-simulated";
const created = 1_790_000_000;

/** https://platform.openai.com/docs/api-reference/completions/object */
function completion(request: Wire): object {
  return { id: "cmpl-simulated", object: "text_completion", created, model: request.model };
}

/** https://platform.openai.com/docs/api-reference/chat */
export const openaiChat: Speech = {
  name: "openai-chat",
  dialect: "openai-chat",
  streamType: eventStream,
  asks: (path, request) =>
    path === "/v1/chat/completions" || path === "/v1/completions" ? askedInBody(request) : undefined,
  refuses: (request) => (request.prompt === undefined ? refusesChat(request) : undefined),

  whole(script, request) {
    if (request.prompt !== undefined) {
      const choices = [{ text: script.text ?? "", index: 0, logprobs: null, finish_reason: "stop" }];
      return { ...completion(request), choices, ...(!script.withoutUsage && { usage: usageOf(script.usage) }) };
    }
    const calls = script.calls?.map((call) => ({
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: JSON.stringify(call.arguments) },
    }));
    return {
      id,
      object: "chat.completion",
      created,
      model: request.model,
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: script.text === undefined ? null : wordsOf(script.text),
            refusal: script.refusal ?? null,
            // Not OpenAI's, which keeps the thoughts, but what others with this dialect say.
            ...(script.thoughts !== undefined && { reasoning_content: script.thoughts }),
            ...(calls && { tool_calls: calls }),
          },
          logprobs: null,
          finish_reason: finishReason(script),
        },
      ],
      ...(!script.withoutUsage && { usage: usageOf(script.usage) }),
    };
  },

  frames(script, request) {
    const options = request.stream_options as { include_usage?: boolean } | undefined;
    if (request.prompt !== undefined) {
      const piece = (text: string, finish: string | null) =>
        sse({ ...completion(request), choices: [{ text, index: 0, logprobs: null, finish_reason: finish }] });
      const usage = sse({ ...completion(request), choices: [], usage: usageOf(script.usage) });
      const words = pieces(script.text ?? "").map((text) => piece(text, null));
      return [...words, piece("", "stop"), ...(options?.include_usage ? [usage] : []), "data: [DONE]\n\n"];
    }
    const chunk = (choices: object[], more = {}) =>
      sse({ id, object: "chat.completion.chunk", created, model: request.model, choices, ...more });
    const delta = (value: object, finish: string | null = null) => ({
      index: 0,
      delta: value,
      logprobs: null,
      finish_reason: finish,
    });
    const frames = [
      chunk([delta({ role: "assistant", content: script.text === undefined ? null : "", refusal: null })]),
    ];
    for (const piece of pieces(script.thoughts)) frames.push(chunk([delta({ reasoning_content: piece })]));
    for (const piece of pieces(script.refusal)) frames.push(chunk([delta({ refusal: piece })]));
    for (const piece of pieces(script.text)) frames.push(chunk([delta({ content: piece })]));
    for (const [index, call] of (script.calls ?? []).entries()) {
      const head = { index, id: call.id, type: "function", function: { name: call.name, arguments: "" } };
      frames.push(chunk([delta({ tool_calls: [head] })]));
      for (const piece of pieces(JSON.stringify(call.arguments))) {
        frames.push(chunk([delta({ tool_calls: [{ index, function: { arguments: piece } }] })]));
      }
    }
    frames.push(chunk([delta({}, finishReason(script))]));
    if (options?.include_usage && !script.withoutUsage) frames.push(chunk([], { usage: usageOf(script.usage) }));
    frames.push("data: [DONE]\n\n");
    return frames;
  },

  error: (status, message) => ({
    error: {
      message,
      type: status >= 500 ? "server_error" : "invalid_request_error",
      param: null,
      code: codes[status] ?? null,
    },
  }),

  errorFrame: (body) => sse(body),

  // The vendor counts tokens in another API.
  count: () => ({}),

  modelList: (names) => ({
    object: "list",
    data: names.map((name) => ({ id: name, object: "model", created, owned_by: "simulator" })),
  }),
};

const codes: Readonly<Record<number, string>> = { 404: "model_not_found", 429: "rate_limit_exceeded" };

function finishReason(script: Script): string {
  if (script.finish !== undefined) return script.finish === "length" ? "length" : "content_filter";
  return script.calls ? "tool_calls" : "stop";
}

function usageOf({ input, output, cached = 0, reasoning = 0 }: ScriptedUsage = defaultUsage): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
  };
}
