import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Home, pontage, RunningGateway } from "./command-line.ts";

/** The command line against a gateway that runs as a process of its own. */

const home = new Home();
let gateway: RunningGateway;
/** Every secret that was ever shown, which the log must never name. */
const secrets: string[] = [];

beforeAll(async () => {
  const config = join(home.path, "pontage.yaml");
  const away =
    "{ type: openai_compatible, base_url: http://127.0.0.1:1/v1, api_key: canary-of-a-provider, discover: false }";
  writeFileSync(config, `version: 1\nproviders:\n  away: ${away}\n`);
  gateway = await RunningGateway.start(home, undefined, { PONTAGE_CONFIG: config });
  secrets.push(home.file("first-key"), home.file("admin-token"), "canary-of-a-provider");
});
afterAll(async () => {
  await gateway?.stop();
  home.remove();
});

const run = (...args: string[]) => pontage(gateway.environment, args);

async function runOk(...args: string[]): Promise<string> {
  const ended = await run(...args);
  expect(ended, `pontage ${args.join(" ")}`).toMatchObject({ code: 0 });
  return ended.stdout;
}

async function issue(name: string, ...more: string[]): Promise<string> {
  const secret = (await runOk("keys", "create", name, ...more)).trim();
  secrets.push(secret);
  return secret;
}

