import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../gateway/gateway.ts";
import { inTurn, refuse, silent, stuckAfter } from "../simulators/behaviours.ts";
import type { Behaviour } from "../simulators/simulator.ts";
import { answer } from "../simulators/simulator.ts";
import { framesIn, rawCall } from "./doors.ts";
import { openScene, pairs, poem, type Scene } from "./scene.ts";

/*
 * A client of a stream hears something from the gateway when nothing comes from the upstream, so that nothing between them
 * takes the silence for an end. What takes minutes in the world takes a second here: every wait is a two hundredth.
 */

const keepAliveMs = 50;
const silenceMs = 900;
const proxyIdleMs = 300;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ limits: { stalledClientMs: 60_000, keepAliveMs } });
});
afterAll(() => scene.stop());

const upstreamOf = (name: string) => scene.upstreams.find((upstream) => upstream.name === name)!;

/** Thinks for a long time before it says so much as a status. */
const thinks =
  (then: Behaviour): Behaviour =>
  async (exchange) => {
    await sleep(silenceMs);
    await then(exchange);
  };

/** A proxy that closes a connection on which nothing comes back for a while, as load balancers do. */
async function impatientProxy(port: number): Promise<{ readonly port: number; close(): void }> {
  const server = net.createServer((client) => {
    const gateway = net.connect(port, "127.0.0.1");
    gateway.setTimeout(proxyIdleMs, () => client.destroy());
    client.pipe(gateway);
    gateway.pipe(client);
    client.on("error", () => gateway.destroy()).on("close", () => gateway.destroy());
    gateway.on("error", () => client.destroy()).on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as net.AddressInfo).port, close: () => server.close() };
}

for (const [door, name] of pairs) {
  describe(`${door.dialect} client, ${name} upstream`, () => {
    test("a client that waits between two events hears that the gateway is there", async () => {
      const { asked } = upstreamOf(name).model(stuckAfter({ text: poem }, 4));
      const socket = net.connect(scene.gateway.port, "127.0.0.1");
      let seen = "";
      socket.on("data", (chunk: Buffer) => {
        seen += chunk.toString("latin1");
      });
      socket.write(rawCall(scene.gateway, door, asked, true));
      await until("two signs of life", () => (seen.match(/: keep-alive\n\n/g) ?? []).length >= 2);
      socket.destroy();
    });

    test("an upstream that says nothing for longer than a proxy has patience is waited for", async () => {
      const { asked } = upstreamOf(name).model(thinks(answer({ text: poem })));
      const { status, body } = await scene.client.call(door, asked, true);
      expect(status).toBe(200);
      const said = body.toString("utf8");
      expect(said.startsWith(": keep-alive\n\n")).toBe(true);
      expect(door.endsCleanly(framesIn(said))).toBe(true);
    });

    test("what fails after that is told in the stream, and not tried again", async () => {
      const { asked, own } = upstreamOf(name).model(inTurn(thinks(refuse(500)), { text: poem }));
      const { status, body } = await scene.client.call(door, asked, true);
      expect(status).toBe(200);
      const frames = framesIn(body.toString("utf8"));
      expect(door.endsInError(frames)).toBe(true);
      expect(door.endsCleanly(frames)).toBe(false);
      expect(upstreamOf(name).simulator.requestsFor(own)).toHaveLength(1);
      expect((await scene.gateway.rowsOfModel(own)).map(({ outcome }) => outcome)).toEqual(["upstream_error"]);
    });

    test("a client that leaves during it is noticed", async () => {
      const { asked, own } = upstreamOf(name).model(silent());
      const socket = net.connect(scene.gateway.port, "127.0.0.1");
      socket.write(rawCall(scene.gateway, door, asked, true));
      await once(socket, "data");
      socket.destroy();
      const [request] = upstreamOf(name).simulator.requestsFor(own);
      await until("the upstream is left", () => request!.closedByPeerAtMs !== undefined);
    });
  });
}

test.each([
  ["before its head", thinks(answer({ text: poem }))],
  [
    "in the middle",
    async ({ response, speech, wire }) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const frames = speech.frames({ text: poem }, wire);
      for (const [at, frame] of frames.entries()) {
        if (at === 3) await sleep(silenceMs);
        response.write(frame);
      }
      response.end();
    },
  ],
] satisfies [string, Behaviour][])(
  "OpenAI's client behind a proxy survives an upstream that is silent %s",
  async (_, behaviour) => {
    const proxy = await impatientProxy(scene.gateway.port);
    const client = new OpenAI({
      baseURL: `http://127.0.0.1:${proxy.port}/v1`,
      apiKey: scene.gateway.apiKey,
      maxRetries: 0,
    });
    const { asked } = upstreamOf("messages").model(behaviour);
    let said = "";
    const stream = await client.chat.completions.create({
      model: asked,
      stream: true,
      messages: [{ role: "user", content: "Think." }],
    });
    for await (const { choices } of stream) said += choices[0]?.delta.content ?? "";
    expect(said).toBe(poem);
    proxy.close();
  },
);
