import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { UsageBatchSchema, type UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { connect, headers, type NatsConnection } from "nats";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findNats, startNats, type ThrowAwayServer } from "../../../scripts/services.mjs";
import { systemClock } from "../world.ts";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { toUsageEvent } from "./attempt.ts";
import { batchMac, macHeader } from "./batch-mac.ts";
import type { Bus, HandleEvents } from "./bus.ts";
import { Journal } from "./journal.ts";
import { TestLedger, upTo } from "./ledger.fixture.ts";
import { type NatsBusOptions, natsBus } from "./nats.ts";
import { Shipper } from "./shipper.ts";

const macKey = Buffer.from("the key of the test's gateways");
let prefixes = 0;

// The setup of the run has already said loudly when there is no nats-server.
describe.skipIf(!findNats())("NATS", () => {
  let server: ThrowAwayServer;
  let raw: NatsConnection;
  let prefix: string;
  let reports: string[];
  let ledger: TestLedger;
  const buses: Bus[] = [];

  beforeAll(async () => {
    server = await startNats();
    raw = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  });
  afterAll(async () => {
    await raw.close();
    await server.stop();
  });
  beforeEach(() => {
    prefix = `test${++prefixes}`;
    reports = [];
    ledger = new TestLedger();
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
  });

  function bus(options: Partial<NatsBusOptions> = {}): Bus {
    const made = natsBus({
      url: server.url,
      name: "test",
      prefix,
      report: (what) => reports.push(what),
      publishTimeoutMs: 1_000,
      redeliverAfterMs: 50,
      ...options,
    });
    buses.push(made);
    return made;
  }

  async function connected(made: Bus): Promise<Bus> {
    await expect.poll(() => made.trouble()).toBeUndefined();
    return made;
  }

  const events = (from: number, to: number, producer = "gw_1"): UsageEvent[] =>
    Array.from({ length: to - from + 1 }, (_, i) => {
      const sequence = from + i;
      return toUsageEvent(producer, { sequence, facts: factsOf(sequence), result: resultOf(sequence) });
    });

  async function streamState(stream = `${prefix.toUpperCase()}_USAGE`) {
    return (await (await raw.jetstreamManager()).streams.info(stream)).state;
  }

  async function deadLetters() {
    const jsm = await raw.jetstreamManager();
    const stream = `${prefix.toUpperCase()}_USAGE_DEAD`;
    const { first_seq, last_seq } = (await jsm.streams.info(stream)).state;
    const found = [];
    for (let seq = first_seq; seq > 0 && seq <= last_seq; seq++) {
      const message = await jsm.streams.getMessage(stream, { seq });
      found.push({
        why: message.subject.split(".").at(-1),
        from: message.header.get("Pontage-Subject"),
        data: message.data,
      });
    }
    return found;
  }

  test("events arrive as they were sent, and an acknowledged message leaves the stream", async () => {
    const made = await connected(bus());
    made.subscribe(ledger.handle);
    const sent = events(1, 300);
    await made.publish({ producer: "gw_1", events: sent });
    await expect.poll(() => ledger.rows.size).toBe(300);
    expect([...ledger.rows.values()]).toEqual(sent);
    await expect.poll(async () => (await streamState()).messages).toBe(0);
  });

  test("the same batch sent twice is stored once, and sent again on purpose it is stored again", async () => {
    const made = await connected(bus());
    const shipment = { producer: "gw_1", events: events(1, 3) };
    await made.publish(shipment);
    await made.publish(shipment);
    await made.publish({ producer: "gw_1", events: events(1, 2) });
    expect((await streamState()).messages).toBe(2);
    await made.publish({ ...shipment, again: "x1" });
    await made.publish({ ...shipment, again: "x1" });
    await made.publish({ ...shipment, again: "x2" });
    expect((await streamState()).messages).toBe(4);
    made.subscribe(ledger.handle);
    await expect.poll(async () => (await streamState()).messages).toBe(0);
    expect(ledger.sequences("gw_1")).toEqual(upTo(3));
    expect(ledger.duplicates).toBe(8);
  });

  test("a batch larger than a message may be is divided", async () => {
    const made = await connected(bus());
    const large = events(1, 1000).map((event) => ({
      ...event,
      askedModel: "😀".repeat(128),
      model: "x".repeat(256),
      provider: "p".repeat(128),
      reason: "r".repeat(64),
    }));
    await made.publish({ producer: "gw_1", events: large });
    expect((await streamState()).messages).toBe(2);
    made.subscribe(ledger.handle);
    await expect.poll(() => ledger.sequences("gw_1")).toEqual(upTo(1000));
  });

  test("nothing is acknowledged before the ledger has it; a failure brings it back", async () => {
    const made = await connected(bus());
    const release = Promise.withResolvers<undefined>();
    let calls = 0;
    made.subscribe(async (given) => {
      calls++;
      if (calls === 1) throw new Error("not now");
      if (calls === 2) await release.promise;
      return ledger.handle(given);
    });
    await made.publish({ producer: "gw_1", events: events(1, 10) });
    await expect.poll(() => calls).toBe(2);
    await sleep(50);
    expect((await streamState()).messages).toBe(1);
    release.resolve(undefined);
    await expect.poll(async () => (await streamState()).messages).toBe(0);
    expect(ledger.sequences("gw_1")).toEqual(upTo(10));
    expect(reports).toEqual(["the ledger could not take usage events"]);
  });

  test("a handler that takes longer than the acknowledgement wait is not asked twice", async () => {
    const made = await connected(bus({ ackWaitMs: 300 }));
    let calls = 0;
    made.subscribe(async (given) => {
      calls++;
      await sleep(1_000);
      return ledger.handle(given);
    });
    await made.publish({ producer: "gw_1", events: events(1, 5) });
    await expect.poll(async () => (await streamState()).messages, { timeout: 5_000 }).toBe(0);
    expect(calls).toBe(1);
  });

  test("a batch the ledger cannot take does not hold up the others", async () => {
    const made = await connected(bus());
    for (let n = 1; n <= 20; n++) await made.publish({ producer: "gw_1", events: events(n, n) });
    made.subscribe(async (given) => {
      if (given.some(({ sequence }) => sequence === 7n)) throw new Error("not this one");
      return ledger.handle(given);
    });
    await expect.poll(() => ledger.rows.size).toBe(19);
    expect((await streamState()).messages).toBe(1);
  });

  test("what a dead consumer had in hand goes to another one", async () => {
    const first = await connected(bus({ ackWaitMs: 500 }));
    const second = await connected(bus({ ackWaitMs: 500 }));
    await first.publish({ producer: "gw_1", events: events(1, 10) });
    // A consumer that takes a message and dies: it neither answers nor says that it lives.
    const jsm = await raw.jetstreamManager();
    first.subscribe(ledger.handle);
    await expect.poll(() => ledger.rows.size).toBe(10);
    await buses.shift()?.close();
    const dying = await raw.jetstream().consumers.get(`${prefix.toUpperCase()}_USAGE`, `${prefix}-billing`);
    await second.publish({ producer: "gw_1", events: events(11, 20) });
    const message = await dying.next({ expires: 1_000 });
    expect(message?.redelivered).toBe(false);
    second.subscribe(ledger.handle);
    await expect.poll(() => ledger.rows.size, { timeout: 5_000 }).toBe(20);
    expect((await jsm.streams.info(`${prefix.toUpperCase()}_USAGE`)).state.messages).toBe(0);
  });

  test("several consumers share the work", async () => {
    const shares = [0, 0, 0];
    for (const [i] of shares.entries()) {
      const handle: HandleEvents = async (given) => {
        shares[i]! += given.length;
        await sleep(20);
        return ledger.handle(given);
      };
      (await connected(bus())).subscribe(handle);
    }
    const made = await connected(bus());
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => made.publish({ producer: "gw_1", events: events(n + 1, n + 1) })),
    );
    await expect.poll(() => ledger.sequences("gw_1"), { timeout: 10_000 }).toEqual(upTo(300));
    expect(ledger.duplicates).toBe(0);
    expect(Math.min(...shares)).toBeGreaterThan(0);
  });

  test("J-10, L8: what cannot be believed goes to the dead letter, and what can is not held up", async () => {
    const made = await connected(bus({ macKey }));
    made.subscribe(ledger.handle);
    await made.publish({ producer: "gw_1", events: events(1, 2) });
    await expect.poll(() => ledger.rows.size).toBe(2);

    const batchOf = (given: UsageEvent[]) => toBinary(UsageBatchSchema, create(UsageBatchSchema, { events: given }));
    const forge = async (producer: string, data: Uint8Array, mac?: string) => {
      const forged = headers();
      if (mac !== undefined) forged.set(macHeader, mac);
      await raw.jetstream().publish(`${prefix}.usage.v1.${producer}`, data, { headers: forged });
    };
    const batch = batchOf(events(3, 4));
    await forge("gw_1", batch); // no MAC
    await forge("gw_1", batch, batchMac(Buffer.from("another key"), batch));
    await forge("gw_1", batch, batchMac(macKey, batchOf(events(1, 2)))); // of another batch
    await forge("gw_1", batch, "v1=");
    await forge("gw_2", batch, batchMac(macKey, batch)); // another producer's subject
    const noise = Buffer.from([0x0a, 0xff, 0xff, 0xff]);
    await forge("gw_1", noise, batchMac(macKey, noise));
    await made.publish({ producer: "gw_1", events: events(5, 6) });

    await expect.poll(() => ledger.sequences("gw_1")).toEqual([1n, 2n, 5n, 6n]);
    await expect.poll(async () => (await streamState()).messages).toBe(0);
    const buried = await deadLetters();
    expect(buried.map(({ why }) => why)).toEqual(["forged", "forged", "forged", "forged", "forged", "undecodable"]);
    expect(buried[4]?.from).toBe(`${prefix}.usage.v1.gw_2`);
    expect(Buffer.from(buried[5]!.data)).toEqual(noise);
  });

  test("L8: an event the ledger refuses goes to the dead letter alone", async () => {
    const made = await connected(bus());
    ledger.refuses = ({ sequence }) => sequence === 2n;
    made.subscribe(ledger.handle);
    await made.publish({ producer: "gw_1", events: events(1, 3) });
    await expect.poll(async () => (await streamState()).messages).toBe(0);
    expect(ledger.sequences("gw_1")).toEqual([1n, 3n]);
    const [refused, ...others] = await deadLetters();
    expect(others).toEqual([]);
    expect(fromBinary(UsageBatchSchema, refused!.data).events).toEqual(events(2, 2));
  });

  test("L8: a full stream refuses; the publisher is told, and nothing that was taken is pushed out", async () => {
    const made = await connected(bus({ maxBytes: 50_000 }));
    let taken = 0;
    const fill = async () => {
      for (let n = 1; n <= 1_000; n += 10) {
        await made.publish({ producer: "gw_1", events: events(n, n + 9) });
        taken = n + 9;
      }
    };
    await expect(fill()).rejects.toThrow();
    expect(taken).toBeGreaterThan(0);
    made.subscribe(ledger.handle);
    await expect.poll(() => ledger.sequences("gw_1")).toEqual(upTo(taken));
    await made.publish({ producer: "gw_1", events: events(taken + 1, taken + 10) });
    await expect.poll(() => ledger.sequences("gw_1")).toEqual(upTo(taken + 10));
  });

  describe("with a gateway's journal", () => {
    let root: string;
    let journal: Journal;
    let shipper: Shipper;

    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), "pontage-nats-journal-"));
    });
    afterEach(async () => {
      await shipper.stop();
      await journal.end();
      rmSync(root, { recursive: true, force: true });
    });

    function gateway(made: Bus): void {
      const report = (what: string) => reports.push(what);
      journal = new Journal({ root, producer: "gw_1", report, reserveBytes: 0, segmentBytes: 50_000 });
      shipper = new Shipper({
        journal,
        bus: made,
        ledger,
        clock: systemClock,
        report,
        lingerMs: 2,
        clearEveryMs: 50,
        overdueMs: 500,
      });
    }

    function attempts(from: number, to: number): void {
      for (let n = from; n <= to; n++) journal.open(factsOf(n)).close(resultOf(n));
    }

    test("G5: a server that is killed, away and back loses nothing", async () => {
      const made = await connected(bus({ macKey }));
      made.subscribe(ledger.handle);
      gateway(made);
      let n = 0;
      for (let round = 0; round < 3; round++) {
        attempts(n + 1, n + 200);
        n += 200;
        await sleep(5); // in the middle of shipping
        await server.kill();
        attempts(n + 1, n + 200);
        n += 200;
        await sleep(300);
        await server.restart();
        await expect.poll(() => ledger.sequences("gw_1").length, { timeout: 15_000 }).toBe(n);
      }
      expect(await shipper.drain(10_000)).toBe(true);
      expect(ledger.sequences("gw_1")).toEqual(upTo(n));
    });

    test("a gateway and a consumer that begin while the server is away find it when it comes", async () => {
      await server.kill();
      const made = bus();
      made.subscribe(ledger.handle);
      gateway(made);
      attempts(1, 50);
      await sleep(300);
      expect(made.trouble()).toBeDefined();
      await server.restart();
      await expect.poll(() => ledger.sequences("gw_1"), { timeout: 10_000 }).toEqual(upTo(50));
    });

    test("L6: a stream that is lost with what it held is made anew, and what it held is sent again", async () => {
      const made = await connected(bus());
      gateway(made);
      attempts(1, 500);
      await expect.poll(() => shipper.stats.published).toBe(500);
      await (await raw.jetstreamManager()).streams.delete(`${prefix.toUpperCase()}_USAGE`);
      made.subscribe(ledger.handle);
      attempts(501, 600);
      expect(await shipper.drain(15_000)).toBe(true);
      expect(ledger.sequences("gw_1")).toEqual(upTo(600));
      expect(shipper.stats.republished).toBeGreaterThanOrEqual(500);
    });
  });
});

test("a server that never comes does not keep the bus from being closed", async () => {
  const made = natsBus({ url: "nats://127.0.0.1:1", name: "test", report: () => {} });
  const subscription = made.subscribe(async () => undefined);
  await expect(made.publish({ producer: "gw_1", events: [] })).rejects.toThrow("not connected");
  expect(made.trouble()).toBe("NATS is not connected");
  await subscription.end();
  await made.close();
});
