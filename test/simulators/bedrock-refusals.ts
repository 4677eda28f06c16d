import { list, object, type Refusal, type Wire } from "./speech.ts";

const refused = (message: string): Refusal => ({ status: 400, message });

/** What Bedrock refuses before any model sees it. */
export function refusesConverse({ messages, toolConfig, inferenceConfig }: Wire): Refusal | undefined {
  const turns = list(messages);
  if (turns[0]?.role !== "user") {
    return refused(
      "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
    );
  }
  if (Number(object(inferenceConfig).temperature ?? 0) > 1) {
    return refused(
      "1 validation error detected: Value at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1",
    );
  }
  let waiting: readonly string[] = [];
  for (const [at, { role, content }] of turns.entries()) {
    if (at > 0 && role === turns[at - 1]!.role) {
      return refused(
        "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.",
      );
    }
    const blocks = list(content);
    if (blocks.length === 0) {
      return refused(
        `The content field in the Message object at messages.${at} is empty. Add a ContentBlock object to the content field and try again.`,
      );
    }
    const blank = blocks.findIndex(({ text }) => typeof text === "string" && text.trim() === "");
    if (blank !== -1) {
      return refused(
        `The text field in the ContentBlock object at messages.${at}.content.${blank} is blank. Add text to the text field, and try again.`,
      );
    }
    const uses = blocks.flatMap(({ toolUse }) => (toolUse ? [String(object(toolUse).toolUseId)] : []));
    const results = blocks.flatMap(({ toolResult }) => (toolResult ? [String(object(toolResult).toolUseId)] : []));
    if (uses.length + results.length > 0 && list(object(toolConfig).tools).length === 0) {
      return refused("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
    }
    const odd = [...uses, ...results].find((id) => !/^[a-zA-Z0-9_.:-]{1,64}$/.test(id));
    if (odd !== undefined) {
      return refused(`Value '${odd}' at 'toolUseId' failed to satisfy constraint: [a-zA-Z0-9_.:-]{1,64}`);
    }
    const missing = waiting.filter((id) => !results.includes(id));
    if (missing.length > 0) {
      return refused(`Expected toolResult blocks at messages.${at}.content for the following Ids: ${missing}`);
    }
    if (results.some((id) => !waiting.includes(id))) {
      return refused(
        `The number of toolResult blocks at messages.${at}.content exceeds the number of toolUse blocks of previous turn.`,
      );
    }
    waiting = uses;
  }
  if (waiting.length === 0) return undefined;
  return refused(`Expected toolResult blocks at messages.${turns.length}.content for the following Ids: ${waiting}`);
}
