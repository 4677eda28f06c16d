import { EventStreamCodec } from "@smithy/core/event-streams";
import { refusesConverse } from "./bedrock-refusals.ts";
import {
  defaultUsage,
  pieces,
  type Script,
  type ScriptedUsage,
  type Speech,
  signatureOf,
  type Wire,
  wordsOf,
} from "./speech.ts";

const path = /^\/model\/([^/]+)\/(converse|converse-stream|count-tokens)$/;

/** AWS's own. */
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString("utf8"),
  (text) => Buffer.from(text, "utf8"),
);

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html */
export const bedrockConverse: Speech = {
  name: "bedrock-converse",
  dialect: "bedrock-converse",
  streamType: "application/vnd.amazon.eventstream",

  asks(asked) {
    const [, model, action] = path.exec(asked) ?? [];
    if (model === undefined) return undefined;
    return {
      model: decodeURIComponent(model),
      streamed: action === "converse-stream",
      counting: action === "count-tokens",
    };
  },
  refuses: (request, { counting }) => (counting ? undefined : refusesConverse(request)),

  whole(script) {
    const content: object[] = [];
    if (script.thoughts !== undefined) {
      const signature = signatureOf(script.thoughts);
      content.push({ reasoningContent: { reasoningText: { text: script.thoughts, signature } } });
    }
    const words = script.text ?? script.refusal;
    if (words !== undefined) content.push({ text: wordsOf(words) });
    for (const { id, name, arguments: input } of script.calls ?? []) {
      content.push({ toolUse: { toolUseId: id, name, input } });
    }
    return {
      metrics: { latencyMs: 1 },
      output: { message: { role: "assistant", content } },
      stopReason: stopReason(script),
      ...(!script.withoutUsage && { usage: usageOf(script.usage) }),
    };
  },

  // A block of text has no start, and usage comes after the end.
  frames(script) {
    const frames = [event("messageStart", { role: "assistant" })];
    let contentBlockIndex = 0;
    const block = (deltas: readonly object[], start?: object) => {
      if (start) frames.push(event("contentBlockStart", { contentBlockIndex, start }));
      for (const delta of deltas) frames.push(event("contentBlockDelta", { contentBlockIndex, delta }));
      frames.push(event("contentBlockStop", { contentBlockIndex }));
      contentBlockIndex++;
    };
    if (script.thoughts !== undefined) {
      const texts = pieces(script.thoughts).map((text) => ({ reasoningContent: { text } }));
      block([...texts, { reasoningContent: { signature: signatureOf(script.thoughts) } }]);
    }
    const words = script.text ?? script.refusal;
    if (words !== undefined) block(pieces(words).map((text) => ({ text })));
    for (const { id, name, arguments: args } of script.calls ?? []) {
      const deltas = pieces(JSON.stringify(args)).map((input) => ({ toolUse: { input } }));
      block(deltas, { toolUse: { toolUseId: id, name } });
    }
    frames.push(event("messageStop", { stopReason: stopReason(script) }));
    const usage = script.withoutUsage ? {} : { usage: usageOf(script.usage) };
    frames.push(event("metadata", { metrics: { latencyMs: 1 }, ...usage }));
    return frames;
  },

  error: (_, message) => ({ message }),
  errorHeaders: (status) => ({ "x-amzn-errortype": `${exceptionOf(status)}:http://internal.amazon.com/coral/` }),

  errorFrame(body, status) {
    const name = exceptionOf(status);
    const type = name.charAt(0).toLowerCase() + name.slice(1);
    return message({ ":exception-type": type, ":message-type": "exception" }, body);
  },

  count: (inputTokens) => ({ inputTokens }),

  // There is no list at this address.
  modelList: () => ({}),
};

const exceptions: Readonly<Record<number, string>> = {
  400: "ValidationException",
  401: "UnrecognizedClientException",
  403: "AccessDeniedException",
  404: "ResourceNotFoundException",
  408: "ModelTimeoutException",
  424: "ModelErrorException",
  429: "ThrottlingException",
  503: "ServiceUnavailableException",
  529: "ServiceUnavailableException",
};

function exceptionOf(status: number): string {
  return exceptions[status] ?? (status < 500 ? "ValidationException" : "InternalServerException");
}

function event(name: string, body: Wire): Uint8Array {
  return message({ ":event-type": name, ":message-type": "event" }, body);
}

function message(headers: Readonly<Record<string, string>>, body: Wire): Uint8Array {
  const all = { ":content-type": "application/json", ...headers };
  const tagged = Object.entries(all).map(([name, value]) => [name, { type: "string" as const, value }]);
  return codec.encode({ headers: Object.fromEntries(tagged), body: Buffer.from(JSON.stringify(body)) });
}

function stopReason({ finish, refusal, calls }: Script): string {
  if (finish === "length") return "max_tokens";
  if (finish === "filtered" || refusal !== undefined) return "content_filtered";
  return calls ? "tool_use" : "end_turn";
}

/** The cached share of the input stands beside the rest of it. Thoughts are not told apart. */
function usageOf({ input, output, cached = 0 }: ScriptedUsage = defaultUsage): object {
  return {
    inputTokens: input - cached,
    outputTokens: output,
    totalTokens: input + output,
    cacheReadInputTokens: cached,
    cacheWriteInputTokens: 0,
  };
}
