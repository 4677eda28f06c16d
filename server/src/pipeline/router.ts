import { outputLimitOf } from "../billing/output-limit.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { DialectId, Operation } from "../dialects/dialect.ts";
import { nearest } from "../edit-distance.ts";
import { operationAt, type Provider, pathOf, speakingFor } from "../providers/provider.ts";
import type { Target } from "./target.ts";

/** A provider and a model at it. */
export interface Addressed {
  readonly provider: Provider;
  readonly model: string;
}

/** Finds who answers for a model's name. Reads the providers as they are now; nothing is remembered between calls. */
export class Router {
  readonly #providers: ReadonlyMap<string, Provider>;

  constructor(providers: Iterable<Provider>) {
    this.#providers = new Map([...providers].map((provider) => [provider.name, provider]));
  }

  get providers(): readonly Provider[] {
    return [...this.#providers.values()];
  }

  provider(name: string): Provider | undefined {
    return this.#providers.get(name);
  }

  /** `provider/model`, or a bare name that exactly one provider lists. */
  address(name: string): Addressed {
    const slash = name.indexOf("/");
    if (slash > 0) {
      const provider = this.#providers.get(name.slice(0, slash));
      // A provider's own list may be out of date, so a model it does not list is still asked for; only the simulated
      // one knows all of its models.
      if (provider && (!provider.simulated || provider.models.has(name.slice(slash + 1)))) {
        return { provider, model: name.slice(slash + 1) };
      }
    }
    // The name may hold a slash of its own, as in `meta-llama/llama-4`.
    const listing = this.providers.filter(({ models }) => models.has(name));
    const [first, ...others] = listing;
    if (first && others.length === 0) return { provider: first, model: name };
    if (first) {
      const names = listing.map((provider) => `\`${provider.name}/${name}\``);
      throw new GatewayError(
        Reason.MODEL_AMBIGUOUS,
        `\`${name}\` is listed by several providers. Say ${names.join(" or ")}.`,
        { param: "model" },
      );
    }
    throw this.#unknown(name);
  }

  /** Where a call for `name` goes, spoken as the client speaks where the provider can. */
  target(name: string, door: DialectId | undefined, asked: Operation, stream = false): Target | undefined {
    const { provider, model } = this.address(name);
    const operation = operationAt(provider, door, asked);
    const speaking = speakingFor(provider, door, operation, model);
    const sentModel = provider.deployments.get(model) ?? model;
    const path = speaking && pathOf(speaking, operation, stream, sentModel);
    if (!speaking || !path) return undefined;
    return { provider, model, sentModel, speaking, operation, path, outputLimit: outputLimitOf(provider.type, model) };
  }

  #unknown(name: string): GatewayError {
    const known = this.providers.flatMap((provider) =>
      [...provider.models].map((model) => `${provider.name}/${model}`),
    );
    const near = nearest(name, known) ?? known.find((full) => full.endsWith(`/${name}`));
    const shown = name.length > 100 ? `${name.slice(0, 100)}...` : name;
    return new GatewayError(
      Reason.MODEL_UNKNOWN,
      `No provider lists the model \`${shown}\`.${near ? ` Did you mean \`${near}\`?` : ""} See GET /v1/models.`,
      { param: "model" },
    );
  }
}
