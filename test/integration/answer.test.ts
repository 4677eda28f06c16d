import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordings } from "../laws/recordings.ts";
import { inChunks, replay, slow } from "../simulators/behaviours.ts";
import { type Door, doors, framesIn, jsonOf } from "./doors.ts";
import { openScene, poem, type Scene, upstreamNames } from "./scene.ts";

/*
 * What a client gets beside the words: the headers, the report of what was lost on a crossing, and the very bytes of an
 * upstream that speaks as it does. On the embedded database, so that the way of a newcomer is walked here too.
 */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ database: "embedded" });
});
afterAll(() => scene.stop());

const upstreamOf = (name: string) => scene.upstreams.find((upstream) => upstream.name === name)!;
const ownUpstream = (door: Door) => scene.upstreams.find(({ simulator }) => simulator.dialect === door.dialect)!;
const otherUpstream = (door: Door) => scene.upstreams.find(({ simulator }) => simulator.dialect !== door.dialect)!;

test("the database is the embedded one", () => {
  expect(scene.gateway.database).toBe("embedded");
});

/** A comment after the end of a stream, documented: what it cost and what was lost, which nobody can know before. */
const afterword = /\n: pontage request_id=(req_\w+) cost_usd=(\d+\.\d+)(?: loss=\S+)?\n\n$/;

