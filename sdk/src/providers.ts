import type { Client } from "@connectrpc/connect";
import type { Connection } from "./connection.ts";
import type { ProviderService } from "./gen/pontage/admin/v1/provider_pb.ts";
import type { CallOptions } from "./options.ts";

/** A provider. */
export interface Provider {
  /** Its instance name, the part of `provider/model` before the slash. */
  readonly name: string;
  /** Its type, an entry of the catalogue. */
  readonly type: string;
  readonly baseUrl: string;
  /** The dialects it speaks. */
  readonly dialects: readonly string[];
  /** Where its credential comes from. Empty when it needs none. */
  readonly credentialSource: string;
  readonly modelCount: number;
  /** It is offline and free. */
  readonly simulated: boolean;
}

/** A step of the walk to a provider. */
export interface ProviderTestStep {
  /** `connect`, `authenticate`, `list models`, `generate`. */
  readonly step: string;
  readonly ok: boolean;
  /** What was found, or why it failed and what to do. */
  readonly detail: string;
  readonly durationMs: number;
}

/** The providers behind the gate. Needs the admin token. */
export class Providers {
  readonly #connection: Connection;
  readonly #client: Client<typeof ProviderService>;

  constructor(connection: Connection, client: Client<typeof ProviderService>) {
    this.#connection = connection;
    this.#client = client;
  }

  /** Lists the providers, by name. */
  async list(options: CallOptions = {}): Promise<Provider[]> {
    const { message } = await this.#connection.unary((own) => this.#client.listProviders({}, own), options);
    return message.providers.map(({ $typeName: _name, $unknown: _unknown, ...provider }) => provider);
  }

  /** Walks to a provider and reports each step as it ends. The last step costs what one token costs. */
  async *test(
    name: string,
    { model = "" }: { model?: string } = {},
    options: CallOptions = {},
  ): AsyncGenerator<ProviderTestStep, void, undefined> {
    const steps = this.#connection.stream((own) => this.#client.testProvider({ name, model }, own), options);
    for await (const { step, ok, detail, durationMs } of steps) yield { step, ok, detail, durationMs };
  }
}
