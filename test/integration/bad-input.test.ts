import net from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer, type Exchange } from "../simulators/simulator.ts";
import { type Answer, type Door, doors, jsonOf } from "./doors.ts";
import { openScene, poem, type Scene } from "./scene.ts";

/*
 * What a client can send that is wrong. Each is a clear error of the door's dialect with the right status; nothing of it
 * reaches an upstream or the ledger.
 */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

/** A model that would answer well, were it asked, at an upstream of the door's own dialect. */
function goodModel(door: Door): string {
  return scene.upstreams
    .find(({ simulator }) => simulator.dialect === door.dialect)!
    .model({ text: poem }, { takesAnything: true }).asked;
}

const key = () => ({ authorization: `Bearer ${scene.gateway.apiKey}` });
const jsonType = { "content-type": "application/json" };

/** Runs calls that must come to nothing. */
async function withoutTrace<T>(act: () => Promise<T>): Promise<T> {
  const rowsBefore = await scene.gateway.ledgerRows();
  const callsBefore = scene.upstreamCalls();
  const result = await act();
  expect(scene.upstreamCalls(), "upstream calls").toBe(callsBefore);
  expect(await scene.gateway.ledgerRows(), "ledger rows").toHaveLength(rowsBefore.length);
  return result;
}

function expectRefusal(door: Door, answer: Answer, status: number): string {
  expect(answer.status, answer.body.toString("utf8").slice(0, 300)).toBe(status);
  expect(answer.headers["content-type"]).toBe("application/json");
  expect(answer.headers["x-request-id"]).toMatch(/^req_/);
  expect(answer.headers["request-id"]).toBe(answer.headers["x-request-id"]);
  return door.errorIn(jsonOf(answer));
}

const wrongTypes: Readonly<Record<Door["dialect"], Readonly<Record<string, readonly unknown[]>>>> = {
  "openai-chat": {
    model: [5, "", {}, ["a"], true],
    messages: [
      "hi",
      {},
      [],
      [5],
      [[]],
      [{}],
      [{ role: 5 }],
      [{ role: "user", content: 5 }],
      [{ role: "user", content: [5] }],
    ],
    stream: ["yes", 1, {}],
    stream_options: [true, { include_usage: "yes" }],
    temperature: ["warm", -1, {}],
    top_p: ["much", []],
    max_tokens: ["9", -1, 1.5, 2 ** 33],
    max_completion_tokens: ["9", -1, 1.5],
    n: ["2", -1, 0.5],
    stop: [5, {}, [5]],
    tools: [{}, "none", [5], [{}]],
    tool_choice: [5, []],
    parallel_tool_calls: ["yes", 1],
    response_format: ["json", []],
    seed: ["x", 0.5],
    logprobs: ["yes"],
    logit_bias: [[], "x"],
    user: [5, {}],
    metadata: ["x", []],
    reasoning_effort: [5],
  },
  "anthropic-messages": {
    model: [5, "", {}, ["a"], true],
    messages: [
      "hi",
      {},
      [],
      [5],
      [[]],
      [{}],
      [{ role: 5 }],
      [{ role: "user", content: 5 }],
      [{ role: "user", content: [5] }],
    ],
    max_tokens: ["9", -1, 1.5, 2 ** 33],
    stream: ["yes", 1, {}],
    system: [5, {}, [5], [{}]],
    temperature: ["warm", -1, {}],
    top_p: ["much", []],
    top_k: ["9", -1, 0.5],
    stop_sequences: ["x", [5], {}],
    tools: [{}, "none", [5], [{}]],
    tool_choice: [5, "auto", []],
    thinking: ["yes", [], { type: 5 }, { type: "enabled", budget_tokens: "many" }],
    metadata: ["x", []],
  },
};

