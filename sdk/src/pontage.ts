import type { Client } from "@connectrpc/connect";
import { Chat } from "./chat/chat.ts";
import { createLeavableClient } from "./client.ts";
import { Connection } from "./connection.ts";
import { Embeddings } from "./embeddings.ts";
import { Unauthenticated } from "./error.ts";
import { KeyService } from "./gen/pontage/admin/v1/key_pb.ts";
import { LedgerService } from "./gen/pontage/admin/v1/ledger_pb.ts";
import { ProviderService } from "./gen/pontage/admin/v1/provider_pb.ts";
import { RequestService } from "./gen/pontage/admin/v1/request_pb.ts";
import { SystemService } from "./gen/pontage/admin/v1/system_pb.ts";
import { UsageService } from "./gen/pontage/admin/v1/usage_pb.ts";
import { ChatService } from "./gen/pontage/v1/chat_pb.ts";
import { EmbeddingService } from "./gen/pontage/v1/embedding_pb.ts";
import { ModelService } from "./gen/pontage/v1/model_pb.ts";
import { Keys } from "./keys.ts";
import { Ledger } from "./ledger.ts";
import { Models } from "./models.ts";
import type { PontageOptions } from "./options.ts";
import { Providers } from "./providers.ts";
import { Requests } from "./requests.ts";
import { Usage } from "./usage.ts";

/** The generated Connect clients, with the credentials of this client, without its retries and typed errors. */
export interface RawClients {
  readonly chat: Client<typeof ChatService>;
  readonly embeddings: Client<typeof EmbeddingService>;
  readonly models: Client<typeof ModelService>;
  readonly keys: Client<typeof KeyService>;
  readonly usage: Client<typeof UsageService>;
  readonly requests: Client<typeof RequestService>;
  readonly providers: Client<typeof ProviderService>;
  readonly ledger: Client<typeof LedgerService>;
  readonly system: Client<typeof SystemService>;
}

/** What the vendors' own SDKs need to speak to the gateway. */
export interface VendorOptions {
  baseURL: string;
  apiKey: string;
}

/** A gateway. Keep one for as long as the program runs. */
export class Pontage {
  /** Where the gateway is. */
  readonly baseUrl: string;
  /** Calls to models. */
  readonly chat: Chat;
  /** Vectors of texts. */
  readonly embeddings: Embeddings;
  /** Which models can be called. */
  readonly models: Models;
  /** Issues, rotates and revokes keys. Needs the admin token. */
  readonly keys: Keys;
  /** Who used what, and what it cost. Needs the admin token. */
  readonly usage: Usage;
  /** The calls that cross the gate. Needs the admin token. */
  readonly requests: Requests;
  /** The providers behind the gate. Needs the admin token. */
  readonly providers: Providers;
  /** The record of every call. Needs the admin token. */
  readonly ledger: Ledger;
  /** The generated Connect clients underneath. */
  readonly raw: RawClients;
  readonly #connection: Connection;

  constructor(options: PontageOptions = {}) {
    const connection = new Connection(options);
    const { transport } = connection;
    this.raw = {
      chat: createLeavableClient(ChatService, transport),
      embeddings: createLeavableClient(EmbeddingService, transport),
      models: createLeavableClient(ModelService, transport),
      keys: createLeavableClient(KeyService, transport),
      usage: createLeavableClient(UsageService, transport),
      requests: createLeavableClient(RequestService, transport),
      providers: createLeavableClient(ProviderService, transport),
      ledger: createLeavableClient(LedgerService, transport),
      system: createLeavableClient(SystemService, transport),
    };
    this.baseUrl = connection.baseUrl;
    this.chat = new Chat(connection, this.raw.chat);
    this.embeddings = new Embeddings(connection, this.raw.embeddings);
    this.models = new Models(connection, this.raw.models);
    this.keys = new Keys(connection, this.raw.keys);
    this.usage = new Usage(connection, this.raw.usage);
    this.requests = new Requests(connection, this.raw.requests);
    this.providers = new Providers(connection, this.raw.providers);
    this.ledger = new Ledger(connection, this.raw.ledger);
    this.#connection = connection;
  }

  /** For the OpenAI SDK: `new OpenAI(pontage.openai())`. */
  openai(): VendorOptions {
    return { baseURL: `${this.baseUrl}/v1`, apiKey: this.#apiKey() };
  }

  /** For the Anthropic SDK: `new Anthropic(pontage.anthropic())`. */
  anthropic(): VendorOptions {
    return { baseURL: this.baseUrl, apiKey: this.#apiKey() };
  }

  /** Names the gateway and never a secret. */
  toString(): string {
    return `Pontage(${this.baseUrl})`;
  }

  /** Names the gateway and never a secret. */
  toJSON(): { baseUrl: string } {
    return { baseUrl: this.baseUrl };
  }

  #apiKey(): string {
    const { apiKey } = this.#connection;
    if (apiKey) return apiKey;
    throw new Unauthenticated("There is no API key. Set `PONTAGE_API_KEY`, or pass `apiKey` to `new Pontage()`.", {
      code: "API_KEY_MISSING",
    });
  }
}
