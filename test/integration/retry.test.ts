import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { errorFirst, inTurn, refuse, reset, say } from "../simulators/behaviours.ts";
import type { Behaviour } from "../simulators/simulator.ts";
import { doors } from "./doors.ts";
import { openScene, poem, type Scene, upstreamNames } from "./scene.ts";

/*
 * S2: one more attempt before the first byte, a row for each, and no storm when everything fails.
 */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

const upstreamOf = (name: string) => scene.upstreams.find((upstream) => upstream.name === name)!;

/** A retry is paid for by ten calls. */
async function earnRetries(count: number): Promise<void> {
  await Promise.all(Array.from({ length: count * 10 }, () => scene.client.call(doors[0]!, "sim/echo", false)));
}

const worthAnother: readonly (readonly [string, boolean, Behaviour])[] = [
  ["status 500", true, refuse(500)],
  ["status 500", false, refuse(500)],
  ["status 503", true, refuse(503)],
  ["status 529", false, refuse(529)],
  ["a short wait that is asked for", false, refuse(503, { "retry-after-ms": "20" })],
  ["a broken connection", true, reset()],
  ["a broken connection", false, reset()],
  ["an overload in the stream", true, errorFirst(529)],
];

/** What the gateway leaves at one attempt, and whether the client should make another. */
const final: readonly (readonly [string, Behaviour, boolean])[] = [
  ["status 400", refuse(400), false],
  ["status 401", refuse(401), false],
  ["status 404", refuse(404), false],
  ["status 429", refuse(429), true],
  ["a long wait that is asked for", refuse(503, { "retry-after": "30" }), true],
  ["the provider's own word against it", refuse(503, { "x-should-retry": "false" }), false],
  ["garbage", say("{", "application/json"), true],
];

for (const door of doors) {
  for (const name of upstreamNames) {
    describe.concurrent(`${door.dialect} client, ${name} upstream`, () => {
      beforeEach(() => earnRetries(2));

      for (const [what, stream, failure] of worthAnother) {
        test(`${what} is tried once more, ${stream ? "streamed" : "whole"}`, async () => {
          const { asked, own } = upstreamOf(name).model(inTurn(failure, { text: poem }));
          const answer = await scene.client.call(door, asked, stream);
          expect(answer.status).toBe(200);
          // A stream's head is written before the attempt has ended, so it counts those that have.
          const [first, second] = upstreamOf(name).simulator.requestsFor(own);
          expect(second?.body.equals(first!.body), "the same request").toBe(true);
          const rows = await scene.gateway.rowsOfModel(own);
          expect(rows.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
            [1n, "upstream_error"],
            [2n, "ok"],
          ]);
          expect(new Set(rows.map(({ requestId }) => requestId))).toEqual(new Set([answer.headers["x-request-id"]]));
        });
      }

      for (const [what, failure, again] of final) {
        test(`${what} is not tried again`, async () => {
          const { asked, own } = upstreamOf(name).model(inTurn(failure, { text: poem }));
          const answer = await scene.client.call(door, asked, false);
          expect(answer.status).toBeGreaterThanOrEqual(400);
          expect(answer.headers["x-should-retry"]).toBe(String(again));
          expect(upstreamOf(name).simulator.requestsFor(own)).toHaveLength(1);
          expect((await scene.gateway.rowsOfModel(own)).map(({ outcome }) => outcome)).toEqual(["upstream_error"]);
        });
      }

      test("a client is told not to try what was tried twice", async () => {
        const { asked, own } = upstreamOf(name).model(refuse(500));
        const answer = await scene.client.call(door, asked, false);
        expect(answer.status).toBe(500);
        expect(answer.headers["x-should-retry"]).toBe("false");
        expect(answer.headers["x-pontage-attempts"]).toBe("2");
        expect(await scene.gateway.rowsOfModel(own)).toHaveLength(2);
      });
    });
  }
}

test("when everything fails, retries stay a tenth of the calls", async () => {
  await earnRetries(10); // as many as can be saved up
  const { asked, own } = upstreamOf("chat").model(refuse(500));
  const calls = 60;
  await Promise.all(Array.from({ length: calls }, () => scene.client.call(doors[0]!, asked, false)));
  const attempts = upstreamOf("chat").simulator.requestsFor(own).length;
  expect(attempts).toBeGreaterThan(calls);
  expect(attempts).toBeLessThanOrEqual(calls + 10 + calls / 10);
  expect(await scene.gateway.rowsOfModel(own)).toHaveLength(attempts);
});
