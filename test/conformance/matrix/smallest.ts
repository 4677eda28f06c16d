import { Buffer } from "node:buffer";
import type { JsonObject } from "@bufbuild/protobuf";
import { unfold } from "../../../server/src/canonical/fold.ts";
import { LossReport } from "../../../server/src/canonical/loss.ts";
import type { Dialect, DialectId } from "../../../server/src/dialects/dialect.ts";
import { awsEventStream } from "../../../server/src/framing/aws-event-stream.ts";
import type { Frame } from "../../../server/src/framing/frame.ts";
import type { Fragment, Speaker } from "./feature.ts";
import type { Script } from "./gate.ts";

/** The smallest request of each door. */
export const requests: Partial<Record<Speaker, Fragment>> = {
  "openai-chat": { messages: [{ role: "user", content: "Hello" }] },
  "openai-responses": { input: "Hello", store: false },
  "anthropic-messages": { max_tokens: 9999, messages: [{ role: "user", content: "Hello" }] },
  gemini: { contents: [{ role: "user", parts: [{ text: "Hello" }] }] },
  "bedrock-converse": { messages: [{ role: "user", content: [{ text: "Hello" }] }] },
  "ollama-chat": { messages: [{ role: "user", content: "Hello" }] },
  "cohere-chat": { messages: [{ role: "user", content: "Hello" }] },
  "openai-completions": { prompt: "Hello" },
  pontage: { messages: [{ role: "ROLE_USER", parts: [{ text: { text: "Hello" } }] }] },
};

/** The smallest whole answer of each upstream. */
export const answers: Partial<Record<DialectId, Fragment>> = {
  "openai-chat": {
    ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "m" },
    choices: [{ index: 0, message: { role: "assistant", content: "Hi there" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  },
  "openai-responses": {
    ...{ id: "resp_1", object: "response", created_at: 1, model: "m", status: "completed" },
    output: [
      {
        ...{ type: "message", id: "msg_1", role: "assistant", status: "completed" },
        content: [{ type: "output_text", text: "Hi there", annotations: [] }],
      },
    ],
    usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
  },
  "anthropic-messages": {
    ...{ id: "msg_1", type: "message", role: "assistant", model: "m", stop_reason: "end_turn", stop_sequence: null },
    content: [{ type: "text", text: "Hi there" }],
    usage: { input_tokens: 11, output_tokens: 7 },
  },
  gemini: {
    candidates: [{ index: 0, content: { role: "model", parts: [{ text: "Hi there" }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 },
    ...{ modelVersion: "m", responseId: "r1" },
  },
  "bedrock-converse": {
    output: { message: { role: "assistant", content: [{ text: "Hi there" }] } },
    stopReason: "end_turn",
    usage: { inputTokens: 11, outputTokens: 7, totalTokens: 18 },
    metrics: { latencyMs: 1 },
  },
  "ollama-chat": {
    ...{ model: "m", created_at: "2026-01-01T00:00:00Z", message: { role: "assistant", content: "Hi there" } },
    ...{ done: true, done_reason: "stop", prompt_eval_count: 11, eval_count: 7 },
  },
  "cohere-chat": {
    ...{ id: "c1", finish_reason: "COMPLETE" },
    message: { role: "assistant", content: [{ type: "text", text: "Hi there" }] },
    usage: { tokens: { input_tokens: 11, output_tokens: 7 } },
  },
  "openai-completions": {
    ...{ id: "cmpl-1", object: "text_completion", created: 1, model: "m" },
    choices: [{ text: "Hi there", index: 0, logprobs: null, finish_reason: "stop" }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  },
};

/** An answer as an upstream sends it, whole or in the pieces of a stream. */
export function scriptOf(dialect: Dialect, answer: Fragment, stream: boolean): Script {
  if (!stream) return { contentType: "application/json", pieces: [JSON.stringify(answer)] };
  const { framing, writer, envelope } = sending(dialect);
  const pieces = framesOf(dialect, answer).map((frame) => Buffer.from(writer.frame(envelope(frame)) as string));
  return { contentType: framing.contentType, pieces: [...pieces, Buffer.from(writer.end())] };
}

/** The frames of a stream, as the vendor of the dialect has them. */
export function framesOf(dialect: Dialect, answer: Fragment): Frame[] {
  const context = { showUsage: true, model: "m", id: "id_1", createTimeSeconds: 1, losses: new LossReport() };
  const encoder = dialect.stream.encoder(context);
  return unfold(dialect.unary.decode(answer as JsonObject)).flatMap((event) => encoder.push(event));
}

/** How an upstream puts its frames on the wire, which its host may do in another way than its vendor. */
export function sending(dialect: Dialect) {
  const isWrapped = dialect.stream.arriving !== undefined;
  const framing = isWrapped ? awsEventStream : dialect.stream.framing;
  const wrapped = (frame: Frame): Frame => ({
    event: "chunk",
    data: JSON.stringify({ bytes: Buffer.from(frame.data).toString("base64") }),
  });
  return { framing, writer: framing.writer(), envelope: isWrapped ? wrapped : (frame: Frame) => frame };
}
