import { ConnectionFailed, type RequestNews, Unauthenticated, type WatchOptions } from "@pontage/sdk";
import { expect, test } from "vitest";
import { newsOf } from "../testing/sample.ts";
import { LiveFeed } from "./live-feed.ts";

/** A watch that the test speaks through, and a clock that stands still until it is moved. */
function stage() {
  const watches: WatchOptions[] = [];
  const timers = new Set<() => void>();
  let nowMs = 0;
  let wake = () => {};
  let queue: (RequestNews | Error)[] = [];
  const feed = new LiveFeed({
    nowMs: () => nowMs,
    later: (call) => {
      timers.add(call);
      return () => timers.delete(call);
    },
    async *watch(options) {
      watches.push(options);
      queue = [];
      options.signal?.addEventListener("abort", () => wake());
      while (!options.signal?.aborted) {
        const next = queue.shift();
        if (next instanceof Error) throw next;
        if (next) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    feed,
    watches,
    last: () => watches.at(-1)!,
    rows: () => feed.snapshot().list.rows.map((row) => row.key),
    async send(...news: (RequestNews | Error)[]) {
      queue.push(...news);
      wake();
      await settle();
      for (const call of [...timers]) call();
      timers.clear();
    },
    /** Lets time pass. */
    pass: (ms: number) => (nowMs += ms),
    async live() {
      feed.start();
      await settle();
      watches.at(-1)!.onState?.("live");
    },
  };
}

test("it connects, lives, and shows the backlog as nothing new", async () => {
  const { feed, live, send, rows, pass } = stage();
  expect(feed.snapshot().connection).toBe("stopped");
  await live();
  expect(feed.snapshot().connection).toBe("live");
  await send(...newsOf(1, 200));
  expect(rows()).toHaveLength(200);
  expect(feed.snapshot().list.rows.some((row) => row.kind === "request" && row.fresh)).toBe(false);
  pass(5000);
  await send(...newsOf(201, 201));
  expect(feed.snapshot().list.rows[0]).toMatchObject({ key: "req_201", fresh: true });
});

test("a hidden tab stops the stream and goes on where it was", async () => {
  const { feed, live, send, watches, last } = stage();
  await live();
  await send(...newsOf(1, 3));
  const { signal } = last();
  feed.stop();
  expect(signal!.aborted).toBe(true);
  expect(feed.snapshot().connection).toBe("stopped");
  await live();
  expect(watches.map((options) => options.cursor)).toEqual([undefined, "c3"]);
});

test("paused, nothing moves; resumed, everything is there", async () => {
  const { feed, live, send, rows } = stage();
  await live();
  await send(...newsOf(1, 2));
  feed.setPaused(true);
  await send(...newsOf(3, 5));
  expect(rows()).toEqual(["req_2", "req_1"]);
  expect(feed.snapshot().list.heldCount).toBe(3);
  feed.setPaused(false);
  expect(rows()).toEqual(["req_5", "req_4", "req_3", "req_2", "req_1"]);
});

test("while a person reads further down nothing moves, and pausing outlasts it", async () => {
  const { feed, live, send, rows } = stage();
  await live();
  feed.setReading(true);
  await send(...newsOf(1, 2));
  expect(rows()).toEqual([]);
  feed.setReading(false);
  expect(rows()).toHaveLength(2);
  feed.setPaused(true);
  feed.setReading(true);
  await send(...newsOf(3, 3));
  feed.setReading(false);
  expect(rows()).toHaveLength(2);
});

test("more rows than can be read are held until they are asked for", async () => {
  const { feed, live, send, rows, pass } = stage();
  await live();
  await send(...newsOf(1, 1));
  pass(10_000);
  await send(...newsOf(2, 129));
  expect(rows()).toHaveLength(1);
  expect(feed.snapshot().list.heldCount).toBe(128);
  feed.show();
  expect(rows()).toHaveLength(129);
  pass(2000);
  await send(...newsOf(130, 131));
  expect(rows()).toHaveLength(131);
});

test("a lost connection is first reconnecting, then offline, then live again, and keeps its rows", async () => {
  const { feed, live, send, last, rows } = stage();
  await live();
  await send(...newsOf(1, 2));
  const why = new ConnectionFailed("gone", { code: "CONNECTION_FAILED" });
  const seen = [];
  for (let n = 0; n < 3; n++) {
    last().onState?.("reconnecting", why);
    seen.push(feed.snapshot().connection);
  }
  expect(seen).toEqual(["reconnecting", "reconnecting", "offline"]);
  expect(feed.snapshot().error).toBe(why);
  last().onState?.("live");
  expect(feed.snapshot()).toMatchObject({ connection: "live", error: undefined });
  expect(rows()).toHaveLength(2);
});

test("what waiting does not cure stops it until somebody tries again", async () => {
  const { feed, live, send, watches } = stage();
  await live();
  await send(new Unauthenticated("no", { code: "API_KEY_INVALID" }));
  expect(feed.snapshot()).toMatchObject({ connection: "offline", error: { message: "no" } });
  expect(watches).toHaveLength(1);
  feed.retry();
  expect(feed.snapshot().connection).toBe("connecting");
  expect(watches).toHaveLength(2);
});
