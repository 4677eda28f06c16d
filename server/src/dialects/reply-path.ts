/** Names a part of an answer as its origin writes it, for loss reports. */
export function replyPath(dialect: string, choice: number, index: number): string {
  // One item may be several parts, so a part's number is not its item's.
  if (dialect === "openai-responses") return "output";
  return dialect === "openai-chat" ? `choices[${choice}].message` : `content[${index}]`;
}
