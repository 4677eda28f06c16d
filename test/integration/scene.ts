import { providerOf, startTestGateway, type TestGateway, type TestGatewayOptions } from "../gateway/gateway.ts";
import { type Behaviour, type ModelOptions, type Simulator, startSimulator } from "../simulators/simulator.ts";
import type { Script, SpeechName } from "../simulators/speech.ts";
import { type Door, doors, HttpClient } from "./doors.ts";

/** A gateway with every kind of upstream behind it and a plain client in front. */
export interface Scene {
  readonly gateway: TestGateway;
  readonly client: HttpClient;
  readonly upstreams: readonly Upstream[];
  /** Requests that reached any upstream. */
  readonly upstreamCalls: () => number;
  stop(): Promise<void>;
}

export interface Upstream {
  /** The name of the provider. */
  readonly name: string;
  readonly simulator: Simulator;
  /** A model with this behaviour, as a client names it and as the upstream does. */
  model(behaviour: Behaviour | Script, options?: ModelOptions): { readonly asked: string; readonly own: string };
}

const speeches = {
  chat: "openai-chat",
  messages: "anthropic-messages",
  responses: "openai-responses",
  gemini: "gemini",
  converse: "bedrock-converse",
  cohere: "cohere-chat",
  ollama: "ollama-chat",
  mistral: "mistral",
} as const satisfies Record<string, SpeechName>;

export type UpstreamName = keyof typeof speeches;

/** The upstreams by the names of their providers: one of each wire format, and of a vendor's own way with one. */
export const upstreamNames = Object.keys(speeches) as readonly UpstreamName[];

/** `more` is said of every upstream. */
export async function openScene(
  options: TestGatewayOptions = {},
  more: Parameters<typeof providerOf>[2] = {},
): Promise<Scene> {
  const simulators = await Promise.all(
    upstreamNames.map(async (name) => [name, await startSimulator(speeches[name])] as const),
  );
  const gateway = await startTestGateway({
    ...options,
    providers: [
      ...simulators.map(([name, simulator]) => providerOf(name, simulator, more)),
      ...(options.providers ?? []),
    ],
  });
  const client = new HttpClient(gateway);
  const upstream = (name: string, simulator: Simulator): Upstream => ({
    name,
    simulator,
    model(behaviour, options) {
      const own = simulator.model(behaviour, options);
      return { asked: `${name}/${own}`, own };
    },
  });
  return {
    gateway,
    client,
    upstreams: simulators.map(([name, simulator]) => upstream(name, simulator)),
    upstreamCalls: () => simulators.reduce((sum, [, { received }]) => sum + received.length, 0),
    async stop() {
      await client.close();
      await gateway.stop();
      await Promise.all(simulators.map(([, simulator]) => simulator.close()));
    },
  };
}

export const nightly = process.env.PONTAGE_NIGHTLY === "1";

/**
 * Clients and upstreams for what is long or many: every night all of them, and otherwise both clients with the upstreams of
 * their own dialects, where bytes pass or are translated, and one client with each of the others.
 */
export const pairs: readonly (readonly [door: Door, name: UpstreamName])[] = upstreamNames.flatMap((name, at) =>
  doors.flatMap((door, which) =>
    nightly || at < doors.length || at % doors.length === which ? [[door, name] as const] : [],
  ),
);

export const poem = 'Grüße – aus Köln: 私は川 🌉 and a "quote"\nwith a second line.';
