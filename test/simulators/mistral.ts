import { openaiChat } from "./openai-chat.ts";
import {
  askedInBody,
  defaultUsage,
  eventStream,
  list,
  names,
  pieces,
  type Refusal,
  type Script,
  type Speech,
  sse,
  unknownField,
  type Wire,
  wordsOf,
} from "./speech.ts";

const id = "95e349e3e7c04cc6b2c1700095d121f7";
const created = 1_790_000_000;

/** Chat as Mistral speaks it. https://docs.mistral.ai/api/#tag/chat */
export const mistral: Speech = {
  name: "mistral",
  dialect: "openai-chat",
  streamType: eventStream,
  asks: (path, request) => (path === "/v1/chat/completions" ? askedInBody(request) : undefined),
  refuses,

  whole(script, { model }) {
    const tool_calls = callsOf(script);
    const message = { role: "assistant", tool_calls: script.calls ? tool_calls : null, content: contentOf(script) };
    return {
      id,
      object: "chat.completion",
      created,
      model,
      choices: [{ index: 0, message, finish_reason: finishReason(script) }],
      ...(!script.withoutUsage && { usage: usageOf(script) }),
    };
  },

  // Calls come whole, with the finish and the usage, which nobody has to ask for.
  frames(script, { model }) {
    const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
      sse({
        id,
        object: "chat.completion.chunk",
        created,
        model,
        choices: [{ index: 0, delta, finish_reason }],
        ...more,
      });
    const usage = script.withoutUsage ? {} : { usage: usageOf(script) };
    const end = script.calls ? { tool_calls: callsOf(script) } : { content: "" };
    return [
      chunk({ role: "assistant", content: "" }),
      ...pieces(script.thoughts).map((text) => chunk({ content: [thinking(text)] })),
      ...pieces(script.text ?? script.refusal).map((content) => chunk({ content })),
      chunk(end, finishReason(script), usage),
      "data: [DONE]\n\n",
    ];
  },

  error(status, message) {
    if (status === 401) return { detail: message };
    if (status === 422) {
      const detail = [{ type: "extra_forbidden", loc: ["body"], msg: message, input: null }];
      return { object: "error", message: { detail }, type: "invalid_request_error", param: null, code: null };
    }
    const { type, code } = kinds[status] ?? { type: "invalid_request_error", code: null };
    return { object: "error", message, type, param: null, code };
  },
  errorFrame: (body) => sse(body),

  // The vendor does not count.
  count: () => ({}),

  modelList: openaiChat.modelList,
};

const kinds: Readonly<Record<number, { type: string; code: string }>> = {
  404: { type: "invalid_model", code: "1500" },
  429: { type: "rate_limited", code: "1300" },
  500: { type: "internal_server_error", code: "3700" },
  503: { type: "service_unavailable", code: "3505" },
  529: { type: "service_tier_capacity_exceeded", code: "3505" },
};

const fields = names(`model messages temperature top_p max_tokens stream stop random_seed metadata response_format
  tools tool_choice presence_penalty frequency_penalty n prediction parallel_tool_calls prompt_mode reasoning_effort
  prompt_cache_key guardrails safe_prompt`);

const fieldsOf: Readonly<Record<string, ReadonlySet<string>>> = {
  system: names("role content"),
  user: names("role content"),
  assistant: names("role content tool_calls prefix"),
  tool: names("role content tool_call_id name"),
};

/** What Mistral refuses, the fields it does not know before all. */
function refuses(request: Wire): Refusal | undefined {
  const unknown = unknownField(request, fields);
  if (unknown !== undefined) return extra(unknown);
  let waiting = 0;
  const messages = list(request.messages);
  for (const [at, message] of messages.entries()) {
    const role = String(message.role);
    const known = fieldsOf[role];
    if (known === undefined) return { status: 422, message: `Input tag '${role}' found using 'role' does not match` };
    const more = unknownField(message, known);
    if (more !== undefined) return extra(`messages.${at}.${role}.${more}`);
    for (const { id: call } of [
      ...list(message.tool_calls),
      ...(role === "tool" ? [{ id: message.tool_call_id }] : []),
    ]) {
      if (/^[A-Za-z0-9]{9}$/.test(String(call))) continue;
      return order(`Tool call id was ${call} but must be a-z, A-Z, 0-9, with a length of 9.`);
    }
    if (role === "tool" ? waiting === 0 : waiting > 0)
      return order("Not the same number of function calls and responses");
    if (role === "user" && messages[at - 1]?.role === "tool") return order("Unexpected role 'user' after role 'tool'");
    waiting = role === "tool" ? waiting - 1 : list(message.tool_calls).length;
  }
  if (waiting > 0) return order("Not the same number of function calls and responses");
  const last = messages.at(-1);
  if (last?.role !== "assistant" || last.prefix === true) return undefined;
  return order("Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant");
}

const extra = (place: string): Refusal => ({ status: 422, message: `Extra inputs are not permitted: ${place}` });
const order = (message: string): Refusal => ({ status: 400, message });

const thinking = (text: string) => ({ type: "thinking", thinking: [{ type: "text", text }] });

function contentOf({ thoughts, text, refusal }: Script): unknown {
  const words = wordsOf(text ?? refusal ?? "");
  return thoughts === undefined ? words : [thinking(thoughts), { type: "text", text: words }];
}

function callsOf({ calls = [] }: Script): object[] {
  return calls.map(({ id: call, name, arguments: args }, index) => ({
    id: call,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
    index,
  }));
}

function finishReason({ finish, calls }: Script): string {
  if (finish === "length") return "length";
  return calls ? "tool_calls" : "stop";
}

function usageOf({ usage: { input, output, cached = 0 } = defaultUsage }: Script): object {
  return {
    prompt_tokens: input,
    total_tokens: input + output,
    completion_tokens: output,
    prompt_tokens_details: { cached_tokens: cached },
  };
}
