import { messagesOnBedrock } from "../dialects/anthropic-messages/on-bedrock.ts";
import { messagesOnVertex } from "../dialects/anthropic-messages/on-vertex.ts";
import type { Dialect, DialectId, Operation, Quirks } from "../dialects/dialect.ts";
import { geminiOnVertex } from "../dialects/gemini/on-vertex.ts";
import { type Auth, bearer, header, none, type Sign, type Signer, sigV4 } from "./auth.ts";
import type { HeaderRules } from "./wire-headers.ts";

/** A type of provider: where it is, how it authenticates and what it speaks. Data, so that a new one is one entry. */
export interface ProviderType {
  /** The name people know it by. */
  readonly title: string;
  /** Where it is; `{region}` and `{location}` stand for the instance's. Undefined means every instance must say. */
  readonly baseUrl?: string;
  /** Where it is at locations that do not fit in there. */
  readonly baseUrlAt?: Readonly<Record<string, string>>;
  /** How a key is sent. */
  readonly auth: Auth;
  /** Whose identities an instance may have in the place of a key: what proves them is fetched, and expires. */
  readonly identity?: IdentityKind;
  /** How requests are signed, where an instance has AWS keys and no key that is sent. */
  readonly sign?: (signer: Signer) => Sign;
  /** The dialects it speaks, the best first, and the path of each operation below the base URL. */
  readonly speaks: readonly Speech[];
  /** Where it lists its models, below the base URL. Undefined where it has no list. */
  readonly modelsPath?: string | readonly string[];
  /** The base URL of these lists where it is another one. An instance that says its own is asked there. */
  readonly modelsBaseUrl?: string;
  /** What it speaks to an instance that names the date of an API's version. */
  readonly dated?: readonly Speech[];
  /** Environment variables its key is usually in; one found there is offered at start. */
  readonly env?: readonly string[];
  /**
   * Usage in a stream: `ask` with `stream_options`, or `always` there unasked. A server that refuses the field it does
   * not know is `always`.
   */
  readonly streamUsage: "ask" | "always";
  /** Request headers of a client that are passed on whatever its dialect. Never credentials. */
  readonly passedHeaders?: readonly string[];
  readonly quirks?: Quirks;
  /** It runs on the operator's own machine and needs no key. */
  readonly local?: boolean;
}

/** At AWS, at Microsoft, at Google Cloud. Each has its own fields in the configuration. */
export type IdentityKind = "aws" | "entra" | "google";

/**
 * The path of each operation below the base URL; `stream` is that of a streamed generation where it is another one.
 * `{model}` stands for the model's name; `{project}`, `{location}` and `{api_version}` for what the instance says.
 */
export type Paths = Partial<Record<Operation | "stream", string>>;

export interface Speech {
  /** As its vendor speaks it, or as this host does. */
  readonly dialect: DialectId | Dialect;
  readonly paths: Paths;
  /** The models that are spoken to so. Without it all of them. */
  readonly models?: RegExp;
  /** Without it those that the dialect has at its vendor. */
  readonly headers?: HeaderRules;
}

const chat: Speech = { dialect: "openai-chat", paths: { generate: "/chat/completions" } };
const responses: Speech = { dialect: "openai-responses", paths: { generate: "/responses" } };
const countedResponses: Speech = {
  ...responses,
  paths: { ...responses.paths, "count-tokens": "/responses/input_tokens" },
};
const messages: Speech = {
  dialect: "anthropic-messages",
  paths: { generate: "/messages", "count-tokens": "/messages/count_tokens" },
};

/** Who has embeddings beside chat has them here. */
const embeddingChat: Speech = { ...chat, paths: { ...chat.paths, embed: "/embeddings" } };

/** The older completions, for clients that want nothing else: everybody else is translated to chat. */
const completions: Speech = { dialect: "openai-completions", paths: { generate: "/completions" } };

/** At OpenAI itself only the models from before chat can. */
const openaiCompletions: Speech = {
  ...completions,
  models: /^(ft:)?(gpt-3\.5-turbo-instruct|davinci-002|babbage-002)/,
};

/** Ollama's own API, which takes what the compatible one has no word for: the context's size, how long to stay loaded. */
const ollama: Speech = {
  dialect: "ollama-chat",
  paths: { generate: "/api/chat", embed: "/api/embed", "embed-one": "/api/embeddings" },
};

const cohereChat: Speech = { dialect: "cohere-chat", paths: { generate: "/v2/chat", embed: "/v2/embed" } };

/** Chat first: it is what a client of another dialect is translated to. */
const chatAndResponses = [chat, responses] as const;
const allCompatible = [embeddingChat, responses, completions] as const;

const generateContent: Speech = {
  dialect: "gemini",
  paths: {
    generate: "/models/{model}:generateContent",
    // Without this the stream is one JSON array.
    stream: "/models/{model}:streamGenerateContent?alt=sse",
    "count-tokens": "/models/{model}:countTokens",
    embed: "/models/{model}:batchEmbedContents",
    "embed-one": "/models/{model}:embedContent",
  },
};

