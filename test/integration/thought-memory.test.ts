import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { reasoning } from "../../server/src/canonical/events.ts";
import type { AnswerThoughts, CallThoughts } from "../../server/src/dialects/thoughts.ts";
import { type Owner, type Recalled, ThoughtMemory } from "../../server/src/pipeline/thought-memory.ts";
import { callerKeys, openThoughts, rowId, sealThoughts } from "../../server/src/pipeline/thought-seal.ts";
import type { Store } from "../../server/src/store/store.ts";
import { systemWorld, type World } from "../../server/src/world.ts";
import { until } from "../gateway/gateway.ts";
import { isAvailable, makeTestStore, storeKinds, type TestStore } from "../services/test-store.ts";

const keepMs = 24 * 3_600_000;
const ann: Owner = { keyId: "key_ann", secret: "sk-pt-ann" };
const others: readonly Owner[] = [
  { keyId: "key_bob", secret: "sk-pt-bob" },
  // Neither the name nor the secret alone opens anything.
  { keyId: "key_ann", secret: "sk-pt-bob" },
];

const thoughts: CallThoughts = {
  name: "weather",
  signature: "c2ln",
  origin: "gemini",
  thoughts: [
    { after: 0, part: { ...reasoning({ text: "Hm. 私は", signature: "YQ==" }), origin: "anthropic-messages" } },
    {
      after: 2,
      part: { ...reasoning({ redacted: "eA==" }, { pontage_spelling: "bytes" }), origin: "bedrock-converse" },
    },
  ],
};
const found = (callId: string): AnswerThoughts => new Map([[callId, thoughts]]);

/** A clock that a test may set forward. */
function movable(): World & { move(ms: number): void } {
  let aheadMs = 0;
  const { clock, randomBytes } = systemWorld;
  return {
    clock: { nowMs: () => clock.nowMs() + aheadMs, monotonicMs: () => clock.monotonicMs() + aheadMs },
    randomBytes,
    move(ms) {
      aheadMs += ms;
    },
  };
}

for (const kind of storeKinds) {
  describe.skipIf(!isAvailable(kind))(`thoughts kept on ${kind}`, () => {
    let made: TestStore;
    let store: Store;
    const memories: ThoughtMemory[] = [];
    const reports: string[] = [];
    const world = movable();
    const remember = () => {
      const report = (what: string) => void reports.push(what);
      const memory = new ThoughtMemory({ shelf: store.thoughts, world, keepMs, report });
      memories.push(memory);
      return memory;
    };
    const recalled = async (memory: ThoughtMemory, owner: Owner, callId: string) => {
      const { known, unknown }: Recalled = await memory.recall(owner, [callId]);
      return { thoughts: known(callId), unknown };
    };
    const rows = async () =>
      (await store.orm.em.fork().execute<{ id: string }[]>("select id from kept_thoughts")).map(({ id }) => id);

    beforeAll(async () => {
      made = await makeTestStore(kind);
      store = await made.open();
    });
    afterEach(async () => {
      for (const memory of memories.splice(0)) await memory.stop();
      await store.orm.em.fork().execute("delete from kept_thoughts");
      reports.length = 0;
    });
    afterAll(() => made.remove());

    test("come back after a restart as they were, and to nobody else", async () => {
      const first = remember();
      first.keep(ann, found("call_1"));
      expect(first.peek(ann, "call_1")).toEqual(thoughts);
      await first.stop();
      await made.close();
      store = await made.open();
      const second = remember();
      for (const other of others)
        expect(await recalled(second, other, "call_1")).toEqual({ thoughts: undefined, unknown: [] });
      const third = remember();
      expect(await recalled(third, ann, "call_1")).toEqual({ thoughts, unknown: [] });
      expect(await recalled(third, ann, "call_2")).toEqual({ thoughts: undefined, unknown: [] });
      expect(reports).toEqual([]);
    });

    test("expire in memory and in the database, and are then removed", async () => {
      const memory = remember();
      memory.keep(ann, found("call_1"));
      await memory.stop();
      world.move(keepMs - 1_000);
      expect((await recalled(remember(), ann, "call_1")).thoughts).toEqual(thoughts);
      expect(memory.peek(ann, "call_1")).toEqual(thoughts);
      world.move(2_000);
      expect(memory.peek(ann, "call_1")).toBeUndefined();
      expect((await recalled(remember(), ann, "call_1")).thoughts).toBeUndefined();
      expect(await rows()).toHaveLength(1);
      await store.thoughts.clear(world.clock.nowMs(), 10);
      expect(await rows()).toEqual([]);
    });

    test("are no more than there is room for: the oldest go", async () => {
      const content = Buffer.from("x");
      const nowMs = world.clock.nowMs();
      await store.thoughts.put(
        ["c", "a", "b"].map((id, at) => ({ id, content, expireTimeMs: nowMs + 1_000 * (at + 1) })),
      );
      await store.thoughts.clear(nowMs, 2);
      expect((await rows()).toSorted()).toEqual(["a", "b"]);
    });

    test("a call that needs nothing is not asked for again, nor one that nobody knows", async () => {
      const memory = remember();
      memory.keep(ann, new Map([["call_1", null]]));
      expect(memory.recall(ann, ["call_1"])).not.toBeInstanceOf(Promise);
      expect(memory.recall(ann, ["call_2"])).toBeInstanceOf(Promise);
      await memory.recall(ann, ["call_2"]);
      expect(memory.recall(ann, ["call_2"])).not.toBeInstanceOf(Promise);
      // Another replica may have been about to write it.
      world.move(6_000);
      expect(memory.recall(ann, ["call_2"])).toBeInstanceOf(Promise);
      expect(await rows()).toEqual([]);
    });

    test("a database that fails is told of once, and asked again when it may be back", async () => {
      const memory = remember();
      await store.orm.em.fork().execute("alter table kept_thoughts rename to taken_away");
      memory.keep(ann, found("call_1"));
      expect(await recalled(memory, ann, "call_2")).toEqual({ thoughts: undefined, unknown: ["call_2"] });
      expect(memory.recall(ann, ["call_3"])).not.toBeInstanceOf(Promise);
      expect(await recalled(memory, ann, "call_1")).toEqual({ thoughts, unknown: [] });
      await until("it is told", () => reports.length > 0);
      await store.orm.em.fork().execute("alter table taken_away rename to kept_thoughts");
      world.move(1_100);
      expect((await recalled(memory, ann, "call_2")).unknown).toEqual([]);
      await memory.stop();
      expect(await rows()).toHaveLength(1);
      expect(reports).toHaveLength(1);
    });
  });
}

test("a row that was moved or changed opens nothing", () => {
  const keys = callerKeys(ann.secret);
  const [here, there] = [rowId(keys, "call_1"), rowId(keys, "call_2")];
  const content = sealThoughts(keys, here, thoughts, systemWorld.randomBytes);
  expect(openThoughts(keys, here, content)).toEqual(thoughts);
  expect(openThoughts(keys, there, content)).toBeUndefined();
  for (let at = 0; at < content.length; at++) {
    const changed = Buffer.from(content);
    changed[at]! ^= 1;
    expect(openThoughts(keys, here, changed)).toBeUndefined();
    expect(openThoughts(keys, here, content.subarray(0, at))).toBeUndefined();
  }
});