for (const door of doors) {
  for (const name of upstreamNames) {
    describe(`headers: ${door.dialect} client, ${name} upstream`, () => {
      for (const stream of [false, true]) {
        test(stream ? "of a stream" : "of a whole answer", async () => {
          const { asked, own } = upstreamOf(name).model(stream ? slow({ text: "Hi" }, 5) : { text: "Hi" });
          const { headers, status, body } = await scene.client.call(door, asked, stream);
          expect(status).toBe(200);
          expect(headers["x-request-id"]).toMatch(/^req_[0-9A-Z]+$/);
          expect(headers["request-id"]).toBe(headers["x-request-id"]);
          expect(headers["x-pontage-provider"]).toBe(name);
          expect(headers["x-pontage-model"]).toBe(own);
          expect(headers["x-pontage-attempts"]).toBe("1");
          expect(headers["x-pontage-overhead-ms"]).toMatch(/^\d+\.\d+$/);
          expect(headers["server-timing"]).toMatch(/^gateway;dur=\d+\.\d+, upstream;dur=\d+\.\d+$/);
          expect(headers["x-content-type-options"]).toBe("nosniff");
          expect(headers["content-type"]).toBe(stream ? "text/event-stream; charset=utf-8" : "application/json");
          if (stream) {
            expect(headers["cache-control"]).toBe("no-cache");
            expect(afterword.exec(body.toString("utf8"))?.[1]).toBe(headers["x-request-id"]);
          } else {
            expect(headers["x-pontage-cost-usd"]).toBe("0.0"); // the model has no price
            expect(Number(headers["content-length"])).toBe(body.length);
          }
          expect(Object.keys(headers).filter((header) => /cookie|upstream|x-powered-by|^server$/.test(header))).toEqual(
            [],
          );
        });
      }
    });
  }

  test(`${door.dialect}: what the other dialect cannot say is reported, and nothing of it when none is crossed`, async () => {
    // A field of each dialect that the other has no word for.
    const more = door.dialect === "openai-chat" ? { logit_bias: { 50256: -100 } } : { top_k: 5 };
    const [field] = Object.keys(more);
    for (const stream of [false, true]) {
      const crossing = await scene.client.call(door, otherUpstream(door).model({ text: poem }).asked, stream, more);
      expect(crossing.status).toBe(200);
      expect(crossing.headers["x-pontage-loss"]).toContain(field);
      const staying = await scene.client.call(door, ownUpstream(door).model({ text: poem }).asked, stream, more);
      expect(staying.headers["x-pontage-loss"]).toBeUndefined();
      const [received] = ownUpstream(door).simulator.received.slice(-1);
      expect(JSON.parse(received!.body.toString("utf8"))).toMatchObject(more);
    }
  });

  test(`${door.dialect}: a strict caller is refused instead, by name and before anything is sent`, async () => {
    const more = door.dialect === "openai-chat" ? { logit_bias: { 50256: -100 } } : { top_k: 5 };
    const [field] = Object.keys(more);
    const call = (asked: string, strict: string) =>
      scene.client.call(door, asked, false, more, { "x-pontage-strict": strict });
    const before = scene.upstreamCalls();
    const refused = await call(otherUpstream(door).model({ text: poem }).asked, "true");
    expect(refused.status).toBe(400);
    expect(refused.body.toString("utf8")).toContain(`\`${field}\` cannot be said in`);
    expect(refused.headers["x-pontage-loss"]).toContain(field);
    expect((await call(otherUpstream(door).model({ text: poem }).asked, "perhaps")).status).toBe(400);
    expect(scene.upstreamCalls()).toBe(before);
    expect((await call(otherUpstream(door).model({ text: poem }).asked, "false")).status).toBe(200);
    expect((await call(ownUpstream(door).model({ text: poem }).asked, "true")).status).toBe(200);
  });

  test(`${door.dialect}: a strict key asks for that in every call, whatever the call says`, async () => {
    const more = door.dialect === "openai-chat" ? { logit_bias: { 50256: -100 } } : { top_k: 5 };
    const { secret } = await scene.gateway.store.keys.issue({ name: `strict at ${door.dialect}`, strict: true });
    const call = (asked: string, headers = {}) =>
      scene.client.call(door, asked, false, more, { authorization: `Bearer ${secret}`, ...headers });
    const before = scene.upstreamCalls();
    for (const headers of [{}, { "x-pontage-strict": "true" }, { "x-pontage-strict": "false" }]) {
      const refused = await call(otherUpstream(door).model({ text: poem }).asked, headers);
      expect(refused.status).toBe(400);
      expect(refused.body.toString("utf8")).toContain("use a key that is not strict");
    }
    expect((await call(ownUpstream(door).model({ text: poem }).asked, { "x-pontage-strict": "perhaps" })).status).toBe(
      400,
    );
    expect(scene.upstreamCalls()).toBe(before);
    expect((await call(ownUpstream(door).model({ text: poem }).asked)).status).toBe(200);
  });

  test(`${door.dialect}: the door is found by every path that clients are told`, async () => {
    const { asked } = ownUpstream(door).model({ text: poem });
    const below = door.path.slice("/v1".length);
    for (const path of [door.path, below, `/openai${door.path}`, `/anthropic${door.path}`, `${door.path}?beta=true`]) {
      const answer = await scene.client.call({ ...door, path }, asked, false);
      expect([path, answer.status]).toEqual([path, 200]);
    }
    expect((await scene.client.call({ ...door, path: `/elsewhere${door.path}` }, asked, false)).status).toBe(404);
  });

  test(`${door.dialect}: the request goes on as it came, but for the model's name`, async () => {
    const { asked, own } = ownUpstream(door).model({ text: poem });
    const odd = JSON.stringify(door.body(asked, false, { zeta: [1, 2.5, "é"], unknown: { deep: null } }))
      .replace(/^{/, "{\n\t ")
      .replace(/,"/g, ' ,  "');
    await scene.client.send(door.path, odd, {
      headers: { "content-type": "application/json", "x-api-key": scene.gateway.apiKey },
    });
    const [received] = ownUpstream(door).simulator.requestsFor(own);
    expect(received!.body.toString("utf8")).toBe(odd.replace(asked, own));
  });

  describe(`the bytes of ${door.dialect} pass as they came`, () => {
    const own = recordings.filter(({ dialect, status }) => dialect.id === door.dialect && status === 200);

    for (const recording of own.filter(({ unary }) => unary !== undefined)) {
      test(`${recording.name}, whole`, async () => {
        const folder = door.dialect === "openai-chat" ? "chat-completions" : "messages";
        const [provider, name] = recording.name.split("/");
        const file = join(import.meta.dirname, "../fixtures", provider!, folder, `${name}.response.json`);
        const bytes = readFileSync(file);
        const { asked } = ownUpstream(door).model(replay(bytes, "application/json"));
        const answer = await scene.client.call(door, asked, false);
        expect(answer.status).toBe(200);
        expect(answer.body.equals(bytes)).toBe(true);
      });
    }

    for (const { name, stream } of own.filter((recording) => recording.stream !== undefined)) {
      for (const [how, behaviour] of [
        ["at once", replay(stream!)],
        ["in pieces of 97 bytes", inChunks(stream!, 97)],
      ] as const) {
        test(`${name}, streamed ${how}`, async () => {
          const { asked, own } = ownUpstream(door).model(behaviour);
          // A client of chat that wants no usage is not shown the chunk that holds nothing else; so it is asked for here.
          const more = door.dialect === "openai-chat" ? { stream_options: { include_usage: true } } : {};
          const answer = await scene.client.call(door, asked, true, more);
          if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body.toString("utf8")}`);
          const text = answer.body.toString("latin1");
          expect(text.startsWith(stream!.toString("latin1").replace(/\n*$/, ""))).toBe(true);
          const rest = text.slice(stream!.length);
          const [row] = await scene.gateway.rowsOfModel(own);
          if (row!.outcome === "ok") expect(rest).toMatch(/^\n?(: pontage request_id=\S+ cost_usd=\S+\n\n)$/);
          else expect(door.endsInError(framesIn(text)) || /error/.test(stream!.toString())).toBe(true);
        });
      }
    }
  });
}

test("a stream of chat without usage hides only what was not asked for", async () => {
  const [chat] = doors;
  for (const shown of [true, false]) {
    const { asked, own } = ownUpstream(chat!).model({ text: poem });
    const more = shown ? { stream_options: { include_usage: true } } : {};
    const answer = await scene.client.call(chat!, asked, true, more);
    const frames = framesIn(answer.body.toString("utf8"));
    expect(frames.some(({ data }) => data.includes('"usage":{'))).toBe(shown);
    expect(chat!.textIn(frames)).toBe(poem);
    expect(chat!.endsCleanly(frames)).toBe(true);
    const [received] = ownUpstream(chat!).simulator.requestsFor(own);
    expect(JSON.parse(received!.body.toString("utf8")).stream_options).toEqual({ include_usage: true });
    expect(await scene.gateway.rowsOfModel(own)).toMatchObject([{ usageSource: "provider", inputTokens: 21n }]);
  }
});

test("the front page, health and readiness need no key and tell no secret", async () => {
  for (const path of ["/", "/health", "/ready"]) {
    const answer = await scene.client.send(path, null, { method: "GET" });
    expect(answer.status, path).toBe(200);
    expect(JSON.stringify(jsonOf(answer))).not.toContain("127.0.0.1");
  }
});

test("a simulated answer is free and shows its headers over HTTP", async () => {
  const answer = await scene.client.call(doors[0]!, "sim/echo", false);
  expect(answer.headers["x-pontage-provider"]).toBe("sim");
  expect(answer.headers["x-pontage-cost-usd"]).toBe("0.0");
});

test("what a stream loses after its head is told in the comment at its end", async () => {
  const messages = doors.find(({ dialect }) => dialect === "anthropic-messages")!;
  const chunk = (choice: object) =>
    `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, ...choice }] })}\n\n`;
  const first = chunk({ delta: { role: "assistant", content: poem } });
  const last = chunk({ delta: {}, finish_reason: "stop", verdict: "fine" });
  const { asked } = upstreamOf("chat").model(({ response }) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(first);
    setTimeout(() => response.end(`${last}data: [DONE]\n\n`), 200);
  });
  const { headers, body } = await scene.client.call(messages, asked, true);
  expect(headers["x-pontage-loss"]).toBeUndefined();
  const loss = / cost_usd=\S+ loss=(\S+)\n\n$/.exec(body.toString("utf8"))?.[1];
  expect(loss).toBe("verdict");
});
