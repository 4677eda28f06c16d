import type { SpeechName } from "./speech.ts";

const words = Array.from({ length: 200 }, (_, i) => ` word${i}`);

interface Answers {
  readonly json: Buffer;
  /** Frames of a streamed answer with this many pieces of text. */
  readonly frames: (count: number) => readonly Buffer[];
}

const chunk = (delta: object, finish: string | null = null) => ({
  id: "chatcmpl-bench",
  object: "chat.completion.chunk",
  created: 1_760_000_000,
  model: "bench",
  system_fingerprint: "fp_bench",
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  usage: null,
});
const data = (value: object) => Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
const event = (value: { type: string }) => Buffer.from(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`);

const generated = (text: string, output: number, finishReason?: string) => ({
  candidates: [{ content: { parts: [{ text }], role: "model" }, ...(finishReason && { finishReason }), index: 0 }],
  usageMetadata: { promptTokenCount: 20, candidatesTokenCount: output, totalTokenCount: 20 + output },
  modelVersion: "bench",
  responseId: "gemini-bench",
});

const cache = new Map<string, readonly Buffer[]>();
function once(key: string, make: () => readonly Buffer[]): readonly Buffer[] {
  const made = cache.get(key) ?? make();
  cache.set(key, made);
  return made;
}

/** The same answer in every dialect. The whole one is about one kilobyte. */
export const answers: Readonly<Record<SpeechName, Answers>> = {
  openai: {
    json: Buffer.from(
      JSON.stringify({
        id: "chatcmpl-bench",
        object: "chat.completion",
        created: 1_760_000_000,
        model: "bench",
        choices: [
          {
            index: 0,
            message: { role: "assistant", content: words.slice(0, 80).join(""), refusal: null, annotations: [] },
            logprobs: null,
            finish_reason: "stop",
          },
        ],
        usage: {
          prompt_tokens: 20,
          completion_tokens: 80,
          total_tokens: 100,
          prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
        },
        service_tier: "default",
        system_fingerprint: "fp_bench",
      }),
    ),
    frames: (count) =>
      once(`openai ${count}`, () => [
        data(chunk({ role: "assistant", content: "", refusal: null })),
        ...words.slice(0, count).map((content) => data(chunk({ content }))),
        data(chunk({}, "stop")),
        data({
          ...chunk({}),
          choices: [],
          usage: { prompt_tokens: 20, completion_tokens: count, total_tokens: 20 + count },
        }),
        Buffer.from("data: [DONE]\n\n"),
      ]),
  },
  anthropic: {
    json: Buffer.from(
      JSON.stringify({
        id: "msg_bench",
        type: "message",
        role: "assistant",
        model: "bench",
        content: [{ type: "text", text: words.slice(0, 80).join("") }],
        stop_reason: "end_turn",
        stop_sequence: null,
        usage: { input_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 80 },
      }),
    ),
    frames: (count) =>
      once(`anthropic ${count}`, () =>
        [
          {
            type: "message_start",
            message: {
              id: "msg_bench",
              type: "message",
              role: "assistant",
              model: "bench",
              content: [],
              stop_reason: null,
              stop_sequence: null,
              usage: { input_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 },
            },
          },
          { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
          ...words.slice(0, count).map((text) => ({
            type: "content_block_delta",
            index: 0,
            delta: { type: "text_delta", text },
          })),
          { type: "content_block_stop", index: 0 },
          {
            type: "message_delta",
            delta: { stop_reason: "end_turn", stop_sequence: null },
            usage: { output_tokens: count },
          },
          { type: "message_stop" },
        ].map(event),
      ),
  },
  gemini: {
    json: Buffer.from(JSON.stringify(generated(words.slice(0, 80).join(""), 80, "STOP"))),
    frames: (count) =>
      once(`gemini ${count}`, () =>
        words.slice(0, count).map((text, at) => data(generated(text, at + 1, at === count - 1 ? "STOP" : undefined))),
      ),
  },
};

/** The text every answer must hold in the end, whatever path it took. */
export function expectedText(streamedChunks: number | undefined): string {
  return words.slice(0, streamedChunks ?? 80).join("");
}
