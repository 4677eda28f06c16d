import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Request, RequestSchema } from "@pontage/sdk/gen/pontage/admin/v1/request_pb";
import { CallUsageSchema } from "@pontage/sdk/gen/pontage/admin/v1/usage_pb";
import { UsageSource } from "@pontage/sdk/gen/pontage/v1/usage_pb";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findChromium } from "../../scripts/services.mjs";
import { bootConsole } from "./testing/gateway.ts";

/** The console as it is shipped, in a real browser, under the gateway's content policy. */

const token = "admin-token-for-tests";
const program = findChromium();
if (!program) console.error("\n!! Chromium is not available, so the console is not tested in a browser.\n");
const inBrowser = test.skipIf(!program);

let browser: Browser;
let files = "";

beforeAll(async () => {
  if (!program) return;
  files = await mkdtemp(join(tmpdir(), "pontage-console-"));
  const root = fileURLToPath(new URL("..", import.meta.url));
  await build({ root, logLevel: "warn", build: { outDir: files, emptyOutDir: true, chunkSizeWarningLimit: 1000 } });
  browser = await chromium.launch({
    executablePath: program,
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
    ],
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  if (files) await rm(files, { recursive: true, force: true });
});

type Gateway = Awaited<ReturnType<typeof bootConsole>>;

/** A gateway and a page of its console. Whatever the page complains about fails the test. */
async function visit(
  use: (page: Page, gateway: Gateway) => Promise<void>,
  { width = 1440, height = 900, dark = false, signedIn = true, path = "/console/requests" } = {},
) {
  await using gateway = await bootConsole(files, token);
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  const complaints: string[] = [];
  try {
    if (signedIn) {
      await context.addInitScript((secret) => sessionStorage.setItem("pontage.admin-token", secret), token);
    }
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      // The browser reports every answer that is not 2xx; those are what some tests are about.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(gateway.origin)) complaints.push(`a request to ${request.url()}`);
    });
    await page.goto(gateway.origin + path);
    await use(page, gateway);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

/** Kept for people to look at when PONTAGE_SCREENSHOTS names a folder. */
async function picture(page: Page, name: string) {
  const folder = process.env.PONTAGE_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

const start = Date.parse("2026-11-20T12:00:00Z");

/** A mixed lot of requests, the way a busy morning looks. */
function traffic(from: number, to: number) {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const n = from + index;
    const request = create(RequestSchema, {
      id: `req_${String(n).padStart(6, "0")}`,
      startTime: timestampFromMs(start + n * 1000),
      status: 200,
      keyId: "key_1",
      keyName: n % 3 ? "first-key" : "checkout-service",
      attempts: 1,
      doorDialect: "openai-chat",
      streamed: n % 2 === 0,
      firstByteMs: 41 + (n % 7) * 90,
      durationMs: 400 + (n % 11) * 310,
    });
    const { usage, ...kind } = kinds[n % kinds.length]!;
    return { request: Object.assign(request, kind, usage ? { usage: create(CallUsageSchema, usage) } : {}) };
  });
}

type Kind = Partial<Omit<Request, "usage">> & { usage?: MessageInitShape<typeof CallUsageSchema> };

