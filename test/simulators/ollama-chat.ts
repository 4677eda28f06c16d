import {
  askedInBody,
  defaultUsage,
  list,
  object,
  pieces,
  type Refusal,
  type Script,
  type Speech,
  type Wire,
  wordsOf,
} from "./speech.ts";

const created_at = "2026-09-21T12:00:00.000000Z";

/** https://docs.ollama.com/api/chat */
export const ollamaChat: Speech = {
  name: "ollama-chat",
  dialect: "ollama-chat",
  streamType: "application/x-ndjson",
  // It streams unless it is told not to.
  asks: (path, request) =>
    path === "/api/chat" ? { ...askedInBody(request), streamed: request.stream !== false } : undefined,
  refuses,

  whole(script, { model }) {
    const words = script.text ?? script.refusal;
    const message = {
      role: "assistant",
      content: words === undefined ? "" : wordsOf(words),
      ...(script.thoughts !== undefined && { thinking: script.thoughts }),
      ...(script.calls && { tool_calls: callsOf(script) }),
    };
    return { model, created_at, message, ...ending(script) };
  },

  // Calls come whole, one to a line.
  frames(script, { model }) {
    const line = (message: object, more: object = { done: false }) =>
      `${JSON.stringify({ model, created_at, message: { role: "assistant", ...message }, ...more })}\n`;
    return [
      ...pieces(script.thoughts).map((thinking) => line({ content: "", thinking })),
      ...pieces(script.text ?? script.refusal).map((content) => line({ content })),
      ...callsOf(script).map((call) => line({ content: "", tool_calls: [call] })),
      line({ content: "" }, ending(script)),
    ];
  },

  error: (_, message) => ({ error: message }),
  errorFrame: (body) => `${JSON.stringify(body)}\n`,

  // There is no counting.
  count: () => ({}),

  modelList: (names) => ({
    models: names.map((name) => ({ name, model: name, modified_at: created_at, size: 0, digest: "", details: {} })),
  }),
};

/** It takes nearly everything; only what cannot be read is refused. */
function refuses({ messages }: Wire): Refusal | undefined {
  const refused = (message: string): Refusal => ({ status: 400, message });
  for (const { content, images, tool_calls: calls } of list(messages)) {
    if (content !== undefined && content !== null && typeof content !== "string") {
      return refused("json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string");
    }
    for (const image of Array.isArray(images) ? images : []) {
      if (!/^[A-Za-z0-9+/]*=*$/.test(String(image))) return refused("illegal base64 data at input byte 4");
    }
    for (const call of list(calls)) {
      if (typeof object(call.function).arguments === "object") continue;
      return refused(
        "json: cannot unmarshal string into Go struct field ChatRequest.messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments",
      );
    }
  }
  return undefined;
}

function callsOf({ calls = [] }: Script): object[] {
  return calls.map(({ id, name, arguments: args }, index) => ({ id, function: { index, name, arguments: args } }));
}

/** It ends by itself after calls too. */
function ending({ finish, usage = defaultUsage, withoutUsage }: Script): object {
  const durations = { total_duration: 2_000_000, load_duration: 1_000_000 };
  const { input, output } = usage;
  return {
    done_reason: finish === "length" ? "length" : "stop",
    done: true,
    ...durations,
    ...(!withoutUsage && {
      prompt_eval_count: input,
      prompt_eval_duration: 1_000_000,
      eval_count: output,
      eval_duration: 1_000_000,
    }),
  };
}
