import {
  askedInBody,
  defaultUsage,
  eventStream,
  list,
  names,
  pieces,
  type Refusal,
  type Script,
  type ScriptedUsage,
  type Speech,
  sse,
  unknownField,
  type Wire,
  wordsOf,
} from "./speech.ts";

const id = "5f0c1e1a-0000-4000-8000-000000000000";

/** https://docs.cohere.com/v2/reference/chat and `/chat-stream`. */
export const cohereChat: Speech = {
  name: "cohere-chat",
  dialect: "cohere-chat",
  streamType: eventStream,
  asks: (path, request) => (path === "/v2/chat" ? askedInBody(request) : undefined),
  refuses: refusesChat,

  whole(script) {
    const { thoughts, text, refusal, calls } = script;
    const content: object[] = [];
    if (thoughts !== undefined) content.push({ type: "thinking", thinking: thoughts });
    const words = text ?? refusal;
    if (words !== undefined && !calls) content.push({ type: "text", text: wordsOf(words) });
    const tool_calls = calls?.map((call) => ({
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: JSON.stringify(call.arguments) },
    }));
    return {
      id,
      message: {
        role: "assistant",
        // What is said before a call is the plan for it.
        ...(words !== undefined && calls && { tool_plan: wordsOf(words) }),
        ...(tool_calls && { tool_calls }),
        ...(content.length > 0 && { content }),
      },
      finish_reason: finishReason(script),
      ...(!script.withoutUsage && { usage: usageOf(script.usage) }),
    };
  },

  frames(script) {
    const frames: string[] = [];
    const say = (type: string, body: object) => frames.push(sse({ type, ...body }, type));
    const message = { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] };
    frames.push(sse({ id, type: "message-start", delta: { message } }, "message-start"));
    let index = 0;
    const block = (type: "thinking" | "text", texts: readonly string[]) => {
      say("content-start", { index, delta: { message: { content: { type, [type]: "" } } } });
      for (const text of texts) say("content-delta", { index, delta: { message: { content: { [type]: text } } } });
      say("content-end", { index });
      index++;
    };
    if (script.thoughts !== undefined) block("thinking", pieces(script.thoughts));
    const words = script.text ?? script.refusal;
    if (words !== undefined) {
      if (!script.calls) block("text", pieces(words));
      else for (const tool_plan of pieces(words)) say("tool-plan-delta", { delta: { message: { tool_plan } } });
    }
    for (const [at, call] of (script.calls ?? []).entries()) {
      const tool_calls = { id: call.id, type: "function", function: { name: call.name, arguments: "" } };
      say("tool-call-start", { index: at, delta: { message: { tool_calls } } });
      for (const piece of pieces(JSON.stringify(call.arguments))) {
        say("tool-call-delta", {
          index: at,
          delta: { message: { tool_calls: { function: { arguments: piece } } } },
        });
      }
      say("tool-call-end", { index: at });
    }
    const usage = script.withoutUsage ? {} : { usage: usageOf(script.usage) };
    say("message-end", { delta: { finish_reason: finishReason(script), ...usage } });
    frames.push("data: [DONE]\n\n");
    return frames;
  },

  error: (_, message) => ({ id, message }),

  errorFrame: ({ id: _, message, ...more }) =>
    sse(
      { type: "message-end", ...more, delta: { error: message, finish_reason: "ERROR", usage: usageOf(undefined) } },
      "message-end",
    ),

  // The vendor counts tokens in another API.
  count: () => ({}),

  modelList: (models) => ({ models: models.map((name) => ({ name, endpoints: ["chat"], context_length: 128_000 })) }),
};

const fields = names(`model messages tools strict_tools documents citation_options response_format safety_mode
  max_tokens stop_sequences temperature seed frequency_penalty presence_penalty k p logprobs tool_choice thinking
  priority stream`);
const roles = names("user assistant system tool");

function refusesChat(request: Wire): Refusal | undefined {
  const refused = (message: string): Refusal => ({ status: 400, message: `invalid request: ${message}` });
  const unknown = unknownField(request, fields);
  if (unknown !== undefined) return refused(`parameter '${unknown}' is not a valid field`);
  const choice = request.tool_choice;
  if (choice !== undefined && choice !== "REQUIRED" && choice !== "NONE") {
    return refused("tool_choice must be one of the following: REQUIRED, NONE.");
  }
  if (choice !== undefined && list(request.tools).length === 0) return refused("tool_choice needs tools.");
  const messages = list(request.messages);
  if (messages.length === 0) return refused("messages must have at least one element.");
  const called = new Set<string>();
  for (const { role, content, tool_calls: calls, tool_call_id: call } of messages) {
    if (!roles.has(String(role))) return refused("message role must be one of user, assistant, system or tool.");
    const isEmpty = content === undefined || content === null || content === "" || list(content).length === 0;
    if (role !== "assistant" && isEmpty && typeof content !== "string") {
      return refused("all elements in messages must have content.");
    }
    for (const { id } of list(calls)) called.add(String(id));
    if (role === "tool" && !called.has(String(call))) {
      return refused(`tool_call_id ${call} is not found in the tool calls of the messages before.`);
    }
  }
  return undefined;
}

function finishReason({ finish, refusal, calls }: Script): string {
  if (finish === "length") return "MAX_TOKENS";
  if (finish === "filtered" || refusal !== undefined) return "ERROR";
  return calls ? "TOOL_CALL" : "COMPLETE";
}

function usageOf({ input, output, cached = 0, reasoning = 0 }: ScriptedUsage = defaultUsage): object {
  return {
    billed_units: { input_tokens: input, output_tokens: output },
    tokens: { input_tokens: input, output_tokens: output, ...(reasoning > 0 && { reasoning_tokens: reasoning }) },
    cached_tokens: cached,
  };
}
