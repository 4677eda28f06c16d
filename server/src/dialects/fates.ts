import { fates as anthropicMessages } from "./anthropic-messages/fates.ts";
import { fates as bedrockConverse } from "./bedrock-converse/fates.ts";
import { fates as cohereChat } from "./cohere-chat/fates.ts";
import type { Fates } from "./fate.ts";
import { fates as gemini } from "./gemini/fates.ts";
import { fates as ollamaChat } from "./ollama-chat/fates.ts";
import { fates as openaiChat } from "./openai-chat/fates.ts";
import { fates as openaiCompletions, hints as openaiCompletionsHints } from "./openai-completions/fates.ts";
import { fates as openaiResponses, hints as openaiResponsesHints } from "./openai-responses/fates.ts";

/** By the origin's dialect. */
export const fatesOf: Readonly<Record<string, Fates>> = {
  "openai-chat": openaiChat,
  "openai-completions": openaiCompletions,
  "openai-responses": openaiResponses,
  "anthropic-messages": anthropicMessages,
  gemini,
  "bedrock-converse": bedrockConverse,
  "cohere-chat": cohereChat,
  "ollama-chat": ollamaChat,
};

/** What to do about a refused field or a refused type of content, by the origin's dialect. */
export const hintsOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "openai-completions": openaiCompletionsHints,
  "openai-responses": openaiResponsesHints,
};
