import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { providerOf, upstreamSecret } from "../gateway/gateway.ts";
import {
  cutWhole,
  errorFirst,
  lies,
  lying,
  otherKind,
  redirect,
  refuse,
  reset,
  say,
  silent,
  silentAfter,
  stuckAfter,
} from "../simulators/behaviours.ts";
import { answer, type Behaviour } from "../simulators/simulator.ts";
import { doors, framesIn, jsonOf } from "./doors.ts";
import { openScene, pairs, poem, type Scene, upstreamNames } from "./scene.ts";

/*
 * What an upstream can do wrong, and what a client hears of it: an error of its dialect with a status, never half an answer that
 * looks whole, and never a word of what the gateway knows of the provider.
 */

let scene: Scene;
/** Takes what a redirect would send on, credential included. */
let elsewhere: http.Server;
const stolen: unknown[] = [];

beforeAll(async () => {
  scene = await openScene();
  elsewhere = http.createServer((request, response) => {
    stolen.push(request.headers);
    response.end("{}");
  });
  elsewhere.listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
});
afterAll(async () => {
  elsewhere.close();
  await scene.stop();
});

const upstreamOf = (name: string) => scene.upstreams.find((upstream) => upstream.name === name)!;
const elsewhereUrl = () => `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/v1/steal`;

const html = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

interface Wrong {
  readonly what: string;
  readonly behaviour: Behaviour;
  /** For which of the two kinds of call. */
  readonly streams: readonly boolean[];
  readonly status: number | readonly number[];
}

const both = [false, true];
const wrongs: readonly Wrong[] = [
  { what: "a body that is not JSON", behaviour: say("{oops", "application/json"), streams: both, status: 502 },
  { what: "a JSON list", behaviour: say("[1,2]", "application/json"), streams: both, status: 502 },
  { what: "a number", behaviour: say("42", "application/json"), streams: both, status: 502 },
  { what: "null", behaviour: say("null", "application/json"), streams: both, status: 502 },
  { what: "nothing", behaviour: say("", "application/json"), streams: both, status: 502 },
  { what: "a page of HTML under status 200", behaviour: say(html, "text/html"), streams: both, status: 502 },
  {
    what: "text under the type of a stream",
    behaviour: say("hello\n\n", "text/event-stream"),
    streams: both,
    status: 502,
  },
  { what: "a stream without an event", behaviour: say("", "text/event-stream"), streams: [true], status: 502 },
  {
    what: "a whole answer that breaks off at its start",
    behaviour: cutWhole({ text: poem }, 0),
    streams: [false],
    status: 502,
  },
  { what: "a whole answer that breaks off", behaviour: cutWhole({ text: poem }, 60), streams: [false], status: 502 },
  { what: "a broken connection", behaviour: reset(), streams: both, status: 502 },
  { what: "a redirect", behaviour: (exchange) => redirect(elsewhereUrl())(exchange), streams: both, status: 502 },
  {
    what: "a page of HTML with a status",
    behaviour: ({ response }) => {
      response.writeHead(502, { "content-type": "text/html" });
      response.end(html);
    },
    streams: both,
    status: 502,
  },
  {
    what: "its own secret in an error",
    behaviour: refuse(401, {}, `Incorrect API key provided: ${upstreamSecret}. Find yours in the console.`),
    streams: both,
    status: 502,
  },
  { what: "a limit", behaviour: refuse(429, { "retry-after": "3" }), streams: both, status: 429 },
  { what: "a fault", behaviour: refuse(500), streams: both, status: 500 },
  { what: "an overload", behaviour: refuse(529), streams: both, status: [503, 529] },
  { what: "an error as the first event", behaviour: errorFirst(400), streams: [true], status: [400, 500, 502] },
];

for (const door of doors) {
  for (const name of upstreamNames) {
    describe.concurrent(`${door.dialect} client, ${name} upstream`, () => {
      for (const { what, behaviour, streams, status } of wrongs) {
        for (const stream of streams) {
          test(`${what}, ${stream ? "streamed" : "whole"}`, async () => {
            const { asked, own } = upstreamOf(name).model(behaviour);
            const answer = await scene.client.call(door, asked, stream);
            const text = answer.body.toString("utf8");
            expect([status].flat(), text).toContain(answer.status);
            expect(answer.headers["content-type"]).toBe("application/json");
            expect(answer.headers["set-cookie"]).toBeUndefined();
            door.errorIn(jsonOf(answer));
            expect(text).not.toContain(upstreamSecret);
            expect(text).not.toContain("<html");
            const rows = await scene.gateway.rowsOfModel(own);
            expect(rows.length).toBe(upstreamOf(name).simulator.requestsFor(own).length);
            expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(["upstream_error"]));
          });
        }
      }

      test("a stream of garbage never ends well", async () => {
        const { asked, own } = upstreamOf(name).model(({ response, speech }) => {
          response.writeHead(200, { "content-type": speech.streamType });
          response.end("event: message_start\ndata: {oops\n\nevent: message_stop\ndata: stop\n\n");
        });
        const answer = await scene.client.call(door, asked, true);
        if (answer.status === 200) {
          // The bytes of the client's own dialect pass unread; that nothing ended is seen all the same.
          const frames = framesIn(answer.body.toString("utf8"));
          expect(door.endsCleanly(frames)).toBe(false);
          expect(door.endsInError(frames)).toBe(true);
        } else expect(answer.status).toBe(502);
        const rows = await scene.gateway.rowsOfModel(own);
        expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(["upstream_error"]));
      });

      test("a whole answer to who wants a stream becomes one", async () => {
        const { asked } = upstreamOf(name).model(otherKind({ text: poem }));
        const answer = await scene.client.call(door, asked, true);
        expect(answer.status).toBe(200);
        const frames = framesIn(answer.body.toString("utf8"));
        expect(door.textIn(frames)).toBe(poem);
        expect(door.endsCleanly(frames)).toBe(true);
      });

      test("a stream to who wants a whole answer is refused", async () => {
        const { asked } = upstreamOf(name).model(otherKind({ text: poem }));
        const answer = await scene.client.call(door, asked, false);
        expect(answer.status).toBe(502);
        door.errorIn(jsonOf(answer));
      });

      for (const stream of both) {
        test(`an answer without usage is billed by an estimate, ${stream ? "streamed" : "whole"}`, async () => {
          const { asked, own } = upstreamOf(name).model(answer({ text: poem, withoutUsage: true }));
          expect((await scene.client.call(door, asked, stream)).status).toBe(200);
          const [row] = await scene.gateway.rowsOfModel(own);
          expect(row).toMatchObject({ outcome: "ok", usageSource: "estimated" });
          expect(row!.outputTokens! > 0n).toBe(true);
          expect(row!.inputTokens! > 0n).toBe(true);
        });
      }
    });
  }
}