/** Calls a model with a key, and tells the status. */
async function call(secret: string, model = "sim/echo"): Promise<number> {
  const response = await fetch(`${gateway.origin}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "the words of a caller" }] }),
  });
  await response.arrayBuffer();
  return response.status;
}

interface KeyJson {
  readonly id: string;
  readonly name: string;
  readonly lastFour: string;
}
const keyNames = (json: string) => (JSON.parse(json) as { keys: KeyJson[] }).keys.map(({ name }) => name);

describe("the first start without a terminal", () => {
  test("keeps the secrets in files that only their owner reads, in a directory that only the owner enters", () => {
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(mode(home.data)).toBe("700");
    for (const name of ["first-key", "admin-token", "admin.sock"])
      expect(mode(join(home.data, name)), name).toBe("600");
    expect(home.file("first-key")).toMatch(/^sk-pt-\w{20,}$/);
    expect(home.file("admin-token")).toMatch(/^pt_admin_\w{20,}$/);
  });

  test("logs JSON lines that name the files and no secret", () => {
    const lines = gateway.log.trim().split("\n");
    const messages = lines.map((line) => JSON.parse(line) as { msg: string; file?: string });
    expect(messages.find(({ file }) => file?.endsWith("first-key"))).toBeDefined();
    expect(messages.at(-1)).toMatchObject({ msg: "ready", port: gateway.port, store: "embedded" });
  });

  test("the first key calls every model", async () => {
    expect(await call(home.file("first-key"))).toBe(200);
  });
});

describe("keys", () => {
  test("create shows the secret alone on stdout, and it works at once", async () => {
    const { code, stdout, stderr } = await run("keys", "create", "alone");
    secrets.push(stdout.trim());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sk-pt-\w+\n$/);
    expect(stderr).toMatch(/^alone \(key_\w+\)\. Shown once, keep it\.\n$/);
    expect(await call(stdout.trim())).toBe(200);
  });

  for (const prefix of ["pt_", "gm_", "sk-", "sk-ant-"]) {
    test(`create --prefix ${prefix}`, async () => {
      const secret = await issue(`with ${prefix}`, "--prefix", prefix);
      expect(secret.startsWith(prefix)).toBe(true);
      expect(await call(secret)).toBe(200);
    });
  }

  test("create --strict makes a key that stays strict", async () => {
    for (const [name, ...more] of [["lenient"], ["strict", "--strict"]] as const) {
      expect(await call(await issue(name, ...more))).toBe(200);
      const shown = JSON.parse(await runOk("keys", "show", name, "-o", "json")) as { strict?: boolean };
      expect(shown.strict ?? false).toBe(name === "strict");
    }
  });

  test("list and show tell of a key and never its secret, as table, JSON and CSV", async () => {
    const secret = await issue("seen");
    for (const output of ["table", "json", "csv"]) {
      for (const stdout of [
        await runOk("keys", "list", "-o", output),
        await runOk("keys", "show", "seen", "-o", output),
      ]) {
        expect(stdout).toContain("seen");
        expect(stdout).toContain(secret.slice(-4));
        expect(stdout).not.toContain(secret);
      }
    }
    expect(keyNames(await runOk("keys", "list", "-o", "json"))).toContain("seen");
    const [head, ...rows] = (await runOk("keys", "list", "-o", "csv")).trim().split("\n");
    expect(head).toBe("id,name,secret,state,created,attempts,cost");
    expect(rows.every((row) => /^key_\w+,/.test(row))).toBe(true);
    const shown = JSON.parse(await runOk("keys", "show", "seen", "-o", "json")) as KeyJson;
    expect(JSON.parse(await runOk("keys", "show", shown.id, "-o", "json"))).toEqual(shown);
  });

  test("rotate --grace: both secrets work for a while, the id stays", async () => {
    const before = await issue("turning");
    const { id } = JSON.parse(await runOk("keys", "show", "turning", "-o", "json")) as KeyJson;
    const after = (await runOk("keys", "rotate", "turning", "--grace", "1h")).trim();
    secrets.push(after);
    expect(after).not.toBe(before);
    expect([await call(before), await call(after)]).toEqual([200, 200]);
    expect(await runOk("keys", "list")).toMatch(new RegExp(`${id} +turning +\\S+ +rotating`));
  });

  test("rotate without grace: the old secret stops at once", async () => {
    const before = await issue("turning now");
    const after = (await runOk("keys", "rotate", "turning now")).trim();
    secrets.push(after);
    expect([await call(before), await call(after)]).toEqual([401, 200]);
  });

  test("revoke closes a key for good; only --all still lists it", async () => {
    const secret = await issue("closing");
    expect(await runOk("keys", "revoke", "closing")).toMatch(/^Revoked closing \(key_\w+\)\.\n$/);
    expect(await call(secret)).toBe(401);
    expect(keyNames(await runOk("keys", "list", "-o", "json"))).not.toContain("closing");
    expect(keyNames(await runOk("keys", "list", "--all", "-o", "json"))).toContain("closing");
    expect(await run("keys", "rotate", "closing")).toMatchObject({ code: 4 });
  });
});

describe("usage, ledger, providers", () => {
  test("usage --by key,model counts the calls of a key", async () => {
    const secret = await issue("counted");
    for (let i = 0; i < 3; i++) await call(secret);
    // The ledger is written after the answer; it is a matter of milliseconds.
    let rows: readonly { keyName: string; attempts: string; totals: { inputTokens: string } }[] = [];
    for (let i = 0; i < 50 && rows[0]?.attempts !== "3"; i++) {
      const usage = JSON.parse(await runOk("usage", "--by", "key,model", "-o", "json")) as { rows: typeof rows };
      rows = usage.rows.filter(({ keyName }) => keyName === "counted");
    }
    expect(rows).toMatchObject([{ keyName: "counted", provider: "", model: "echo", attempts: "3" }]);
    expect(Number(rows[0]!.totals.inputTokens)).toBeGreaterThan(0);
    const [head, ...lines] = (await runOk("usage", "--by", "key,model", "-o", "csv")).trim().split("\n");
    expect(head).toBe("key,model,attempts,input,cached,output,reasoning,cost");
    expect(lines.find((line) => line.startsWith("counted,echo,3,"))).toBeDefined();
    expect(await runOk("usage", "--by", "outcome", "--since", "1h")).toMatch(/^OUTCOME +ATTEMPTS/);
  });

  test("providers list and test", async () => {
    expect(await runOk("providers", "list")).toMatch(/\nsim +simulated +\(in process\)/);
    const walk = await runOk("providers", "test", "sim");
    for (const step of ["connect", "authenticate", "list models", "generate"]) expect(walk).toContain(`✓ ${step}`);
  });

  test("ledger verify", async () => {
    expect(await runOk("ledger", "verify")).toContain("✓ The ledger is sound");
    expect(JSON.parse(await runOk("ledger", "verify", "-o", "json"))).toMatchObject({ problems: [], deadLetters: "0" });
  });
});

describe("chat", () => {
  test("one prompt, one answer", async () => {
    expect(await runOk("chat", "What is a pontage?")).toContain('You said: "What is a pontage?"');
  });
  for (const args of [["chat"], ["chat", "-"]]) {
    test(`\`pontage ${args.join(" ")}\` reads the prompt from stdin`, async () => {
      const { code, stdout } = await pontage(gateway.environment, args, "asked by a pipe");
      expect(code).toBe(0);
      expect(stdout).toContain("asked by a pipe");
    });
  }
  test("with a key and an address, as from another machine", async () => {
    const away = { HOME: home.path, PONTAGE_URL: gateway.origin, PONTAGE_API_KEY: home.file("first-key") };
    const { code, stdout } = await pontage(away, ["chat", "-m", "sim/echo", "--system", "Be short.", "Hello"]);
    expect(code).toBe(0);
    expect(stdout).toContain('You said: "Hello"');
  });
});

