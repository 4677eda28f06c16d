import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../gateway/gateway.ts";

/*
 * llmprobe, a conformance suite for inference engines by somebody else, against the front doors. What a model must be able to
 * do is not asked of a simulated one; what an answer must look like is.
 */

/** A second gateway stands where a provider would, so that every front door is a translation away from its answers. */
const upstreams = [
  { type: "openai_compatible", path: "/v1" },
  { type: "anthropic_compatible", path: "/v1" },
  { type: "gemini_compatible", path: "/v1beta" },
] as const;

let provider: TestGateway;
let gateway: TestGateway;
let home: string;
beforeAll(async () => {
  provider = await startTestGateway();
  const { baseUrl, apiKey: credential } = provider;
  gateway = await startTestGateway({
    providers: upstreams.map(({ type, path }) => ({
      ...{ name: type, type, baseUrl: `${baseUrl}${path}`, credential, discover: false },
    })),
  });
  home = mkdtempSync(join(tmpdir(), "pontage-llmprobe-"));
});
afterAll(async () => {
  await gateway.stop();
  await provider.stop();
  rmSync(home, { recursive: true, force: true });
});

/** What fails and is right all the same: OpenAI ends no stream of Responses with `[DONE]`; llmprobe would like one. */
const known = ["responses-sse-missing-done"];
/** Neither chat nor Gemini continues what the assistant has begun to say, and a new answer would be another one. */
const withoutPrefill = [...known, "messages-prefill-status"];

interface Report {
  readonly conformance: {
    readonly bySurface: readonly { readonly surface: string; readonly passed: number }[];
    readonly results: readonly {
      readonly id: string;
      readonly failures: readonly { readonly id: string; readonly severity: string; readonly message: string }[];
    }[];
  };
}

async function probe(model: string): Promise<Report> {
  const program = fileURLToPath(new URL("../../node_modules/llmprobe/bin/dist/llmprobe.mjs", import.meta.url));
  const { baseUrl, apiKey } = gateway;
  const args = [program, `${baseUrl}/v1`, "-k", apiKey, "-m", model, "--json", "--no-bench", "--no-save"];
  const child = spawn(process.execPath, args, {
    env: { HOME: home, PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const bytes of child.stdout) text += bytes;
  return JSON.parse(text) as Report;
}

test.each([
  ["sim/tools", known],
  ["openai_compatible/sim/tools", withoutPrefill],
  ["anthropic_compatible/sim/tools", known],
  ["gemini_compatible/sim/tools", withoutPrefill],
])("llmprobe finds nothing at %s that must be otherwise", { timeout: 120_000 }, async (model, known) => {
  const { conformance } = await probe(model);
  const failures = conformance.results.flatMap(({ failures }) =>
    failures.filter(({ severity }) => severity === "MUST"),
  );
  expect(failures.filter(({ id }) => !known.includes(id))).toEqual([]);
  expect(known.filter((id) => !failures.some((failure) => failure.id === id))).toEqual([]);
  const probed = conformance.bySurface.filter(({ passed }) => passed > 0).map(({ surface }) => surface);
  expect(probed).toEqual(expect.arrayContaining(["chat", "responses", "messages", "count-tokens"]));
});
