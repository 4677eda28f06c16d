/** What the benchmark asks and reads in one dialect. */
export interface Speech {
  /** What clients and providers of it are called. */
  readonly name: "OpenAI" | "Anthropic" | "Gemini";
  /** The type of provider, and its base URL below the origin. */
  readonly provider: string;
  readonly base: string;
  path(model: string, streamed: boolean): string;
  body(model: string, prompt: string, streamed: boolean): object;
  /** The text of a whole answer, or of one event. */
  textIn(wire: never): string;
  /** How a stream ends. */
  readonly ending: string;
}

interface ChatAnswer {
  readonly choices?: readonly { readonly delta?: { content?: string }; readonly message?: { content?: string } }[];
}

interface MessagesAnswer {
  readonly delta?: { readonly text?: string };
  readonly content?: readonly { readonly text?: string }[];
}

interface GeminiAnswer {
  readonly candidates?: readonly { readonly content: { readonly parts: readonly { readonly text?: string }[] } }[];
}

const openai: Speech = {
  name: "OpenAI",
  provider: "openai_compatible",
  base: "/v1",
  path: () => "/v1/chat/completions",
  body: (model, content, streamed) => ({
    model,
    messages: [{ role: "user", content }],
    ...(streamed && { stream: true }),
  }),
  textIn({ choices }: ChatAnswer) {
    return choices?.[0]?.message?.content ?? choices?.[0]?.delta?.content ?? "";
  },
  ending: "data: [DONE]",
};

const anthropic: Speech = {
  name: "Anthropic",
  provider: "anthropic_compatible",
  base: "/v1",
  path: () => "/v1/messages",
  body: (model, content, streamed) => ({
    model,
    max_tokens: 1000,
    messages: [{ role: "user", content }],
    ...(streamed && { stream: true }),
  }),
  textIn({ content, delta }: MessagesAnswer) {
    return content?.map(({ text }) => text).join("") ?? delta?.text ?? "";
  },
  ending: "event: message_stop",
};

const gemini: Speech = {
  name: "Gemini",
  provider: "gemini_compatible",
  base: "/v1beta",
  path: (model, streamed) =>
    `/v1beta/models/${model}:${streamed ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  body: (_, text) => ({ contents: [{ role: "user", parts: [{ text }] }] }),
  textIn({ candidates }: GeminiAnswer) {
    return candidates?.[0]?.content.parts.map(({ text }) => text ?? "").join("") ?? "";
  },
  ending: '"finishReason":"STOP"',
};

export const speeches = { openai, anthropic, gemini } as const;
export type SpeechName = keyof typeof speeches;
export const speechNames = Object.keys(speeches) as SpeechName[];

export function wholeText(speech: Speech, answer: string): string {
  return speech.textIn(JSON.parse(answer) as never);
}

export function streamedText(speech: Speech, answer: string): string {
  return answer
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => speech.textIn(JSON.parse(line.slice(6)) as never))
    .join("");
}
