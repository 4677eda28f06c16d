import { fates as anthropicMessages, names as anthropicMessagesNames } from "./anthropic-messages/fates.ts";
import { fates as bedrockConverse, names as bedrockConverseNames } from "./bedrock-converse/fates.ts";
import { fates as cohereChat, names as cohereChatNames } from "./cohere-chat/fates.ts";
import type { Fates, Names } from "./fate.ts";
import { fates as gemini, names as geminiNames } from "./gemini/fates.ts";
import { fates as ollamaChat, names as ollamaChatNames } from "./ollama-chat/fates.ts";
import { fates as openaiChat } from "./openai-chat/fates.ts";
import { fates as openaiCompletions, hints as openaiCompletionsHints } from "./openai-completions/fates.ts";
import {
  fates as openaiResponses,
  hints as openaiResponsesHints,
  names as openaiResponsesNames,
} from "./openai-responses/fates.ts";

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

/** By the origin's dialect. */
export const namesOf: Readonly<Record<string, Names>> = {
  // Who speaks the canonical model itself, by RPC.
  "": { n: "candidate_count", reasoning_effort: "reasoning" },
  "openai-responses": openaiResponsesNames,
  "anthropic-messages": anthropicMessagesNames,
  gemini: geminiNames,
  "bedrock-converse": bedrockConverseNames,
  "cohere-chat": cohereChatNames,
  "ollama-chat": ollamaChatNames,
};

/** What to do about a refused field or a refused type of content, by the origin's dialect. */
export const hintsOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "openai-completions": openaiCompletionsHints,
  "openai-responses": openaiResponsesHints,
};
