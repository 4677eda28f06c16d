import { anthropicMessagesShapes } from "./anthropic-messages.ts";
import { bedrockConverseShapes } from "./bedrock-converse.ts";
import { cohereChatShapes } from "./cohere-chat.ts";
import { geminiShapes } from "./gemini.ts";
import { ollamaChatShapes } from "./ollama-chat.ts";
import { openaiChatShapes } from "./openai-chat.ts";
import { openaiCompletionsShapes } from "./openai-completions.ts";
import { openaiResponsesShapes } from "./openai-responses.ts";
import { pontageShapes } from "./pontage.ts";
import type { Shape } from "./shape.ts";

export const shapes: readonly Shape[] = [
  ...openaiChatShapes,
  ...openaiCompletionsShapes,
  ...openaiResponsesShapes,
  ...anthropicMessagesShapes,
  ...geminiShapes,
  ...bedrockConverseShapes,
  ...cohereChatShapes,
  ...ollamaChatShapes,
  ...pontageShapes,
];

/**
 * What may be missing at an upstream without a word, because nothing is missing: by dialect, by object where it matters,
 * and the reason.
 */
export const saysNothing: readonly { readonly field: RegExp; readonly why: string }[] = [
  { field: /^[\w-]+ request stream$/, why: "the path says it there" },
  {
    field:
      /^(openai-chat response_format\.json_schema|openai-responses text\.format|pontage responseFormat\.jsonSchema) strict$/,
    why: "every schema is kept to there",
  },
  { field: /^openai-responses input\[\] \([\w ]+\) (id|status)$/, why: "it only names the item at the vendor" },
  { field: /^gemini generationConfig\.thinkingConfig includeThoughts$/, why: "who thinks there does so unasked" },
  {
    field: /^gemini toolConfig\.functionCallingConfig allowedFunctionNames$/,
    why: "only the allowed function is offered there, and must be called",
  },
  { field: /^bedrock-converse content\[\]\.image format$/, why: "the bytes say it" },
  { field: /^pontage [\w.[\]]+ bare$/, why: "how a text was written" },
  { field: /^pontage parts\[\]\.image filename$/, why: "no model is shown the name of a picture" },
  { field: /^pontage responseFormat text$/, why: "it is what comes unasked" },
  { field: /^pontage reasoning enabled$/, why: "who thinks there does so unasked" },
  { field: /^ollama-chat messages\[\] of a tool tool_name$/, why: "the call that it answers says it" },
];
