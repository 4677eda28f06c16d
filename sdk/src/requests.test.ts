import { expect, test } from "vitest";
import { RequestService } from "./gen/pontage/admin/v1/request_pb.ts";
import { Reason } from "./gen/pontage/error/v1/error_pb.ts";
import { Pontage, type RequestNews, Unauthenticated, type WatchState } from "./index.ts";
import { bootGateway, Code, refusal, until } from "./testing/gateway.ts";

const request = (n: number) => ({
  item: {
    case: "request" as const,
    value: { id: `req_${n}`, status: 200, startTime: { seconds: 1_800_000_000n }, usage: { costNanoUsd: BigInt(n) } },
  },
  cursor: `c${n}`,
});

test("a watch comes back by itself with its cursor, in order, without doubles, and reports gaps", async () => {
  const cursors: string[] = [];
  await using gateway = await bootGateway((router) => {
    router.service(RequestService, {
      async *watchRequests({ cursor }) {
        cursors.push(cursor);
        if (cursors.length === 1) {
          yield request(1);
          yield request(2);
          throw refusal(Code.Unavailable, { reason: Reason.SHUTTING_DOWN, status: 503 }, { "retry-after-ms": "1" });
        }
        if (cursors.length === 2)
          throw refusal(Code.Unavailable, { reason: Reason.UNAVAILABLE, status: 503 }, { "retry-after-ms": "1" });
        yield { item: { case: "heartbeat" as const, value: {} } };
        yield { item: { case: "missed" as const, value: 7n }, cursor: "c9" };
        yield request(10);
        await new Promise(() => {});
      },
    });
  });
  const states: [WatchState, string | undefined][] = [];
  const news: RequestNews[] = [];
  const admin = new Pontage({ baseUrl: gateway.baseUrl, adminToken: "t" });
  const watch = admin.requests.watch({ onState: (state, why) => states.push([state, why?.code]) });
  for await (const item of watch) {
    news.push(item);
    if (news.length === 4) break;
  }
  expect(news.map((item) => (item.type === "request" ? item.request.id : item.missed))).toEqual([
    "req_1",
    "req_2",
    7,
    "req_10",
  ]);
  expect(news.map((item) => item.cursor)).toEqual(["c1", "c2", "c9", "c10"]);
  expect(cursors).toEqual(["", "c2", "c2"]);
  expect(states).toEqual([
    ["live", undefined],
    ["reconnecting", "SHUTTING_DOWN"],
    ["reconnecting", "UNAVAILABLE"],
    ["live", undefined],
  ]);
  expect(news[0]).toMatchObject({ request: { startTime: new Date(1_800_000_000_000), cost: { nanoUsd: 1n } } });
});

test("leaving a watch, or aborting it, ends it on the server", async () => {
  let open = 0;
  await using gateway = await bootGateway((router) => {
    router.service(RequestService, {
      async *watchRequests(_, context) {
        open++;
        context.signal.addEventListener("abort", () => open--);
        yield request(1);
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      },
    });
  });
  const admin = new Pontage({ baseUrl: gateway.baseUrl });
  for await (const _ of admin.requests.watch()) break;
  await until("the first watch ended", () => open === 0);
  const controller = new AbortController();
  for await (const _ of admin.requests.watch({ signal: controller.signal })) controller.abort();
  await until("the second watch ended", () => open === 0);
});

test("what waiting cannot cure is thrown", async () => {
  await using gateway = await bootGateway((router) => {
    router.service(RequestService, {
      watchRequests() {
        throw refusal(Code.Unauthenticated, { reason: Reason.API_KEY_INVALID, status: 401, message: "no" });
      },
    });
  });
  const watch = new Pontage({ baseUrl: gateway.baseUrl }).requests.watch();
  await expect(watch.next()).rejects.toThrow(Unauthenticated);
});
