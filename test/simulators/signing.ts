import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { awsEventStream } from "../../server/src/framing/aws-event-stream.ts";

/*
 * Upstreams that think, sign what they think, and look at what comes back as strictly as the vendors do. They keep no state:
 * a signature can be checked from the words it is for. Written from the vendors' documentation and recorded refusals.
 */
type Json = Readonly<Record<string, unknown>>;

export type SigningDialect = "anthropic-messages" | "gemini" | "bedrock-converse" | "openai-responses";

export const signingDialects: readonly SigningDialect[] = [
  "anthropic-messages",
  "gemini",
  "bedrock-converse",
  "openai-responses",
];

/** A request as the upstream saw it. */
export interface Seen {
  readonly wire: Json;
  /** The signatures and encrypted thoughts of its own that came back. */
  readonly returned: readonly string[];
  readonly status: number;
  /** Whether the model was asked to think. */
  readonly thinks: boolean;
}

export interface SigningUpstream {
  readonly dialect: SigningDialect;
  readonly url: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** What the upstream's rules make of a request. */
interface Judged {
  readonly returned: string[];
  /** The words of the refusal. */
  readonly refusal?: { message: string; code?: string };
  readonly thinks: boolean;
  /** The results of calls are there, so the model has its answer. */
  readonly isAnswered: boolean;
}

interface Vendor {
  judge(wire: Json, sign: Sign): Judged;
  /** Whole answer. */
  answer(isAnswered: boolean, call: string, sign: Sign): object;
  /** Frames of the stream: event name and data. */
  stream(isAnswered: boolean, call: string, sign: Sign): readonly (readonly [string, object])[];
  error(message: string, code?: string): object;
}

type Sign = (words: string) => string;

const thought = "The user wants the weather.";
const secondThought = "And in the other city.";

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

/** The messages after the last one that is the user's own. */
function turnOf(messages: readonly Json[], isOwnWord: (message: Json) => boolean): readonly Json[] {
  return messages.slice(messages.findLastIndex(isOwnWord) + 1);
}

/** Claude at Anthropic and at Bedrock: one rule, two spellings. */
interface ClaudeBlock {
  readonly kind: "thought" | "redacted" | "call" | "result" | "other";
  readonly text: string;
  readonly secret: string;
}

function judgeClaude(
  messages: readonly { role: string; blocks: ClaudeBlock[] }[],
  thinks: boolean,
  sign: Sign,
): Judged {
  const returned: string[] = [];
  for (const [index, { role, blocks }] of messages.entries()) {
    if (role !== "assistant") continue;
    for (const [at, block] of blocks.entries()) {
      if (block.kind !== "thought" && block.kind !== "redacted") continue;
      const expected = sign(block.kind === "thought" ? block.text : "redacted");
      const name = block.kind === "thought" ? "`signature` in `thinking`" : "`data` in `redacted_thinking`";
      const refusal = { message: `messages.${index}.content.${at}: Invalid ${name} block` };
      if (block.secret !== expected) return { returned, thinks, isAnswered: false, refusal };
      returned.push(block.secret);
    }
  }
  const start = messages.findLastIndex(
    ({ role, blocks }) => role === "user" && blocks.every((b) => b.kind !== "result"),
  );
  const first = messages.slice(start + 1).find(({ role }) => role === "assistant");
  const lacks =
    first?.blocks.some(({ kind }) => kind === "call") && !/^(thought|redacted)$/.test(first.blocks[0]!.kind);
  const isAnswered = messages.at(-1)?.blocks.some(({ kind }) => kind === "result") ?? false;
  if (!thinks || !lacks) return { returned, thinks, isAnswered };
  const message =
    "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, " +
    "a final `assistant` message must start with a thinking block.";
  return { returned, thinks, isAnswered, refusal: { message } };
}

const anthropic: Vendor = {
  judge({ messages, thinking }, sign) {
    const turns = list(messages).map(({ role, content }) => ({
      role: String(role),
      blocks: list(content).map(({ type, thinking: text, signature, data }): ClaudeBlock => {
        if (type === "thinking") return { kind: "thought", text: String(text), secret: String(signature ?? "") };
        if (type === "redacted_thinking") return { kind: "redacted", text: "", secret: String(data) };
        return {
          kind: type === "tool_use" ? "call" : type === "tool_result" ? "result" : "other",
          text: "",
          secret: "",
        };
      }),
    }));
    return judgeClaude(turns, object(thinking).type === "enabled", sign);
  },
  answer(isAnswered, call, sign) {
    const content = isAnswered
      ? [{ type: "text", text: "Sunny." }]
      : [
          { type: "thinking", thinking: thought, signature: sign(thought) },
          { type: "redacted_thinking", data: sign("redacted") },
          { type: "text", text: "Let me look." },
          { type: "tool_use", id: call, name: "weather", input: { city: "Rome" } },
        ];
    const facts = { id: `msg_${call}`, type: "message", role: "assistant", model: "claude-sonnet-4-5", content };
    const stop_reason = isAnswered ? "end_turn" : "tool_use";
    return { ...facts, stop_reason, stop_sequence: null, usage: { input_tokens: 5, output_tokens: 7 } };
  },
  stream(isAnswered, call, sign) {
    const whole = anthropic.answer(isAnswered, call, sign) as { content: Json[]; stop_reason: string };
    const frames: [string, object][] = [
      ["message_start", { type: "message_start", message: { ...whole, content: [], stop_reason: null } }],
    ];
    for (const [index, block] of whole.content.entries()) {
      const { type, thinking, signature, text, input } = block;
      const empty = { thinking: { thinking: "", signature: "" }, text: { text: "" }, tool_use: { input: {} } };
      const start = { ...block, ...empty[type as "text"] };
      const deltas: object[] = [];
      if (type === "thinking") {
        deltas.push({ type: "thinking_delta", thinking: String(thinking).slice(0, 5) });
        deltas.push({ type: "thinking_delta", thinking: String(thinking).slice(5) });
        deltas.push({ type: "signature_delta", signature });
      } else if (type === "text") deltas.push({ type: "text_delta", text });
      else if (type === "tool_use") deltas.push({ type: "input_json_delta", partial_json: JSON.stringify(input) });
      frames.push(["content_block_start", { type: "content_block_start", index, content_block: start }]);
      for (const delta of deltas) frames.push(["content_block_delta", { type: "content_block_delta", index, delta }]);
      frames.push(["content_block_stop", { type: "content_block_stop", index }]);
    }
    const delta = { stop_reason: whole.stop_reason, stop_sequence: null };
    frames.push(["message_delta", { type: "message_delta", delta, usage: { output_tokens: 7 } }]);
    frames.push(["message_stop", { type: "message_stop" }]);
    return frames;
  },
  error: (message) => ({ type: "error", error: { type: "invalid_request_error", message } }),
};

const base64 = (words: string) => Buffer.from(words).toString("base64");

const converse: Vendor = {
  judge({ messages, additionalModelRequestFields }, sign) {
    const turns = list(messages).map(({ role, content }) => ({
      role: String(role),
      blocks: list(content).map((block): ClaudeBlock => {
        const { reasoningText, redactedContent } = object(block.reasoningContent);
        const { text, signature } = object(reasoningText);
        if (reasoningText) return { kind: "thought", text: String(text), secret: String(signature ?? "") };
        if (redactedContent) {
          return { kind: "redacted", text: "", secret: Buffer.from(String(redactedContent), "base64").toString() };
        }
        return { kind: block.toolUse ? "call" : block.toolResult ? "result" : "other", text: "", secret: "" };
      }),
    }));
    return judgeClaude(turns, object(object(additionalModelRequestFields).thinking).type === "enabled", sign);
  },
  answer(isAnswered, call, sign) {
    const content = isAnswered
      ? [{ text: "Sunny." }]
      : [
          { reasoningContent: { reasoningText: { text: thought, signature: sign(thought) } } },
          { reasoningContent: { redactedContent: base64(sign("redacted")) } },
          { text: "Let me look." },
          { toolUse: { toolUseId: call, name: "weather", input: { city: "Rome" } } },
        ];
    return {
      output: { message: { role: "assistant", content } },
      stopReason: isAnswered ? "end_turn" : "tool_use",
      usage: { inputTokens: 5, outputTokens: 7, totalTokens: 12 },
    };
  },
  stream(isAnswered, call, sign) {
    const frames: [string, object][] = [["messageStart", { role: "assistant" }]];
    const block = (contentBlockIndex: number, deltas: object[], start?: object) => {
      if (start) frames.push(["contentBlockStart", { contentBlockIndex, start }]);
      for (const delta of deltas) frames.push(["contentBlockDelta", { contentBlockIndex, delta }]);
      frames.push(["contentBlockStop", { contentBlockIndex }]);
    };
    if (isAnswered) block(0, [{ text: "Sunny." }]);
    else {
      const signature = sign(thought);
      const texts = [thought.slice(0, 5), thought.slice(5)].map((text) => ({ reasoningContent: { text } }));
      block(0, [...texts, { reasoningContent: { signature } }]);
      block(1, [{ reasoningContent: { redactedContent: base64(sign("redacted")) } }]);
      block(2, [{ text: "Let me look." }]);
      block(3, [{ toolUse: { input: '{"city":"Rome"}' } }], { toolUse: { toolUseId: call, name: "weather" } });
    }
    frames.push(["messageStop", { stopReason: isAnswered ? "end_turn" : "tool_use" }]);
    frames.push([
      "metadata",
      { usage: { inputTokens: 5, outputTokens: 7, totalTokens: 12 }, metrics: { latencyMs: 1 } },
    ]);
    return frames;
  },
  error: (message) => ({ message: `The model returned the following errors: ${message}` }),
};

const gemini: Vendor = {
  judge({ contents, generationConfig }, sign) {
    const returned: string[] = [];
    const thinks = object(generationConfig).thinkingConfig !== undefined;
    const hasResult = ({ parts }: Json) => list(parts).some((part) => part.functionResponse);
    const turns = list(contents);
    const isAnswered = hasResult(object(turns.at(-1)));
    const refused = (message: string): Judged => ({ returned, thinks, isAnswered, refusal: { message } });
    for (const { parts } of turns) {
      for (const { thoughtSignature: signature } of list(parts)) {
        if (signature === undefined || signature === "skip_thought_signature_validator") continue;
        if (signature !== sign("call")) {
          return refused("Unable to submit request because Thought signature is not valid.");
        }
        returned.push(String(signature));
      }
    }
    const turn = turnOf(turns, (content) => content.role === "user" && !hasResult(content));
    for (const { role, parts } of turn) {
      const first = role === "model" ? list(parts).find((part) => part.functionCall) : undefined;
      if (first === undefined || first.thoughtSignature) continue;
      return refused("Function call is missing a thought_signature in functionCall parts.");
    }
    return { returned, thinks, isAnswered };
  },
  answer(isAnswered, call, sign) {
    const parts = isAnswered
      ? [{ text: "Sunny." }]
      : [
          { text: thought, thought: true },
          { text: "Let me look." },
          {
            functionCall: { id: call, name: "weather", args: { city: "Rome" } },
            thoughtSignature: sign("call"),
          },
        ];
    return {
      responseId: `r-${call}`,
      modelVersion: "gemini-3-pro",
      candidates: [{ index: 0, content: { role: "model", parts }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 7, totalTokenCount: 12 },
    };
  },
  stream(isAnswered, call, sign) {
    const whole = gemini.answer(isAnswered, call, sign) as { candidates: { content: { parts: Json[] } }[] };
    const { candidates, ...facts } = whole;
    const [candidate] = candidates;
    const { parts } = candidate!.content;
    return parts.map((part, at) => {
      const isLast = at === parts.length - 1;
      const content = { role: "model", parts: [part] };
      return [
        "",
        { ...facts, candidates: [{ index: 0, content, ...(isLast ? { finishReason: "STOP" } : {}) }] },
      ] as const;
    });
  },
  error: (message) => ({ error: { code: 400, message, status: "INVALID_ARGUMENT" } }),
};

const responses: Vendor = {
  judge({ input, reasoning }, sign) {
    const returned: string[] = [];
    const items = list(input);
    const thinks = reasoning !== undefined;
    const isAnswered = items.at(-1)?.type === "function_call_output";
    for (const [at, { type, encrypted_content: secret }] of items.entries()) {
      if (type !== "reasoning") continue;
      if (secret !== sign(thought) && secret !== sign(secondThought)) {
        const message = `The encrypted content ${String(secret).slice(0, 4)}... could not be verified.`;
        return { returned, thinks, isAnswered, refusal: { message, code: "invalid_encrypted_content" } };
      }
      const next = items[at + 1]?.type ?? "message";
      if (next === "function_call_output" || at === items.length - 1) {
        const message = "Item 'rs_1' of type 'reasoning' was provided without its required following item.";
        return { returned, thinks, isAnswered, refusal: { message } };
      }
      returned.push(String(secret));
    }
    return { returned, thinks, isAnswered };
  },
  answer(isAnswered, call, sign) {
    const says = (text: string) => ({
      id: `msg_${call}`,
      type: "message",
      status: "completed",
      role: "assistant",
      content: [{ type: "output_text", annotations: [], logprobs: [], text }],
    });
    const thinks = (words: string, at: number) => ({
      id: `rs_${call}_${at}`,
      type: "reasoning",
      summary: [{ type: "summary_text", text: words }],
      encrypted_content: sign(words),
    });
    const calls = (at: number) => ({
      id: `fc_${call}_${at}`,
      type: "function_call",
      status: "completed",
      arguments: '{"city":"Rome"}',
      call_id: at === 0 ? call : `${call}_${at}`,
      name: "weather",
    });
    const output = isAnswered ? [says("Sunny.")] : [thinks(thought, 0), calls(0), thinks(secondThought, 1), calls(1)];
    return {
      id: `resp_${call}`,
      object: "response",
      created_at: 1_700_000_000,
      status: "completed",
      error: null,
      model: "gpt-5",
      output,
      usage: { input_tokens: 5, output_tokens: 7, total_tokens: 12 },
    };
  },
  stream(isAnswered, call, sign) {
    const whole = responses.answer(isAnswered, call, sign) as { output: Json[] };
    const running = { ...whole, output: [], status: "in_progress", usage: null };
    const frames: [string, object][] = [];
    const say = (type: string, body: object) => {
      frames.push([type, { type, sequence_number: frames.length, ...body }]);
    };
    say("response.created", { response: running });
    for (const [output_index, item] of whole.output.entries()) {
      const begun = { ...item, status: "in_progress" };
      const start = item.type === "message" ? { ...begun, content: [] } : begun;
      say("response.output_item.added", {
        output_index,
        item: item.type === "function_call" ? { ...start, arguments: "" } : start,
      });
      if (item.type === "function_call") {
        const facts = { item_id: item.id, output_index };
        say("response.function_call_arguments.delta", { ...facts, delta: item.arguments });
        say("response.function_call_arguments.done", { ...facts, arguments: item.arguments });
      }
      say("response.output_item.done", { output_index, item });
    }
    say("response.completed", { response: whole });
    return frames;
  },
  error: (message, code) => ({ error: { message, type: "invalid_request_error", param: null, code: code ?? null } }),
};

const vendors: Readonly<Record<SigningDialect, Vendor>> = {
  "anthropic-messages": anthropic,
  gemini,
  "bedrock-converse": converse,
  "openai-responses": responses,
};

/** `maker` names whose signatures it makes and accepts: two upstreams of one maker accept each other's. */
export async function startSigningUpstream(dialect: SigningDialect, maker: string): Promise<SigningUpstream> {
  const vendor = vendors[dialect];
  const sign: Sign = (words) => base64(`${maker} signs ${words}`);
  const seen: Seen[] = [];
  let calls = 0;
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const wire = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Json;
    const { returned, refusal, thinks, isAnswered } = vendor.judge(wire, sign);
    seen.push({ wire, returned, status: refusal ? 400 : 200, thinks });
    if (refusal) {
      const headers = { "content-type": "application/json", "x-amzn-errortype": "ValidationException" };
      response.writeHead(400, dialect === "bedrock-converse" ? headers : { "content-type": "application/json" });
      response.end(JSON.stringify(vendor.error(refusal.message, refusal.code)));
      return;
    }
    const call = `call_${dialect}_${maker}_${calls++}`;
    if (wire.stream !== true && !/stream/i.test(request.url ?? "")) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(vendor.answer(isAnswered, call, sign)));
      return;
    }
    const isAws = dialect === "bedrock-converse";
    response.writeHead(200, { "content-type": isAws ? "application/vnd.amazon.eventstream" : "text/event-stream" });
    const writer = awsEventStream.writer();
    for (const [event, body] of vendor.stream(isAnswered, call, sign)) {
      const data = JSON.stringify(body);
      if (isAws) response.write(writer.frame({ event, data }));
      else response.write(`${event === "" ? "" : `event: ${event}\n`}data: ${data}\n\n`);
    }
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    dialect,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
