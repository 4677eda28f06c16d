import { describe, expect, test } from "vitest";
import { LossReport } from "../../server/src/canonical/loss.ts";
import { dialectOf, dialects } from "../../server/src/dialects/index.ts";
import { eventsOf } from "./recordings.ts";

/* What `fuzz.test.ts` has found, each with its story. */

/*
 * A server that has words for a code gives a number or a text. One gave an object, and the gateway asked it for its number,
 * which throws for an object that has a `toString` of its own: the call was never answered.
 */
test.each(dialects)("$id: an error whose code is no code is an error all the same", (dialect) => {
  const body = '{"error":{"message":"no","code":{"toString":1,"valueOf":1}}}';
  const error = dialect.error.decode(500, {}, body);
  expect(error.status).toBe(500);
  expect(dialect.error.encode(error, "req_1").status).toBeGreaterThanOrEqual(500);
});

/*
 * Tables of a vendor's words were objects, and objects know words of their own. An error of the type `constructor` had a
 * function for a status; an effort of that name became a budget of no number; a cache mark of that lifetime lived for an hour.
 */
describe("words that every object knows", () => {
  const words = ["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__"];

  test.each(words)("an error of the type and code `%s` has the status it came with", (word) => {
    const body = JSON.stringify({ error: { message: "no", type: word, code: word } });
    for (const { error } of dialects) {
      expect(error.decode(500, {}, body).status).toBe(500);
      expect(error.decode(200, {}, body).status).toBe(502);
    }
  });

  test.each(words)("`%s` is no effort anybody knows, and no lifetime of a cache", (word) => {
    const content = [{ type: "text", text: "Hello", cache_control: { type: "ephemeral", ttl: word } }];
    const chat = { model: "m", messages: [{ role: "user", content }], reasoning_effort: word };
    const decoded = dialectOf("openai-chat").request.decode(chat);
    expect(decoded.messages[0]!.parts[0]!.cache).toBeUndefined();
    for (const model of ["gemini-2.5-pro", "gemini-3-pro", "openai.gpt-oss-120b-1:0", "m"]) {
      for (const { request } of dialects) {
        const context = { model, stream: false, askUsage: true, outputLimit: 4096, losses: new LossReport() };
        const text = JSON.stringify(request.encode(decoded, context), (_, value) => {
          expect(typeof value).not.toBe("function");
          expect(value).not.toBeNaN();
          return value as unknown;
        });
        expect(text).not.toContain('"1h"');
      }
    }
  });
});

/*
 * Cohere's stream can fail with an event named `error`. One that gave another reason than ERROR beside it was taken for no
 * failure, so that the decoder threw nothing at all, by `throw`.
 */
test("cohere-chat: an event named error is a failure, whatever reason it gives", () => {
  const dialect = dialectOf("cohere-chat");
  const frame = { event: "error", data: '{"type":"error","delta":{"finish_reason":"COMPLETE"}}' };
  expect(eventsOf(dialect, [frame]).map(({ event }) => event.case)).toEqual(["failed"]);
  const tally = dialect.stream.tally({ hideUsage: true });
  tally.read(frame);
  expect(tally).toMatchObject({ ended: false, failure: { status: 502 } });
});
