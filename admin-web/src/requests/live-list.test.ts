import { expect, test } from "vitest";
import { newsOf } from "../testing/sample.ts";
import { emptyList, listLimit, release, take } from "./live-list.ts";

const ids = (rows: readonly { key: string }[]) => rows.map((row) => row.key);

test("the newest row is on top, also across batches", () => {
  const list = take(take(emptyList, newsOf(1, 2)), newsOf(3, 4));
  expect(ids(list.rows)).toEqual(["req_4", "req_3", "req_2", "req_1"]);
});

test("no more rows than the limit are kept, and the oldest go", () => {
  let list = emptyList;
  for (let n = 0; n < 12; n++) list = take(list, newsOf(n * 100 + 1, n * 100 + 100));
  expect(list.rows).toHaveLength(listLimit);
  expect(list.rows[0]!.key).toBe("req_1200");
  expect(list.rows.at(-1)!.key).toBe("req_701");
});

test("a held list does not move; released, it has everything in order", () => {
  const before = take(emptyList, newsOf(1, 2));
  let list = take(before, newsOf(3, 130), { hold: true });
  expect(list.rows).toBe(before.rows);
  expect(list.heldCount).toBe(128);
  // What follows is held too although nobody asks for it, or the order would break.
  list = take(list, newsOf(131, 131));
  expect(list.heldCount).toBe(129);
  list = release(list);
  expect(list).toMatchObject({ held: [], heldCount: 0 });
  expect(list.rows).toHaveLength(131);
  expect(ids(list.rows.slice(0, 3))).toEqual(["req_131", "req_130", "req_129"]);
});

test("what is held is bounded too, and still counted", () => {
  const list = take(emptyList, newsOf(1, 900), { hold: true });
  expect(list.held).toHaveLength(listLimit);
  expect(list.heldCount).toBe(900);
  expect(release(list).rows[0]!.key).toBe("req_900");
});

test("a gap is a line of its own and is not counted as a request", () => {
  const news = [...newsOf(1, 1), { type: "gap" as const, missed: 7, cursor: "g" }, ...newsOf(9, 9)];
  expect(ids(take(emptyList, news).rows)).toEqual(["req_9", "gap g", "req_1"]);
  expect(take(emptyList, news, { hold: true }).heldCount).toBe(2);
});

test("rows that are sent again after a reconnect are not doubled", () => {
  expect(ids(take(take(emptyList, newsOf(1, 3)), newsOf(2, 4)).rows)).toEqual(["req_4", "req_3", "req_2", "req_1"]);
});
