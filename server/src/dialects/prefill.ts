import type { GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";

/** The dialects in which a last assistant turn is the beginning of the answer. On chat it is history. */
const continuing = new Set(["anthropic-messages", "bedrock-converse"]);

/** The origin means its last assistant turn to be continued. */
export function continuesLastTurn({ dialect, messages }: GenerateRequest): boolean {
  return continuing.has(dialect) || messages.at(-1)?.extra?.prefix === true;
}
