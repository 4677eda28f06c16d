import { anthropicMessages } from "./anthropic-messages/index.ts";
import { bedrockConverse } from "./bedrock-converse/index.ts";
import { cohereChat } from "./cohere-chat/index.ts";
import type { Dialect, DialectId } from "./dialect.ts";
import { gemini } from "./gemini/index.ts";
import { ollamaChat } from "./ollama-chat/index.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiCompletions } from "./openai-completions/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";

export type { Dialect, DialectId };

/** Every dialect there is. Front doors, laws and crossings follow from this list. */
export const dialects: readonly Dialect[] = [
  openaiChat,
  openaiResponses,
  anthropicMessages,
  gemini,
  bedrockConverse,
  cohereChat,
  ollamaChat,
  openaiCompletions,
];

const byId = new Map<string, Dialect>(dialects.map((dialect) => [dialect.id, dialect]));

export function dialectOf(id: DialectId): Dialect {
  const dialect = byId.get(id);
  if (dialect === undefined) throw new Error(`There is no dialect ${id}.`);
  return dialect;
}
