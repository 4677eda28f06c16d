/*
 * Whoever signs or encrypts thoughts is the only one to accept them back. That is a vendor and not a wire format: Claude signs
 * alike at Anthropic, at Bedrock and at Vertex (https://platform.claude.com/docs/en/build-with-claude/extended-thinking), and
 * on chat it is Claude's thoughts that come signed. A maker goes by the name of the dialect of its own API.
 */
const makers: Readonly<Record<string, string>> = {
  "anthropic-messages": "anthropic-messages",
  "bedrock-converse": "anthropic-messages",
  "openai-chat": "anthropic-messages",
};

/** Who made a signature that came in this dialect and does not say: a `Part.origin`. */
export function makerIn(dialect: string): string {
  return Object.hasOwn(makers, dialect) ? makers[dialect]! : dialect;
}

/** Whether a target that speaks `to` may be handed what `origin` has made. */
export function isOwn(origin: string, to: string): boolean {
  return origin === to || (origin === "anthropic-messages" && to === "bedrock-converse");
}

/** Whether upstreams that speak this dialect sign thoughts and want them back. */
export function signs(dialect: string): boolean {
  return signing.has(dialect);
}

const signing = new Set(["anthropic-messages", "bedrock-converse", "gemini", "openai-responses"]);
