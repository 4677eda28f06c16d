import http2 from "node:http2";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";
import { create, toBinary } from "@bufbuild/protobuf";
import { StreamChatRequestSchema } from "@pontage/gen/pontage/v1/chat_pb.ts";
import { Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../gateway/gateway.ts";
import { endless } from "../simulators/behaviours.ts";
import type { Behaviour } from "../simulators/simulator.ts";
import { transportsTo } from "./clients.ts";
import { doors, framesIn, rawCall } from "./doors.ts";
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

/** What a client asks, and by which door. */
interface Asking {
  readonly client: string;
  readonly transports: readonly (keyof typeof stalls)[];
  readonly path: string;
  readonly contentType: string;
  body(model: string): Buffer;
}

/** Clients that ask and then never read. */
const stalls = {
  "HTTP/1.1": ({ gateway }: Scene, { path, contentType, body }: Asking, model: string): Stalled => {
    const socket = net.connect(gateway.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    const bytes = body(model);
    const head = [`POST ${path} HTTP/1.1`, "host: localhost", `authorization: Bearer ${gateway.apiKey}`];
    head.push(`content-type: ${contentType}`, `content-length: ${bytes.length}`, "", "");
    socket.write(Buffer.concat([Buffer.from(head.join("\r\n")), bytes]));
    // A paused socket does not see its end. Reading on shows whether the other side has hung up.
    let gone = false;
    socket.on("close", () => {
      gone = true;
    });
    return { gone: () => gone, end: () => socket.resume() };
  },
  "HTTP/2": ({ gateway }: Scene, { path, contentType, body }: Asking, model: string): Stalled => {
    const session = http2.connect(gateway.baseUrl);
    session.on("error", () => {});
    const request = session.request({
      ...{ ":method": "POST", ":path": path, "content-type": contentType, te: "trailers" },
      authorization: `Bearer ${gateway.apiKey}`,
    });
    let gone = false;
    request.on("error", () => {});
    request.on("close", () => {
      gone = true;
      session.destroy();
    });
    request.pause();
    request.end(body(model));
    return { gone: () => gone, end: () => request.resume() };
  },
};

/** A message of a stream, in the envelope that Connect and gRPC share. */
function enveloped(model: string): Buffer {
  const hello = { kind: { case: "text" as const, value: { text: "Hello" } } };
  const request = { model, messages: [{ role: Role.USER, parts: [hello] }] };
  const message = toBinary(StreamChatRequestSchema, create(StreamChatRequestSchema, { request }));
  const envelope = Buffer.alloc(5 + message.length);
  envelope.writeUInt32BE(message.length, 1);
  envelope.set(message, 5);
  return envelope;
}

const rpcPath = "/pontage.v1.ChatService/StreamChat";
const both = ["HTTP/1.1", "HTTP/2"] as const;
const connectRpc = { client: "Connect", path: rpcPath, contentType: "application/connect+proto", body: enveloped };
const askings: readonly Asking[] = [
  ...doors.map((door) => ({
    client: door.dialect,
    transports: both,
    path: door.path,
    contentType: "application/json",
    body: (model: string) => Buffer.from(JSON.stringify(door.body(model, true))),
  })),
  { ...connectRpc, transports: both },
  { ...connectRpc, client: "gRPC", transports: ["HTTP/2"], contentType: "application/grpc+proto" },
];

for (const asking of askings) {
  for (const transport of asking.transports) {
    // In the upstream's dialect, where bytes pass, and across dialects, where every event is written anew.
    const name = "chat";
    test(`S6: ${transport}, ${asking.client} client, ${name} upstream: who stops reading stops the upstream and is cut off`, async () => {
      const { simulator } = upstreamOf(name);
      const clients = 8;
      const { asked, own } = upstreamOf(name).model(endless(2_048));
      const before = await memoryInUse();
      const stalled = Array.from({ length: clients }, () => stalls[transport](scene, asking, asked));
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
        `${transport} ${asking.client} <- ${name}: ${Math.round(held / 1024)} KiB of a stalled answer in the gateway's sockets, ${Math.round(each / 1024)} KiB in the whole process`,
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

test("S6: an RPC client that stops reading when the upstream has finished is cut off all the same", async () => {
  const { asked, own } = upstreamOf("chat").model(saying(Array.from({ length: 40 }, () => "x".repeat(4_096))));
  const stalled = stalls["HTTP/2"](scene, askings.find(({ client }) => client === "Connect")!, asked);
  await until("the upstream has answered", () => upstreamOf("chat").simulator.requestsFor(own).length === 1);
  await sleep(stalledClientMs / 2);
  expect(scene.gateway.gateway.activity.inFlight).toBe(1);
  expect(stalled.gone()).toBe(false);
  await until("the call has ended", () => scene.gateway.gateway.activity.inFlight === 0);
  stalled.end();
  await until("the client is cut off", stalled.gone);
  expect((await scene.gateway.rowsOfModel(own)).map(({ outcome }) => outcome)).toEqual(["ok"]);
});

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
const long = saying(lines);

/** A stream with an event for each piece. */
function saying(pieces: readonly string[]): Behaviour {
  return async ({ response, speech, wire }) => {
    response.writeHead(200, { "content-type": speech.streamType });
    for (const frame of speech.frames({ text: pieces }, wire)) {
      if (!response.write(frame)) await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end();
  };
}

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
