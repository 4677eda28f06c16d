import { anthropicMessagesAnswers } from "./anthropic-messages.ts";
import { bedrockConverseAnswers } from "./bedrock-converse.ts";
import { cohereChatAnswers } from "./cohere-chat.ts";
import { geminiAnswers } from "./gemini.ts";
import { ollamaChatAnswers } from "./ollama-chat.ts";
import { openaiChatAnswers } from "./openai-chat.ts";
import { openaiCompletionsAnswers } from "./openai-completions.ts";
import { openaiResponsesAnswers, repeated } from "./openai-responses.ts";
import type { AnswerShape } from "./shape.ts";

export const answerShapes: readonly AnswerShape[] = [
  ...openaiChatAnswers,
  ...openaiResponsesAnswers,
  ...anthropicMessagesAnswers,
  ...geminiAnswers,
  ...bedrockConverseAnswers,
  ...cohereChatAnswers,
  ...ollamaChatAnswers,
  ...openaiCompletionsAnswers,
];

/**
 * What may be missing at a client without a word, because nothing of the answer is missing: by dialect and object, and the
 * reason.
 */
export const saysNothing: readonly { readonly field: RegExp; readonly why: string }[] = [
  {
    field: / (created|created_at|completed_at|createTime)$/,
    why: "when it was made, which the head of the answer says",
  },
  {
    field: / (answer|chunk, the first|message_start: message|stream: [\w ]+|message-start) (id|responseId)$/,
    why: "the head of the answer has the call's",
  },
  {
    field: / (answer|chunk, the first|message_start: message|stream: [\w ]+) (model|modelVersion)$/,
    why: "the client's path says it",
  },
  { field: / (total_tokens|totalTokens|totalTokenCount)$/, why: "the sum of the others" },
  {
    field: /usage\.\w+_details (audio|image|text|accepted_prediction|rejected_prediction)_tokens$/,
    why: "a part of a number that is told",
  },
  {
    field:
      /[uU]sage\w*(\.input_tokens_details)? (cache_creation|cacheDetails|cache\w*TokensDetails|\w+TokensDetails|cache_write_tokens_details|initialPromptTokenCount)$/,
    why: "a part of a number that is told",
  },
  {
    field:
      /^(anthropic-messages|gemini|cohere-chat) .*[uU]sage\w* (server_tool_use|inference_geo|service_tier|speed|trafficType|billed_units)$/,
    why: "how it is billed, and nothing of the answer",
  },
  { field: /^openai-chat chunk, the \w+ obfuscation$/, why: "it fills a chunk up, so that nobody sees its length" },
  {
    field: new RegExp(
      `^openai-responses (answer|response\\.completed: response) (${Object.keys(repeated).join("|")}|conversation)$`,
    ),
    why: "it repeats the request",
  },
  { field: /^openai-responses output\[\] \([\w ]+\) (id|status)$/, why: "it only names the item at the vendor" },
  { field: /^gemini stream: .*functionCall willContinue$/, why: "it says that more of the call follows" },
];
