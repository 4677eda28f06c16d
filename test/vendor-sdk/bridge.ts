import { providerOf, startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import { answer, type Behaviour, type Simulator, speechNames, startSimulator } from "../simulators/simulator.ts";
import { list, object, type Script, type SpeechName, type Wire } from "../simulators/speech.ts";

/** Every simulator: an upstream of each wire format, and of a vendor with a way of its own with one. */
export const upstreamDialects = speechNames;
export type UpstreamDialect = SpeechName;

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
    providers: simulators.map((simulator) => providerOf(simulator.name, simulator)),
  });
  const target = (simulator: Simulator): Target => ({
    simulator,
    model: (behaviour) =>
      `${simulator.name}/${simulator.model(typeof behaviour === "function" ? behaviour : answer(behaviour))}`,
    requestsFor: (model) =>
      simulator.requestsFor(model.slice(simulator.name.length + 1)).map(({ body, headers }) => ({
        wire: JSON.parse(body.toString("utf8")) as Record<string, unknown>,
        headers,
      })),
  });
  const targets = Object.fromEntries(simulators.map((simulator) => [simulator.name, target(simulator)]));
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

/** Nine letters and digits, which is what Mistral takes for an id; and so does everybody else. */
export const callIds = ["callAbc12", "callDef34"] as const;

export const oneCall = { calls: [{ id: callIds[0], name: "weather", arguments: { city: "Bonn", days: 2 } }] };

export const twoCalls = {
  calls: [
    { id: callIds[0], name: "weather", arguments: { city: "Bonn" } },
    { id: callIds[1], name: "weather", arguments: { city: "Köln – am Rhein 🌧" } },
  ],
};

/** Letters of one to four bytes, so that a cut character would show. */
export const poem = 'Grüße – aus Köln: 私は川 🌉 and a "quote"\nwith a second line.';

/** The calls and results in a request, whichever format it is in. */
export function callsAndResults(wire: Wire) {
  const calls: unknown[] = [];
  const results: unknown[] = [];
  const parsed = (args: unknown) => (typeof args === "string" ? JSON.parse(args) : args);
  for (const { type, call_id: id, name, arguments: args, output } of list(wire.input)) {
    if (type === "function_call") calls.push([id, name, parsed(args)]);
    if (type === "function_call_output") results.push([id, textOf(output)]);
  }
  for (const { functionCall, functionResponse } of list(wire.contents).flatMap(({ parts }) => list(parts))) {
    const call = object(functionCall);
    const result = object(functionResponse);
    if (functionCall) calls.push([call.id, call.name, call.args]);
    if (functionResponse) results.push([result.id, outputOf(object(result.response))]);
  }
  for (const message of list(wire.messages)) {
    for (const { id, function: called } of list(message.tool_calls)) {
      calls.push([id, object(called).name, parsed(object(called).arguments)]);
    }
    if (message.role === "tool") results.push([message.tool_call_id, textOf(message.content)]);
    for (const block of list(message.content)) {
      const call = object(block.toolUse);
      const result = object(block.toolResult);
      if (block.type === "tool_use") calls.push([block.id, block.name, block.input]);
      if (block.type === "tool_result") results.push([block.tool_use_id, textOf(block.content)]);
      if (block.toolUse) calls.push([call.toolUseId, call.name, call.input]);
      if (block.toolResult) results.push([result.toolUseId, textOf(result.content)]);
    }
  }
  return { calls, results };
}

/** Google's results are objects; what is a text elsewhere is a field of one. */
function outputOf(response: Wire): unknown {
  return response.output ?? response.result ?? response;
}

function textOf(content: unknown): unknown {
  return Array.isArray(content)
    ? list(content)
        .map(({ text }) => text ?? "")
        .join("")
    : content;
}
