import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { credentials, Metadata } from "@grpc/grpc-js";
import { Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Agent } from "undici";
import { expect, inject, test } from "vitest";
import { startNats } from "../../scripts/services.mjs";
import { openStore } from "../../server/src/store/store.ts";
import { until } from "../gateway/gateway.ts";
import { doors, framesIn } from "../integration/doors.ts";
import { createDatabase } from "../services/create-database.ts";
import { slow } from "../simulators/behaviours.ts";
import { startSimulator } from "../simulators/simulator.ts";
import { GrpcChatClient } from "../vendor-sdk/grpc-client.ts";
import { startBalancer } from "./balancer.ts";
import { readBooks } from "./books.ts";
import { GatewayProcess } from "./gateway-process.ts";
import { outcomeCounts } from "./judge.ts";

const nightly = process.env.PONTAGE_NIGHTLY === "1";
/** Long streams that run at any time: most over HTTP/1 connections that are kept, one in five over gRPC. */
const httpStreams = nightly ? 160 : 80;
const grpcStreams = nightly ? 40 : 20;
/** Clients that open a connection for every short stream, and so notice a port that is closed too early. */
const hastyClients = 10;
const streams = httpStreams + grpcStreams + hastyClients;
const streamsPerGrpcClient = 5;

const text = Array.from({ length: 40 }, (_, i) => `word ${i}, `).join("");
/** A long stream is some forty frames long: about three seconds. */
const pauseMs = 70;

const { postgresUrl, natsUrl } = inject("services");

/*
 * Two replicas on one PostgreSQL and one NATS, with a balancer in front that knows of them what `/ready` says. Each is
 * restarted while all clients go on; none of them may notice.
 */
test.skipIf(!postgresUrl || !natsUrl)(
  "T14, G1: a rolling restart under a hundred streams: none fails, none is cut short",
  { timeout: nightly ? 300_000 : 90_000 },
  async () => {
    const root = mkdtempSync(join(tmpdir(), "pontage-rolling-"));
    const [database, bus, upstream] = await Promise.all([
      createDatabase(postgresUrl!),
      startNats(),
      startSimulator("openai-chat"),
    ]);
    const long = upstream.model(slow({ text }, pauseMs));
    const short = upstream.model(slow({ text }, 3));
    const config = join(root, "pontage.yaml");
    const provider = { type: "openai_compatible", base_url: `${upstream.url}/v1`, discover: false };
    const server = { drain_delay: "1500ms", drain_timeout: "20s" };
    writeFileSync(config, JSON.stringify({ version: 1, server, providers: { chat: provider } }));
    const servers = { config, databaseUrl: database.url, natsUrl: bus.url };
    const first = await GatewayProcess.start({ directory: join(root, "first"), ...servers });
    const second = await GatewayProcess.start({ directory: join(root, "second"), ...servers });
    const { apiKey } = first; // the second one found it made already
    const balancer = await startBalancer([first.port, second.port]);

    let over = false;
    let running = 0;
    let complete = 0;
    const failures: string[] = [];
    /** Runs one stream after the other. What it says of a stream that is not whole and well ended is kept. */
    const client = async (stream: () => Promise<string | undefined>) => {
      while (!over) {
        running++;
        const failure = await stream().catch((error: Error) => `${error.message}: ${String(error.cause)}`);
        running--;
        if (failure === undefined) complete++;
        else failures.push(failure);
      }
    };
    const [door] = doors;
    const agent = new Agent({ pipelining: 1, connections: httpStreams + hastyClients });
    const overHttp = async (model: string, keepConnection: boolean) => {
      const answer = await agent.request({
        origin: balancer.origin,
        path: door!.path,
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
        body: JSON.stringify(door!.body(`chat/${model}`, true)),
        reset: !keepConnection,
      });
      const frames = framesIn(await answer.body.text());
      const whole = answer.statusCode === 200 && door!.endsCleanly(frames) && door!.textIn(frames) === text;
      return whole ? undefined : `${answer.statusCode}: ${frames.length} frames, last ${frames.at(-1)?.data}`;
    };
    const metadata = new Metadata();
    metadata.set("x-api-key", apiKey);
    const hello = { kind: { case: "text" as const, value: { text: "Hello" } } };
    const request = { request: { model: `chat/${long}`, messages: [{ role: Role.USER, parts: [hello] }] } };
    const overGrpc = async (grpc: GrpcChatClient) => {
      let last: string | undefined;
      for await (const { item } of grpc.streamChat(request, metadata)) last = item.case;
      return last === "receipt" ? undefined : `gRPC ended with ${last}`;
    };
    const grpcClients = Array.from({ length: grpcStreams / streamsPerGrpcClient }, () => {
      return new GrpcChatClient(`127.0.0.1:${balancer.port}`, credentials.createInsecure());
    });

    try {
      const clients = [
        ...Array.from({ length: hastyClients }, () => client(() => overHttp(short, false))),
        ...Array.from({ length: httpStreams }, async (_, at) => {
          await sleep(at * 20); // so that they are not all at the same place of their streams
          await client(() => overHttp(long, true));
        }),
        ...grpcClients.flatMap((grpc, at) =>
          Array.from({ length: streamsPerGrpcClient }, async (_, i) => {
            await sleep((at + i) * 150);
            await client(() => overGrpc(grpc));
          }),
        ),
      ];
      await until("all streams run", () => running === streams);
      await until("both replicas have clients", () =>
        [first, second].every(({ port }) => balancer.given(port) > httpStreams / 4),
      );
      for (const [replica, other] of [
        [first, second],
        [second, first],
      ] as const) {
        const before = { running, given: balancer.given(other.port) };
        expect(before.running).toBeGreaterThan(streams * 0.9);
        const beganAtMs = performance.now();
        const code = await replica.stop();
        console.log(
          `T14: stopped in ${Math.round(performance.now() - beganAtMs)} ms with code ${code}; failures ${failures.length}`,
        );
        expect(code).toBe(0);
        expect(balancer.given(other.port), "its clients have gone to the other one").toBeGreaterThan(before.given);
        await replica.restart();
        await until("the balancer uses it again", () => balancer.isUsed(replica.port));
        await sleep(1_500);
      }
      over = true;
      await Promise.all(clients);
      expect(failures.slice(0, 10)).toEqual([]);
      expect(balancer.refused).toEqual([]);
      expect(complete).toBeGreaterThan(2 * streams);

      expect(await first.stop()).toBe(0);
      expect(await second.stop()).toBe(0);
      const reader = await openStore({ databaseUrl: database.url, dataDirectory: join(root, "reader") });
      const outcomes = outcomeCounts(await readBooks(reader));
      const { problems } = await reader.ledger.verify();
      await reader.close();
      console.log(`T14: ${JSON.stringify({ complete, outcomes, dispatched: upstream.received.length })}`);
      expect(problems).toEqual([]);
      // Nothing was tried twice behind the clients' backs, and each stream is in the ledger once.
      expect(upstream.received).toHaveLength(complete);
      expect(outcomes).toEqual({ ok: complete, partial: 0, upstream_error: 0, interrupted: 0, unsent: 0 });
    } finally {
      over = true;
      for (const grpc of grpcClients) grpc.close();
      await agent.destroy();
      await balancer.close();
      await Promise.all([first.kill(), second.kill()]);
      await Promise.all([upstream.close(), bus.stop()]);
      await database.drop();
      rmSync(root, { recursive: true, force: true });
    }
  },
);
