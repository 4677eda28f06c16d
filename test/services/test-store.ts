import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { openStore, type Store, type StoreOptions } from "../../server/src/store/store.ts";
import { createDatabase } from "./create-database.ts";

/** The two databases everything about the store has to hold on. */
export const storeKinds = ["embedded", "postgresql"] as const;

export type StoreKind = (typeof storeKinds)[number];

/** Whether this run has the database. The global setup has said loudly when it has not. */
export function isAvailable(kind: StoreKind): boolean {
  return kind === "embedded" || inject("services").postgresUrl !== undefined;
}

/** A fresh database that can be opened again, and by several replicas where the database allows it. */
export interface TestStore {
  readonly kind: StoreKind;
  readonly options: StoreOptions;
  readonly log: string[];
  /** Opens it. On PostgreSQL each call is another replica, with a data directory of its own. */
  open(options?: Partial<StoreOptions>): Promise<Store>;
  /** Closes what is open. */
  close(): Promise<void>;
  /** Closes what is open and removes everything. */
  remove(): Promise<void>;
}

export async function makeTestStore(kind: StoreKind): Promise<TestStore> {
  const directory = mkdtempSync(join(tmpdir(), "pontage-store-"));
  const database = kind === "postgresql" ? await createDatabase(inject("services").postgresUrl!) : undefined;
  const log: string[] = [];
  const options: StoreOptions = {
    databaseUrl: database?.url,
    dataDirectory: join(directory, "data"),
    log: (line) => log.push(line),
  };
  const opened: Store[] = [];
  let replicas = 0;
  async function close() {
    for (const store of opened.splice(0)) await store.close();
  }
  return {
    kind,
    options,
    log,
    async open(more = {}) {
      const dataDirectory = kind === "postgresql" ? join(directory, `data-${replicas++}`) : options.dataDirectory;
      const store = await openStore({ ...options, dataDirectory, ...more });
      opened.push(store);
      return store;
    },
    close,
    async remove() {
      await close();
      await database?.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