const kinds: Kind[] = [
  {
    ...{ askedModel: "fast", provider: "openai", model: "gpt-5-mini", upstreamDialect: "openai-chat" },
    usage: {
      usage: { inputTokens: 1204, cacheReadTokens: 1024, outputTokens: 340, reasoningTokens: 128 },
      ...{ source: UsageSource.PROVIDER, costNanoUsd: 1_262_600n },
    },
  },
  {
    ...{ askedModel: "claude/claude-haiku-4-5", provider: "claude", model: "claude-haiku-4-5" },
    upstreamDialect: "anthropic-messages",
    usage: { usage: { inputTokens: 812, outputTokens: 95 }, source: UsageSource.PROVIDER, costNanoUsd: 393_000n },
  },
  {
    ...{ status: 429, reason: "UPSTREAM_RATE_LIMITED", askedModel: "openai/gpt-5", provider: "openai", model: "gpt-5" },
    ...{ upstreamDialect: "openai-chat", durationMs: 120, firstByteMs: 118 },
  },
  {
    ...{ status: 502, reason: "UPSTREAM_UNREACHABLE", askedModel: "local/llama3.2", provider: "local" },
    ...{ model: "llama3.2", firstByteMs: 0, attempts: 2 },
  },
  {
    ...{ abandoned: true, askedModel: "claude/claude-haiku-4-5", provider: "claude", model: "claude-haiku-4-5" },
    usage: { usage: { inputTokens: 300, outputTokens: 41 }, source: UsageSource.ESTIMATED, costNanoUsd: 157_000n },
  },
  {
    ...{ askedModel: "sim/echo", provider: "sim", model: "echo", simulated: true, upstreamDialect: "openai-chat" },
    usage: { usage: { inputTokens: 9, outputTokens: 24 }, source: UsageSource.PROVIDER },
  },
];

/** As `expect.poll`, with patience for a machine that is busy with other tests. */
const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 10_000 });

const rowsOf = (page: Page) =>
  page.getByRole("table", { name: "The latest requests, newest first" }).locator("tbody tr");
const stateOf = (page: Page, word: string) => page.getByRole("status").getByText(word, { exact: true }).waitFor();

inBrowser(
  "signing in: neutral failure, back to where one wanted to go, the token nowhere but in this tab",
  async () => {
    await visit(
      async (page, gateway) => {
        await page.waitForURL(/\/console\/login\?return=/);
        await picture(page, "login");
        await page.getByLabel("Admin token").fill("wrong");
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("alert").getByText("That did not work. Check the token and try again.").waitFor();
        await picture(page, "login-refused");
        await page.getByLabel("Admin token").fill(token);
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { level: 1, name: "Requests" }).waitFor();
        expect(page.url()).toBe(`${gateway.origin}/console/requests?q=abc`);
        const kept = await page.evaluate(() =>
          JSON.stringify([{ ...localStorage }, document.cookie, history.state, location.href]),
        );
        expect(kept).not.toContain(token);
        await page.reload();
        await stateOf(page, "Live");
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByLabel("Admin token").waitFor();
        expect(await page.evaluate(() => ({ ...sessionStorage }))).not.toHaveProperty("pontage.admin-token");
        expect(await page.content()).not.toContain(token);
      },
      { signedIn: false, path: "/console/requests?q=abc" },
    );
  },
);

inBrowser("a gateway that nobody called yet says how to make the first call, with its own address", async () => {
  await visit(async (page, gateway) => {
    await page.getByRole("heading", { name: "No requests yet" }).waitFor();
    await stateOf(page, "Live");
    await picture(page, "empty");
    const command = await page.locator("pre").textContent();
    expect(command).toContain(`curl ${gateway.origin}/v1/chat/completions`);
    expect(command).toContain('"model":"sim/echo"');
    gateway.publish(...traffic(5, 5));
    await rowsOf(page).first().waitFor();
    expect(await page.getByRole("heading", { name: "No requests yet" }).count()).toBe(0);
  });
});

inBrowser("requests appear as they happen, newest first, with tokens, cost and figures", async () => {
  await visit(async (page, gateway) => {
    gateway.publish(...traffic(1, 60));
    await eventually(() => rowsOf(page).count()).toBe(60);
    await picture(page, "requests-light");
    gateway.publish(...traffic(61, 61));
    const newest = rowsOf(page).first();
    await newest.getByText("claude/claude-haiku-4-5").waitFor();
    const cells = await newest.locator("th,td").allTextContents();
    expect(cells.slice(1)).toEqual([
      "✓200",
      "claude/claude-haiku-4-5",
      "first-key",
      "812",
      "95",
      "0",
      "$0.000393",
      "491 ms",
      "2.26 s",
    ]);
    await page.getByText("✕failed502").first().waitFor();
    const figures = await page.locator("dl").first().innerText();
    expect(figures).toMatch(/Requests\s+61/);
    expect(figures).toMatch(/Failed\s+33%/);
    expect(
      await page.locator('[style]:not([style=""])').evaluateAll((all) => all.map((each) => each.outerHTML)),
    ).toEqual([]);
  });
});

