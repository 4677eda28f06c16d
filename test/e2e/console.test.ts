import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { Home, RunningGateway } from "../cli/command-line.ts";
import { inBrowser, launch, picture, visit } from "./browser.ts";

/** The console as `npm start` serves it, in a real browser, against the real gateway as a process of its own. */

const home = new Home();
let gateway: RunningGateway;
let browser: Browser | undefined;

beforeAll(async () => {
  browser = await launch();
  if (!browser) return;
  gateway = await RunningGateway.start(home);
  const page = await fetch(`${gateway.origin}/console/`);
  expect(page.status, "The console is not built. `npm run setup` builds it.").toBe(200);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  home.remove();
});

const refusals = /Failed to load resource: the server responded with a status of 401/;

/** Calls through the gateway as a program would; answers with the request's id. */
async function call(model: string, more: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${gateway.origin}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${home.file("first-key")}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello console" }], ...more }),
  });
  await response.text();
  return response.headers.get("x-request-id")!;
}

const rowsOf = (page: Page) =>
  page.getByRole("table", { name: "The latest requests, newest first" }).locator("tbody tr");
const stateOf = (page: Page, word: string) => page.getByRole("status").getByText(word, { exact: true }).waitFor();

async function signIn(page: Page): Promise<void> {
  await page.getByLabel("Admin token").fill(home.file("admin-token"));
  await page.keyboard.press("Enter");
  await stateOf(page, "Live");
}

describe("the console", () => {
  inBrowser("opens with the admin token and with nothing else", async () => {
    const open = async (page: Page) => {
      await page.waitForURL(/\/console\/login/);
      for (const wrong of ["nope", home.file("first-key")]) {
        await page.getByLabel("Admin token").fill(wrong);
        await page.keyboard.press("Enter");
        await page.getByRole("alert").getByText("That did not work. Check the token and try again.").waitFor();
      }
      await picture(page, "real-login");
      await signIn(page);
      await page.reload();
      await stateOf(page, "Live");
    };
    await visit(browser!, `${gateway.origin}/console`, open, { expected: refusals });
  });

  inBrowser("shows a request while it is sent: who, what, how many tokens, what it cost", async () => {
    await visit(browser!, `${gateway.origin}/console/`, async (page) => {
      await signIn(page);
      const id = await call("sim/echo");
      const newest = rowsOf(page).first();
      await newest.getByText("sim/echo").waitFor();
      expect(await newest.innerText()).toMatch(/200[\s\S]*sim\/echo[\s\S]*first-key/);
      await newest.getByRole("link").click();
      await page.getByRole("dialog").getByRole("code").getByText(id).waitFor();
      await page.waitForTimeout(200); // the sheet slides in
      await picture(page, "real-detail");
      await page.keyboard.press("Escape");

      const failed = await call("sim/none");
      await rowsOf(page).first().getByText("404").waitFor();
      await rowsOf(page).first().getByRole("link").click();
      await page.getByRole("dialog").getByRole("code").getByText(failed).waitFor();
      await page.getByRole("dialog").getByText("MODEL_UNKNOWN").waitFor();
    });
  });

  inBrowser("shows that a client has left, over HTTP", async () => {
    await visit(browser!, `${gateway.origin}/console/`, async (page) => {
      await signIn(page);
      const leave = new AbortController();
      const response = await fetch(`${gateway.origin}/v1/chat/completions`, {
        method: "POST",
        signal: leave.signal,
        headers: {
          authorization: `Bearer ${home.file("first-key")}`,
          "content-type": "application/json",
          "x-sim-tps": "20",
        },
        body: JSON.stringify({
          model: "sim/lorem",
          stream: true,
          max_tokens: 900,
          messages: [{ role: "user", content: "Hi" }],
        }),
      });
      const id = response.headers.get("x-request-id")!;
      await response.body!.getReader().read();
      leave.abort();
      const row = rowsOf(page).filter({ has: page.locator(`a[href*="${id}"]`) });
      await row.getByText("cancelled").waitFor();
    });
  });

  inBrowser("keeps filter and open request in the address, through a reload", async () => {
    for (let i = 0; i < 3; i++) await call("sim/echo");
    await call("sim/json");
    await call("sim/none");
    await visit(browser!, `${gateway.origin}/console/`, async (page) => {
      await signIn(page);
      await rowsOf(page).filter({ hasText: "sim/json" }).first().waitFor();
      await page.getByLabel("Filter requests").fill("json");
      await expect.poll(() => page.url()).toMatch(/[?&]q=json/);
      await expect.poll(() => rowsOf(page).count()).toBe(1);
      await rowsOf(page).first().getByRole("link").click();
      await page.getByRole("dialog").waitFor();
      const address = page.url();
      await page.reload();
      await page.getByRole("dialog").waitFor();
      expect(page.url()).toBe(address);
      await page.keyboard.press("Escape");
      await expect.poll(() => rowsOf(page).count()).toBe(1);
    });
  });

  inBrowser("comes back by itself after the gateway was started anew", async () => {
    const dropped = /Failed to load resource|ERR_(CONNECTION|INCOMPLETE|EMPTY)/;
    const restart = async (page: Page) => {
      await signIn(page);
      await call("sim/echo");
      await rowsOf(page).first().waitFor();
      await gateway.stop();
      await stateOf(page, "Reconnecting");
      await picture(page, "real-reconnecting");
      gateway = await RunningGateway.start(home, gateway.port);
      await stateOf(page, "Live");
      await call("sim/json");
      await rowsOf(page).first().getByText("sim/json").waitFor();
      expect(await page.getByRole("alert").count()).toBe(0);
    };
    await visit(browser!, `${gateway.origin}/console/`, restart, { expected: dropped });
  });

  const looks = [
    { name: "light", colorScheme: "light", viewport: { width: 1440, height: 900 } },
    { name: "dark", colorScheme: "dark", viewport: { width: 1440, height: 900 } },
    { name: "narrow", colorScheme: "light", viewport: { width: 390, height: 844 } },
    { name: "narrow-dark", colorScheme: "dark", viewport: { width: 390, height: 844 } },
  ] as const;
  for (const { name, ...look } of looks) {
    inBrowser(`is whole when it is ${name}: nothing is cut off, nothing is fetched from elsewhere`, async () => {
      await call("sim/lorem", { stream: true, max_tokens: 40 });
      await call("sim/flaky", {}, { "x-sim-fail": "429;retry-after=2" });
      await call("sim/none");
      const wide = async (page: Page) => {
        await signIn(page);
        await rowsOf(page).nth(2).waitFor();
        await page.waitForTimeout(100);
        await picture(page, `real-${name}`);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
        const dark = look.colorScheme === "dark";
        const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        const [red = 0] = /\d+/.exec(background)?.map(Number) ?? [];
        expect(red < 128).toBe(dark);
      };
      await visit(browser!, `${gateway.origin}/console/`, wide, look);
    });
  }
});
