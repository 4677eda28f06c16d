import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../gateway/gateway.ts";

/** The SDK's numbered examples, run as a reader would run them. */

const run = promisify(execFile);
const folder = join(import.meta.dirname, "../../sdk/examples");

/** What each must print. An example that is not named here fails. */
const prints: Readonly<Record<string, readonly RegExp[]>> = {
  "01-first-call.ts": [/You said: "Hello"/, /in \d+, out \d+ tokens, \$0\S*, req_\w+/],
  "02-streaming.ts": [
    /Tell me about bridges/,
    /ended with "stop", cost \$0/,
    /left the second answer after its first word/,
  ],
  "03-tools.ts": [/the model calls weather\(\{.*"city"/, /degrees|12|weather/],
  "04-errors.ts": [
    /a model nobody has: .*sim\/none/,
    /a provider that limits: wait 2000 ms/,
    /a key that does not exist: check the key/,
  ],
  "05-admin-keys.ts": [
    /issued key_\w+ \(sk-pt-\.\.\.\w{4}\)/,
    /rotated; the old secret works until 20/,
    /example \d+ echo: 1 calls, \$0/,
    /revoked example/,
    /the ledger has \d+ rows and is sound/,
  ],
  "06-vendor-sdks.ts": [/Hello from the OpenAI SDK/, /Hello from the Anthropic SDK/],
  "07-grpc-and-live.ts": [/\d+ models, for example \S+/, /200 sim\/echo \d+ ms/],
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway?.stop());

for (const name of readdirSync(folder).filter((file) => /^\d\d-.*\.ts$/.test(file))) {
  test(name, async () => {
    const env = {
      PATH: process.env.PATH,
      PONTAGE_URL: gateway.baseUrl,
      PONTAGE_API_KEY: gateway.apiKey,
      PONTAGE_ADMIN_TOKEN: gateway.adminToken,
    };
    // Resolves only when it ends by itself with code 0.
    const args = ["--conditions=@pontage/source", join(folder, name)];
    const { stdout, stderr } = await run(process.execPath, args, { env, timeout: 30_000 });
    expect(stderr).toBe("");
    const wanted = prints[name];
    expect(wanted, `${name} is not in the list of what the examples print`).toBeDefined();
    for (const words of wanted!) expect(stdout).toMatch(words);
    for (const secret of [gateway.apiKey, gateway.adminToken]) expect(stdout).not.toContain(secret);
  });
}
