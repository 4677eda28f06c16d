import type { DialectId } from "../../../server/src/dialects/dialect.ts";
import { anthropicMessages } from "./anthropic-messages.ts";
import { bedrockConverse } from "./bedrock-converse.ts";
import { cohereChat } from "./cohere-chat.ts";
import { gemini } from "./gemini.ts";
import { ollamaChat } from "./ollama-chat.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiCompletions } from "./openai-completions.ts";
import { openaiResponses } from "./openai-responses.ts";
import type { UsageCase } from "./row.ts";

/** Every recorded answer that is not an error's, by the dialect it is in. */
export const usageCases: Readonly<Record<DialectId, readonly UsageCase[]>> = {
  "openai-chat": openaiChat,
  "openai-completions": openaiCompletions,
  "openai-responses": openaiResponses,
  "anthropic-messages": anthropicMessages,
  gemini,
  "bedrock-converse": bedrockConverse,
  "cohere-chat": cohereChat,
  "ollama-chat": ollamaChat,
};

/** Every recorded answer of vectors. */
export const embeddingUsageCases: readonly UsageCase[] = [
  {
    name: "openai/embeddings/base64",
    says: "7",
    buckets: { inputTokens: 7 },
    sum: "7 x 2000",
    costNanoUsd: 14_000n,
  },
  {
    name: "openai/embeddings/multiple-texts",
    says: "3",
    buckets: { inputTokens: 3 },
    sum: "3 x 2000",
    costNanoUsd: 6000n,
  },
  {
    name: "cohere/embed-v2/multiple-texts",
    says: "3 billed, and no pictures",
    buckets: { inputTokens: 3 },
    sum: "3 x 2000",
    costNanoUsd: 6000n,
  },
  { name: "gemini/batch-embed-contents/multiple-texts", says: "nothing" },
];
