import type { JsonObject } from "@bufbuild/protobuf";
import { listIn, objectIn } from "../wire.ts";

export type BlockKind = "thought" | "call" | "result" | undefined;

/**
 * Whether the turn that a request goes on with calls tools and does not begin with a thought. Claude then refuses to think
 * on a budget, and models that choose for themselves do not mind.
 * https://platform.claude.com/docs/en/build-with-claude/extended-thinking#extended-thinking-with-tool-use
 */
export function lacksItsThought(messages: readonly JsonObject[], kindOf: (block: JsonObject) => BlockKind): boolean {
  const kindsOf = ({ content }: JsonObject) => (listIn(content) ?? []).map((block) => kindOf(objectIn(block) ?? {}));
  const start = messages.findLastIndex((turn) => turn.role === "user" && !kindsOf(turn).includes("result")) + 1;
  const said = messages.slice(start).filter(({ role }) => role === "assistant");
  const [first] = said;
  return first !== undefined && kindsOf(first)[0] !== "thought" && said.some((turn) => kindsOf(turn).includes("call"));
}
