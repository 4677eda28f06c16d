import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Home, pontage, RunningGateway } from "./command-line.ts";

/** What `pontage start` says when it cannot start, and what a second start keeps. */

const homes: Home[] = [];
const running: RunningGateway[] = [];
const newHome = () => {
  const home = new Home();
  homes.push(home);
  return home;
};
const start = async (...args: Parameters<typeof RunningGateway.start>) => {
  const gateway = await RunningGateway.start(...args);
  running.push(gateway);
  return gateway;
};
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop();
  for (const home of homes.splice(0)) home.remove();
});

const lines = (text: string) => text.trim().split("\n");

describe("a start that cannot be", () => {
  test("a port that is taken: who has it, and how to take another", async () => {
    const home = newHome();
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await pontage({ HOME: home.path, PONTAGE_PORT: String(port) }, ["start"]);
    other.close();
    expect(code).toBe(1);
    const by = process.platform === "linux" ? ` by \\S+ \\(process ${process.pid}\\)` : "";
    expect(lines(stderr)[0]).toMatch(new RegExp(`^✗ Port ${port} is taken${by}\\.$`));
    expect(lines(stderr)[1]).toBe(`  Use another: npx pontage start --port ${port + 1}`);
  });

  test("a data directory that is in use: by whom, and the first gateway goes on", async () => {
    const home = newHome();
    const gateway = await start(home);
    const { code, stderr } = await pontage({ ...gateway.environment, PONTAGE_PORT: "0" }, ["start"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^✗ ~/data is in use by Pontage process ${gateway.child.pid}, started [0-9:]+\\.`),
    );
    expect((await fetch(`${gateway.origin}/ready`)).status).toBe(200);
    expect(await pontage(gateway.environment, ["keys", "list"])).toMatchObject({ code: 0 });
  });

  const wrong: readonly (readonly [what: string, yaml: string, said: readonly string[]])[] = [
    [
      "an unknown field",
      "version: 1\nproviders:\n  mine:\n    type: openai\n    api_kye: abc\n",
      [':5:5  providers.mine.api_kye: unknown field. Did you mean "api_key"?'],
    ],
    [
      "an unknown type",
      "version: 1\nproviders:\n  mine: { type: antropic }\n",
      [':3:11  providers.mine.type: "antropic" is not a provider type. Did you mean "anthropic"?'],
    ],
    [
      "two mistakes",
      "version: 2\nsever: {}\n",
      [":1:1  version: must be 1.", ':2:1  sever: unknown field. Did you mean "server"?'],
    ],
    [
      "a variable that is not set",
      `version: 1\nbus: { nats_url: '\${env:NO_SUCH_THING}' }\n`,
      [":2:8  bus.nats_url: the environment variable NO_SUCH_THING is not set."],
    ],
    ["no YAML at all", "version: 1\nproviders: [\n", [":3:1  Flow sequence"]],
  ];
  for (const [what, yaml, said] of wrong) {
    test(`a configuration with ${what}: the line, the column, the way out`, async () => {
      const home = newHome();
      const config = join(home.path, "pontage.yaml");
      writeFileSync(config, yaml);
      for (const [args, environment] of [
        [["start", "--config", config], {}],
        [["start"], { PONTAGE_CONFIG: config }],
      ] as const) {
        const { code, stdout, stderr } = await pontage({ HOME: home.path, PONTAGE_PORT: "0", ...environment }, args);
        expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
        for (const words of said) expect(stderr).toContain(`✗ ${config}${words}`);
        expect(stderr).not.toMatch(/\n\s+at /);
      }
    });
  }

  test("a configuration that is not there", async () => {
    const home = newHome();
    const { code, stderr } = await pontage({ HOME: home.path }, ["start", "--config", join(home.path, "none.yaml")]);
    expect(code).toBe(5);
    expect(stderr).toContain("none.yaml");
  });

  test("a database that cannot be reached: where it was looked for, without its password", async () => {
    const home = newHome();
    const environment = {
      HOME: home.path,
      PONTAGE_PORT: "0",
      DATABASE_URL: "postgresql://me:canary@127.0.0.1:1/books",
    };
    const { code, stderr, stdout } = await pontage(environment, ["start"]);
    expect(code).toBe(1);
    expect(stderr).toContain("PostgreSQL at 127.0.0.1:1/books cannot be reached");
    expect(stdout + stderr).not.toContain("canary");
  });
});

describe("a start after a start", () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`after ${signal}, everything is still there and no secret is made anew`, async () => {
      const home = newHome();
      const first = await start(home);
      const key = home.file("first-key");
      const token = home.file("admin-token");
      const created = await pontage(first.environment, ["keys", "create", "kept"]);
      const secret = created.stdout.trim();
      await first.stop(signal);

      const second = await start(home, first.port);
      expect(second.log).not.toContain("is in this file");
      expect([home.file("first-key"), home.file("admin-token")]).toEqual([key, token]);
      for (const bearer of [key, secret]) {
        const response = await fetch(`${second.origin}/v1/models`, { headers: { authorization: `Bearer ${bearer}` } });
        expect(response.status).toBe(200);
      }
      const away = { HOME: home.path, PONTAGE_URL: second.origin, PONTAGE_ADMIN_TOKEN: token };
      expect((await pontage(away, ["keys", "list"])).stdout).toContain("kept");
    });
  }

  test("a running stream is finished before the gateway ends", async () => {
    const home = newHome();
    const gateway = await start(home);
    const request = {
      model: "sim/lorem",
      messages: [{ role: "user", content: "Hello" }],
      stream: true,
      max_tokens: 60,
    };
    const response = await fetch(`${gateway.origin}/v1/chat/completions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${home.file("first-key")}`,
        "content-type": "application/json",
        "x-sim-tps": "60",
      },
      body: JSON.stringify(request),
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader.read()).value ?? "";
    const stopped = gateway.stop();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value;
    expect(text).toContain("data: [DONE]");
    expect(await stopped).toBe(0);
  });
});
