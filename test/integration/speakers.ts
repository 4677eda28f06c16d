import type { Settings } from "../../server/src/config/settings.ts";
import type { Dialect, DialectId } from "../../server/src/dialects/dialect.ts";
import { dialectOf } from "../../server/src/dialects/index.ts";
import { upstreamSecret } from "../gateway/gateway.ts";

/** A dialect on both sides of the gateway: how a client asks in it, and a provider that answers in it. */
export interface Speaker {
  readonly dialect: Dialect;
  /** The name of the provider, which a client puts before the model. */
  readonly provider: string;
  /** A question as a client asks it. */
  question(model: string, stream: boolean): { readonly path: string; readonly body: object };
  /** The settings of the provider, at an upstream that answers at any path. */
  settings(url: string): Settings["providers"][number];
}

type ProviderSetting = Settings["providers"][number];

const messages = [{ role: "user", content: "Hello" }];
const body = (path: string, more: object) => (model: string, stream: boolean) => ({
  path,
  body: { model, stream, ...more },
});

function speaker(
  id: DialectId,
  type: ProviderSetting["type"],
  question: Speaker["question"],
  more: Partial<ProviderSetting> = {},
): Speaker {
  const settings = (baseUrl: string): ProviderSetting => ({
    ...{ name: `at-${id}`, type, baseUrl, credential: upstreamSecret, discover: false },
    ...more,
  });
  return { dialect: dialectOf(id), provider: `at-${id}`, question, settings };
}

/** One for every dialect: `test/integration/usage.test.ts` says when one is missing. */
export const speakers: readonly Speaker[] = [
  speaker("openai-chat", "openai_compatible", body("/v1/chat/completions", { messages })),
  speaker("openai-completions", "openai_compatible", body("/v1/completions", { prompt: "Hello" })),
  speaker("openai-responses", "openai", body("/v1/responses", { input: "Hello" })),
  speaker("anthropic-messages", "anthropic_compatible", body("/v1/messages", { messages, max_tokens: 99 })),
  speaker("gemini", "gemini_compatible", (model, stream) => ({
    path: `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    body: { contents: [{ role: "user", parts: [{ text: "Hello" }] }] },
  })),
  speaker(
    "bedrock-converse",
    "bedrock",
    (model, stream) => ({
      path: `/model/${encodeURIComponent(model)}/${stream ? "converse-stream" : "converse"}`,
      body: { messages: [{ role: "user", content: [{ text: "Hello" }] }] },
    }),
    { region: "us-east-1" },
  ),
  speaker("cohere-chat", "cohere", body("/v2/chat", { messages })),
  speaker("ollama-chat", "ollama_native", body("/api/chat", { messages })),
];

/** A client that speaks another dialect than the upstream, where the provider is not spoken to in the client's own. */
export function strangerTo({ dialect }: Speaker): Speaker | undefined {
  // Providers that speak these speak chat as well, and a stranger is translated to that.
  if (dialect.id === "openai-completions" || dialect.id === "openai-responses") return undefined;
  const speaksChat = dialect.id === "openai-chat" || dialect.id === "ollama-chat";
  return speakers.find((other) => other.dialect.id === (speaksChat ? "anthropic-messages" : "openai-chat"));
}
