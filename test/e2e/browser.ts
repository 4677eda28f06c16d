import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect, inject, test } from "vitest";

/** Runs in a real Chromium. When there is none it is skipped, which the global setup has said loudly. */
export const inBrowser = test.skipIf(!inject("services").chromium);

export async function launch(): Promise<Browser | undefined> {
  const executablePath = inject("services").chromium;
  if (!executablePath) return undefined;
  const args = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
  ];
  return chromium.launch({ executablePath, args });
}

export interface Visit extends BrowserContextOptions {
  /** What the browser may complain of, because the test is about it. */
  readonly expected?: RegExp;
}

/**
 * A page of its own at an address. Whatever it complains of fails the test: an exception, an error on the console (where
 * violations of the content policy end up too), a request to anywhere but the gateway.
 */
export async function visit(browser: Browser, url: string, use: (page: Page) => Promise<void>, options: Visit = {}) {
  const { expected, ...context } = options;
  const own = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...context });
  const complaints: string[] = [];
  try {
    const page = await own.newPage();
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (!expected?.test(message.text())) complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`a request to ${request.url()}`);
    });
    await page.goto(url);
    await use(page);
    expect(complaints).toEqual([]);
  } finally {
    await own.close();
  }
}

/** Kept for people to look at when PONTAGE_SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.PONTAGE_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
