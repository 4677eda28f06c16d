import { once } from "node:events";
import { writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { Home, RunningGateway } from "./command-line.ts";

/** How long `pontage start` takes to stop, for whom it waits, and how it ends. G1 as an operator sees it. */

const homes: Home[] = [];
const running: RunningGateway[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop("SIGKILL");
  for (const home of homes.splice(0)) home.remove();
});

async function start(server?: Readonly<Record<string, string>>): Promise<RunningGateway> {
  const home = new Home();
  homes.push(home);
  const config = join(home.path, "pontage.yaml");
  writeFileSync(config, JSON.stringify({ version: 1, ...(server && { server }) }));
  const gateway = await RunningGateway.start(home, undefined, { PONTAGE_CONFIG: config });
  running.push(gateway);
  return gateway;
}

/** Sends the signal, and waits until the gateway has taken note of it. */
async function sendSigterm(gateway: RunningGateway): Promise<{ ended: Promise<number | null> }> {
  const ended = gateway.stop("SIGTERM");
  while (!gateway.log.includes('"msg":"stopping"')) await sleep(5);
  return { ended };
}

const readyStatus = async ({ origin }: RunningGateway) => (await fetch(`${origin}/ready`)).status;

async function timed(ending: Promise<number | null>): Promise<{ code: number | null; tookMs: number }> {
  const beganAtMs = performance.now();
  const code = await ending;
  return { code, tookMs: performance.now() - beganAtMs };
}

/** A stream of ten words a second, for at least a minute. */
async function longStream({ origin, home }: RunningGateway): Promise<{ text: Promise<string> }> {
  const body = { model: "sim/lorem", messages: [{ role: "user", content: "Hello" }], stream: true, max_tokens: 600 };
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${home.file("first-key")}`,
      "content-type": "application/json",
      "x-sim-tps": "10",
    },
    body: JSON.stringify(body),
  });
  return { text: response.text() };
}

test("G1: Ctrl+C waits for no balancer, even where one asks /ready and a delay is configured", async () => {
  const gateway = await start({ drain_delay: "30s" });
  expect(await readyStatus(gateway)).toBe(200);
  const { code, tookMs } = await timed(gateway.stop("SIGINT"));
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(3_000);
});

test("G1: SIGTERM waits for no balancer where nobody asks /ready", async () => {
  const gateway = await start();
  const { code, tookMs } = await timed(gateway.stop("SIGTERM"));
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(3_000);
});

test("G1: SIGTERM where /ready is asked: it turns at once, the port stays open, and a second signal ends it at once", async () => {
  const gateway = await start();
  expect(await readyStatus(gateway)).toBe(200);
  const { ended } = await sendSigterm(gateway);
  for (let asked = 0; asked < 10; asked++) {
    await sleep(100);
    expect(await readyStatus(gateway)).toBe(503);
  }
  expect(gateway.log).toContain('"drainDelayMs":5000');
  gateway.child.kill("SIGTERM");
  const { code, tookMs } = await timed(ended);
  expect(code).toBe(130);
  expect(tookMs).toBeLessThan(500);
});

test("G1: SIGTERM waits as long as configured; a stream that goes on longer ends in an error, and the exit code is 0", async () => {
  const gateway = await start({ drain_delay: "700ms", drain_timeout: "600ms" });
  const stream = await longStream(gateway);
  const { ended } = await sendSigterm(gateway);
  const beganAtMs = performance.now();
  while (performance.now() - beganAtMs < 500) {
    expect(await readyStatus(gateway)).toBe(503);
    await sleep(50);
  }
  const text = await stream.text;
  expect(performance.now() - beganAtMs).toBeGreaterThan(1_200);
  expect(text).toMatch(/data: \{"error":\{"message":"The gateway is shutting down[^\n]+\n\n(: [^\n]+\n\n)?$/);
  expect(text).not.toContain("[DONE]");
  expect(await ended).toBe(0);
});

test("G1: a call of the local socket is finished as well", async () => {
  const gateway = await start();
  const message = { role: "ROLE_USER", parts: [{ text: { text: "Hello" } }] };
  const call = http.request({
    socketPath: join(gateway.home.data, "admin.sock"),
    path: "/pontage.v1.ChatService/Chat",
    method: "POST",
    headers: { "content-type": "application/json", "x-sim-delay": "1000" },
  });
  call.end(JSON.stringify({ request: { model: "sim/slow", messages: [message] } }));
  await sleep(200);
  const ended = gateway.stop("SIGTERM");
  const [response] = await once(call, "response");
  expect(response.statusCode).toBe(200);
  response.resume();
  expect(await ended).toBe(0);
});
