import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../gateway/gateway.ts";
import { inTurn, refuse, stuckAfter } from "../simulators/behaviours.ts";
import { type Bridge, callsAndResults, oneCall, poem, startBridge, twoCalls, upstreamDialects } from "./bridge.ts";
import { type Framework, frameworksAt } from "./frameworks.ts";
import { expectUnlessGap, type Gaps } from "./gaps.ts";

/*
 * The libraries that applications are written with, unchanged: each speaks one of the gateway's dialects in its own way, and
 * an upstream of each dialect stands behind the gateway.
 */

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

/** The names are known before the gateway is. */
const names = frameworksAt({ baseUrl: "http://127.0.0.1", apiKey: "none" }).map(({ name }) => name);
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

async function collected(pieces: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: unknown) => error,
  );

/** The AI SDK forces a call of one tool to get an object from Claude. */
const gaps: Gaps = {
  "AI SDK, Anthropic, ollama-chat": /forces a call cannot be said/,
};

describe.each(names.map((name, at) => ({ name, at })))("$name", ({ name, at }) => {
  let framework: Framework;
  beforeAll(() => {
    framework = frameworksAt(bridge.gateway)[at]!;
  });

  describe.each(upstreamDialects)("to %s", (dialect) => {
    const target = () => bridge.targets[dialect];

    test("text", async () => {
      const model = target().model({ text: poem });
      expect(await framework.text(model, "Say a poem.")).toBe(poem);
      expect(JSON.stringify(target().requestsFor(model)[0]?.wire)).toContain("Say a poem.");
    });

    test("stream", async () => {
      const pieces = await collected(framework.stream(target().model({ text: poem }), "Say a poem."));
      expect(pieces.length).toBeGreaterThan(3);
      expect(pieces.join("")).toBe(poem);
    });

    test.each([
      ["one tool", oneCall, ["Bonn"]],
      ["two tools at once", twoCalls, ["Bonn", "Köln – am Rhein 🌧"]],
    ])("%s", async (_, script, cities) => {
      const model = target().model(inTurn(script, { text: "It rains." }));
      const asked: string[] = [];
      const words = await framework.useTool(model, "How is the weather?", (city) => {
        asked.push(city);
        return `It rains in ${city}.`;
      });
      expect(words).toBe("It rains.");
      expect(asked).toEqual(cities);
      const [first, second] = target().requestsFor(model);
      expect(JSON.stringify(first?.wire)).toContain("Tells the weather of a city.");
      const { calls, results } = callsAndResults(second!.wire);
      expect(calls).toHaveLength(cities.length);
      expect(results.map((result) => JSON.stringify(result))).toEqual(
        cities.map((city) => expect.stringContaining(`It rains in ${city}.`)),
      );
    });

    test("structured output", async () => {
      await expectUnlessGap(gaps, `${name}, ${dialect}`, async () => {
        const model = target().model({ text: '{"city":"Bonn","days":2}' });
        expect(await framework.object(model, "Where to?")).toEqual({ city: "Bonn", days: 2 });
        // Bedrock takes a schema as a text.
        expect(JSON.stringify(target().requestsFor(model)[0]?.wire)).toMatch(/\\?"days\\*"/);
      });
    });

    test("thoughts", async ({ skip }) => {
      skip(!framework.thoughts, "the library has no place for thoughts");
      const model = target().model({ thoughts: "Poets like rivers.", text: poem });
      expect(await framework.thoughts!(model, "Say a poem.")).toBe("Poets like rivers.");
    });

    test("image", async () => {
      const model = target().model({ text: "A dot." });
      expect(await framework.look(model, "What is this?", png)).toBe("A dot.");
      expect(JSON.stringify(target().requestsFor(model)[0]?.wire)).toContain(png.toString("base64"));
    });

    test.concurrent.each([401, 400, 429, 500])("upstream error %i", async (status) => {
      const model = target().model(refuse(status));
      const error = await failureOf(framework.text(model, "Hello"));
      // A provider that does not know the gateway's key is the gateway's failure and not the client's.
      expect(framework.statusOf(error)).toBe(status === 401 ? 502 : status);
    });

    test("abort", async () => {
      const model = target().model(stuckAfter({ text: poem }, 6));
      const leaving = new AbortController();
      // Some throw when they are told to stop, and others just end.
      const reading = async () => {
        for await (const _ of framework.stream(model, "Say a poem.", leaving.signal)) leaving.abort();
      };
      await reading().catch(() => undefined);
      const [request] = target().simulator.requestsFor(model.slice(dialect.length + 1));
      await until("the upstream is left", () => request!.closedByPeerAtMs !== undefined);
    });
  });
});
