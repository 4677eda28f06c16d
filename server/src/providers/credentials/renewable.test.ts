import { expect, test } from "vitest";
import { type Fetched, Renewable } from "./renewable.ts";

/** A credential that lasts an hour, with a clock in the test's hand. */
function hourly(lifetimeMs = 3_600_000) {
  let nowMs = 0;
  let fetched = 0;
  let fail: Error | undefined;
  const waiting: (() => void)[] = [];
  const source = async (): Promise<Fetched<string>> => {
    const value = `token-${++fetched}`;
    await new Promise<void>((resolve) => waiting.push(resolve));
    if (fail) throw fail;
    return { value, lifetimeMs };
  };
  const renewable = new Renewable(source, { nowMs: () => nowMs, monotonicMs: () => nowMs });
  return {
    renewable,
    fetches: () => fetched,
    pass(ms: number) {
      nowMs += ms;
    },
    failing(error: Error | undefined) {
      fail = error;
    },
    /** Lets what is being fetched arrive. */
    async arrive() {
      for (const one of waiting.splice(0)) one();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const minute = 60_000;

test("a hundred that need it at once are one fetch", async () => {
  const { renewable, arrive, fetches } = hourly();
  const values = Promise.all(Array.from({ length: 100 }, () => renewable.get()));
  await arrive();
  expect(new Set(await values)).toEqual(new Set(["token-1"]));
  expect(fetches()).toBe(1);
  expect(renewable.current).toBe("token-1");
});

test("it is renewed ahead of its end, while the old one is still used", async () => {
  const { renewable, arrive, fetches, pass } = hourly();
  void renewable.get();
  await arrive();
  pass(54 * minute);
  expect(renewable.current).toBe("token-1");
  expect(fetches()).toBe(1);
  pass(2 * minute);
  for (let i = 0; i < 10; i++) expect(renewable.current).toBe("token-1");
  expect(fetches()).toBe(2);
  await arrive();
  expect(renewable.current).toBe("token-2");
});

test("nobody gets one that has expired: they wait for the next", async () => {
  const { renewable, arrive, pass } = hourly();
  void renewable.get();
  await arrive();
  pass(60 * minute);
  expect(renewable.current).toBeUndefined();
  const next = renewable.get();
  await arrive();
  expect(await next).toBe("token-2");
});

test("a renewal that fails ahead of the end is nobody's failure, and is tried again after a pause", async () => {
  const { renewable, arrive, fetches, pass, failing } = hourly();
  void renewable.get();
  await arrive();
  failing(new Error("away"));
  pass(56 * minute);
  expect(renewable.current).toBe("token-1");
  await arrive();
  expect(renewable.current).toBe("token-1");
  expect(fetches()).toBe(2); // the pause
  pass(1_000);
  failing(undefined);
  expect(renewable.current).toBe("token-1");
  await arrive();
  expect(renewable.current).toBe("token-3");
});

test("after a failure everybody is told it for a second, without another fetch", async () => {
  const { renewable, arrive, fetches, pass, failing } = hourly();
  failing(new Error("away"));
  const first = renewable.get();
  await Promise.all([arrive(), expect(first).rejects.toThrow("away")]);
  await expect(renewable.get()).rejects.toThrow("away");
  expect(fetches()).toBe(1);
  pass(1_000);
  failing(undefined);
  const second = renewable.get();
  await arrive();
  expect(await second).toBe("token-2");
});

test("one that is refused is fetched anew once, for all, and not again for its successor's sake", async () => {
  const { renewable, arrive, fetches, pass } = hourly();
  void renewable.get();
  await arrive();
  const told = Promise.all([renewable.newerThan("token-1"), renewable.newerThan("token-1")]);
  // It may be good for other calls: nobody waits who has not been refused.
  expect(renewable.current).toBe("token-1");
  await arrive();
  expect(await told).toEqual([true, true]);
  expect(renewable.current).toBe("token-2");
  // Whoever hears of the refusal late.
  expect(await renewable.newerThan("token-1")).toBe(true);
  // It was not its age.
  expect(await renewable.newerThan("token-2")).toBe(false);
  expect(fetches()).toBe(2);
  pass(30_000);
  const later = renewable.newerThan("token-2");
  await arrive();
  expect(await later).toBe(true);
  expect(renewable.known).toEqual(["token-3", "token-2"]);
});

test("where no newer one can be had the refused one stays: only some calls may be refused with it", async () => {
  const { renewable, arrive, failing } = hourly();
  void renewable.get();
  await arrive();
  failing(new Error("away"));
  const told = renewable.newerThan("token-1");
  await arrive();
  expect(await told).toBe(false);
  expect(renewable.current).toBe("token-1");
});

test("the same one once more is no newer one", async () => {
  const clock = { nowMs: () => 0, monotonicMs: () => 0 };
  const renewable = new Renewable(async () => ({ value: "cached", lifetimeMs: 3_600_000 }), clock);
  expect(await renewable.newerThan(await renewable.get())).toBe(false);
});

test("one without an end is kept until it is refused", async () => {
  const { renewable, arrive, fetches, pass } = hourly(Number.POSITIVE_INFINITY);
  void renewable.get();
  await arrive();
  pass(1e12);
  expect(renewable.current).toBe("token-1");
  expect(fetches()).toBe(1);
});

test("one that lives for seconds is used and renewed too", async () => {
  const { renewable, arrive, pass } = hourly(2_000);
  void renewable.get();
  await arrive();
  expect(renewable.current).toBe("token-1");
  pass(1_700);
  expect(renewable.current).toBe("token-1");
  await arrive();
  expect(renewable.current).toBe("token-2");
});
