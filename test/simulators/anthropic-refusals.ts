import { list, names, object, type Refusal, unknownField, type Wire } from "./speech.ts";

const refused = (message: string): Refusal => ({ status: 400, message });

const fields = names(`model messages max_tokens system tools tool_choice stop_sequences stream temperature top_k top_p
  metadata thinking service_tier container context_management mcp_servers output_config output_format cache_control
  inference_geo speed betas`);

/** What Anthropic refuses: https://platform.claude.com/docs/en/api/errors and the guide to tool use. */
export function refusesMessages(request: Wire, counting: boolean): Refusal | undefined {
  const unknown = unknownField(request, fields);
  if (unknown !== undefined) return refused(`${unknown}: Extra inputs are not permitted`);
  if (counting) {
    if (request.max_tokens !== undefined) return refused("max_tokens: Extra inputs are not permitted");
  } else if (typeof request.max_tokens !== "number") return refused("max_tokens: Field required");
  const messages = list(request.messages);
  if (messages.length === 0) return refused("messages: at least one message is required");
  const budget = object(request.thinking).budget_tokens;
  if (typeof budget === "number" && budget < 1024) {
    return refused("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
  }
  if (typeof budget === "number" && !counting && budget >= (request.max_tokens as number)) {
    return refused("`max_tokens` must be greater than `thinking.budget_tokens`.");
  }
  return refusesTurns(messages);
}

function refusesTurns(messages: readonly Wire[]): Refusal | undefined {
  let waiting: readonly string[] = [];
  for (const [at, { role, content }] of messages.entries()) {
    if (role !== "user" && role !== "assistant") {
      return refused(`messages.${at}.role: Input should be 'user' or 'assistant'`);
    }
    const blocks = list(content);
    const empty = blocks.findIndex(({ type, text }) => type === "text" && text === "");
    if (empty !== -1 || content === "") return refused("messages: text content blocks must be non-empty");
    const results = blocks.filter(({ type }) => type === "tool_result").map(({ tool_use_id: id }) => String(id));
    const stray = results.find((id) => !waiting.includes(id));
    if (stray !== undefined) {
      return refused(
        `messages.${at}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    }
    const missing = waiting.filter((id) => !results.includes(id));
    // Results after other words do not count as an answer.
    const late = blocks.slice(0, results.length).some(({ type }) => type !== "tool_result");
    if (missing.length > 0 || (waiting.length > 0 && late)) return unanswered(at - 1, late ? waiting : missing);
    waiting = role === "assistant" ? blocks.filter(({ type }) => type === "tool_use").map(({ id }) => String(id)) : [];
    const odd = waiting.find((id) => !/^[a-zA-Z0-9_-]+$/.test(id));
    if (odd !== undefined) return refused(`messages.${at}.content: String should match pattern '^[a-zA-Z0-9_-]+$'`);
  }
  return waiting.length > 0 ? unanswered(messages.length - 1, waiting) : undefined;
}

function unanswered(at: number, ids: readonly string[]): Refusal {
  return refused(
    `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  );
}
