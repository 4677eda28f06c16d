import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { markOf } from "./openai-responses/mark.ts";

/** Names a part of an answer as its origin writes it, for loss reports. */
export function replyPath(dialect: string, choice: number, index: number, part?: Part): string {
  if (dialect === "openai-responses") {
    // One item may be several parts, so a part's number is not its item's.
    const mark = markOf(part?.extra);
    return mark ? `output[${mark.at}]` : "output";
  }
  if (dialect === "gemini") return `candidates[${choice}].content.parts[${index}]`;
  if (dialect === "ollama-chat" || dialect === "cohere-chat") return "message";
  if (dialect === "openai-completions") return `choices[${choice}]`;
  return dialect === "openai-chat" ? `choices[${choice}].message` : `content[${index}]`;
}