inBrowser("paused, the list stands still and counts; a reader further down is not disturbed either", async () => {
  await visit(async (page, gateway) => {
    gateway.publish(...traffic(1, 60));
    await eventually(() => rowsOf(page).count()).toBe(60);
    await page.getByRole("button", { name: "Pause" }).click();
    await stateOf(page, "Paused");
    gateway.publish(...traffic(61, 63));
    await page.getByRole("button", { name: "3 new requests" }).waitFor();
    expect(await rowsOf(page).count()).toBe(60);
    await picture(page, "paused");
    await page.getByRole("button", { name: "Resume" }).click();
    await eventually(() => rowsOf(page).count()).toBe(63);
    await rowsOf(page).nth(40).scrollIntoViewIfNeeded();
    await page.waitForTimeout(50);
    gateway.publish(...traffic(64, 65));
    await page.getByRole("button", { name: "2 new requests" }).click();
    await eventually(() => rowsOf(page).count()).toBe(65);
  });
});

inBrowser("filters and the open request are in the address: they survive reload and Back", async () => {
  await visit(async (page, gateway) => {
    gateway.publish(...traffic(1, 60));
    await eventually(() => rowsOf(page).count()).toBe(60);
    await page.getByLabel("Result").selectOption({ label: "✕ failed" });
    await page.getByLabel("Provider").selectOption("local");
    await page.getByLabel("Filter requests").fill("checkout");
    await eventually(() => page.url()).toMatch(/q=checkout/);
    expect(new URL(page.url()).searchParams.get("result")).toBe("failed");
    await eventually(() => rowsOf(page).count()).toBe(10);
    await page.reload();
    await eventually(() => rowsOf(page).count()).toBe(10);
    expect(await page.getByLabel("Filter requests").inputValue()).toBe("checkout");

    const link = rowsOf(page).nth(1).getByRole("link");
    const cell = await rowsOf(page).nth(1).locator("td").nth(3).boundingBox();
    await page.mouse.click(cell!.x + 5, cell!.y + 5); // Anywhere on the row, not only on its link.
    const sheet = page.getByRole("dialog");
    await sheet.getByText("UPSTREAM_UNREACHABLE").waitFor();
    expect(page.url()).toContain("open=req_");
    await page.waitForTimeout(200);
    await picture(page, "detail-light");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    expect(await link.evaluate((element) => element === document.activeElement)).toBe(true);
    await link.press("Enter");
    await sheet.waitFor();
    const first = page.url();
    await sheet.getByRole("button", { name: "Older request" }).click();
    await eventually(() => page.url()).not.toBe(first);
    await page.goBack();
    await sheet.waitFor({ state: "detached" });
    await page.getByLabel("Filter requests").fill("no such thing");
    await page.getByRole("heading", { name: "Nothing matches these filters" }).waitFor();
    await page.getByRole("button", { name: "Clear filters" }).last().click();
    await eventually(() => rowsOf(page).count()).toBe(60);
  });
});

inBrowser("after a drop it comes back by itself where it was, and a gap is a line", async () => {
  await visit(async (page, gateway) => {
    gateway.publish(...traffic(1, 3));
    await eventually(() => rowsOf(page).count()).toBe(3);
    gateway.state.refuse = true;
    gateway.drop();
    await stateOf(page, "Reconnecting");
    await page.getByRole("alert").getByText("The store is closed.").waitFor();
    await page.getByText("req_refused").waitFor();
    await picture(page, "reconnecting");
    expect(await rowsOf(page).count()).toBe(3);
    gateway.state.refuse = false;
    gateway.publish({ missed: 7n }, ...traffic(11, 11));
    await page.getByRole("button", { name: "Try again" }).click();
    await stateOf(page, "Live");
    await page.getByText("7 requests are not shown here").waitFor();
    await eventually(() => rowsOf(page).count()).toBe(5);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(gateway.cursors.at(-1)).toBe("3");
  });
});

