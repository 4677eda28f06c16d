import type { Dialect } from "../dialect.ts";
import { isSealed } from "../seal.ts";
import { listIn, objectIn } from "../wire.ts";

/** How Claude's APIs refuse a thought of an earlier turn, whichever cloud they are at. */
export const refusal =
  /signature.{1,9}in.{1,4}thinking|invalid.{1,3}data.{1,9}in.{1,4}redacted_thinking|thinking.{0,4}blocks.{0,60}cannot be modified|expected.{1,3}thinking.{1,6}or.{1,3}redacted_thinking|thinking\.(?:signature|thinking)/i;

export const thoughts: Dialect["thoughts"] = {
  refusal,
  areSealedIn: ({ messages }) =>
    (listIn(messages) ?? []).some((message) =>
      (listIn(objectIn(message)?.content) ?? []).some((block) => {
        const { signature, data } = objectIn(block) ?? {};
        return isSealed(signature) || isSealed(data);
      }),
    ),
};
