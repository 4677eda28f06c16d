import { KeyService } from "@pontage/gen/pontage/admin/v1/key_pb.ts";
import { LedgerService } from "@pontage/gen/pontage/admin/v1/ledger_pb.ts";
import { ProviderService } from "@pontage/gen/pontage/admin/v1/provider_pb.ts";
import { RequestService } from "@pontage/gen/pontage/admin/v1/request_pb.ts";
import { SystemService } from "@pontage/gen/pontage/admin/v1/system_pb.ts";
import { UsageService } from "@pontage/gen/pontage/admin/v1/usage_pb.ts";
import { ChatService } from "@pontage/gen/pontage/v1/chat_pb.ts";
import { ModelService } from "@pontage/gen/pontage/v1/model_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonOf } from "./doors.ts";
import { openScene, poem, type Scene } from "./scene.ts";

/*
 * The RPC door: what is wrong is refused with a code of Connect, and the services of the administrator are closed to everybody
 * who does not hold the admin token, every method of them.
 */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

const chat = `/${ChatService.typeName}/Chat`;
const key = () => ({ authorization: `Bearer ${scene.gateway.apiKey}` });
const post = (path: string, body: string | Buffer, headers: Record<string, string | string[]>) =>
  scene.client.send(path, body, { headers: { "content-type": "application/json", ...headers } });
const good = () => ({
  request: {
    model: scene.upstreams[0]!.model({ text: poem }).asked,
    messages: [{ role: "ROLE_USER", parts: [{ text: { text: "Hello" } }] }],
  },
});

async function withoutTrace<T>(act: () => Promise<T>): Promise<T> {
  const rowsBefore = await scene.gateway.ledgerRows();
  const callsBefore = scene.upstreamCalls();
  const result = await act();
  expect(scene.upstreamCalls(), "upstream calls").toBe(callsBefore);
  expect(await scene.gateway.ledgerRows(), "ledger rows").toHaveLength(rowsBefore.length);
  return result;
}

test("a call that is as it should be is answered", async () => {
  const answer = await post(chat, JSON.stringify(good()), key());
  expect(answer.status).toBe(200);
  expect(JSON.stringify(jsonOf(answer))).toContain("Grüße");
});

const wrongs: readonly (readonly [string, () => string | Buffer, () => Record<string, string | string[]>, string])[] = [
  ["malformed JSON", () => "{oops", key, "invalid_argument"],
  ["a list", () => "[]", key, "invalid_argument"],
  ["no request", () => "{}", key, "invalid_argument"],
  [
    "a wrong type",
    () => JSON.stringify({ request: { ...good().request, temperature: "warm" } }),
    key,
    "invalid_argument",
  ],
  ["against a rule", () => JSON.stringify({ request: { ...good().request, messages: [] } }), key, "invalid_argument"],
  ["invalid UTF-8", () => Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), key, "invalid_argument"],
  ["100,000 levels", () => `{"request":${"[".repeat(100_000)}`, key, "invalid_argument"],
  [
    "an unknown model",
    () => JSON.stringify({ request: { ...good().request, model: "nobody/none" } }),
    key,
    "not_found",
  ],
  [
    "11 MiB",
    () => JSON.stringify({ request: { ...good().request, user: "x".repeat(11 << 20) } }),
    key,
    "resource_exhausted",
  ],
  ["no key", () => JSON.stringify(good()), () => ({}), "unauthenticated"],
  ["a wrong key", () => JSON.stringify(good()), () => ({ "x-api-key": "canary-5d1f" }), "unauthenticated"],
  ["two keys", () => JSON.stringify(good()), () => ({ ...key(), "x-api-key": "canary-5d1f" }), "invalid_argument"],
  [
    "authorization twice",
    () => JSON.stringify(good()),
    () => ({ authorization: [`Bearer ${scene.gateway.apiKey}`, "Bearer canary-5d1f"] }),
    "invalid_argument",
  ],
];
for (const [what, body, headers, code] of wrongs) {
  test(`refused: ${what}`, () =>
    withoutTrace(async () => {
      const answer = await post(chat, body(), headers());
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(jsonOf(answer)).toMatchObject({ code });
      expect(answer.body.toString("utf8")).not.toContain("canary-5d1f");
    }));
}

describe("closed by default", () => {
  const admin = [KeyService, LedgerService, ProviderService, RequestService, SystemService, UsageService];
  for (const service of admin) {
    for (const method of service.methods) {
      const path = `/${service.typeName}/${method.name}`;
      const strangers = {
        nobody: () => ({}),
        "an API key": key,
        "an API key in x-api-key": () => ({ "x-api-key": scene.gateway.apiKey }),
        "a wrong admin token": () => ({ authorization: `Bearer ${scene.gateway.adminToken}x` }),
        "an admin token and an API key": () => ({
          authorization: `Bearer ${scene.gateway.adminToken}`,
          "x-api-key": scene.gateway.apiKey,
        }),
      };
      for (const [who, headers] of Object.entries(strangers)) {
        test(`${path} to ${who}`, () =>
          withoutTrace(async () => {
            if (method.methodKind === "unary") {
              const answer = await post(path, "{}", headers());
              expect([400, 401, 403]).toContain(answer.status);
              expect((jsonOf(answer) as { code: string }).code).toMatch(
                /unauthenticated|permission_denied|invalid_argument/,
              );
              return;
            }
            // A stream tells its end in its last message, under status 200.
            const answer = await post(path, Buffer.from([0, 0, 0, 0, 2, 0x7b, 0x7d]), {
              "content-type": "application/connect+json",
              ...headers(),
            });
            const [flags, end] = [answer.body[0], JSON.parse(answer.body.toString("utf8", 5))];
            expect(flags, "the first message is the last").toBe(2);
            expect(end.error.code).toMatch(/unauthenticated|permission_denied|invalid_argument/);
          }));
      }
    }
  }

  test("the admin token opens them", async () => {
    const token = { authorization: `Bearer ${scene.gateway.adminToken}` };
    for (const [service, method] of [
      [KeyService, "ListKeys"],
      [ProviderService, "ListProviders"],
    ] as const) {
      expect((await post(`/${service.typeName}/${method}`, "{}", token)).status).toBe(200);
    }
  });

  test("but not the services of callers", () =>
    withoutTrace(async () => {
      const answer = await post(chat, JSON.stringify(good()), { authorization: `Bearer ${scene.gateway.adminToken}` });
      expect(answer.status).toBe(401);
    }));

  test("models are listed to callers only", async () => {
    const list = `/${ModelService.typeName}/ListModels`;
    expect((await post(list, "{}", key())).status).toBe(200);
    expect((await post(list, "{}", {})).status).toBe(401);
    expect((await scene.client.send("/v1/models", null, { method: "GET" })).status).toBe(401);
    expect((await scene.client.send("/v1/models/sim%2fecho", null, { method: "GET" })).status).toBe(401);
  });

  test("what is not there is not there", () =>
    withoutTrace(async () => {
      const token = { authorization: `Bearer ${scene.gateway.adminToken}` };
      for (const path of [
        "/pontage.admin.v1.KeyService/Nothing",
        "/pontage.admin.v1.Nobody/X",
        "/pontage.",
        `/${chat}`,
      ]) {
        expect((await post(path, "{}", token)).status, path).toBe(404);
      }
    }));
});
