import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../gateway/gateway.ts";
import { errorFirst, inTurn } from "../simulators/behaviours.ts";
import { bytesOf } from "../simulators/speech.ts";
import { doors, framesIn, jsonOf, rawCall } from "./doors.ts";
import { nightly, openScene, poem, type Scene, upstreamNames } from "./scene.ts";

/*
 * S1: the status line waits for the first event of the upstream, and no attempt starts after it.
 */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

const upstreamOf = (name: string) => scene.upstreams.find((upstream) => upstream.name === name)!;

for (const door of doors) {
  for (const name of upstreamNames) {
    describe(`${door.dialect} client, ${name} upstream`, () => {
      test("the head waits for the first event", async () => {
        const gate = Promise.withResolvers<void>();
        const { asked, own } = upstreamOf(name).model(async ({ response, speech, wire }) => {
          response.writeHead(200, { "content-type": speech.streamType });
          response.flushHeaders();
          await gate.promise;
          for (const frame of speech.frames({ text: poem }, wire)) response.write(frame);
          response.end();
        });
        const socket = net.connect(scene.gateway.port, "127.0.0.1");
        let seen = "";
        socket.on("data", (chunk: Buffer) => {
          seen += chunk.toString("latin1");
        });
        socket.write(rawCall(scene.gateway, door, asked, true));
        await until("the upstream has the request", () => upstreamOf(name).simulator.requestsFor(own).length === 1);
        await sleep(150);
        expect(seen, "not a byte before the upstream said something").toBe("");
        gate.resolve();
        await until("the answer", () => seen.includes("200 OK") && seen.includes("cost_usd"));
        socket.destroy();
      });

      for (const [status, shown] of [
        [400, 400],
        [429, 429],
        [500, 500],
        [529, door.dialect === "anthropic-messages" ? 529 : 503],
      ] as const) {
        test(`error ${status} as the first event is a real status`, async () => {
          const { asked, own } = upstreamOf(name).model(errorFirst(status));
          const answer = await scene.client.call(door, asked, true);
          expect(answer.headers["content-type"]).toBe("application/json");
          expect(door.errorIn(jsonOf(answer))).toContain("on purpose");
          // OpenAI's errors name no status in a stream, so there the gateway can only tell what kind it is.
          if (name === "messages") expect(answer.status).toBe(shown);
          else expect(answer.status).toBeGreaterThanOrEqual(400);
          const rows = await scene.gateway.rowsOfModel(own);
          expect(rows.length).toBe(upstreamOf(name).simulator.requestsFor(own).length);
          expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(["upstream_error"]));
        });
      }

      test("comments before the first event do not open the answer", async () => {
        const { asked } = upstreamOf(name).model(async (exchange) => {
          const { response, speech } = exchange;
          response.writeHead(200, { "content-type": speech.streamType });
          response.flushHeaders();
          const isSse = speech.streamType.startsWith("text/event-stream");
          for (const waitMs of [80, 40]) {
            // The other framings have nothing to say without an event.
            if (isSse) response.write(": still thinking\n\n");
            await sleep(waitMs);
          }
          response.end(speech.errorFrame(speech.error(400, "on purpose"), 400));
        });
        const answer = await scene.client.call(door, asked, true);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        door.errorIn(jsonOf(answer));
      });

      test("nothing is tried again after the first byte", async () => {
        const { asked, own } = upstreamOf(name).model(
          inTurn(
            ({ response, speech, wire }) => {
              response.writeHead(200, { "content-type": speech.streamType });
              response.write(bytesOf(speech.frames({ text: poem }, wire).slice(0, 6)), () => response.destroy());
            },
            { text: poem },
          ),
        );
        const answer = await scene.client.call(door, asked, true);
        expect(answer.status).toBe(200);
        const frames = framesIn(answer.body.toString("utf8"));
        expect(door.endsCleanly(frames)).toBe(false);
        expect(door.endsInError(frames)).toBe(true);
        expect(upstreamOf(name).simulator.requestsFor(own)).toHaveLength(1);
        expect((await scene.gateway.rowsOfModel(own)).map(({ outcome }) => outcome)).toEqual(["upstream_error"]);
      });

      test.runIf(nightly)("a client gets its head after ten seconds, whatever the upstream does", async () => {
        const { asked } = upstreamOf(name).model(async ({ response, speech, wire }) => {
          response.writeHead(200, { "content-type": speech.streamType });
          response.flushHeaders();
          await sleep(10_500);
          response.end(bytesOf(speech.frames({ text: poem }, wire)));
        });
        const startMs = performance.now();
        const socket = net.connect(scene.gateway.port, "127.0.0.1");
        let headAtMs = 0;
        let seen = "";
        socket.on("data", (chunk: Buffer) => {
          headAtMs ||= performance.now() - startMs;
          seen += chunk.toString("latin1");
        });
        socket.write(rawCall(scene.gateway, door, asked, true));
        await until("the answer", () => seen.includes("cost_usd"), 20_000);
        expect(headAtMs).toBeLessThan(10_500);
        expect(headAtMs).toBeGreaterThan(9_500);
        socket.destroy();
      });
    });
  }
}
