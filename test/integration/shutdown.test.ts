import http2 from "node:http2";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorSchema, Reason } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { ChatService } from "@pontage/gen/pontage/v1/chat_pb.ts";
import { Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../gateway/gateway.ts";
import { silent, slow, stuckAfter, stuckWhole } from "../simulators/behaviours.ts";
import { doors, framesIn, jsonOf, rawCall } from "./doors.ts";
import { openScene, poem, type Scene, upstreamNames } from "./scene.ts";

/*
 * G1: a gateway that is told to stop says so before it closes its port, drops no call it has admitted, and ends those that
 * it cannot wait for with an error, never with silence.
 */

let scene: Scene;
afterEach(() => scene.stop());

const upstreamOf = (name: string) => scene.upstreams.find((upstream) => upstream.name === name)!;
const [chatDoor] = doors;

async function ready(): Promise<{ status: number; missing: unknown }> {
  const response = await fetch(`${scene.gateway.baseUrl}/ready`);
  return { status: response.status, missing: ((await response.json()) as { missing: unknown }).missing };
}

describe("between the signal and the closing of the port", () => {
  const drainDelayMs = 1_000;
  const begin = () => {
    const beganAtMs = performance.now();
    const stopped = scene.gateway.gateway.stop(10_000, drainDelayMs);
    return { stopped, elapsedMs: () => performance.now() - beganAtMs };
  };

  test("G1: /ready says 503 at once and calls are still accepted; then the port closes and running calls end well", async () => {
    scene = await openScene();
    const { asked, own } = upstreamOf("chat").model(slow({ text: poem }, 100));
    expect(await ready()).toEqual({ status: 200, missing: [] });
    const before = scene.client.call(chatDoor!, asked, true);
    await until("the upstream has the call", () => upstreamOf("chat").simulator.requestsFor(own).length === 1);

    const { stopped, elapsedMs } = begin();
    expect(await ready()).toEqual({ status: 503, missing: ["stopping"] });
    const late: Promise<{ status: number; body: Buffer }>[] = [];
    while (elapsedMs() < drainDelayMs - 200) {
      late.push(scene.client.call(chatDoor!, asked, true));
      expect((await fetch(`${scene.gateway.baseUrl}/health`)).status).toBe(200);
      await sleep(100);
    }
    expect(late.length).toBeGreaterThan(3);
    await sleep(drainDelayMs + 50 - elapsedMs());
    await expect(fetch(`${scene.gateway.baseUrl}/health`)).rejects.toThrow("fetch failed");

    for (const answer of await Promise.all([before, ...late])) {
      expect(answer.status).toBe(200);
      const frames = framesIn(answer.body.toString("utf8"));
      expect(chatDoor!.textIn(frames)).toBe(poem);
      expect(chatDoor!.endsCleanly(frames)).toBe(true);
    }
    await stopped;
    const rows = await scene.gateway.rowsOfModel(own);
    expect(rows.map(({ outcome }) => outcome)).toEqual(Array.from({ length: late.length + 1 }, () => "ok"));
  });

  test("G1: an answer sends its client elsewhere: HTTP/1 by connection: close, also when the call was there before", async () => {
    scene = await openScene();
    const { asked, own } = upstreamOf("chat").model(slow({ text: poem }, 30));
    const before = scene.client.call(chatDoor!, asked, false); // its head comes with its end
    await until("the upstream has the call", () => upstreamOf("chat").simulator.requestsFor(own).length === 1);
    expect((await scene.client.send("/health", null, { method: "GET" })).headers.connection).toBe("keep-alive");
    const { stopped } = begin();
    expect((await scene.client.send("/health", null, { method: "GET" })).headers.connection).toBe("close");
    expect((await before).headers.connection).toBe("close");
    await stopped;
  });

  test("G1: an answer sends its client elsewhere: HTTP/2 by a GOAWAY that comes after the stream it answers", async () => {
    scene = await openScene();
    const { asked } = upstreamOf("chat").model(slow({ text: poem }, 20));
    const session = http2.connect(scene.gateway.baseUrl);
    const goaways: { code: number; lastStream: number; openStreams: number }[] = [];
    let openStreams = 0;
    session.on("goaway", (code, lastStream) => goaways.push({ code, lastStream, openStreams }));
    const ask = async () => {
      openStreams++;
      const request = session.request({
        ...{ ":method": "POST", ":path": chatDoor!.path, "content-type": "application/json" },
        authorization: `Bearer ${scene.gateway.apiKey}`,
      });
      request.end(JSON.stringify(chatDoor!.body(asked, true)));
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      openStreams--;
      return { id: request.id!, clean: chatDoor!.endsCleanly(framesIn(Buffer.concat(chunks).toString("utf8"))) };
    };
    expect((await ask()).clean).toBe(true);
    expect(goaways).toEqual([]);
    const { stopped, elapsedMs } = begin();
    const [first, second] = await Promise.all([ask(), ask()]); // a burst: neither is refused for the other's sake
    expect([first.clean, second.clean]).toEqual([true, true]);
    expect(goaways).toEqual([{ code: 0, lastStream: second.id, openStreams: 2 }]);
    expect(elapsedMs()).toBeLessThan(drainDelayMs);
    await stopped;
  });
});

test("G1: a client that uses its connection again at the last moment is answered, and a quiet one holds nothing up", async () => {
  scene = await openScene();
  const { asked, own } = upstreamOf("chat").model(slow({ text: "Hello" }, 30));
  const sockets = Array.from({ length: 8 }, () => net.connect(scene.gateway.port, "127.0.0.1"));
  const answers = sockets.map(() => "");
  for (const [at, socket] of sockets.entries()) {
    socket.setEncoding("utf8").on("data", (text: string) => {
      answers[at] += text;
    });
    socket.write(rawCall(scene.gateway, chatDoor!, asked, true));
  }
  const silentOne = net.connect(scene.gateway.port, "127.0.0.1"); // says nothing at all, as browsers do in advance
  const silentOneClosed = new Promise((resolve) => silentOne.resume().once("close", resolve));
  await until("all have their head", () => answers.every((text) => text.includes("data:")));
  const stopped = scene.gateway.gateway.stop(10_000);
  // Their heads promised to keep the connection, so each of them sends its next call as soon as it has its answer.
  const ends = (text: string) => text.split("[DONE]").length - 1;
  await Promise.all(
    sockets.map(async (socket, at) => {
      await until("the answer has ended", () => answers[at]!.includes("\r\n0\r\n\r\n"));
      await sleep(at * 30);
      socket.write(rawCall(scene.gateway, chatDoor!, asked, true));
    }),
  );
  const secondAtMs = performance.now();
  await stopped;
  expect(answers.map(ends)).toEqual(sockets.map(() => 2));
  await silentOneClosed;
  expect(performance.now() - secondAtMs).toBeLessThan(3_000);
  expect((await scene.gateway.rowsOfModel(own)).every(({ outcome }) => outcome === "ok")).toBe(true);
});

describe("when the grace is over", () => {
  const graceMs = 300;
  const partOfPoem = stuckAfter({ text: poem }, 6);

  for (const name of upstreamNames) {
    test(`G1: streams from the ${name} upstream end in an error of their dialect, are cancelled and are billed as partial`, async () => {
      scene = await openScene();
      const { simulator } = upstreamOf(name);
      const { asked, own } = upstreamOf(name).model(partOfPoem);
      const request = {
        model: asked,
        messages: [{ role: Role.USER, parts: [{ kind: { case: "text" as const, value: { text: "Hello" } } }] }],
      };
      const headers = { "x-api-key": scene.gateway.apiKey };
      const { baseUrl } = scene.gateway;
      const rpcs = [
        createConnectTransport({ httpVersion: "1.1", baseUrl }),
        createConnectTransport({ httpVersion: "2", baseUrl }),
        createGrpcTransport({ baseUrl }),
      ].map((transport) => createClient(ChatService, transport));

      const streams = doors.map((door) => ({ door, answer: scene.client.call(door, asked, true) }));
      const rpcStreams = rpcs.map(async (client) => {
        const items: (string | undefined)[] = [];
        try {
          for await (const { item } of client.streamChat({ request }, { headers })) items.push(item.case);
        } catch (error) {
          return { items, error: ConnectError.from(error) };
        }
        return { items, error: undefined };
      });
      const calls = streams.length + rpcStreams.length;
      await until("the upstream has all calls", () => simulator.requestsFor(own).length === calls);
      await sleep(100);

      const beganAtMs = performance.now();
      const stopped = scene.gateway.gateway.stop(graceMs);
      for (const { door, answer } of streams) {
        const { status, body } = await answer;
        const text = body.toString("utf8");
        const frames = framesIn(text);
        expect(status).toBe(200);
        expect(door.textIn(frames.slice(0, -1)).length, "it had begun").toBeGreaterThan(0);
        expect(door.endsInError(frames), text).toBe(true);
        expect(door.endsCleanly(frames)).toBe(false);
        expect(frames.at(-1)!.data).toContain("shutting down");
      }
      for (const { items, error } of await Promise.all(rpcStreams)) {
        expect(items.length, "it had begun").toBeGreaterThan(0);
        expect(items).not.toContain("receipt");
        expect(error?.code).toBe(Code.Unavailable);
        expect(error?.findDetails(ErrorSchema)[0]).toMatchObject({ reason: Reason.SHUTTING_DOWN, retryAfterMs: 1_000 });
      }
      expect(performance.now() - beganAtMs, "the grace is given in full").toBeGreaterThanOrEqual(graceMs - 5);
      expect(simulator.requestsFor(own).every(({ closedByPeerAtMs }) => closedByPeerAtMs !== undefined)).toBe(true);
      await stopped;
      expect(performance.now() - beganAtMs, "nobody is waited for any longer").toBeLessThan(graceMs + 2_000);

      const rows = await scene.gateway.rowsOfModel(own);
      expect(rows).toHaveLength(calls);
      for (const row of rows) {
        expect(row).toMatchObject({ outcome: "partial", reason: "SHUTTING_DOWN", usageSource: "estimated" });
        expect(row.outputTokens! > 0n).toBe(true);
      }
      const { problems } = await scene.gateway.store.ledger.verify();
      expect(problems).toEqual([]);
    });
  }

  test("G1: an answer that is complete stays so, though its upstream has not hung up", async () => {
    scene = await openScene();
    const { asked, own } = upstreamOf("chat").model(stuckAfter({ text: poem }, 1_000));
    const answers = doors.map((door) => scene.client.call(door, asked, true));
    await until("the upstream has all calls", () => scene.upstreamCalls() === doors.length);
    await sleep(100);
    const stopped = scene.gateway.gateway.stop(graceMs);
    for (const [at, { body }] of (await Promise.all(answers)).entries()) {
      const frames = framesIn(body.toString("utf8"));
      expect(doors[at]!.textIn(frames)).toBe(poem);
      expect(doors[at]!.endsCleanly(frames)).toBe(true);
      expect(doors[at]!.endsInError(frames)).toBe(false);
    }
    await stopped;
    expect((await scene.gateway.rowsOfModel(own)).map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  });

  for (const door of doors) {
    test(`G1: ${door.dialect}: who has heard nothing yet is refused with 503 and the time to try again`, async () => {
      scene = await openScene();
      const models = [
        { stream: true, ...upstreamOf("chat").model(silent()) },
        { stream: false, ...upstreamOf("chat").model(silent()) },
        { stream: false, ...upstreamOf("messages").model(stuckWhole({ text: poem })) },
      ];
      const answers = models.map(({ asked, stream }) => scene.client.call(door, asked, stream));
      await until("the upstreams have all calls", () => scene.upstreamCalls() === models.length);
      await sleep(50);
      const stopped = scene.gateway.gateway.stop(graceMs);
      for (const answer of await Promise.all(answers)) {
        expect(answer.status).toBe(503);
        expect(answer.headers).toMatchObject({ "retry-after": "1", connection: "close" });
        expect(door.errorIn(jsonOf(answer))).toContain("shutting down");
      }
      await stopped;
      for (const { own } of models) {
        const rows = await scene.gateway.rowsOfModel(own);
        expect(rows).toMatchObject([{ outcome: "partial", reason: "SHUTTING_DOWN" }]);
      }
    });
  }
});
