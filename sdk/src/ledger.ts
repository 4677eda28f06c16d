import type { Client } from "@connectrpc/connect";
import type { Connection } from "./connection.ts";
import type { LedgerService } from "./gen/pontage/admin/v1/ledger_pb.ts";
import { Money } from "./money.ts";
import type { CallOptions } from "./options.ts";

/** What a check of the ledger found. */
export interface LedgerReport {
  /** No problem was found. */
  readonly sound: boolean;
  /** How many rows were read. */
  readonly rows: bigint;
  /** The sum of all rows. */
  readonly cost: Money;
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
  /** Events of the journal that are not in the ledger yet. */
  readonly pendingEvents: bigint;
  /** Events that were set aside because they could not be believed. */
  readonly deadLetters: bigint;
}

/** The record of every call. Needs the admin token. */
export class Ledger {
  readonly #connection: Connection;
  readonly #client: Client<typeof LedgerService>;

  constructor(connection: Connection, client: Client<typeof LedgerService>) {
    this.#connection = connection;
    this.#client = client;
  }

  /** Proves that the rows add up to the balances and that no event is missing. */
  async verify(options: CallOptions = {}): Promise<LedgerReport> {
    const { message } = await this.#connection.unary((own) => this.#client.verifyLedger({}, own), options);
    const { rows, costNanoUsd, problems, pendingEvents, deadLetters } = message;
    const sound = problems.length === 0 && deadLetters === 0n;
    return { sound, rows, cost: new Money(costNanoUsd), problems, pendingEvents, deadLetters };
  }
}