for (const door of doors) {
  describe(`the door of ${door.dialect}`, () => {
    const send = (body: string | Buffer, headers: Record<string, string | string[]> = {}) =>
      scene.client.send(door.path, body, { headers: { ...jsonType, ...key(), ...headers } });
    const good = (more: object = {}) => JSON.stringify(door.body(goodModel(door), false, more));

    for (const [field, values] of Object.entries(wrongTypes[door.dialect])) {
      test(`wrong types of \`${field}\``, () =>
        withoutTrace(async () => {
          for (const value of values) {
            const words = expectRefusal(door, await send(good({ [field]: value })), 400);
            expect(words, JSON.stringify(value)).toContain(`\`${field}`);
          }
        }));
    }

    test("what is missing is named", () =>
      withoutTrace(async () => {
        for (const field of ["model", "messages"]) {
          expect(expectRefusal(door, await send(good({ [field]: undefined })), 400)).toContain(`\`${field}\``);
        }
      }));

    const bodies: readonly (readonly [string, () => string | Buffer, number, RegExp])[] = [
      ["malformed JSON", () => good().slice(0, -1), 400, /not valid JSON/],
      ["a comma too many", () => good().replace(/}$/, ",}"), 400, /not valid JSON/],
      ["something behind the object", () => `${good()} {}`, 400, /not valid JSON/],
      ["an empty body", () => "", 400, /empty/],
      ["a list", () => "[]", 400, /must be a JSON object/],
      ["a number", () => "42", 400, /must be a JSON object/],
      ["null", () => "null", 400, /must be a JSON object/],
      ["a text", () => '"hello"', 400, /must be a JSON object/],
      ["a key twice", () => good().replace(/^{/, '{"model":"sim/echo",'), 400, /`model` appears twice/],
      [
        "a key twice, once escaped",
        () => good().replace(/^{/, '{"\\u006dodel":"sim/echo",'),
        400,
        /`model` appears twice/,
      ],
      [
        "a key twice, deep inside",
        () => good({ metadata: { a: { b: [{ c: 1 }] } } }).replace('"c":1', '"c":1,"c":2'),
        400,
        /`c` appears twice/,
      ],
      [
        "invalid UTF-8",
        () => Buffer.concat([Buffer.from(good().slice(0, -2)), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
        400,
        /UTF-8/,
      ],
      [
        "half a character",
        () => Buffer.concat([Buffer.from('{"model":"'), Buffer.from("é").subarray(0, 1), Buffer.from('"}')]),
        400,
        /UTF-8/,
      ],
      ["65 levels", () => good({ metadata: JSON.parse(`${"[".repeat(65)}${"]".repeat(65)}`) }), 400, /nested deeper/],
      ["100,000 levels", () => `{"messages":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 400, /nested deeper/],
      ["300,000 values", () => good({ metadata: { a: Array(300_000).fill(0) } }), 413, /values/],
      ["an infinite number", () => good().replace(/^{/, '{"temperature":1e999,'), 400, /`temperature`/],
      ["an unknown provider", () => JSON.stringify(door.body("nobody/none", false)), 404, /nobody\/none/],
      ["an unknown simulated model", () => JSON.stringify(door.body("sim/eccho", false)), 404, /sim\/echo/],
      ["a bare unknown model", () => JSON.stringify(door.body("gpt-none", false)), 404, /gpt-none/],
      ["11 MiB", () => good({ user: "x".repeat(11 << 20) }), 413, /larger than/],
    ];
    for (const [what, body, status, words] of bodies) {
      for (const stream of [false, true]) {
        test(`${what}, ${stream ? "streamed" : "whole"}`, () =>
          withoutTrace(async () => {
            const bytes = body();
            const sent = stream && typeof bytes === "string" ? bytes.replace('"stream":false', '"stream":true') : bytes;
            expect(expectRefusal(door, await send(sent), status)).toMatch(words);
          }));
      }
    }

    const encoded: readonly (readonly [string, string, (body: string) => Buffer, number])[] = [
      ["a gzip bomb", "gzip", () => gzipSync(Buffer.alloc(64 << 20, " ")), 413],
      ["a bomb below the limit of size", "gzip", () => gzipSync(Buffer.alloc(4 << 20, " ")), 413],
      ["bytes that are not gzip", "gzip", (body) => Buffer.from(body), 400],
      ["half of a gzip body", "gzip", (body) => gzipSync(body).subarray(0, 40), 400],
      ["an unknown encoding", "zstd", (body) => Buffer.from(body), 415],
      ["two encodings", "gzip, gzip", (body) => gzipSync(gzipSync(body)), 415],
      ["a name of the engine's own", "constructor", (body) => Buffer.from(body), 415],
    ];
    for (const [what, encoding, encode, status] of encoded) {
      test(what, () =>
        withoutTrace(async () => {
          expectRefusal(door, await send(encode(good()), { "content-encoding": encoding }), status);
        }),
      );
    }

    test("a gzip body that is as it should be is taken", async () => {
      expect((await send(gzipSync(good()), { "content-encoding": "gzip" })).status).toBe(200);
    });

    test("a body that grows too large while it is sent, and one that says so before", () =>
      withoutTrace(async () => {
        async function* endless() {
          for (let piece = 0; piece < 200; piece++) yield Buffer.alloc(64 << 10, " ");
        }
        const grown = await scene.client.send(door.path, endless(), { headers: { ...jsonType, ...key() } });
        expectRefusal(door, grown, 413);
        // Nothing of it is sent: the head alone is enough to know.
        const announced = await raw(
          `POST ${door.path} HTTP/1.1\r\nhost: x\r\nauthorization: ${key().authorization}\r\ncontent-length: 99999999999\r\n\r\n`,
        );
        expect(announced).toMatch(/^HTTP\/1\.1 413 /);
      }));

    const credentials: readonly (readonly [string, () => Record<string, string | string[]>, number])[] = [
      ["no key", () => ({}), 401],
      ["an empty key", () => ({ authorization: "" }), 401],
      ["a bearer without a token", () => ({ authorization: "Bearer" }), 401],
      [
        "another scheme",
        () => ({ authorization: `Basic ${Buffer.from(`x:${scene.gateway.apiKey}`).toString("base64")}` }),
        401,
      ],
      ["a key of another vendor", () => ({ authorization: "Bearer sk-proj-canary-5d1f" }), 401],
      [
        "a key with a letter changed",
        () => ({ "x-api-key": scene.gateway.apiKey.replace(/.$/, (last) => (last === "x" ? "y" : "x")) }),
        401,
      ],
      ["a key with a letter more", () => ({ "x-api-key": `${scene.gateway.apiKey}x` }), 401],
      ["half a key", () => ({ "x-api-key": scene.gateway.apiKey.slice(0, 20) }), 401],
      ["SQL", () => ({ "x-api-key": "' or 1=1; -- canary-5d1f" }), 401],
      ["8 KiB", () => ({ "x-api-key": "canary-5d1f".padEnd(8192, "x") }), 401],
      ["the admin's token", () => ({ authorization: `Bearer ${scene.gateway.adminToken}` }), 401],
      ["two keys", () => ({ ...key(), "x-api-key": "sk-pt-canary-5d1f" }), 400],
      [
        "two keys, the wrong one first",
        () => ({ authorization: "Bearer canary-5d1f", "x-goog-api-key": scene.gateway.apiKey }),
        400,
      ],
      ["authorization twice", () => ({ authorization: [`Bearer ${scene.gateway.apiKey}`, "Bearer canary-5d1f"] }), 400],
      [
        "authorization twice, the wrong one first",
        () => ({ authorization: ["Bearer canary-5d1f", `Bearer ${scene.gateway.apiKey}`] }),
        400,
      ],
      ["x-api-key twice", () => ({ "x-api-key": [scene.gateway.apiKey, "canary-5d1f"] }), 400],
    ];
    for (const [what, headers, status] of credentials) {
      test(`credentials: ${what}`, () =>
        withoutTrace(async () => {
          const answer = await scene.client.send(door.path, good(), { headers: { ...jsonType, ...headers() } });
          expectRefusal(door, answer, status);
          const shown = answer.body.toString("utf8") + JSON.stringify(answer.headers);
          expect(shown).not.toContain("canary-5d1f");
          expect(shown).not.toContain(scene.gateway.apiKey.slice(0, 20));
          expect(scene.gateway.log.join("\n")).not.toContain("canary-5d1f");
        }));
    }

    for (const place of ["x-api-key", "x-goog-api-key", "api-key"]) {
      test(`credentials: the key in ${place}, and the same one in two places, are taken`, async () => {
        const { apiKey } = scene.gateway;
        for (const headers of [{ [place]: apiKey }, { ...key(), [place]: apiKey }]) {
          const answer = await scene.client.send(door.path, good(), { headers: { ...jsonType, ...headers } });
          expect(answer.status).toBe(200);
        }
      });
    }

    test("a key that is revoked no longer opens, and one that is replaced only for its grace", async () => {
      const { store } = scene.gateway;
      const { id, secret } = await scene.gateway.issueKey(`short-lived ${door.dialect}`);
      const headers = { ...jsonType, "x-api-key": secret };
      expect((await scene.client.send(door.path, good(), { headers })).status).toBe(200);
      const { secret: next } = await store.keys.rotate(id, 60);
      for (const one of [secret, next]) {
        const answer = await scene.client.send(door.path, good(), { headers: { ...headers, "x-api-key": one } });
        expect(answer.status).toBe(200);
      }
      await store.keys.revoke(id);
      await withoutTrace(async () => {
        for (const one of [secret, next]) {
          const answer = await scene.client.send(door.path, good(), { headers: { ...headers, "x-api-key": one } });
          expectRefusal(door, answer, 401);
        }
      });
    });

    test("an unknown key is refused before its body is read", () =>
      withoutTrace(async () => {
        const answer = await raw(
          `POST ${door.path} HTTP/1.1\r\nhost: x\r\nx-api-key: no\r\ncontent-length: 5000000\r\n\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 401 /);
      }));

    test("another method is refused, and told which would do", () =>
      withoutTrace(async () => {
        for (const method of ["GET", "PUT", "DELETE", "PATCH"]) {
          const answer = await scene.client.send(door.path, method === "GET" ? null : good(), {
            method,
            headers: key(),
          });
          expectRefusal(door, answer, 405);
          expect(answer.headers.allow).toBe("POST");
        }
      }));

    test("paths are taken to the letter", () =>
      withoutTrace(async () => {
        const tricks = [
          `/${door.path}`,
          `/v1/..${door.path}`,
          `/v1/%2e%2e${door.path}`,
          `/console/..${door.path}`,
          `${door.path}/`,
          `${door.path}%00`,
          `${door.path};a=b`,
          door.path.toUpperCase(),
          door.path.replaceAll("/", "%2f").replace("%2f", "/"),
          door.path.replace("/v1/", "/v1//"),
          door.path.replace("/v1/", "/v1/./"),
          door.path.replace("/v1/", "/v1\\"),
        ];
        for (const path of tricks) {
          const answer = await raw(
            `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: ${key().authorization}\r\ncontent-length: 0\r\n\r\n`,
          );
          expect(answer, path).toMatch(/^HTTP\/1\.1 40[045] /);
        }
      }));

    test("odd requests of HTTP are refused", () =>
      withoutTrace(async () => {
        const body = good();
        const auth = `authorization: ${key().authorization}\r\n`;
        const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
        const odd = [
          `POST ${door.path} HTTP/1.1\r\nhost: x\r\n${auth}${length}transfer-encoding: chunked\r\n\r\n${body}`,
          `POST ${door.path} HTTP/1.1\r\nhost: x\r\n${auth}${length}content-length: 5\r\n\r\n${body}`,
          `POST ${door.path} HTTP/1.1\r\n${auth}${length}\r\n${body}`,
          `POST http://elsewhere${door.path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${auth}${length}\r\n${body}`,
          `CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: x\r\n${auth}\r\n`,
        ];
        for (const request of odd) {
          const answer = await raw(request);
          expect(answer === "" || /^HTTP\/1\.1 40[0-9] /.test(answer), `${request.slice(0, 80)} -> ${answer}`).toBe(
            true,
          );
        }
      }));

    for (const [what, upstreamDialect] of [
      ["its own dialect", door.dialect],
      ["the other dialect", door.dialect === "openai-chat" ? "anthropic-messages" : "openai-chat"],
    ] as const) {
      test(`names that mean something to the engine are inert, to an upstream of ${what}`, async () => {
        const upstream = scene.upstreams.find(({ simulator }) => simulator.dialect === upstreamDialect)!;
        const seen: Exchange[] = [];
        const { asked } = upstream.model(
          (exchange) => {
            seen.push(exchange);
            return answer({ text: poem })(exchange);
          },
          { takesAnything: true },
        );
        const names = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1';
        const body = JSON.stringify(door.body(asked, false)).replace(
          /^{/,
          `{${names},"metadata":{"__proto__":{"polluted":1}},`,
        );
        expect((await send(body)).status).toBe(200);
        expect(seen).toHaveLength(1);
        expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
        expect(({} as { polluted?: number }).polluted).toBeUndefined();
      });
    }

    test("a body cannot say where the call goes", async () => {
      const answer = await send(
        good({ api_base: "http://127.0.0.1:9", base_url: "http://127.0.0.1:9", api_key: "x", provider: "sim" }),
      );
      expect(answer.status).toBe(200);
      expect(answer.headers["x-pontage-provider"]).toBe(door.dialect === "openai-chat" ? "chat" : "messages");
    });
  });
}

test("a path that is not there is a 404 in the dialect the client seems to speak", () =>
  withoutTrace(async () => {
    const [chat, messages] = doors;
    expectRefusal(chat!, await scene.client.send("/v1/nothing", "{}", { headers: key() }), 404);
    const anthropic = { ...key(), "anthropic-version": "2023-06-01" };
    expectRefusal(messages!, await scene.client.send("/v1/nothing", "{}", { headers: anthropic }), 404);
  }));

/** Sends bytes and reads what comes back until the other side has no more to say. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(scene.gateway.port, "127.0.0.1");
    let answer = "";
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => reject(new Error(`no answer to ${request.slice(0, 80)}`)), 5_000);
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
      if (answer.includes("\r\n\r\n")) done();
    });
    socket.on("close", done);
    socket.on("error", done);
    socket.write(request);
  });
}
