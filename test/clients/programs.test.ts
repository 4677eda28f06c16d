import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { inTurn } from "../simulators/behaviours.ts";
import { type Bridge, startBridge, upstreamDialects } from "../vendor-sdk/bridge.ts";
import { programs, runProgram } from "./programs.ts";

/*
 * Programs that people really use, unchanged, from npm, in an empty home: they talk to the gateway in their own dialect, and
 * an upstream of each dialect stands behind it.
 */

const patienceMs = 90_000;

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pontage-client-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe.each(programs)("$name", (program) => {
  const run = (model: string, prompt: string) => {
    const { baseUrl, apiKey } = bridge.gateway;
    return runProgram(program, { baseUrl, apiKey, model, prompt, directory }, patienceMs);
  };

  describe.each(upstreamDialects)("to %s", (upstream) => {
    test("says what the model says", { timeout: patienceMs }, async () => {
      const model = bridge.targets[upstream].model({ text: "Hello across the bridge." });
      const { code, stdout, stderr } = await run(model, "Say hello.");
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout).toContain("Hello across the bridge.");
    });

    test("runs a tool for the model and shows it what came out", { timeout: patienceMs }, async () => {
      const file = join(directory, "note.txt");
      const word = `heron-${Math.random().toString(36).slice(2)}`;
      writeFileSync(file, `The word is ${word}.\n`);
      const target = bridge.targets[upstream];
      const call = { id: "callAbc12", ...program.reads(file) };
      const model = target.model(inTurn({ calls: [call] }, { text: "I have read the note." }));
      const { code, stdout, stderr } = await run(model, "Read the note.");
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout).toContain("I have read the note.");
      const bodies = target.requestsFor(model).map(({ wire }) => JSON.stringify(wire));
      expect(bodies.some((body) => body.includes(word))).toBe(true);
    });
  });
});