const most = 2n ** 53n;

describe.concurrent("what an upstream says of its tokens", () => {
  for (const [door, name] of pairs) {
    for (const stream of both) {
      for (const lie of Object.keys(lies)) {
        test(`${door.dialect} client, ${name} upstream: ${lie}, ${stream ? "streamed" : "whole"}`, async () => {
          const { asked, own } = upstreamOf(name).model(lying({ text: poem }, lie));
          const answer = await scene.client.call(door, asked, stream);
          expect(answer.status).toBe(200);
          const [row] = await scene.gateway.rowsOfModel(own);
          expect(row).toMatchObject({ outcome: "ok" });
          for (const tokens of [row!.inputTokens!, row!.outputTokens!]) {
            expect(tokens >= 0n && tokens <= most, String(tokens)).toBe(true);
          }
          expect(row!.costNanoUsd! >= 0n).toBe(true);
        });
      }
    }
  }
});

describe.concurrent("a silence in the middle", () => {
  for (const [door, name] of pairs) {
    test(`${door.dialect} client, ${name} upstream: one that ends is waited for`, async () => {
      const { asked } = upstreamOf(name).model(silentAfter({ text: poem }, 4, 60));
      const answer = await scene.client.call(door, asked, true);
      const frames = framesIn(answer.body.toString("utf8"));
      expect(door.textIn(frames)).toBe(poem);
      expect(door.endsCleanly(frames)).toBe(true);
    });
  }
});

describe("waits are bounded", () => {
  let hasty: Scene;
  /** Takes connections and never says a word, not even that of TCP's acceptance of HTTP. */
  let mute: net.Server;
  beforeAll(async () => {
    mute = net.createServer(() => {});
    mute.listen(0, "127.0.0.1");
    await once(mute, "listening");
    const chat = scene.upstreams[0]!.simulator;
    const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    hasty = await openScene({
      providers: [
        providerOf("impatient", chat, { timeouts: { firstByteMs: 1_000 } }),
        providerOf("restless", chat, { timeouts: { idleMs: 1_000 } }),
        providerOf("brief", chat, { timeouts: { totalMs: 300 } }),
        providerOf("mute", chat, { baseUrl: url, timeouts: { firstByteMs: 1_000 } }),
        providerOf("nobody", chat, { baseUrl: "http://127.0.0.1:9" }),
      ],
    });
  });
  afterAll(async () => {
    await hasty.stop();
    mute.close();
  });

  const cases = [
    ["no first byte", "impatient", silent(), true, 504],
    ["no first byte, whole", "impatient", silent(), false, 504],
    ["nothing more", "restless", stuckAfter({ text: poem }, 5), true, 200],
    ["no end", "brief", stuckAfter({ text: poem }, 5), true, 200],
    ["no end, whole", "brief", silent(), false, 504],
    ["no word", "mute", silent(), false, 504],
    ["no connection", "nobody", silent(), false, 502],
  ] as const;
  for (const door of doors) {
    for (const [what, provider, behaviour, stream, status] of cases) {
      test.concurrent(`${door.dialect}: ${what}`, async () => {
        const own = scene.upstreams[0]!.simulator.model(behaviour);
        const answer = await hasty.client.call(door, `${provider}/${own}`, stream);
        expect(answer.status).toBe(status);
        if (status === 200) {
          const frames = framesIn(answer.body.toString("utf8"));
          expect(door.endsCleanly(frames)).toBe(false);
          expect(door.endsInError(frames)).toBe(true);
        } else expect(door.errorIn(jsonOf(answer))).toMatch(/within|reached/);
        const rows = await hasty.gateway.rowsOfModel(own);
        expect(rows.at(-1)?.outcome).toBe(provider === "nobody" ? "unsent" : "upstream_error");
        expect(rows.at(-1)?.reason).toBe(status === 502 ? "UPSTREAM_UNREACHABLE" : "UPSTREAM_TIMEOUT");
      });
    }
  }
});

test("a redirect is not followed and the credential goes nowhere", () => {
  expect(stolen).toEqual([]);
});

test("what is logged has no credential in it", () => {
  expect(scene.gateway.log.join("\n")).not.toContain(upstreamSecret);
  expect(scene.gateway.log.join("\n")).not.toContain(scene.gateway.apiKey);
});
