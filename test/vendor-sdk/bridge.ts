import { providerOf, startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import { answer, type Behaviour, type Simulator, startSimulator } from "../simulators/simulator.ts";
import type { Script } from "../simulators/speech.ts";

export const upstreamDialects = ["openai-chat", "anthropic-messages", "gemini"] as const;
export type UpstreamDialect = (typeof upstreamDialects)[number];

/** The gateway between a vendor's client and an upstream of each dialect. */
export interface Bridge {
  readonly gateway: TestGateway;
  /** The upstreams that every client is tried against. */
  readonly targets: Readonly<Record<UpstreamDialect, Target>>;
  stop(): Promise<void>;
}

/** An upstream as the tests need it: a model that does something, and a look at what reached it. */
export interface Target {
  readonly simulator: Simulator;
  /** Makes a model. The name is the one a client of the gateway uses. */
  model(behaviour: Behaviour | Script): string;
  requestsFor(model: string): readonly { readonly wire: Record<string, unknown>; readonly headers: object }[];
}

export async function startBridge(): Promise<Bridge> {
  const simulators = await Promise.all(upstreamDialects.map(startSimulator));
  const gateway = await startTestGateway({
    providers: simulators.map((simulator) => providerOf(simulator.dialect, simulator)),
  });
  const target = (simulator: Simulator): Target => ({
    simulator,
    model: (behaviour) =>
      `${simulator.dialect}/${simulator.model(typeof behaviour === "function" ? behaviour : answer(behaviour))}`,
    requestsFor: (model) =>
      simulator.requestsFor(model.slice(simulator.dialect.length + 1)).map(({ body, headers }) => ({
        wire: JSON.parse(body.toString("utf8")) as Record<string, unknown>,
        headers,
      })),
  });
  const targets = Object.fromEntries(simulators.map((simulator) => [simulator.dialect, target(simulator)]));
  return {
    gateway,
    targets: targets as Record<UpstreamDialect, Target>,
    async stop() {
      await gateway.stop();
      await Promise.all(simulators.map((simulator) => simulator.close()));
    },
  };
}

export const weather = {
  name: "weather",
  description: "Tells the weather of a city.",
  schema: {
    type: "object" as const,
    properties: { city: { type: "string" }, days: { type: "integer" } },
    required: ["city"],
  },
};

export const oneCall = { calls: [{ id: "call_abc123", name: "weather", arguments: { city: "Bonn", days: 2 } }] };

export const twoCalls = {
  calls: [
    { id: "call_abc123", name: "weather", arguments: { city: "Bonn" } },
    { id: "call_def456", name: "weather", arguments: { city: "Köln – am Rhein 🌧" } },
  ],
};

/** Letters of one to four bytes, so that a cut character would show. */
export const poem = 'Grüße – aus Köln: 私は川 🌉 and a "quote"\nwith a second line.';

/** The calls and results in a request, whichever format it is in. */
export function callsAndResults(wire: Record<string, unknown>) {
  const calls: unknown[] = [];
  const results: unknown[] = [];
  for (const { parts } of (wire.contents ?? []) as { parts: Record<string, Record<string, unknown>>[] }[]) {
    for (const { functionCall: call, functionResponse: result } of parts) {
      if (call) calls.push([call.id, call.name, call.args]);
      if (result) results.push([result.id, outputOf(result.response)]);
    }
  }
  for (const message of (wire.messages ?? []) as Record<string, unknown>[]) {
    for (const call of (message.tool_calls ?? []) as { id: string; function: { name: string; arguments: string } }[]) {
      calls.push([call.id, call.function.name, JSON.parse(call.function.arguments)]);
    }
    if (message.role === "tool") results.push([message.tool_call_id, textOf(message.content)]);
    if (!Array.isArray(message.content)) continue;
    for (const block of message.content as Record<string, unknown>[]) {
      if (block.type === "tool_use") calls.push([block.id, block.name, block.input]);
      if (block.type === "tool_result") results.push([block.tool_use_id, textOf(block.content)]);
    }
  }
  return { calls, results };
}

/** Google's results are objects; what is a text elsewhere is a field of one. */
function outputOf(response: unknown): unknown {
  const { output, result } = response as { output?: unknown; result?: unknown };
  return output ?? result ?? response;
}

function textOf(content: unknown): unknown {
  return Array.isArray(content) ? content.map((part: { text?: string }) => part.text ?? "").join("") : content;
}
