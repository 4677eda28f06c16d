import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build, defaultClientConditions } from "vite";
import { afterAll, beforeAll, expect } from "vitest";
import { startTestGateway, type TestGateway, until } from "../gateway/gateway.ts";
import { inBrowser, launch, visit } from "./browser.ts";

/** The SDK as a web page has it: bundled, with connect-web underneath, in Chromium, against the real gateway. */

let gateway: TestGateway;
let browser: Browser | undefined;
let bundle = "";

beforeAll(async () => {
  browser = await launch();
  if (!browser) return;
  gateway = await startTestGateway();
  bundle = await bundleOfSdk();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

/** The SDK as one script that leaves `sdk` behind. */
async function bundleOfSdk(): Promise<string> {
  const entry = fileURLToPath(new URL("../../sdk/src/index.ts", import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: "warn",
    resolve: { conditions: ["@pontage/source", ...defaultClientConditions] },
    build: { write: false, lib: { entry, formats: ["iife"], name: "sdk" } },
  });
  const [output] = [built].flat();
  if (!output || !("output" in output)) throw new Error("vite built nothing");
  return output.output[0].code;
}

/** A page of the gateway's own origin, under the gateway's own content policy, with the SDK in it. */
async function withSdk(use: (page: Page) => Promise<void>) {
  await visit(
    browser!,
    `${gateway.baseUrl}/console/login`,
    async (page) => {
      // Evaluated, because the policy lets no script in that is not the console's.
      await page.evaluate(`${bundle}; globalThis.sdk = sdk;`);
      await page.evaluate(
        ({ apiKey, adminToken }) => {
          const { Pontage } = globalThis.sdk;
          const options = { baseUrl: location.origin, dangerouslyAllowBrowser: true, maxRetries: 0 };
          globalThis.pontage = new Pontage({ ...options, apiKey });
          globalThis.admin = new Pontage({ ...options, adminToken });
        },
        { apiKey: gateway.apiKey, adminToken: gateway.adminToken },
      );
      await use(page);
    },
    // A refused call is told by the browser too.
    { expected: /Failed to load resource: the server responded with a status of 4/ },
  );
}

declare global {
  // Left behind in the page. `var`, because only that declares a property of the global object.
  var sdk: typeof import("@pontage/sdk");
  var pontage: import("@pontage/sdk").Pontage;
  var admin: import("@pontage/sdk").Pontage;
}

const lastCall = () => gateway.gateway.activity.since(0).calls.at(-1);

inBrowser("chat.create over connect-web", async () => {
  await withSdk(async (page) => {
    const answer = await page.evaluate(async () => {
      const { text, usage, requestId } = await globalThis.pontage.chat.create({
        model: "sim/echo",
        messages: [{ role: "user", content: "Hello from a page" }],
      });
      return { text, outputTokens: usage.outputTokens, requestId };
    });
    expect(answer.text).toContain("Hello from a page");
    const rows = await gateway.ledgerRows(answer.requestId);
    expect(rows).toMatchObject([{ outcome: "ok", outputTokens: BigInt(answer.outputTokens) }]);
  });
});

inBrowser("chat.stream over connect-web: piece by piece, not all at the end", async () => {
  await withSdk(async (page) => {
    const { pieces, spreadMs, text, requestId } = await page.evaluate(async () => {
      const stream = globalThis.pontage.chat.stream(
        { model: "sim/lorem", messages: [{ role: "user", content: "Go on" }], maxOutputTokens: 40 },
        { headers: { "x-sim-tps": "100" } },
      );
      const times: number[] = [];
      let text = "";
      for await (const part of stream) {
        if (part.type !== "text") continue;
        times.push(performance.now());
        text += part.text;
      }
      const message = await stream.finalMessage();
      if (message.text !== text) throw new Error("the pieces are not the whole");
      return { pieces: times.length, spreadMs: times.at(-1)! - times[0]!, text, requestId: message.requestId };
    });
    expect(pieces).toBeGreaterThan(5);
    expect(text.length).toBeGreaterThan(20);
    // The simulated model takes 400 ms; an answer that is held back would arrive at once.
    expect(spreadMs).toBeGreaterThan(50);
    expect(await gateway.ledgerRows(requestId)).toMatchObject([{ outcome: "ok", streamed: true }]);
  });
});

const ways = { abort: "aborted", leave: "left", "close the page": "reading" } as const;

for (const [how, told] of Object.entries(ways)) {
  inBrowser(`a stream that a page leaves (${how}) is cancelled upstream and billed in part`, async () => {
    await withSdk(async (page) => {
      const before = lastCall()?.sequence ?? 0;
      const begun = await page.evaluate(async (how) => {
        const stream = globalThis.pontage.chat.stream(
          { model: "sim/lorem", messages: [{ role: "user", content: "Go on" }], maxOutputTokens: 5_000 },
          { headers: { "x-sim-tps": "50" } },
        );
        if (how === "close the page") {
          await stream[Symbol.asyncIterator]().next();
          void stream.finalMessage(); // goes on while the test closes the page
          return "reading";
        }
        try {
          for await (const part of stream) {
            if (part.type !== "text") continue;
            if (how === "leave") return "left";
            stream.abort();
          }
        } catch (error) {
          return error instanceof globalThis.sdk.Aborted ? "aborted" : String(error);
        }
        return "ended";
      }, how);
      expect(begun).toBe(told);
      if (how === "close the page") await page.close();
      await until("the call has ended at the gateway", () => (lastCall()?.sequence ?? 0) > before);
      const call = lastCall()!;
      expect(call).toMatchObject({ askedModel: "sim/lorem", abandoned: true, streamed: true });
      expect(await gateway.ledgerRows(call.id)).toMatchObject([{ outcome: "partial" }]);
    });
  });
}

inBrowser("errors are of their class in a browser too", async () => {
  await withSdk(async (page) => {
    const errors = await page.evaluate(async () => {
      const { Pontage, NotFound, RateLimited, Unauthenticated } = globalThis.sdk;
      const messages = [{ role: "user" as const, content: "Hello" }];
      const stranger = new Pontage({
        baseUrl: location.origin,
        apiKey: "sk-pt-0",
        dangerouslyAllowBrowser: true,
        maxRetries: 0,
      });
      const of = (call: Promise<unknown>) =>
        call.then(
          () => undefined,
          (error: unknown) => error,
        );
      return [
        (await of(globalThis.pontage.chat.create({ model: "sim/none", messages }))) instanceof NotFound,
        (await of(globalThis.pontage.chat.stream({ model: "sim/none", messages }).finalMessage())) instanceof NotFound,
        (await of(
          globalThis.pontage.chat.create(
            { model: "sim/flaky", messages },
            { headers: { "x-sim-fail": "429;retry-after=2" } },
          ),
        )) instanceof RateLimited,
        (await of(stranger.chat.create({ model: "sim/echo", messages }))) instanceof Unauthenticated,
      ];
    });
    expect(errors).toEqual([true, true, true, true]);
  });
});

inBrowser("administration: keys and the live feed", async () => {
  await withSdk(async (page) => {
    const seen = await page.evaluate(async () => {
      const { key, secret } = await globalThis.admin.keys.create({ name: "made by a page" });
      const caller = new globalThis.sdk.Pontage({
        baseUrl: location.origin,
        apiKey: secret,
        dangerouslyAllowBrowser: true,
      });
      const watch = globalThis.admin.requests.watch();
      const sent = await caller.chat.create({ model: "sim/echo", messages: [{ role: "user", content: "Hello" }] });
      for await (const news of watch) {
        if (news.type !== "request" || news.request.id !== sent.requestId) continue;
        await globalThis.admin.keys.revoke(key.id);
        return { keyName: news.request.keyName, abandoned: news.request.abandoned };
      }
      return undefined;
    });
    expect(seen).toEqual({ keyName: "made by a page", abandoned: false });
  });
});
