import { expect, test } from "vitest";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { toUsageEvent } from "./attempt.ts";
import type { Shipment } from "./bus.ts";
import { inProcessBus } from "./in-process.ts";

const shipment = (n: number): Shipment => ({
  producer: "gw_1",
  events: [toUsageEvent("gw_1", { sequence: n, facts: factsOf(n), result: resultOf(n) })],
});
const options = { report: () => {}, deadLetter: async () => {} };

test("publish resolves when the handler is done, one shipment after the other", async () => {
  const bus = inProcessBus(options);
  const steps: string[] = [];
  bus.subscribe(async ([event]) => {
    steps.push(`begin ${event?.sequence}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    steps.push(`done ${event?.sequence}`);
    return undefined;
  });
  await Promise.all([1, 2].map(async (n) => bus.publish(shipment(n)).then(() => steps.push(`published ${n}`))));
  expect(steps.filter((step) => !step.startsWith("published"))).toEqual(["begin 1", "done 1", "begin 2", "done 2"]);
  for (const n of [1, 2]) expect(steps.indexOf(`published ${n}`)).toBeGreaterThan(steps.indexOf(`done ${n}`));
});

test("a handler that fails is the publisher's business, and only of that publisher", async () => {
  const bus = inProcessBus(options);
  bus.subscribe(async ([event]) => {
    if (event?.sequence === 1n) throw new Error("no");
    return undefined;
  });
  const results = await Promise.allSettled([bus.publish(shipment(1)), bus.publish(shipment(2))]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});

test("without a listener, after close, and beyond its capacity the bus takes nothing", async () => {
  const bus = inProcessBus({ ...options, capacity: 2 });
  expect(bus.trouble()).toBeDefined();
  await expect(bus.publish(shipment(1))).rejects.toThrow("nobody listens");
  const release = Promise.withResolvers<undefined>();
  const subscription = bus.subscribe(() => release.promise);
  expect(bus.trouble()).toBeUndefined();
  const taken = [bus.publish(shipment(1)), bus.publish(shipment(2))];
  await expect(bus.publish(shipment(3))).rejects.toThrow("full");
  release.resolve(undefined);
  await Promise.all(taken);
  await subscription.end();
  await expect(bus.publish(shipment(4))).rejects.toThrow("nobody listens");
  bus.subscribe(async () => undefined);
  await bus.close();
  await expect(bus.publish(shipment(5))).rejects.toThrow("nobody listens");
});
