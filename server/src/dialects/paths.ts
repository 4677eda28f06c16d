import { type GenerateRequest, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";

/** These keep their leading system turn outside the list. */
const withSystemApart = new Set(["anthropic-messages", "bedrock-converse"]);

/** Names message `index` as the origin wrote it. */
export function messagePath(request: GenerateRequest, index: number): string {
  const systemIsApart = withSystemApart.has(request.dialect) && request.messages[0]?.role === Role.SYSTEM;
  if (!systemIsApart) return `messages[${index}]`;
  return index === 0 ? "system" : `messages[${index - 1}]`;
}

/** Names part `at` of that message as the origin wrote it. */
export function partPath(request: GenerateRequest, index: number, at: number): string {
  const path = messagePath(request, index);
  const parts = request.messages[index]?.parts ?? [];
  if (request.dialect === "bedrock-converse") {
    // On Converse a cache mark is a block of its own.
    const marks = parts.slice(0, at).filter(({ cache }) => cache).length;
    return path === "system" ? `${path}[${at + marks}]` : `${path}.content[${at + marks}]`;
  }
  if (path === "system") return `${path}[${at}]`;
  const kind = parts[at]?.kind.case;
  if (request.dialect === "openai-chat" && (kind === "toolCall" || kind === "reasoning" || kind === "refusal")) {
    // Chat writes these beside the content and not in it.
    const before = parts.slice(0, at).filter((part) => part.kind.case === kind).length;
    if (kind === "toolCall") return `${path}.tool_calls[${before}]`;
    return kind === "reasoning" ? `${path}.reasoning_content` : `${path}.refusal`;
  }
  const besides =
    request.dialect === "openai-chat" ? parts.slice(0, at).filter((part) => part.kind.case === "reasoning") : [];
  return `${path}.content[${at - besides.length}]`;
}