const converse: Speech = {
  dialect: "bedrock-converse",
  paths: {
    generate: "/model/{model}/converse",
    stream: "/model/{model}/converse-stream",
    "count-tokens": "/model/{model}/count-tokens",
  },
};

/** Claude in the words of its vendor: an Anthropic client loses nothing on the way. */
const invoke: Speech = {
  dialect: messagesOnBedrock,
  models: /claude/,
  paths: { generate: "/model/{model}/invoke", stream: "/model/{model}/invoke-with-response-stream" },
  headers: { defaults: {}, passed: [] },
};

const onVertex = "/v1/projects/{project}/locations/{location}/publishers";

const geminiAtVertex: Speech = {
  dialect: geminiOnVertex,
  models: /^(?!claude)/,
  paths: {
    generate: `${onVertex}/google/models/{model}:generateContent`,
    stream: `${onVertex}/google/models/{model}:streamGenerateContent?alt=sse`,
    "count-tokens": `${onVertex}/google/models/{model}:countTokens`,
  },
};

const claudeAtVertex: Speech = {
  dialect: messagesOnVertex,
  models: /^claude/,
  paths: {
    generate: `${onVertex}/anthropic/models/{model}:rawPredict`,
    stream: `${onVertex}/anthropic/models/{model}:streamRawPredict`,
    "count-tokens": `${onVertex}/anthropic/models/count-tokens:rawPredict`,
  },
  headers: { defaults: {}, passed: ["anthropic-beta"] },
};

/** What every service with an OpenAI-compatible API has in common. */
const compatible = {
  auth: bearer(),
  speaks: [chat],
  modelsPath: "/models",
  streamUsage: "ask",
  quirks: { legacyMaxTokens: true, noDeveloperRole: true },
} as const;

