import { providerOf, startTestGateway, type TestGateway, type TestGatewayOptions } from "../gateway/gateway.ts";
import { type Behaviour, type Simulator, startSimulator } from "../simulators/simulator.ts";
import type { Script } from "../simulators/speech.ts";
import { HttpClient } from "./doors.ts";

/** A gateway with an upstream of each dialect behind it and a plain client in front. */
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
  model(behaviour: Behaviour | Script): { readonly asked: string; readonly own: string };
}

export async function openScene(options: TestGatewayOptions = {}): Promise<Scene> {
  const named = await Promise.all(
    Object.entries(upstreamDialects).map(async ([name, dialect]) => [name, await startSimulator(dialect)] as const),
  );
  const gateway = await startTestGateway({
    ...options,
    providers: [...named.map(([name, simulator]) => providerOf(name, simulator)), ...(options.providers ?? [])],
  });
  const client = new HttpClient(gateway);
  const upstream = (name: string, simulator: Simulator): Upstream => ({
    name,
    simulator,
    model(behaviour) {
      const own = simulator.model(behaviour);
      return { asked: `${name}/${own}`, own };
    },
  });
  return {
    gateway,
    client,
    upstreams: named.map(([name, simulator]) => upstream(name, simulator)),
    upstreamCalls: () => named.reduce((sum, [, { received }]) => sum + received.length, 0),
    async stop() {
      await client.close();
      await gateway.stop();
      await Promise.all(named.map(([, simulator]) => simulator.close()));
    },
  };
}

/** The upstreams behind every scene: the dialects that simulators speak. */
const upstreamDialects = { chat: "openai-chat", messages: "anthropic-messages", gemini: "gemini" } as const;

export const upstreamNames = ["chat", "messages", "gemini"] as const;

export const nightly = process.env.PONTAGE_NIGHTLY === "1";

export const poem = 'Grüße – aus Köln: 私は川 🌉 and a "quote"\nwith a second line.';
