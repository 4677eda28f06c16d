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
  };
}