describe("from another machine", () => {
  const away = (token?: string) => ({
    HOME: home.path,
    PONTAGE_URL: gateway.origin,
    ...(token && { PONTAGE_ADMIN_TOKEN: token }),
  });
  test("with the admin token", async () => {
    const { code, stdout } = await pontage(away(home.file("admin-token")), ["keys", "list"]);
    expect(code).toBe(0);
    expect(stdout).toContain("first-key");
  });
  for (const [what, token, words] of [
    ["without a token", undefined, "PONTAGE_ADMIN_TOKEN is not"],
    ["with a wrong token", "pt_admin_0000000000000000000000_000000", "not the admin token of this gateway"],
  ] as const) {
    test(`${what} it is refused`, async () => {
      const { code, stdout, stderr } = await pontage(away(token), ["keys", "list"]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toContain(words);
      expect(stderr.trim().split("\n")).toHaveLength(3);
    });
  }
  test("an API key is no admin token", async () => {
    expect(await pontage(away(home.file("first-key")), ["keys", "list"])).toMatchObject({ code: 3, stdout: "" });
  });
});

describe("exit codes", () => {
  const nowhere = { HOME: home.path, PONTAGE_URL: "http://127.0.0.1:1", PONTAGE_ADMIN_TOKEN: "x".repeat(30) };
  const cases: readonly (readonly [what: string, code: number, words: string, args: string[], env?: typeof nowhere])[] =
    [
      ["help", 0, "Usage: pontage", ["--help"]],
      ["the version", 0, "0.1.0", ["--version"]],
      ["a misspelt command", 2, "Did you mean keys?", ["kes"]],
      ["a misspelt subcommand", 2, "Did you mean list?", ["keys", "lsit"]],
      ["a misspelt option", 2, "Did you mean --output?", ["keys", "list", "--outptu", "json"]],
      ["a missing argument", 2, "missing required argument 'name'", ["keys", "create"]],
      ["an option's wrong value", 2, '"modle" is none of', ["usage", "--by", "modle"]],
      ["a duration without a unit", 2, "Say a duration like", ["keys", "rotate", "first-key", "--grace", "5"]],
      ["a key that is not there", 4, 'There is no key "nobody"', ["keys", "show", "nobody"]],
      [
        "a provider that is not there",
        4,
        'There is no provider "sin". Did you mean "sim"?',
        ["providers", "test", "sin"],
      ],
      ["a model that is not there", 4, "Request id req_", ["chat", "-m", "sim/nothing", "Hello"]],
      ["a name that is taken", 5, 'Another key is named "first-key"', ["keys", "create", "first-key"]],
      ["an empty name", 5, "name:", ["keys", "create", ""]],
      ["a date in the past", 5, "expire_time", ["keys", "create", "old", "--expires", "2020-01-01"]],
      ["no gateway at an address", 6, "No gateway answers at http://127.0.0.1:1.", ["keys", "list"], nowhere],
    ];
  for (const [what, code, words, args, environment] of cases) {
    test(`${what}: ${code}`, async () => {
      const ended = await pontage(environment ?? gateway.environment, args);
      expect(ended.code, ended.stderr).toBe(code);
      expect(ended.stdout + ended.stderr).toContain(words);
      // Results go to stdout, complaints to stderr, and a stack to neither.
      if (code !== 0) expect(ended.stdout).toBe("");
      expect(ended.stderr).not.toMatch(/\n\s+at /);
    });
  }

  test("a provider that does not answer its test: 1", async () => {
    const { code, stdout } = await run("providers", "test", "away");
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining("✗ connect") });
  });
});

test("nothing that is secret or said by a caller is in the log", async () => {
  expect(secrets.length).toBeGreaterThan(8);
  for (const secret of secrets) expect(gateway.log).not.toContain(secret);
  expect(gateway.log).not.toContain("the words of a caller");
});

test("SIGTERM ends it with code 0, and the socket of the command line goes with it", async () => {
  expect(await gateway.stop()).toBe(0);
  const { code, stderr } = await run("keys", "list");
  expect(code).toBe(6);
  expect(stderr).toContain("npx pontage start");
  expect(stderr.trim().split("\n")).toHaveLength(3);
  expect(existsSync(join(home.data, "admin.sock"))).toBe(false);
});
