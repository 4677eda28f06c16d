import { fates as anthropicMessages } from "./anthropic-messages/fates.ts";
import { fates as bedrockConverse } from "./bedrock-converse/fates.ts";
import type { Fates } from "./fate.ts";
import { fates as openaiChat } from "./openai-chat/fates.ts";

/** By the origin's dialect. */
export const fatesOf: Readonly<Record<string, Fates>> = {
  "openai-chat": openaiChat,
  "anthropic-messages": anthropicMessages,
  "bedrock-converse": bedrockConverse,
};
