import { providerOf, startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import { answer, type Behaviour, type Simulator, startSimulator } from "../simulators/simulator.ts";
import type { Script } from "../simulators/speech.ts";

export const upstreamDialects = ["openai-chat", "anthropic-messages"] as const;
export type UpstreamDialect = (typeof upstreamDialects)[number];

/** The gateway between a vendor's client and an upstream of each dialect. */
export interface Bridge {
  readonly gateway: TestGateway;
  readonly chat: Simulator;
  readonly messages: Simulator;
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
  const [chat, messages] = await Promise.all([startSimulator("openai-chat"), startSimulator("anthropic-messages")]);
  const gateway = await startTestGateway({ providers: [providerOf("chat", chat), providerOf("messages", messages)] });
  const target = (name: string, simulator: Simulator): Target => ({
    simulator,
    model: (behaviour) => `${name}/${simulator.model(typeof behaviour === "function" ? behaviour : answer(behaviour))}`,
    requestsFor: (model) =>
      simulator.requestsFor(model.slice(name.length + 1)).map(({ body, headers }) => ({
        wire: JSON.parse(body.toString("utf8")) as Record<string, unknown>,
        headers,
      })),
  });
  return {
    gateway,
    chat,
    messages,
    targets: { "openai-chat": target("chat", chat), "anthropic-messages": target("messages", messages) },
    async stop() {
      await gateway.stop();
      await Promise.all([chat.close(), messages.close()]);
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

/** The calls and results in a request, whichever of the two formats it is in. */
export function callsAndResults(wire: Record<string, unknown>) {
  const calls: unknown[] = [];
  const results: unknown[] = [];
  for (const message of wire.messages as Record<string, unknown>[]) {
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

function textOf(content: unknown): unknown {
  return Array.isArray(content) ? content.map((part: { text?: string }) => part.text ?? "").join("") : content;
}