export const catalogue = {
  openai: {
    title: "OpenAI",
    baseUrl: "https://api.openai.com/v1",
    auth: bearer(),
    speaks: [embeddingChat, countedResponses, openaiCompletions],
    modelsPath: "/models",
    env: ["OPENAI_API_KEY"],
    streamUsage: "ask",
  },
  anthropic: {
    title: "Anthropic",
    baseUrl: "https://api.anthropic.com/v1",
    auth: header("x-api-key"),
    speaks: [messages],
    modelsPath: "/models",
    env: ["ANTHROPIC_API_KEY"],
    streamUsage: "always",
  },
  gemini: {
    title: "Google Gemini",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    auth: header("x-goog-api-key"),
    speaks: [generateContent],
    modelsPath: "/models",
    env: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    streamUsage: "always",
  },
  bedrock: {
    title: "Amazon Bedrock",
    baseUrl: "https://bedrock-runtime.{region}.amazonaws.com",
    auth: bearer(),
    identity: "aws",
    sign: sigV4("bedrock"),
    speaks: [converse, invoke],
    modelsPath: [
      "/foundation-models?byOutputModality=TEXT&byInferenceType=ON_DEMAND",
      "/inference-profiles?maxResults=1000",
    ],
    modelsBaseUrl: "https://bedrock.{region}.amazonaws.com",
    env: ["AWS_BEARER_TOKEN_BEDROCK"],
    streamUsage: "always",
  },
  vertex: {
    title: "Google Vertex AI",
    baseUrl: "https://{location}-aiplatform.googleapis.com",
    baseUrlAt: {
      global: "https://aiplatform.googleapis.com",
      us: "https://aiplatform.us.rep.googleapis.com",
      eu: "https://aiplatform.eu.rep.googleapis.com",
    },
    auth: none(),
    identity: "google",
    speaks: [geminiAtVertex, claudeAtVertex],
    modelsPath: ["/v1beta1/publishers/google/models", "/v1beta1/publishers/anthropic/models"],
    env: ["GOOGLE_APPLICATION_CREDENTIALS"],
    streamUsage: "always",
  },
  azure: {
    title: "Azure OpenAI",
    auth: header("api-key"),
    identity: "entra",
    speaks: [
      { dialect: "openai-chat", paths: { generate: "/openai/v1/chat/completions" } },
      { dialect: "openai-responses", paths: { generate: "/openai/v1/responses" } },
    ],
    // The version that has a list of deployments. Later ones list the models that could be deployed.
    modelsPath: "/openai/deployments?api-version=2023-03-15-preview",
    dated: [
      {
        dialect: "openai-chat",
        paths: { generate: "/openai/deployments/{model}/chat/completions?api-version={api_version}" },
      },
      { dialect: "openai-responses", paths: { generate: "/openai/responses?api-version={api_version}" } },
    ],
    env: ["AZURE_OPENAI_API_KEY"],
    streamUsage: "ask",
  },
  mistral: {
    ...compatible,
    speaks: [embeddingChat],
    title: "Mistral",
    baseUrl: "https://api.mistral.ai/v1",
    env: ["MISTRAL_API_KEY"],
    streamUsage: "always", // and it refuses fields it does not know
    quirks: { ...compatible.quirks, takesPrefix: true, noUser: true, randomSeed: true, outputDimension: true },
  },
  xai: { ...compatible, speaks: chatAndResponses, title: "xAI", baseUrl: "https://api.x.ai/v1", env: ["XAI_API_KEY"] },
  groq: {
    ...compatible,
    speaks: chatAndResponses,
    title: "Groq",
    baseUrl: "https://api.groq.com/openai/v1",
    env: ["GROQ_API_KEY"],
  },
  deepseek: {
    ...compatible,
    speaks: chatAndResponses,
    title: "DeepSeek",
    baseUrl: "https://api.deepseek.com",
    env: ["DEEPSEEK_API_KEY"],
    quirks: { ...compatible.quirks, takesReasoning: true },
  },
  perplexity: {
    title: "Perplexity",
    baseUrl: "https://api.perplexity.ai", // without /v1, and without a list of models
    auth: bearer(),
    speaks: [chat],
    env: ["PERPLEXITY_API_KEY"],
    streamUsage: "always",
    quirks: compatible.quirks,
  },
  nvidia: {
    ...compatible,
    title: "NVIDIA",
    baseUrl: "https://integrate.api.nvidia.com/v1",
    env: ["NVIDIA_API_KEY"],
  },
  cerebras: {
    ...compatible,
    title: "Cerebras",
    baseUrl: "https://api.cerebras.ai/v1",
    env: ["CEREBRAS_API_KEY"],
  },
  openrouter: {
    ...compatible,
    speaks: allCompatible,
    title: "OpenRouter",
    baseUrl: "https://openrouter.ai/api/v1",
    env: ["OPENROUTER_API_KEY"],
    quirks: { ...compatible.quirks, takesCacheMarks: true },
  },
  cohere: {
    title: "Cohere",
    baseUrl: "https://api.cohere.com",
    auth: bearer(),
    speaks: [cohereChat],
    modelsPath: "/v1/models?page_size=1000",
    env: ["COHERE_API_KEY", "CO_API_KEY"],
    streamUsage: "always",
  },
  together: {
    ...compatible,
    speaks: [embeddingChat, completions],
    title: "Together AI",
    baseUrl: "https://api.together.xyz/v1",
    env: ["TOGETHER_API_KEY"],
  },
  fireworks: {
    ...compatible,
    speaks: allCompatible,
    title: "Fireworks AI",
    baseUrl: "https://api.fireworks.ai/inference/v1",
    env: ["FIREWORKS_API_KEY"],
  },
  huggingface: {
    ...compatible,
    speaks: chatAndResponses,
    title: "Hugging Face",
    baseUrl: "https://router.huggingface.co/v1",
    env: ["HF_TOKEN"],
  },
  ollama: {
    ...compatible,
    speaks: allCompatible,
    title: "Ollama",
    baseUrl: "http://localhost:11434/v1",
    local: true,
  },
  /** The same server by its origin: below that lie its own API and, under /v1, the compatible ones. */
  ollama_native: {
    ...compatible,
    title: "Ollama (own API)",
    baseUrl: "http://localhost:11434",
    speaks: [
      ollama,
      { dialect: "openai-chat", paths: { generate: "/v1/chat/completions", embed: "/v1/embeddings" } },
      { dialect: "openai-responses", paths: { generate: "/v1/responses" } },
      { dialect: "openai-completions", paths: { generate: "/v1/completions" } },
    ],
    modelsPath: "/v1/models",
    local: true,
  },
  lmstudio: {
    ...compatible,
    speaks: allCompatible,
    title: "LM Studio",
    baseUrl: "http://localhost:1234/v1",
    local: true,
  },
  vllm: {
    ...compatible,
    speaks: allCompatible,
    title: "vLLM",
    baseUrl: "http://localhost:8000/v1",
    local: true,
  },
  tgi: { ...compatible, title: "Hugging Face TGI", baseUrl: "http://localhost:3000/v1", local: true },
  openai_compatible: { ...compatible, speaks: [embeddingChat, completions], title: "OpenAI-compatible" },
  anthropic_compatible: {
    title: "Anthropic-compatible",
    auth: header("x-api-key"),
    speaks: [messages],
    modelsPath: "/models",
    streamUsage: "always",
  },
  gemini_compatible: {
    title: "Gemini-compatible",
    auth: header("x-goog-api-key"),
    speaks: [generateContent],
    modelsPath: "/models",
    streamUsage: "always",
  },
  simulated: {
    title: "Simulated",
    baseUrl: "http://simulated.invalid/v1",
    auth: none(),
    speaks: [embeddingChat, messages, countedResponses, generateContent, converse, ollama, cohereChat, completions],
    modelsPath: "/models",
    streamUsage: "ask",
    passedHeaders: ["x-sim-fail", "x-sim-tps", "x-sim-delay"],
    local: true,
  },
} as const satisfies Record<string, ProviderType>;

export type ProviderTypeName = keyof typeof catalogue;

export function isProviderType(name: string): name is ProviderTypeName {
  return Object.hasOwn(catalogue, name);
}
