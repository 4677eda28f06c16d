import { refusesMessages } from "./anthropic-refusals.ts";
import {
  askedInBody,
  defaultUsage,
  eventStream,
  pieces,
  type Script,
  type ScriptedUsage,
  type Speech,
  signatureOf,
  sse,
  wordsOf,
} from "./speech.ts";

const id = "msg_simulated";

/** https://docs.anthropic.com/en/api/messages */
export const anthropicMessages: Speech = {
  name: "anthropic-messages",
  dialect: "anthropic-messages",
  streamType: eventStream,
  asks(path, request) {
    if (path === "/v1/messages/count_tokens") return askedInBody(request, true);
    return path === "/v1/messages" ? askedInBody(request) : undefined;
  },

  refuses: (request, { counting }) => refusesMessages(request, counting),

  whole(script, request) {
    const thoughts =
      script.thoughts === undefined
        ? []
        : [{ type: "thinking", thinking: script.thoughts, signature: signatureOf(script.thoughts) }];
    const words = script.text ?? script.refusal;
    const text = words === undefined ? [] : [{ type: "text", text: wordsOf(words) }];
    const calls = (script.calls ?? []).map((call) => ({
      type: "tool_use",
      id: call.id,
      name: call.name,
      input: call.arguments,
    }));
    return {
      id,
      type: "message",
      role: "assistant",
      model: request.model,
      content: [...thoughts, ...text, ...calls],
      stop_reason: stopReason(script),
      stop_sequence: null,
      ...(!script.withoutUsage && { usage: usageOf(script.usage) }),
    };
  },

  frames(script, request) {
    const { output } = script.usage ?? defaultUsage;
    const usage = script.withoutUsage ? undefined : usageOf({ ...(script.usage ?? defaultUsage), output: 1 });
    const message = { id, type: "message", role: "assistant", model: request.model, content: [] };
    const frames = [
      frame("message_start", {
        message: { ...message, stop_reason: null, stop_sequence: null, ...(usage && { usage }) },
      }),
    ];
    const block = (index: number, start: object, deltas: object[]) => {
      frames.push(frame("content_block_start", { index, content_block: start }));
      frames.push(frame("ping", {}));
      for (const delta of deltas) frames.push(frame("content_block_delta", { index, delta }));
      frames.push(frame("content_block_stop", { index }));
    };
    let index = 0;
    if (script.thoughts !== undefined) {
      const deltas = pieces(script.thoughts).map((thinking) => ({ type: "thinking_delta", thinking }));
      const signature = { type: "signature_delta", signature: signatureOf(script.thoughts) };
      block(index++, { type: "thinking", thinking: "", signature: "" }, [...deltas, signature]);
    }
    const words = script.text ?? script.refusal;
    if (words !== undefined) {
      const deltas = pieces(words).map((text) => ({ type: "text_delta", text }));
      block(index++, { type: "text", text: "" }, deltas);
    }
    for (const call of script.calls ?? []) {
      const json = ["", ...pieces(JSON.stringify(call.arguments))];
      const deltas = json.map((piece) => ({ type: "input_json_delta", partial_json: piece }));
      block(index++, { type: "tool_use", id: call.id, name: call.name, input: {} }, deltas);
    }
    frames.push(
      frame("message_delta", {
        delta: { stop_reason: stopReason(script), stop_sequence: null },
        ...(usage && { usage: { output_tokens: output } }),
      }),
      frame("message_stop", {}),
    );
    return frames;
  },

  error: (status, message) => ({ type: "error", error: { type: types[status] ?? "api_error", message } }),

  errorFrame: (body) => sse(body, "error"),

  count: (inputTokens) => ({ input_tokens: inputTokens }),

  modelList: (names) => ({
    data: names.map((name) => ({ type: "model", id: name, display_name: name, created_at: "2026-01-01T00:00:00Z" })),
    has_more: false,
    first_id: names[0] ?? null,
    last_id: names.at(-1) ?? null,
  }),
};

const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

function frame(type: string, value: object): string {
  return sse({ type, ...value }, type);
}

function stopReason(script: Script): string {
  if (script.finish === "length") return "max_tokens";
  if (script.finish === "filtered" || script.refusal !== undefined) return "refusal";
  return script.calls ? "tool_use" : "end_turn";
}

/** The cached share of the input stands beside the rest of it. Thoughts are not told apart. */
function usageOf({ input, output, cached = 0 }: ScriptedUsage = defaultUsage): object {
  return {
    input_tokens: input - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: output,
    service_tier: "standard",
  };
}
