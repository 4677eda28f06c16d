import type { Client } from "@connectrpc/connect";
import type { Connection } from "./connection.ts";
import { NotFound } from "./error.ts";
import type { ModelService, Model as ProtoModel } from "./gen/pontage/v1/model_pb.ts";
import { Money } from "./money.ts";
import type { CallOptions } from "./options.ts";
import { PagedList } from "./paging.ts";

/** A model that can be called. */
export interface Model {
  /** The name to call it by: `provider/model`. */
  readonly id: string;
  /** The provider's instance name. */
  readonly provider: string;
  /** The model's name at the provider. */
  readonly name: string;
  /** It works offline and costs nothing. */
  readonly simulated: boolean;
  /** Price per million input tokens. Unset when unknown. */
  readonly inputPricePerMillion?: Money;
  /** Price per million output tokens. Unset when unknown. */
  readonly outputPricePerMillion?: Money;
  /** Tokens of its context, or of its input where the provider has a limit of its own for that. Unset when unknown. */
  readonly contextTokens?: number;
  /** The most output tokens of one answer. Unset when unknown. */
  readonly maxOutputTokens?: number;
  /** What it takes: `text`, `image`, `audio`, `video`, `file`. Unset when unknown. */
  readonly inputModalities?: readonly string[];
  /** What it gives, in the same words. Unset when unknown. */
  readonly outputModalities?: readonly string[];
  /** Whether it calls tools. Unset when unknown. */
  readonly tools?: boolean;
  /** Whether it can think before it answers. Unset when unknown. */
  readonly reasoning?: boolean;
  /** Whether it can be held to a JSON schema. Unset when unknown. */
  readonly structuredOutput?: boolean;
}

/** Which models can be called. */
export class Models {
  readonly #connection: Connection;
  readonly #client: Client<typeof ModelService>;

  constructor(connection: Connection, client: Client<typeof ModelService>) {
    this.#connection = connection;
    this.#client = client;
  }

  /** Lists the models the key may call, by provider and name. */
  list({ pageSize = 0 }: { pageSize?: number } = {}, options: CallOptions = {}): PagedList<Model> {
    return new PagedList(async (pageToken) => {
      const { message } = await this.#connection.unary(
        (own) => this.#client.listModels({ pageSize, pageToken }, own),
        options,
      );
      return { items: message.models.map(decodeModel), nextPageToken: message.nextPageToken };
    });
  }

  /** Returns one model by `provider/model` or an unambiguous bare name. */
  async get(id: string, options: CallOptions = {}): Promise<Model> {
    const { message } = await this.#connection.unary((own) => this.#client.getModel({ id }, own), options);
    if (!message.model) throw new NotFound(`There is no model \`${id}\`.`, { code: "MODEL_UNKNOWN" });
    return decodeModel(message.model);
  }
}

function decodeModel(model: ProtoModel): Model {
  const { id, provider, name, simulated, inputNanoUsdPerMillion: input, outputNanoUsdPerMillion: output } = model;
  return {
    id,
    provider,
    name,
    simulated,
    ...(input === undefined ? {} : { inputPricePerMillion: new Money(input) }),
    ...(output === undefined ? {} : { outputPricePerMillion: new Money(output) }),
    ...(model.contextTokens === undefined ? {} : { contextTokens: model.contextTokens }),
    ...(model.maxOutputTokens === undefined ? {} : { maxOutputTokens: model.maxOutputTokens }),
    ...(model.inputModalities.length === 0 ? {} : { inputModalities: model.inputModalities }),
    ...(model.outputModalities.length === 0 ? {} : { outputModalities: model.outputModalities }),
    ...(model.tools === undefined ? {} : { tools: model.tools }),
    ...(model.reasoning === undefined ? {} : { reasoning: model.reasoning }),
    ...(model.structuredOutput === undefined ? {} : { structuredOutput: model.structuredOutput }),
  };
}
