import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorSchema, Reason } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { ModelService } from "@pontage/gen/pontage/v1/model_pb.ts";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { makeSecret } from "../../server/src/store/key-secret.ts";
import { openStore, type Store } from "../../server/src/store/store.ts";
import { systemWorld } from "../../server/src/world.ts";
import { startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import { createDatabase, type TestDatabase } from "../services/create-database.ts";
import { type Passage, startPassage } from "../services/passage.ts";
import { type Answer, type Door, doors, HttpClient, jsonOf } from "./doors.ts";

/*
 * G5: without its database a gateway goes on with the keys it knows, for a while; it does not call a key wrong that it cannot
 * look up; and when it has known nothing new for too long, it lets nobody in.
 */

const { postgresUrl } = inject("services");
const longestUnconfirmedMs = 4_000;
const unknownSecret = makeSecret("sk-pt-", systemWorld.randomBytes);

const call = (client: HttpClient, door: Door, apiKey: string) =>
  client.call(door, "sim/echo", false, {}, { authorization: `Bearer ${apiKey}` });

function expectUnavailable(door: Door, answer: Answer, why: RegExp): void {
  expect(answer.status, answer.body.toString()).toBe(503);
  expect(answer.headers).toMatchObject({ "retry-after": "1", "retry-after-ms": "1000" });
  expect(door.errorIn(jsonOf(answer))).toMatch(why);
}

async function untilStatus(status: number, ask: () => Promise<Answer>): Promise<void> {
  const endMs = performance.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (answer.status === status) return;
    if (performance.now() > endMs) throw new Error(`still ${answer.status}: ${answer.body}`);
    await sleep(50);
  }
}

describe.skipIf(!postgresUrl)("a PostgreSQL server", () => {
  let database: TestDatabase;
  let passage: Passage;
  let gateway: TestGateway;
  let client: HttpClient;
  /** Another replica's way to the same database, which stays open. */
  let elsewhere: Store;
  let directory: string;

  beforeAll(async () => {
    database = await createDatabase(postgresUrl!);
    const url = new URL(database.url);
    passage = await startPassage(Number(url.port));
    url.port = String(passage.port);
    gateway = await startTestGateway({
      databaseUrl: url.href,
      keyLimits: { longestUnconfirmedMs, awayAfterMs: 1_500 },
    });
    client = new HttpClient(gateway);
    directory = mkdtempSync(join(tmpdir(), "pontage-elsewhere-"));
    elsewhere = await openStore({ databaseUrl: database.url, dataDirectory: directory });
  });
  afterAll(async () => {
    await client.close();
    await passage.close();
    await gateway.stop();
    await elsewhere.close();
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const outage of ["refuse", "swallow"] as const) {
    test(`G5: away (${outage}): known keys are served for a while, unknown ones get 503 and not 401, then nobody is let in`, async () => {
      const known = await gateway.issueKey(`known ${outage}`);
      const revoked = await gateway.issueKey(`revoked meanwhile ${outage}`);
      const gone = await gateway.issueKey(`revoked before ${outage}`);
      await gateway.store.keys.revoke(gone.id);
      for (const door of doors) {
        expect((await call(client, door, known.secret)).status).toBe(200);
        expect((await call(client, door, gone.secret)).status).toBe(401);
        expect((await call(client, door, unknownSecret)).status).toBe(401);
      }

      passage[outage]();
      const awaySinceMs = performance.now();
      await elsewhere.keys.revoke(revoked.id);
      const made = (await elsewhere.keys.issue({ name: `new ${outage}` })).secret;
      await untilStatus(503, () => call(client, doors[0]!, unknownSecret));
      const noticedMs = performance.now() - awaySinceMs;
      expect(noticedMs).toBeLessThan(2_500);
      for (const door of doors) {
        expect((await call(client, door, known.secret)).status).toBe(200);
        for (const secret of [unknownSecret, made]) {
          expectUnavailable(door, await call(client, door, secret), /may be new.*database/);
        }
        const mistyped = `${known.secret.slice(0, -1)}${known.secret.endsWith("0") ? "1" : "0"}`;
        expect((await call(client, door, mistyped)).status, "a key that no database knows").toBe(401);
      }
      const models = await client.send("/v1/models", null, { method: "GET", headers: { "x-api-key": made } });
      expectUnavailable(doors[0]!, models, /may be new/);
      expect((await client.send("/ready", null, { method: "GET" })).status).toBe(200);
      expect(performance.now() - awaySinceMs, "all of that while known keys were good").toBeLessThan(
        longestUnconfirmedMs - 500,
      );

      await sleep(longestUnconfirmedMs + 100 - (performance.now() - awaySinceMs));
      for (const door of doors) {
        expectUnavailable(door, await call(client, door, known.secret), /database has been away for too long/);
      }
      const rpc = createClient(ModelService, createGrpcTransport({ baseUrl: gateway.baseUrl }));
      const refusal = ConnectError.from(
        await rpc.listModels({}, { headers: { "x-api-key": known.secret } }).catch((error: unknown) => error),
      );
      expect(refusal.code).toBe(Code.Unavailable);
      expect(refusal.findDetails(ErrorSchema)[0]).toMatchObject({ reason: Reason.UNAVAILABLE, status: 503 });
      const ready = await client.send("/ready", null, { method: "GET" });
      expect([ready.status, jsonOf(ready)]).toEqual([503, { status: "not ready", missing: ["database"] }]);

      passage.open();
      await untilStatus(200, () => call(client, doors[0]!, known.secret));
      for (const door of doors) {
        expect((await call(client, door, made)).status).toBe(200);
        for (const secret of [revoked.secret, unknownSecret]) {
          expect((await call(client, door, secret)).status).toBe(401);
        }
      }
      expect((await client.send("/ready", null, { method: "GET" })).status).toBe(200);
    });
  }
});

test("G5: the embedded database, which nobody else writes to, needs not confirm anything", async () => {
  const gateway = await startTestGateway({
    database: "embedded",
    keyLimits: { longestUnconfirmedMs: 20, awayAfterMs: 10 },
  });
  const client = new HttpClient(gateway);
  try {
    await sleep(100);
    for (const door of doors) {
      expect((await call(client, door, gateway.apiKey)).status).toBe(200);
      expect((await call(client, door, unknownSecret)).status).toBe(401);
    }
  } finally {
    await client.close();
    await gateway.stop();
  }
});
