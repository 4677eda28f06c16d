import http2 from "node:http2";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../gateway/gateway.ts";
import { endless } from "../simulators/behaviours.ts";
import type { Behaviour } from "../simulators/simulator.ts";
import { transportsTo } from "./clients.ts";
import { type Door, doors, framesIn, rawCall } from "./doors.ts";
import { openScene, type Scene, upstreamNames } from "./scene.ts";

/*
 * S6: a client that stops reading stops its upstream, costs little memory, and is cut off after a while; one that is merely
 * slow gets every byte.
 */

const stalledClientMs = 1_200;
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ limits: { stalledClientMs, keepAliveMs: 60_000 } });
});
afterAll(() => scene.stop());

const upstreamOf = (name: string) => scene.upstreams.find((upstream) => upstream.name === name)!;

v8.setFlagsFromString("--expose-gc");
const collectGarbage = vm.runInNewContext("gc") as () => void;

async function memoryInUse(): Promise<number> {
  // Buffers are let go by a sweeper of their own, some time after their owners.
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What the gateway's sockets hold: read from the upstream and not passed on, and written but not taken by the client. */
function heldBytes(gatewayPort: number, upstreamPort: number): number {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): unknown[] };
  const sockets = handles().filter((handle) => handle instanceof net.Socket);
  return sockets
    .map(({ localPort, remotePort, writableLength, readableLength }) => {
      if (localPort === gatewayPort) return writableLength;
      return remotePort === upstreamPort ? readableLength : 0;
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Waits until the upstream sends no more, and answers how much it has sent to each. */
async function untilItStops(sent: () => readonly number[]): Promise<readonly number[]> {
  let before = sent();
  let stillSince = performance.now();
  await until("the upstream is paused", () => {
    const now = sent();
    if (now.length !== before.length || now.some((bytes, at) => bytes !== before[at])) stillSince = performance.now();
    before = now;
    return performance.now() - stillSince > 200;
  });
  return before;
}

interface Stalled {
  readonly gone: () => boolean;
  end(): void;
}

/** Clients that ask and then never read. */
const stalls: Readonly<Record<string, (scene: Scene, door: Door, model: string) => Stalled>> = {
  "HTTP/1.1": ({ gateway }, door, model) => {
    const socket = net.connect(gateway.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(rawCall(gateway, door, model, true));
    // A paused socket does not see its end. Reading on shows whether the other side has hung up.
    let gone = false;
    socket.on("close", () => {
      gone = true;
    });
    return { gone: () => gone, end: () => socket.resume() };
  },
  "HTTP/2": ({ gateway }, door, model) => {
    const session = http2.connect(gateway.baseUrl);
    session.on("error", () => {});
    const request = session.request({
      ...{ ":method": "POST", ":path": door.path, "content-type": "application/json" },
      authorization: `Bearer ${gateway.apiKey}`,
    });
    let gone = false;
    request.on("error", () => {});
    request.on("close", () => {
      gone = true;
      session.destroy();
    });
    request.pause();
    request.end(JSON.stringify(door.body(model, true)));
    return { gone: () => gone, end: () => request.resume() };
  },
};

for (const [transport, stall] of Object.entries(stalls)) {
  for (const door of doors) {
    // In the upstream's dialect, where bytes pass, and across dialects, where every event is written anew.
    for (const name of ["chat"] as const) {
      test(`${transport}, ${door.dialect} client, ${name} upstream: who stops reading stops the upstream and is cut off`, async () => {
        const { simulator } = upstreamOf(name);
        const clients = 8;
        const { asked, own } = upstreamOf(name).model(endless(2_048));
        const before = await memoryInUse();
        const stalled = Array.from({ length: clients }, () => stall(scene, door, asked));
        await until("the upstream has all requests", () => simulator.requestsFor(own).length === clients);
        const received = simulator.requestsFor(own);
        await untilItStops(() => received.map(({ sentBytes }) => sentBytes));
        expect(
          received.every(({ closedByPeerAtMs }) => closedByPeerAtMs === undefined),
          "paused and not cut",
        ).toBe(true);
        const each = Math.max(0, (await memoryInUse()) - before) / clients;
        const held = heldBytes(scene.gateway.port, Number(new URL(simulator.url).port)) / clients;
        console.log(
          `${transport} ${door.dialect} <- ${name}: ${Math.round(held / 1024)} KiB of a stalled answer in the gateway's sockets, ${Math.round(each / 1024)} KiB in the whole process`,
        );
        expect(held).toBeLessThanOrEqual(256 * 1024);
        // The upstream and the client are in this process too, and what an answer is copied into has slack. An answer that
        // was not stopped would be tens of megabytes.
        expect(each).toBeLessThan(1024 * 1024);

        await until(
          "the upstream is let go",
          () => received.every(({ closedByPeerAtMs }) => closedByPeerAtMs !== undefined),
          stalledClientMs + 5_000,
        );
        for (const client of stalled) client.end();
        await until("the clients are cut off", () => stalled.every(({ gone }) => gone()));
        const rows = await scene.gateway.rowsOfModel(own);
        expect(rows.map(({ outcome }) => outcome)).toEqual(Array.from({ length: clients }, () => "partial"));
      });
    }
  }
}

for (const name of upstreamNames) {
  test(`gRPC, ${name} upstream: who stops reading stops the upstream`, async () => {
    const { simulator } = upstreamOf(name);
    const grpc = transportsTo(scene.gateway).find((transport) => transport.name.startsWith("gRPC"))!;
    const { asked, own } = upstreamOf(name).model(endless(2_048));
    const call = grpc.begin(doors[0]!, asked, true, { paused: true });
    await until("the upstream has the request", () => simulator.requestsFor(own).length === 1);
    const received = simulator.requestsFor(own);
    await untilItStops(() => received.map(({ sentBytes }) => sentBytes));
    expect(received[0]!.closedByPeerAtMs).toBeUndefined();
    call.leave();
    await until("the upstream sees it leave", () => received[0]!.closedByPeerAtMs !== undefined);
    grpc.close();
    expect((await scene.gateway.rowsOfModel(own)).map(({ outcome }) => outcome)).toEqual(["partial"]);
  });
}

/** A long text, numbered, so that a lost, doubled or moved piece would show. */
const lines = Array.from({ length: 20_000 }, (_, line) => `line ${line} `);
const long: Behaviour = async ({ response, speech, wire }) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const frames = speech.frames({ text: "x" }, wire);
  const at = frames.findIndex((frame) => /"(content|text)":"x"/.test(frame));
  const all = [...frames.slice(0, at), ...lines.map((line) => frames[at]!.replace('"x"', JSON.stringify(line)))];
  for (const frame of [...all, ...frames.slice(at + 1)]) {
    if (!response.write(frame)) await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
};

describe.concurrent("a slow reader gets every byte", () => {
  for (const door of doors) {
    for (const name of upstreamNames) {
      test(`${door.dialect} client, ${name} upstream`, async () => {
        const { asked } = upstreamOf(name).model(long);
        const socket = net.connect(scene.gateway.port, "127.0.0.1");
        const call = rawCall(scene.gateway, door, asked, true).replace("\r\n", "\r\nconnection: close\r\n");
        socket.write(call);
        const chunks: Buffer[] = [];
        let read = 0;
        for await (const chunk of socket) {
          chunks.push(chunk as Buffer);
          const before = read;
          read += (chunk as Buffer).length;
          if (Math.floor(before / 400_000) !== Math.floor(read / 400_000)) await sleep(20);
        }
        const frames = framesIn(unchunked(Buffer.concat(chunks)).toString("utf8"));
        expect(door.endsCleanly(frames)).toBe(true);
        expect(door.textIn(frames) === lines.join("")).toBe(true);
      });
    }
  }
});

/** The body of an answer in chunked transfer coding. */
function unchunked(answer: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let at = answer.indexOf("\r\n\r\n") + 4;
  for (;;) {
    const lineEnd = answer.indexOf("\r\n", at);
    const size = Number.parseInt(answer.toString("latin1", at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(pieces);
    pieces.push(answer.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
