/** Names a part of an answer as its origin writes it, for loss reports. */
export function replyPath(dialect: string, choice: number, index: number): string {
  return dialect === "openai-chat" ? `choices[${choice}].message` : `content[${index}]`;
}
