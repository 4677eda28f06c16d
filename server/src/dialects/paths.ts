import { type GenerateRequest, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { spelling } from "./crossing.ts";
import { markOf } from "./openai-responses/mark.ts";

/** Dialects that keep their leading system turn outside the list, with their names for both. */
const apart: Readonly<Record<string, { readonly system: string; readonly list: string }>> = {
  "anthropic-messages": { system: "system", list: "messages" },
  gemini: { system: "systemInstruction", list: "contents" },
  "bedrock-converse": { system: "system", list: "messages" },
};

/** Names message `index` as the origin wrote it. */
export function messagePath(request: GenerateRequest, index: number): string {
  if (request.dialect === "openai-responses") return itemPath(request, index);
  if (request.dialect === "openai-completions") return "prompt";
  const names = apart[request.dialect];
  const list = names?.list ?? "messages";
  if (names === undefined || request.messages[0]?.role !== Role.SYSTEM) return `${list}[${index}]`;
  return index === 0 ? names.system : `${list}[${index - 1}]`;
}

/** Names part `at` of that message as the origin wrote it. */
export function partPath(request: GenerateRequest, index: number, at: number): string {
  const path = messagePath(request, index);
  if (request.dialect === "openai-completions") return path;
  // Without a dialect it is our own RPC's.
  if (request.dialect === "gemini" || request.dialect === "") return `${path}.parts[${at}]`;
  const parts = request.messages[index]?.parts ?? [];
  if (request.dialect === "openai-responses") return partOfItemPath(request, index, at);
  if (request.dialect === "bedrock-converse") {
    // On Converse a cache mark is a block of its own.
    const marks = parts.slice(0, at).filter(({ cache }) => cache).length;
    return path === "system" ? `${path}[${at + marks}]` : `${path}.content[${at + marks}]`;
  }
  if (path === "system") return `${path}[${at}]`;
  const kind = parts[at]?.kind.case;
  if (request.dialect === "cohere-chat" && kind === "toolCall") return `${path}.${fieldOfKind(parts, at)}`;
  if (request.dialect === "cohere-chat" && parts[at]?.extra?.[spelling] === "tool_plan") return `${path}.tool_plan`;
  if (request.dialect === "ollama-chat") return `${path}.${fieldOfKind(parts, at)}`;
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

/** Ollama writes each kind of part in a field of its own, and Cohere its calls. */
function fieldOfKind(parts: readonly Part[], at: number): string {
  const kind = parts[at]?.kind.case;
  const before = parts.slice(0, at).filter((part) => part.kind.case === kind).length;
  if (kind === "toolCall") return `tool_calls[${before}]`;
  if (kind === "image") return `images[${before}]`;
  return kind === "reasoning" ? "thinking" : "content";
}

/** On Responses a turn of the model's is several items, and each part knows which one it came from. */
function itemPath({ messages }: GenerateRequest, index: number): string {
  const message = messages[index];
  const spelt = message?.extra?.[spelling];
  if (typeof spelt === "string") return spelt;
  const mark = markOf(message?.extra) ?? markOf(message?.parts[0]?.extra);
  return mark ? `input[${mark.at}]` : "input";
}

function partOfItemPath(request: GenerateRequest, index: number, at: number): string {
  const message = request.messages[index];
  const parts = message?.parts ?? [];
  const part = parts[at];
  const own = markOf(part?.extra);
  const path = own ? `input[${own.at}]` : itemPath(request, index);
  const kind = part?.kind.case;
  if (own?.whole || kind === "reasoning" || kind === "toolCall" || kind === "toolResult") return path;
  // `instructions` and an `input` that is one string have no parts.
  if (!path.endsWith("]")) return path;
  const before = own ? parts.slice(0, at).filter(({ extra }) => markOf(extra)?.at === own.at).length : at;
  return `${path}.content[${before}]`;
}
