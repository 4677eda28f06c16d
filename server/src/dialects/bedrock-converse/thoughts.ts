import { refusal } from "../anthropic-messages/thoughts.ts";
import type { Dialect } from "../dialect.ts";
import { isSealed } from "../seal.ts";
import { listIn, objectIn, stringIn } from "../wire.ts";
import { redactedText } from "./redacted.ts";

export const thoughts: Dialect["thoughts"] = {
  refusal,
  areSealedIn: ({ messages }) =>
    (listIn(messages) ?? []).some((message) =>
      (listIn(objectIn(message)?.content) ?? []).some((block) => {
        const thought = objectIn(objectIn(block)?.reasoningContent);
        if (thought === undefined) return false;
        const redacted = stringIn(thought.redactedContent);
        return isSealed(objectIn(thought.reasoningText)?.signature) || (redacted && isSealed(redactedText(redacted)));
      }),
    ),
};