inBrowser("a hidden tab does not watch, and goes on when it is seen again", async () => {
  await visit(async (page, gateway) => {
    gateway.publish(...traffic(1, 2));
    await eventually(() => rowsOf(page).count()).toBe(2);
    const show = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await show(true);
    await eventually(() => gateway.state.watchers).toBe(0);
    gateway.publish(...traffic(3, 4));
    await show(false);
    await eventually(() => rowsOf(page).count()).toBe(4);
    expect(gateway.cursors.at(-1)).toBe("2");
  });
});

inBrowser("a token that stops working leads to sign-in and back", async () => {
  await visit(async (page, gateway) => {
    await stateOf(page, "Live");
    gateway.state.token = "another";
    gateway.drop();
    await page.waitForURL(/\/console\/login\?return=/);
    await page.getByLabel("Admin token").fill("another");
    await page.keyboard.press("Enter");
    await stateOf(page, "Live");
    expect(page.url()).toBe(`${gateway.origin}/console/requests`);
  });
});

inBrowser("dark is dark, by the system or by choice, and the choice lasts", async () => {
  await visit(
    async (page, gateway) => {
      gateway.publish(...traffic(1, 60));
      await eventually(() => rowsOf(page).count()).toBe(60);
      const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      expect(await background()).toBe("rgb(15, 16, 18)");
      await picture(page, "requests-dark");
      await rowsOf(page).nth(6).getByRole("link").click();
      await page.getByRole("dialog").waitFor();
      await page.waitForTimeout(200);
      await picture(page, "detail-dark");
      await page.keyboard.press("Escape");
      await page.getByLabel("Theme").first().selectOption("light");
      expect(await background()).toBe("rgb(250, 250, 249)");
      await page.reload();
      expect(await background()).toBe("rgb(250, 250, 249)");
    },
    { dark: true },
  );
});

for (const dark of [false, true]) {
  inBrowser(`it fits a telephone (${dark ? "dark" : "light"})`, async () => {
    await visit(
      async (page, gateway) => {
        gateway.publish(...traffic(1, 60));
        await eventually(() => rowsOf(page).count()).toBe(60);
        await picture(page, `phone-${dark ? "dark" : "light"}`);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
        await page.getByRole("button", { name: "Open navigation" }).click();
        await page.getByRole("dialog", { name: "Navigation" }).getByRole("link", { name: "Requests" }).waitFor();
        await page.waitForTimeout(200);
        await picture(page, `phone-navigation-${dark ? "dark" : "light"}`);
        await page.keyboard.press("Escape");
        await rowsOf(page).nth(6).getByRole("link").click();
        await page.getByRole("dialog").getByText("first byte", { exact: false }).first().waitFor();
        await page.waitForTimeout(200);
        await picture(page, `phone-detail-${dark ? "dark" : "light"}`);
      },
      { width: 390, height: 844, dark },
    );
  });
}

inBrowser("by keyboard alone: skip link first, then every control in its order", async () => {
  await visit(async (page, gateway) => {
    gateway.publish(...traffic(1, 2));
    await eventually(() => rowsOf(page).count()).toBe(2);
    await page.keyboard.press("Tab");
    await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    const names: (string | null | undefined)[] = [];
    for (let n = 0; n < 9; n++) {
      await page.keyboard.press("Tab");
      names.push(await page.evaluate(() => document.activeElement?.tagName.toLowerCase()));
    }
    expect(names).toEqual(
      ["summary", "button", "input", "select", "select", "input", "a", "a", "body"].slice(0, names.length),
    );
    expect(await page.locator("h1").count()).toBe(1);
  });
});
